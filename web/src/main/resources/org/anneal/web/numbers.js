// The table of numbers: in six digits, and whole where one points at them or copies them.

import { dashOf, format, swatch } from './chart.js';

function cell(text = '', whole = text, name = 'td') {
  const made = document.createElement(name);
  made.textContent = text;
  if (whole !== text) made.title = made.dataset.whole = whole;
  return made;
}

const number = (value) => cell(format(value), String(value));

/** Copies the cells that are selected, each whole. */
function copied(event, table) {
  const selected = (each) => each.offsetWidth > 0 && getSelection().containsNode(each, true);
  const lines = [...table.rows].map((line) => [...line.cells].filter(selected)).filter((cells) => cells.length);
  if (!lines.length) return;
  event.preventDefault();
  event.clipboardData.setData('text/plain', lines.map((cells) => cells.map((each) => each.dataset.whole ?? each.innerText.trim()).join('\t')).join('\n'));
}

export class Numbers {
  #table;
  #heard;
  #shown = { rows: [] };

  /** @param heard chosen(row, step), and pointed(row or null) */
  constructor(table, heard) {
    this.#table = table;
    this.#heard = heard;
    table.addEventListener('copy', (event) => copied(event, table));
  }

  /**
   * Shows the numbers of each curve.
   *
   * @param shown rows, run (per, steps, unit), view (the part of the run that is shown, or null), and limit, or null
   * @param at the step whose rates are shown
   */
  show(shown, at) {
    this.#shown = shown;
    const { rows, run: { per, steps, unit }, view, limit } = shown;
    const from = view ? Math.max(0, Math.ceil(view[0] * per - 1e-9)) : 0;
    const to = view ? Math.min(steps - 1, Math.floor(view[1] * per + 1e-9)) : steps - 1;
    this.#table.tHead.querySelector('.seen').hidden = !view;
    this.#table.tHead.querySelector('.below').textContent = limit === null ? 'First below' : `First below ${format(limit)}`;
    this.#table.tBodies[0].replaceChildren(...rows.flatMap((row) => row.curve.rates.map((rates, group) => {
      let [peak, seen, all, first] = [0, 0, 0, -1];
      for (let i = 0; i < rates.length; i++) {
        const rate = rates[i];
        if (rate > rates[peak]) peak = i;
        all += rate;
        if (i >= from && i <= to) seen += rate;
        if (first < 0 && limit !== null && rate < limit) first = i;
      }
      const line = document.createElement('tr');
      line.className = row.error ? 'stale' : '';
      line.addEventListener('pointerenter', () => this.#heard.pointed(row));
      line.addEventListener('pointerleave', () => this.#heard.pointed(null));
      const head = cell('', '', 'th');
      head.scope = 'row';
      head.title = row.curve.policy;
      head.append(swatch(row.color, dashOf(row, group)), (row.drawnAs ?? row.name) + (row.curve.rates.length > 1 ? `, group ${group}` : ''), row.lacks ? ' (before)' : row.error ? ' (before the error)' : '');
      const now = cell();
      now.className = 'at';
      const part = number(seen);
      part.hidden = !view;
      const reached = cell(limit === null ? '–' : 'never');
      if (first >= 0) {
        const go = document.createElement('button');
        go.type = 'button';
        go.textContent = `${unit} ${format(first / per)}`;
        go.addEventListener('click', () => this.#heard.chosen(row, first));
        reached.replaceChildren(go);
      }
      line.append(head, now, cell(`${format(rates[peak])} at ${format(peak / per)}`, `${rates[peak]} at ${peak / per}`), part, number(all), reached);
      return line;
    })));
    this.at(at);
  }

  /** Shows the rates of a step. */
  at(step) {
    const { rows, run } = this.#shown;
    if (!run) return;
    this.#table.tHead.querySelector('.at').textContent = `lr at ${format(step / run.per)}`;
    const values = rows.flatMap((row) => row.curve.rates.map((rates) => rates[step]));
    for (const [i, now] of [...this.#table.tBodies[0].querySelectorAll('.at')].entries()) {
      now.textContent = values[i] === undefined ? '–' : format(values[i]);
      now.title = now.dataset.whole = values[i] ?? '';
    }
  }
}
