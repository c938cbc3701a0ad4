// The table of runs, sorted by one of its columns.

import { format } from './chart.js';

const day = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** Returns a moment as a table shows it. */
export const moment = (millis) => day.format(millis);

/** Compares what two runs are sorted by, words as words do; a run without it comes last. */
function compare(one, other, down) {
  const absent = (value) => value === null || value === undefined || value === '';
  if (absent(one) || absent(other)) return absent(one) - absent(other);
  const order = typeof one === 'string' ? one.localeCompare(other, 'en', { numeric: true }) : one - other;
  return down ? -order : order;
}

/** Returns runs in an order. Those that are equal stay as they are. */
export function sorted(runs, column, down) {
  return [...runs].sort((one, other) => compare(column.of(one), column.of(other), down));
}

/** A table with a row for each run, whose columns sort it. */
export class RunTable {
  #head;
  #body;
  #chosen;
  #key = '';

  /** @param chosen takes the key of the column by which the user sorts */
  constructor(head, body, chosen) {
    this.#head = head;
    this.#body = body;
    this.#chosen = chosen;
  }

  /**
   * Shows runs as they are sorted.
   *
   * @param columns each with a key, a name, what a run is sorted by (of), and if that is not what it shows, a text (text)
   * @param order the key of the column by which the runs are sorted, and whether down
   * @param mark returns what is put before a run's name
   */
  show(runs, columns, order, mark) {
    const key = JSON.stringify(columns.map(({ key: each, name }) => [each, name]));
    if (key !== this.#key) { // else its buttons stay, as one may have the focus
      this.#key = key;
      const row = document.createElement('tr');
      row.append(...columns.map((column) => {
        const cell = document.createElement('th');
        cell.scope = 'col';
        cell.dataset.key = column.key;
        const button = document.createElement('button');
        button.textContent = column.name;
        button.addEventListener('click', () => this.#chosen(column.key));
        cell.append(button);
        return cell;
      }));
      this.#head.replaceChildren(row);
    }
    for (const cell of this.#head.querySelectorAll('th')) {
      if (cell.dataset.key === order.key) cell.setAttribute('aria-sort', order.down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
    this.#body.replaceChildren(...runs.map((run) => {
      const row = document.createElement('tr');
      row.dataset.name = run.name;
      row.append(...columns.map((column, i) => {
        const cell = document.createElement(i === 0 ? 'th' : 'td');
        if (i === 0) cell.scope = 'row';
        const value = column.of(run);
        cell.textContent = column.text ? column.text(run) : typeof value === 'string' ? value : format(value, 5);
        if (typeof value === 'string') {
          cell.className = 'words';
          cell.title = cell.textContent;
        }
        return cell;
      }));
      row.firstChild.prepend(mark(run));
      return row;
    }));
  }
}
