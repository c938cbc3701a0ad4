// The export: code, JSON, a link, pictures.

import { copy } from './copy.js';
import { picture } from './server.js';

const LIBRARIES = ['java', 'pytorch', 'optax', 'keras'];
const $ = (selector) => document.querySelector(selector);

function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export class TakeAway {
  #page;
  #form = 'java';
  #refused = false;

  /**
   * @param page has rows(), run(), problem() of the run or nothing, drawn(), what the picture shows: options(), and askAgain(),
   *     called when the library changes
   */
  constructor(page) {
    this.#page = page;
    const tabs = [...document.querySelectorAll('#takeaway [role="tab"]')];
    tabs.forEach((tab, i) => {
      tab.addEventListener('click', () => this.#choose(tab.dataset.form));
      tab.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = tabs[(i + step + tabs.length) % tabs.length];
        next.focus();
        this.#choose(next.dataset.form);
      });
    });
    $('#take-row').addEventListener('change', () => this.show());
    $('#copy').addEventListener('click', async () => {
      if (this.#form !== 'link' && this.#wrong()) return;
      this.#say(await copy($('#take-text')));
    });
    $('#save-json').addEventListener('click', () => {
      if (this.#wrong()) return;
      save(new Blob([JSON.stringify(this.#json(true))], { type: 'application/json' }), 'schedules.json');
    });
    $('#save-png').addEventListener('click', () => this.#picture('png'));
    $('#save-svg').addEventListener('click', () => this.#picture('svg'));
    this.#choose('java');
  }

  /** Returns the library that the page shows code for, if it shows code. */
  get library() {
    return LIBRARIES.includes(this.#form) ? this.#form : undefined;
  }

  #choose(form) {
    this.#form = form;
    for (const tab of document.querySelectorAll('#takeaway [role="tab"]')) {
      const chosen = tab.dataset.form === form;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) $('#take-text').setAttribute('aria-labelledby', tab.id);
    }
    this.show();
    if (this.library) this.#page.askAgain();
  }

  show() {
    const select = $('#take-row');
    const rows = this.#page.rows();
    const names = rows.map((row, i) => `${i + 1} ${row.label.replace(/\s+/g, ' ').trim()}`);
    if (JSON.stringify([...select.options].map((option) => option.text)) !== JSON.stringify(names)) {
      const chosen = Math.min(Math.max(0, select.selectedIndex), Math.max(0, rows.length - 1));
      select.replaceChildren(...names.map((name, i) => new Option(name, i)));
      select.selectedIndex = rows.length ? chosen : -1;
    }
    select.hidden = this.#form === 'json' || this.#form === 'link';
    const row = rows[select.selectedIndex];
    const problem = this.#page.problem();
    const ofRow = (said) => (row?.error ? `${row.name} has an error: ${row.error.message}` : said ?? '');
    const text = problem && this.#form !== 'link' ? problem : {
      text: () => ofRow(row?.curve?.policy),
      json: () => JSON.stringify(this.#json(false), null, 2),
      link: () => location.href,
    }[this.#form]?.() ?? ofRow(row?.curve?.code[this.#form]);
    if (!problem && this.#refused) this.#say('');
    if ($('#take-text').textContent !== text) $('#take-text').textContent = text;
  }

  #json(values) {
    const said = ({ step, problem, suggestion }) => ({ step, problem, suggestion });
    const piece = (row) => ({ ...row.piece, set: Object.keys(row.given).length ? row.given : undefined });
    const schedules = this.#page.rows().filter((row) => row.curve || row.error).map((row) => (row.error ? {
      ...piece(row),
      error: row.error.message,
    } : {
      ...piece(row),
      policy: row.curve.policy,
      ...(values ? {
        lr: row.curve.rates.map((rates) => Array.from(rates)),
        momentum: row.curve.momenta ? Array.from(row.curve.momenta) : row.curve.momentum,
      } : {}),
      findings: row.curve.findings.map(said),
      notes: row.curve.notes.map(said),
    }));
    return { run: this.#page.run(), schedules };
  }

  /** Shows what is wrong with the run, if anything: then nothing is exported. */
  #wrong() {
    const problem = this.#page.problem();
    if (problem) this.#say(problem);
    this.#refused = problem !== '';
    return this.#refused;
  }

  async #picture(format) {
    if (this.#wrong()) return;
    const drawn = this.#page.drawn();
    if (!drawn.length) {
      this.#say('There is no curve to draw.');
      return;
    }
    this.#say('Drawing …');
    try {
      const question = { expressions: drawn.map((row) => row.piece), run: this.#page.run(), format, ...this.#page.options() };
      save(await picture(question), `schedules.${format}`);
      const wrong = this.#page.rows().filter((row) => row.on && row.error).map((row) => row.name);
      this.#say(`Saved schedules.${format}${wrong.length ? ` without ${wrong.join(' and ')}, which ${wrong.length > 1 ? 'have' : 'has'} an error` : ''}.`);
    } catch (problem) {
      this.#say(problem.message);
    }
  }

  #say(text) {
    this.#refused = false;
    $('#take-said').textContent = text;
  }
}
