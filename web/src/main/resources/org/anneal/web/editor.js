// One schedule of the page: its text with errors marked and completions, its fields, its place in the list.

import { Fields } from './fields.js';
import { completions, rewrite, tokens } from './text.js';

export const PAUSE = 600; // milliseconds without a change after which typed text counts as complete, and its errors are shown
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

  #host;
  #text = '';
  #area;
  #mirror;
  #message;
  #note;
  #name;
  #box;
  #fields;
  #list;
  #choices = { options: [] };
  #chosen = -1;
  #written = -Infinity; // when the text was last changed by hand
  #waiting = null; // takes an answer with an error, once it may be shown
  #timer;
  #judged = ''; // the text that the error is about

  /** @param host what hears of changes: changed(row, since), switched(row), duplicated(row), removed(row) */
  constructor(host, text, on = true) {
    this.#host = host;
    this.on = on;
    const id = `row-${++made}`;
    const template = document.createElement('template');
    template.innerHTML = `
      <li class="row">
        <div class="bar">
          <label><input type="checkbox"><span></span></label>
          <button type="button" class="quiet" data-do="duplicate">Duplicate</button>
          <button type="button" class="quiet" data-do="remove">Remove</button>
        </div>
        <div class="editor">
          <pre class="mirror" aria-hidden="true"></pre>
          <textarea class="code" rows="1" spellcheck="false" autocomplete="off" autocapitalize="off"
            role="combobox" aria-autocomplete="list" aria-expanded="false" aria-multiline="true"
            aria-controls="${id}-choices" aria-describedby="${id}-error"></textarea>
          <ul class="choices" id="${id}-choices" role="listbox" aria-label="Completions" hidden></ul>
        </div>
        <p class="error" id="${id}-error" aria-live="polite"></p>
        <p class="note"></p>
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
    this.#fields = new Fields(find('[data-fields]'), (key, value, since) => {
      this.#written = since;
      this.#set(rewrite(this.#text, key, value));
      this.#host.changed(this, since);
    });
    this.#box.checked = on;
    this.#box.addEventListener('change', () => {
      this.on = this.#box.checked;
      host.switched(this);
    });
    find('[data-do="duplicate"]').addEventListener('click', () => host.duplicated(this));
    find('[data-do="remove"]').addEventListener('click', () => host.removed(this));
    this.#area.addEventListener('input', () => {
      this.#text = this.#area.value;
      this.#written = performance.now();
      this.#paint();
      this.#complete(false);
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

  get label() {
    return this.curve?.policy ?? this.#text;
  }

  focus() {
    this.#area.focus();
  }

  /** Returns the name of the schedule in the text, or nothing. */
  get kind() {
    return /\b(\w+)\s*\(/.exec(this.#text)?.[1] ?? '';
  }

  /** Shows which number and name the row has, and how it is drawn. */
  place(index, { color, dash }, name) {
    this.color = color;
    this.dash = dash;
    this.name = name;
    this.element.style.setProperty('--color', `var(${color})`);
    this.#name.textContent = name;
    this.#box.setAttribute('aria-label', `Draw schedule ${index + 1}, ${this.kind || name}`);
    this.#area.setAttribute('aria-label', `Expression of schedule ${index + 1}`);
    this.element.querySelector('[data-do="duplicate"]').setAttribute('aria-label', `Duplicate schedule ${index + 1}`);
    this.element.querySelector('[data-do="remove"]').setAttribute('aria-label', `Remove schedule ${index + 1}`);
  }

  /** Shows the fields of the text for a run. */
  fit(run) {
    this.#fields.show(this.#text, run);
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
    this.#judged = text;
    if (!answer.error) this.curve = answer;
    this.#message.textContent = this.error?.message ?? '';
    this.#note.textContent = answer.end ?? (this.error && this.curve ? 'The curve is as it was before the error.' : '');
    this.#area.setAttribute('aria-invalid', String(Boolean(this.error)));
    this.#fields.mark(text, this.error?.line ? offset(text, this.error.line, this.error.column) : -1);
    this.#paint();
  }

  #set(text) {
    this.#text = text;
    if (this.#area.value !== text) this.#area.value = text;
    this.#paint();
  }

  /** Draws the text a second time behind the field, for its size and the mark under an error. */
  #paint() {
    const text = this.#text;
    this.#mirror.replaceChildren();
    if (this.error?.line && text === this.#judged) {
      const at = offset(text, this.error.line, this.error.column);
      const end = tokens(text).find((token) => token.from <= at && at < token.to)?.to ?? Math.min(at + 1, text.length);
      const mark = document.createElement('mark');
      mark.textContent = text.slice(at, end) || '\u00a0\u00a0';
      mark.dataset.column = this.error.column;
      this.#mirror.append(text.slice(0, at), mark, text.slice(end), '\u200b');
    } else {
      this.#mirror.append(text, '\u200b');
    }
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
    this.#area.setAttribute('aria-expanded', 'true');
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
    this.#area.setAttribute('aria-expanded', 'false');
    this.#area.removeAttribute('aria-activedescendant');
    this.#tell();
  }
}
