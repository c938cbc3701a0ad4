// One schedule of the page: its text with errors marked and completions, its fields, its place in the list.

import { swatch } from './chart.js';
import { edit, editable, ratesOf, stepOf } from './edits.js';
import { Fields } from './fields.js';
import { moved } from './lengths.js';
import { Outside } from './outside.js';
import { completions, lastKind, rewrite, schedules, tokens, uses } from './text.js';

export const PAUSE = 600; // milliseconds without a change after which typed text counts as complete, and its errors are shown
const MOST_VALUES = 64;
let made = 0;

/** Returns the index in a text of a line and a column, both from 1. */
function offset(text, line, column) {
  let start = 0;
  for (let i = 1; i < line; i++) start = text.indexOf('\n', start) + 1;
  return Math.min(start + column - 1, text.length);
}

export class Row {
  on = true;
  curve = null; // the last answer without an error
  error = null;
  missing = []; // the names that only have to be filled in
  ends = []; // of its parts, where the text has them

  #host;
  #run = null;
  #text = '';
  #area;
  #mirror;
  #message;
  #note;
  #name;
  #box;
  #fields;
  #outside;
  #pick;
  #line;
  #policy;
  #list;
  #choices = { options: [] };
  #chosen = -1;
  #written = -Infinity; // when the text was last changed by hand
  #waiting = null; // takes an answer with an error, once it may be shown
  #timer;
  #judged = ''; // the text that the error is about

  /**
   * @param host what hears of changes: changed(row, since), switched(row), duplicated(row), removed(row), handedBack(), and of
   *     the row that is pointed at or none: pointed(row); and knows
   *     what the user has set of the run: own
   * @param given its text, whether it is on, the values of names from outside, and the name of the schedule that is meant
   */
  constructor(host, { text, on = true, values = {}, pick = '' }) {
    this.#host = host;
    this.on = on;
    this.values = { ...values }; // also of names that the text no longer has
    this.pick = pick;
    const id = `row-${++made}`;
    const template = document.createElement('template');
    template.innerHTML = `
      <li class="row">
        <div class="bar">
          <label><input type="checkbox"><svg></svg><span></span></label>
          <button type="button" class="quiet" data-do="duplicate">Duplicate</button>
          <button type="button" class="quiet" data-do="remove">Remove</button>
        </div>
        <div class="editor">
          <div class="sheet">
            <pre class="mirror" aria-hidden="true"></pre>
            <textarea class="code" rows="1" spellcheck="false" autocomplete="off" autocapitalize="off"
              placeholder="StepLR(30), or a piece of a program"
              aria-autocomplete="list" aria-haspopup="listbox" aria-controls="${id}-choices" aria-describedby="${id}-error"></textarea>
          </div>
          <ul class="choices" id="${id}-choices" role="listbox" aria-label="Completions" hidden></ul>
        </div>
        <p class="error" id="${id}-error" aria-live="polite"></p>
        <p class="note"></p>
        <fieldset class="outside" hidden><legend>Fill in what the text takes from elsewhere</legend></fieldset>
        <label class="pick" hidden>Schedule <select></select></label>
        <p class="line" hidden><span></span> <button type="button">Use it</button></p>
        <p class="policy" hidden></p>
        <div data-fields></div>
      </li>`;
    this.element = template.content.querySelector('li');
    const find = (selector) => this.element.querySelector(selector);
    this.#area = find('textarea');
    this.#mirror = find('.mirror');
    this.#message = find('.error');
    this.#note = find('.note');
    this.#name = find('.bar span');
    this.#box = find('.bar input');
    this.#list = find('.choices');
    this.id = id;
    this.#fields = new Fields(find('[data-fields]'), (key, value, since, typed) => {
      const end = this.ends.find((each) => each.key === key && each.followers.length);
      const step = end && stepOf(end, this.#judged, this.curve.policy, value);
      if (Number.isInteger(step) && (!typed || (step > end.least && step < end.most))) this.move(end, step, since);
      else this.#change(rewrite(this.#text, key, value), since);
    });
    this.#outside = new Outside(find('.outside'), (name, value) => {
      this.values[name] = value;
      this.#written = performance.now();
      host.changed(this, performance.now());
    });
    this.#outside.show(Object.keys(values), values);
    this.#pick = find('.pick');
    this.#pick.querySelector('select').addEventListener('change', (event) => {
      this.pick = event.target.value;
      this.#written = -Infinity;
      host.changed(this, performance.now());
    });
    this.#line = find('.line');
    this.#line.querySelector('button').addEventListener('click', () => host.handedBack());
    this.#policy = find('.policy');
    this.element.addEventListener('pointerenter', () => host.pointed(this));
    this.element.addEventListener('pointerleave', () => host.pointed(null));
    this.#box.addEventListener('focus', () => host.pointed(this));
    this.#box.addEventListener('blur', () => host.pointed(null));
    this.#box.checked = on;
    this.#box.addEventListener('change', () => {
      this.on = this.#box.checked;
      host.switched(this);
    });
    find('[data-do="duplicate"]').addEventListener('click', () => host.duplicated(this));
    find('[data-do="remove"]').addEventListener('click', () => host.removed(this));
    this.#area.addEventListener('input', ({ inputType }) => {
      const pasted = inputType === 'insertFromPaste' || inputType === 'insertFromDrop';
      this.#text = this.#area.value;
      this.#written = pasted ? -Infinity : performance.now();
      this.#paint();
      if (pasted) this.#close();
      else this.#complete(false);
      host.changed(this, performance.now());
    });
    this.#area.addEventListener('keydown', (event) => this.#key(event));
    this.#area.addEventListener('blur', () => this.#close());
    this.#list.addEventListener('mousedown', (event) => {
      event.preventDefault();
      const item = event.target.closest('li');
      if (item) this.#choice(Number(item.dataset.index));
    });
    this.#set(text);
  }

  get text() {
    return this.#text;
  }

  /** Returns whether nothing is written, or only comments. */
  get blank() {
    return !tokens(this.#text).length;
  }

  /** Returns what has to be written first, if nothing is known to be wrong; or nothing. */
  get lacks() {
    if (!this.error) return '';
    if (this.blank) return 'Write a schedule first, such as StepLR(step_size=30).';
    return this.missing.length ? `Fill in ${this.missing.join(', ')} of ${this.name} first.` : '';
  }

  /** Returns the text that the curve or the error is of. */
  get judged() {
    return this.#judged;
  }

  get label() {
    return this.curve?.policy ?? (this.#text.includes('\n') ? this.name : this.#text);
  }

  focus() {
    this.#area.focus();
  }

  /** Moves the end of a part, one of this row's, to a step, and the lengths that belong to it. */
  move(end, step, since) {
    const text = edit(this.#judged, this.curve.policy, moved(end, step), this.#text);
    if (text !== null) this.#change(text, since);
  }

  /** Changes the rates of the text that make the curve's peak, if it has some, and returns whether it has. */
  lift(peak, rate, since) {
    const keys = ratesOf(this.curve.policy, peak);
    const text = edit(this.#judged, this.curve.policy, Object.fromEntries(keys.map((key) => [key, Number(rate.toPrecision(3))])), this.#text);
    if (keys.length && text !== null && rate > 0) this.#change(text, since);
    return keys.length > 0;
  }

  #change(text, since) {
    this.#written = since;
    this.#set(text);
    this.#host.changed(this, since);
  }

  /** Returns the name of the schedule, or nothing. */
  get kind() {
    const known = !this.error && this.curve && this.#judged === this.#text;
    return known ? /^\w*/.exec(this.curve.policy)[0] : lastKind(this.#text);
  }

  /** Returns the names that the text takes from outside. */
  get names() {
    return this.#outside.names;
  }

  /** Returns the values that the text takes from outside. */
  get given() {
    return Object.fromEntries(this.names.filter((name) => this.values[name]?.trim()).map((name) => [name, this.values[name]]));
  }

  /** Returns what a question to the server says of the row. The server takes what it needs of all values. */
  get piece() {
    const all = Object.entries(this.values).filter(([, value]) => value.trim());
    return { expression: this.#text, set: Object.fromEntries(all.slice(-MOST_VALUES)), ...(this.pick && { pick: this.pick }) };
  }

  /** Shows which number and name the row has, and how it is drawn. */
  place(index, { color, dash }, name) {
    this.color = color;
    this.dash = dash;
    this.name = name;
    this.element.style.setProperty('--color', `var(${color})`);
    this.#name.previousElementSibling.replaceWith(swatch(color, dash));
    this.#name.textContent = name;
    this.#box.setAttribute('aria-label', `Draw schedule ${index + 1}, ${this.kind || name}`);
    this.#area.setAttribute('aria-label', `Expression of schedule ${index + 1}`);
    this.element.querySelector('[data-do="duplicate"]').setAttribute('aria-label', `Duplicate schedule ${index + 1}`);
    this.element.querySelector('[data-do="remove"]').setAttribute('aria-label', `Remove schedule ${index + 1}`);
  }

  /** Shows the fields of the text for a run. */
  fit(run) {
    this.#run = run;
    this.#fields.show(this.#text, run, this.ends);
    this.#choosable();
    this.#sayLine();
  }

  /** Offers the schedules of the text, if it has several. */
  #choosable() {
    const names = schedules(this.#text);
    if (this.pick && !names.includes(this.pick)) names.push(this.pick);
    this.#pick.hidden = names.length < 2 && !this.pick;
    const select = this.#pick.querySelector('select');
    if (JSON.stringify([...select.options].slice(1).map((option) => option.value)) !== JSON.stringify(names)) {
      select.replaceChildren(new Option('The last one', ''), ...names.map((name) => new Option(name, name)));
    }
    select.value = this.pick;
  }

  /** Says what the optimizer's line gives the run. */
  #sayLine() {
    const said = this.curve?.optimizer;
    this.#line.hidden = !said;
    if (!said) return;
    const parts = [['optimizer', said.rule], ['lr', `lr ${said.lr.join(', ')}`]];
    if (said.momentum) parts.push(['momentum', `${said.adam ? 'beta1' : 'momentum'} ${said.momentum}`]);
    const of = (own) => parts.filter(([name]) => this.#host.own.has(name) === own).map(([, text]) => text).join(', ');
    const [used, not] = [of(false), of(true)];
    this.#line.querySelector('span').textContent = (used && `${used} from the optimizer’s line.`)
      + (not && ` ${used ? 'Not' : 'Of the optimizer’s line, not'} ${not}: Run has its own.`);
    this.#line.querySelector('button').hidden = !not;
  }

  /** Becomes another schedule, given as to the constructor, without telling the host. */
  become({ text, on = true, values = {}, pick = '' }) {
    this.close();
    this.#written = -Infinity;
    this.on = this.#box.checked = on;
    this.values = { ...values };
    this.pick = pick;
    this.#outside.show([], {});
    this.#outside.show(Object.keys(values), values);
    this.#set(text);
  }

  replace(text) {
    this.#set(text);
    this.#host.changed(this, performance.now());
  }

  /**
   * Takes the answer about a text and calls `taken`. An answer with an error waits until no list of completions is open and typing
   * has paused; a later answer replaces it.
   */
  answer(answer, text, taken) {
    this.#waiting = () => {
      this.#take(answer, text);
      taken();
    };
    if (answer.error) this.#tell();
    else this.#tellNow();
  }

  /** Drops a waiting error. */
  close() {
    clearTimeout(this.#timer);
    this.#waiting = null;
  }

  #tell() {
    clearTimeout(this.#timer);
    const left = this.#written + PAUSE - performance.now();
    if (left > 0) this.#timer = setTimeout(() => this.#tell(), left);
    else if (this.#list.hidden) this.#tellNow();
  }

  #tellNow() {
    clearTimeout(this.#timer);
    const take = this.#waiting;
    this.#waiting = null;
    take?.();
  }

  #take(answer, text) {
    this.error = answer.error ?? null;
    this.missing = this.error?.missing ?? [];
    const lacks = Boolean(this.lacks);
    if (this.error && this.blank) this.curve = null;
    this.#judged = text;
    if (!answer.error) this.curve = answer;
    const { names = [], values = {}, line, column } = this.error ?? answer;
    if (!this.error || names.length) this.#outside.show(names, this.values); // a text that cannot be read keeps its fields
    const at = line && !lacks ? offset(text, line, column) : -1;
    this.#outside.mark(values, this.#nameAt(text, at)?.name);
    this.#message.textContent = lacks || Object.keys(values).length ? '' : this.error?.message ?? '';
    this.#policy.textContent = this.curve?.policy ?? '';
    this.#policy.hidden = Boolean(this.error) || !this.curve || /^\w+\((?!.*\n.*\n)/.test(text.trim()) && !names.length;
    this.ends = this.curve && !this.error && this.#run ? editable(text, this.curve.policy, this.#run.steps) : [];
    this.#fields.show(this.#text, this.#run, this.ends);
    this.#choosable();
    this.#sayLine();
    this.#note.textContent = answer.end ?? (this.error && this.curve ? `The curve is as it was before${lacks ? '' : ' the error'}.` : '');
    this.#area.setAttribute('aria-invalid', String(Boolean(this.error) && !lacks));
    this.#fields.mark(text, at);
    this.#paint();
  }

  /** Returns the name from outside that stands at an index of a text, or is the argument there, and its place, if there is one. */
  #nameAt(text, at) {
    if (at < 0) return null;
    const from = at + /^(\w+\s*=(?!=)\s*)?/.exec(text.slice(at))[0].length;
    return this.names.flatMap((name) => uses(text, name)).find((use) => use.from === from) ?? null;
  }

  #set(text) {
    this.#text = text;
    if (this.#area.value !== text) this.#area.value = text;
    this.#paint();
  }

  /** Draws the text a second time behind the field, for its size and the marks under an error, or under names to fill in. */
  #paint() {
    const text = this.#text;
    const marked = this.error && text === this.#judged ? this.#marks(text) : [];
    let drawn = 0;
    this.#mirror.replaceChildren(...marked.flatMap(({ from, to, ...data }) => {
      const mark = document.createElement('mark');
      mark.textContent = text.slice(from, to) || '\u00a0\u00a0';
      Object.assign(mark.dataset, data);
      const before = text.slice(drawn, from);
      drawn = to;
      return [before, mark];
    }), text.slice(drawn), '\u200b');
  }

  /** Returns what is marked in a text, in order: the names to fill in, or else where the error is. */
  #marks(text) {
    if (this.missing.length) return this.missing.flatMap((name) => uses(text, name)).sort((one, other) => one.from - other.from);
    const { line, column } = this.error;
    if (!line || this.blank) return [];
    const at = offset(text, line, column);
    const name = this.#nameAt(text, at);
    const to = (name ?? tokens(text).find((token) => token.from <= at && at < token.to))?.to ?? Math.min(at + 1, text.length);
    return [{ from: name?.from ?? at, to, column }];
  }

  #key(event) {
    const { options } = this.#choices;
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      this.#complete(true);
    } else if (!options.length) {
      return;
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.#choose((this.#chosen + step + options.length) % options.length);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.#close();
    } else if ((event.key === 'Enter' && this.#chosen >= 0) || (event.key === 'Tab' && !event.shiftKey && this.#choices.prefix)) {
      event.preventDefault();
      this.#choice(Math.max(0, this.#chosen));
    }
  }

  #complete(asked) {
    const at = this.#area.selectionStart;
    const found = completions(this.#text, at);
    const typed = found.prefix || /[([,'"]\s*$/.test(this.#text.slice(0, at));
    if ((!typed && !asked) || !found.options.length) {
      this.#close();
      return;
    }
    this.#choices = found;
    this.#list.replaceChildren(...found.options.map((option, i) => {
      const item = document.createElement('li');
      item.role = 'option';
      item.id = `${this.id}-choice-${i}`;
      item.dataset.index = i;
      const says = document.createElement('small');
      says.textContent = option.says;
      item.append(option.label, says);
      return item;
    }));
    this.#list.hidden = false;
    this.#choose(found.prefix ? 0 : -1);
  }

  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === index)));
    if (index >= 0) {
      this.#area.setAttribute('aria-activedescendant', `${this.id}-choice-${index}`);
      this.#list.children[index].scrollIntoView({ block: 'nearest' });
    } else {
      this.#area.removeAttribute('aria-activedescendant');
    }
  }

  #choice(index) {
    const { from, to, options } = this.#choices;
    const { insert, open } = options[index];
    const rest = this.#text.slice(to);
    const added = open && rest.startsWith('(') ? insert.slice(0, -1) : insert;
    this.#written = performance.now();
    this.#close();
    this.#set(this.#text.slice(0, from) + added + rest);
    this.#area.setSelectionRange(from + added.length, from + added.length);
    if (open) this.#complete(false);
    this.#host.changed(this, performance.now());
  }

  #close() {
    this.#choices = { options: [] };
    this.#chosen = -1;
    this.#list.hidden = true;
    this.#area.removeAttribute('aria-activedescendant');
    this.#tell();
  }
}
