// A slider and a number, or a choice, for each parameter of an expression. They edit the expression's text.

import { fields, literal, number } from './text.js';

const RATE_DECADES = 6;
const RATE_STEPS = 40; // per decade
const WRITABLE = /^[\w.+\-*/%() ]+$/; // what a field may put into the text
let made = 0;

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

/** Formats a number briefly, by its size. */
const short = (value, digits) => String(Number(value.toPrecision(digits)));

/** Maps a parameter's values to a slider's positions and back. */
function scale(parameter, value, unit, run) {
  const whole = (from, to) => ({
    from, to, step: 1, position: (v) => v, value: (p) => String(Math.round(p)),
  });
  if (parameter.type === 'steps' || parameter.type === 'steps-list') {
    if (unit === '%') return whole(0, 100);
    const perBatch = { sp: run.batchSize, tok: run.tokensPerBatch }[unit] ?? 1;
    const length = unit === 'ep' ? run.epochs ?? 1 : unit ? run.allSteps * perBatch : run.steps;
    return { ...whole(unit ? 0 : parameter.least, Math.max(length, value, 10)), step: perBatch };
  }
  if (parameter.type === 'integer') return whole(parameter.from, Math.max(parameter.to, value));
  if (parameter.type === 'rate') {
    const top = Math.max(RATE_DECADES * RATE_STEPS, Math.ceil((Math.log10(Math.max(value, 1e-300)) + RATE_DECADES) * RATE_STEPS));
    const mayBeZero = parameter.default === 0;
    return {
      from: 0, to: top, step: 1,
      position: (v) => (v > 0 ? Math.max(0, (Math.log10(v) + RATE_DECADES) * RATE_STEPS) : 0),
      value: (p) => (p <= 0 && mayBeZero ? '0' : short(10 ** (p / RATE_STEPS - RATE_DECADES), 2)),
    };
  }
  const from = Math.min(parameter.from, value);
  const to = Math.max(parameter.to, value);
  return { from, to, step: (to - from) / 400, position: (v) => v, value: (p) => short(p, 3) };
}

export class Fields {
  #root;
  #edit;
  #signature = '';
  #shown = new Map();
  #open = true;
  #more = false;

  /** @param edit called with a field's key, its new text, when the hand moved, and whether it was typed */
  constructor(root, edit) {
    this.#root = root;
    this.#edit = edit;
  }

  /** @param ends of the parts of the policy: lengths that follow one of them have no slider of their own, unless they are free */
  show(text, run, ends) {
    const all = fields(text);
    const led = new Map(ends.flatMap((end) => end.followers.filter(({ free }) => !free).map(({ key }) => [key, end])));
    const says = (key) => {
      const [owner, nth, name] = key.split('.');
      return `${name} of ${owner}${all.some((other) => other.owner === owner && other.nth > 1) ? ` ${nth}` : ''}`;
    };
    const moves = new Map(ends.map((end) => [end.key, end.followers.map(({ key }) => says(key)).join(' and ')]));
    const signature = all.map((field) => `${field.key}:${this.#kind(field)}`).join();
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#build(all);
    }
    for (const field of all) this.#shown.get(field.key)(field, run, { with: led.get(field.key)?.label, moves: moves.get(field.key) });
  }

  /** Marks the fields of the argument that has a text's error, at an index or nowhere, and those with an invalid value. */
  mark(text, at) {
    for (const { key, argument, value, text: said } of fields(text)) {
      const field = this.#root.querySelector(`[data-key="${CSS.escape(key)}"] [id]`);
      if (!field) continue;
      const inArgument = value && argument.from <= at && at <= argument.value.from;
      const inValue = value && value.from <= at && at < value.to;
      const unwritten = field.type === 'text' && field.value.trim() !== said && !WRITABLE.test(field.value.trim());
      field.setAttribute('aria-invalid', String(Boolean(inArgument || inValue || unwritten)));
    }
  }

  #kind(field) {
    const type = field.parameter.type;
    return type === 'choice' || type === 'truth' ? type : 'number';
  }

  #build(all) {
    this.#shown.clear();
    this.#root.replaceChildren();
    if (!all.length) return;
    const details = element('details', { class: 'fields' }, element('summary', {}, 'Parameters'));
    details.open = this.#open;
    details.addEventListener('toggle', () => { this.#open = details.open; });
    this.#root.append(details);
    const owners = [...new Set(all.map((field) => field.call))];
    const several = owners.length > 1;
    const absent = element('details', { class: 'fields' });
    const headed = new Map();
    for (const field of all) {
      const into = field.value ? details : absent;
      if (several && headed.get(into) !== field.call) {
        headed.set(into, field.call);
        into.append(element('h3', {}, field.owner + (all.some((other) => other.owner === field.owner && other.nth > 1) ? ` ${field.nth}` : '')));
      }
      into.append(this.#field(field));
    }
    const left = all.filter((field) => !field.value).length;
    if (left) {
      absent.prepend(element('summary', {}, left === 1 ? '1 default' : `${left} defaults`));
      absent.open = this.#more;
      absent.addEventListener('toggle', () => { this.#more = absent.open; });
      details.append(absent);
    }
  }

  #field(field) {
    const id = `field-${++made}`;
    const label = element('label', { for: id }, field.label);
    const root = element('div', { class: 'field', 'data-key': field.key }, label);
    const kind = this.#kind(field);
    const edit = (value, typed = false) => this.#edit(field.key, value, performance.now(), typed);
    if (kind === 'choice' || kind === 'truth') {
      const values = kind === 'truth' ? ['True', 'False'] : field.parameter.values.map(literal);
      const select = element('select', { id });
      for (const value of values) select.append(element('option', { value }, value.replaceAll("'", '')));
      select.addEventListener('change', () => edit(select.value));
      root.append(select);
      this.#shown.set(field.key, (now) => {
        root.classList.toggle('absent', !now.value);
        select.value = now.text.replaceAll('"', "'");
      });
      return root;
    }
    const box = element('input', { id, type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false' });
    const typed = () => {
      const value = box.value.trim();
      const good = WRITABLE.test(value);
      box.setAttribute('aria-invalid', String(!good));
      if (good) edit(value, true);
    };
    box.addEventListener('input', typed);
    box.addEventListener('change', () => {
      // Some ways to clear a field only send this event.
      if (!box.value.trim()) typed();
    });
    const slider = element('input', { type: 'range', 'aria-label': field.label });
    let current = null;
    slider.addEventListener('input', () => edit(current.value(Number(slider.value)) + current.unit));
    const follows = element('span', { class: 'follows' });
    root.append(slider, follows, box, element('small', { class: 'moves' }));
    this.#shown.set(field.key, (now, run, together) => {
      root.classList.toggle('absent', !now.value);
      const given = number(now.text); // or it is arithmetic, such as 1/3, which no slider can show
      slider.hidden = !given || Boolean(together.with);
      follows.hidden = !together.with;
      follows.textContent = together.with ? `moves with ${together.with}` : '';
      root.lastChild.textContent = together.moves ? `moves ${together.moves}, too` : '';
      box.classList.toggle('only', !given);
      const moving = document.activeElement === slider && current && slider.matches(':active');
      if (given && !moving) {
        current = { ...scale(field.parameter, given.value, given.unit, run), unit: given.unit };
        slider.min = current.from;
        slider.max = current.to;
        slider.step = current.step > 0 ? current.step : 'any';
        slider.value = current.position(given.value);
      }
      slider.setAttribute('aria-valuetext', now.text);
      if (document.activeElement !== box) {
        box.value = now.text;
        box.setAttribute('aria-invalid', 'false');
      }
    });
    return root;
  }
}
