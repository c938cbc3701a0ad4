// "Train with this": a training with one of the schedules, on a server that may start them.

import { copy } from './copy.js';
import { stopTraining, train } from './server.js';

const MOST_EPOCHS = 10; // that a run of so many steps is divided into, if nobody says otherwise
const USUAL_BATCH = 4; // of anneal train
const $ = (selector) => document.querySelector(selector);
const count = (value, name) => `${value.toLocaleString('en')} ${name}${value === 1 ? '' : 's'}`;

/** Returns the epochs, and batches of each, that make so many steps: exactly, if possible. */
function divided(steps, most) {
  for (let epochs = MOST_EPOCHS; epochs > 0; epochs--) {
    if (steps % epochs === 0 && steps / epochs <= most) return [epochs, steps / epochs];
  }
  const epochs = Math.ceil(steps / most);
  return [epochs, Math.ceil(steps / epochs)];
}

export class TrainFrom {
  #page;
  #dialog = $('#train-dialog');
  #asked = 0; // questions, of which only the answer to the last counts
  #busy = false;

  /**
   * @param page has rows(), and run() with the run and how often it steps a schedule, or nothing if the form has an error, of which
   *     problem() tells
   */
  constructor(page) {
    this.#page = page;
    $('#train').addEventListener('click', () => this.#open());
    $('#train-cancel').addEventListener('click', () => this.#dialog.close());
    $('#train-copy').addEventListener('click', async () => {
      $('#train-said').textContent = await copy($('#train-line'));
    });
    for (const event of ['input', 'change']) this.#dialog.addEventListener(event, () => this.#show());
    this.#dialog.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#start();
    });
  }

  /** Shows the button if the server starts trainings. */
  allow(server) {
    $('#train').hidden = !server.train;
  }

  #open() {
    const rows = this.#page.rows();
    $('#train-row').replaceChildren(...rows.map((row, i) => new Option(`${i + 1} ${row.label.replace(/\s+/g, ' ').trim()}`, i)));
    $('#train-row').selectedIndex = Math.max(0, rows.findIndex((row) => row.on && !row.error));
    const about = this.#page.run();
    if (about) {
      const { run, steps } = about;
      $('#train-batch-size').value = run.batchSize ?? USUAL_BATCH;
      const [epochs, batches] = run.steps ? divided(steps, this.#batches()) : [run.epochs, Math.min(run.stepsPerEpoch, this.#batches())];
      $('#train-epochs').value = epochs;
      $('#train-limit').value = batches;
    }
    this.#dialog.showModal();
    this.#show();
  }

  /** Returns how many batches the data has. */
  #batches() {
    return Math.ceil(Number($('#train-data').selectedOptions[0].dataset.size) / (Number($('#train-batch-size').value) || USUAL_BATCH));
  }

  #wanted(start) {
    const row = this.#page.rows()[$('#train-row').selectedIndex];
    const given = (selector) => ($(selector).value === '' ? undefined : Number($(selector).value));
    return {
      ...row.piece, run: this.#page.run().run, data: $('#train-data').value, model: $('#train-model').value, epochs: given('#train-epochs'),
      limit: given('#train-limit'), batchSize: given('#train-batch-size'), seed: given('#train-seed'), start,
    };
  }

  /** Returns why nothing can be asked, or ''. */
  #problem() {
    const wrong = [...this.#dialog.querySelectorAll('input')].find((input) => !input.checkValidity());
    if (wrong) return `${wrong.labels[0].firstChild.textContent.trim()} must be a whole number, at least ${wrong.min}`;
    return this.#page.problem() || (this.#page.rows().length ? '' : 'There is no schedule to train with.');
  }

  /** Shows the command line of what is chosen, or what is wrong with it. */
  async #show() {
    const asked = ++this.#asked;
    $('#train-said').textContent = '';
    const problem = this.#problem();
    if (problem) {
      this.#fail(problem);
      return;
    }
    const { run, steps } = this.#page.run();
    const epochs = Number($('#train-epochs').value);
    const own = run.stepPer === 'epoch' ? epochs : epochs * Math.min(Number($('#train-limit').value) || Infinity, this.#batches());
    $('#train-steps').textContent = `The schedule makes ${count(own, 'step')}${own === steps ? ', as in the chart' : `; the chart shows ${steps.toLocaleString('en')}`}.`;
    try {
      const { line, folder } = await train(this.#wanted(false));
      if (asked !== this.#asked) return;
      this.#fail('');
      $('#train-line').textContent = line;
      $('#train-folder').textContent = `What this starts, in a new folder in ${folder}:`;
    } catch ({ message }) {
      if (asked === this.#asked) this.#fail(message);
    }
  }

  #fail(message) {
    $('#train-error').textContent = message;
    $('#train-start').disabled = this.#busy || message !== '';
    if (message) $('#train-line').textContent = '';
  }

  async #start() {
    if (this.#busy || this.#problem()) return;
    const asked = ++this.#asked;
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
    };
    this.#dialog.addEventListener('close', cancel);
    this.#busy = $('#train-start').disabled = true;
    $('#train-error').textContent = '';
    $('#train-said').textContent = 'Starting …';
    try {
      const { run } = await train(this.#wanted(true));
      if (cancelled) await stopTraining(run);
      else location.href = `runs#${new URLSearchParams([['run', run]])}`;
    } catch ({ message }) {
      // The line stays: another choice may do, or another time.
      if (asked === this.#asked) $('#train-error').textContent = message;
    } finally {
      this.#dialog.removeEventListener('close', cancel);
      this.#busy = $('#train-start').disabled = false;
      if (asked === this.#asked) $('#train-said').textContent = '';
    }
  }
}
