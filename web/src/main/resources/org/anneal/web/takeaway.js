// The export: code, JSON, a link, pictures.

import { copy } from './copy.js';
import { highlighted } from './highlight.js';
import { picture } from './server.js';

const LIBRARIES = { java: 'java', pytorch: 'python', optax: 'python', keras: 'python' }; // the language of each
const PROGRAMS = ['java', 'pytorch'];
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
    $('#take-program').addEventListener('change', () => this.#page.askAgain());
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
    return this.#form in LIBRARIES ? this.#form : undefined;
  }

  /** Returns whether that is a whole program. */
  get program() {
    return PROGRAMS.includes(this.#form) && $('#take-program').checked;
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
    $('#take-program').parentElement.hidden = !PROGRAMS.includes(this.#form);
    const row = rows[select.selectedIndex];
    const problem = this.#page.problem();
    const ofRow = (said) => row?.lacks || (row?.error ? `${row.name} has an error: ${row.error.message}` : said ?? '');
    const text = problem && this.#form !== 'link' ? problem : {
      text: () => ofRow(row?.curve?.policy),
      shell: () => ofRow(row?.curve && this.#shell(row)),
      json: () => JSON.stringify(this.#json(false), null, 2),
      link: () => location.href,
    }[this.#form]?.() ?? ofRow(row?.curve?.code[this.#form]);
    if (!problem && this.#refused) this.#say('');
    const language = problem || row?.error ? undefined : LIBRARIES[this.#form];
    if ($('#take-text').textContent !== text) $('#take-text').replaceChildren(...highlighted(text, language));
  }

  /** Returns the command lines for a row. */
  #shell(row) {
    const { lr, momentum, adam, steps, epochs, stepsPerEpoch, stepPer, batchSize, tokensPerBatch } = this.#page.run();
    const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    const options = [
      quoted(row.text),
      ...Object.entries(row.given).map(([name, value]) => `--set ${quoted(`${name}=${value}`)}`),
      row.pick && `--pick ${quoted(row.pick)}`,
      `--lr ${lr.join(',')}`,
      steps ? `--steps ${steps}` : `--epochs ${epochs} --steps-per-epoch ${stepsPerEpoch} --step-per ${stepPer}`,
      batchSize && `--batch-size ${batchSize}`,
      tokensPerBatch && `--tokens-per-batch ${tokensPerBatch}`,
      momentum !== 0.9 && `--momentum ${momentum}`,
      adam && '--adam',
    ].filter(Boolean).join(' ');
    const metrics = row.curve.takesMetric ? ' --metrics metrics.txt' : '';
    return `./anneal check ${options}\n./anneal plot ${options}${metrics}\n./anneal table ${options}${metrics} --format csv\n`;
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
