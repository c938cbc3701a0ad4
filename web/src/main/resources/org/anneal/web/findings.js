// What the check finds in the schedules, each with a way to its step and, where it says exactly what to change, to do that.

import { format } from './chart.js';
import { mend } from './edits.js';

const kindOf = (row) => /^\w*/.exec(row.curve.policy)[0];

/** Returns words as a sentence. A name, such as T_max, stays as it is. */
const sentence = (words) => words.replace(/^[a-z]+(?= )/, (word) => word[0].toUpperCase() + word.slice(1)) + (/[.?!]$/.test(words) ? '' : '.');

/** Shows what is found in rows: those that are drawn, and those that have an error. What is only to be filled in is none. */
export class Findings {
  #list;
  #heard;
  #key = '';

  /** @param heard chosen(row, step), and applied(row, text) */
  constructor(list, heard) {
    this.#list = list;
    this.#heard = heard;
  }

  /** @param run unit, the name of what is counted, and per, steps in one */
  show(drawn, wrong, run) {
    const checked = drawn.filter((row) => !row.error);
    const found = checked.flatMap((row) => row.curve.findings.map((finding) => ({ row, ...finding })));
    const notes = checked.flatMap((row) => row.curve.notes.map((note) => ({ row, note: true, ...note })));
    const several = drawn.length > 1;
    const key = JSON.stringify([
      [...found, ...notes].map(({ row, ...finding }) => [row.id, row.color, row.name, row.judged, finding]),
      wrong.map((row) => [row.name, row.error.message]), drawn.length, checked.length, run.unit, run.per]);
    if (key === this.#key) return;
    this.#key = key;
    const item = (finding) => this.#item(finding, several, run);
    this.#list.replaceChildren(...found.map(item), ...wrong.map((row) => {
      const line = document.createElement('li');
      line.className = 'error';
      line.textContent = `${row.name} has an error and is not checked: ${row.error.message}`;
      return line;
    }));
    if (!found.length && !wrong.length) {
      const none = document.createElement('li');
      none.className = 'none';
      none.textContent = checked.length ? 'Nothing wrong or suspicious was found.' : 'Findings about the schedules appear here.';
      this.#list.append(none);
    }
    this.#list.append(...notes.map(item));
  }

  #item({ row, note, step, problem, suggestion, groups, mended }, several, run) {
    const line = document.createElement('li');
    line.style.setProperty('--color', `var(${row.color})`);
    const go = document.createElement('button');
    go.type = 'button';
    const place = `${run.unit} ${format(step / run.per)}${groups.length ? `, group ${groups.join(', ')}` : ''}`;
    const kind = kindOf(row);
    const named = problem.startsWith(`${kind} `); // then the sentence itself says which schedule
    const where = document.createElement('b');
    where.textContent = `${note ? 'Note: ' : ''}${several && !named ? `${row.name}, ` : ''}${place}`;
    const does = document.createElement('small');
    does.textContent = sentence(suggestion);
    go.append(where, ` ${sentence(named && several ? row.name + problem.slice(kind.length) : problem)} `, does);
    go.addEventListener('click', () => this.#heard.chosen(row, step));
    line.append(go);
    const text = mended && mend(row.judged, row.curve.policy, mended);
    if (text) {
      const apply = document.createElement('button');
      apply.type = 'button';
      apply.textContent = 'Apply';
      apply.dataset.apply = '';
      apply.setAttribute('aria-label', `Apply to ${row.name}: ${suggestion}`);
      apply.addEventListener('click', () => this.#heard.applied(row, text));
      line.append(apply);
    }
    return line;
  }
}
