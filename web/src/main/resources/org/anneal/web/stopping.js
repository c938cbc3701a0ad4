// Stops trainings that this server started.

import { about, stopTraining } from './server.js';

export class Stopping {
  #running = null; // the names of the runs that may be stopped; null where the server starts none
  #known = new Set(); // running runs that the server was asked about
  #told = new Set(); // to stop
  #changed;

  /** @param changed called when other runs may be stopped */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Takes what the server says of itself. */
  take(server) {
    this.#running = server.train && new Set(server.train);
    this.#changed();
  }

  /** Shows at the end of a run's bar whether it can be stopped. */
  show(run, title, bar) {
    if (!this.#running) return;
    let button = bar.querySelector('.stop');
    const isRunning = run.state === 'running';
    if (!isRunning) {
      this.#known.delete(run.name); // it may be resumed
      this.#told.delete(run.name);
    } else if (!this.#known.has(run.name)) {
      this.#known.add(run.name);
      if (!this.#running.has(run.name)) about().then((server) => this.take(server));
    }
    if (!isRunning || !this.#running.has(run.name)) {
      button?.remove();
      return;
    }
    if (!button) {
      button = document.createElement('button');
      button.type = 'button';
      button.className = 'stop';
      button.title = 'Stop as Ctrl-C does: the last checkpoint is kept, and anneal train --resume goes on';
      button.addEventListener('click', () => this.#stop(run.name, bar));
      bar.append(button);
    }
    button.textContent = this.#told.has(run.name) ? 'Stopping …' : 'Stop';
    button.disabled = this.#told.has(run.name);
    button.setAttribute('aria-label', `${this.#told.has(run.name) ? 'Stopping' : 'Stop'} ${title}`);
  }

  async #stop(name, bar) {
    bar.parentElement.querySelector('.error.stopping')?.remove();
    this.#told.add(name);
    this.#changed();
    try {
      await stopTraining(name);
    } catch ({ message }) {
      this.#told.delete(name);
      const problem = document.createElement('p');
      problem.className = 'error stopping';
      problem.setAttribute('role', 'alert');
      problem.textContent = message;
      bar.after(problem);
      this.#changed();
    }
  }
}
