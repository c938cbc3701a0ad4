// Undo and redo: the states that the page was in, as its address has them.

const TOGETHER = 1000; // milliseconds within which changes by the same field are one

export class Undo {
  #before = [];
  #after = [];
  #now;
  #by = null; // the element that made the last change
  #since = -Infinity;
  #changed;

  /** @param changed called when there is something to undo or redo, or no more */
  constructor(changed) {
    this.#changed = changed;
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  get canRedo() {
    return this.#after.length > 0;
  }

  /** Starts with a state, which nothing leads back from. */
  start(state) {
    this.#now = state;
  }

  /** Takes a new state, made by an element. */
  note(state, by) {
    if (state === this.#now) return;
    const since = performance.now();
    const same = by !== null && by === this.#by && since - this.#since < TOGETHER;
    if (!same) this.#before.push(this.#now);
    this.#after = [];
    this.#now = state;
    this.#by = by;
    this.#since = since;
    this.#changed();
  }

  /** Returns the state before the current one, which becomes the current one; undefined if there is none. */
  undo() {
    return this.#move(this.#before, this.#after);
  }

  /** Returns the state that was undone last, which becomes the current one; undefined if there is none. */
  redo() {
    return this.#move(this.#after, this.#before);
  }

  #move(from, to) {
    if (!from.length) return undefined;
    to.push(this.#now);
    this.#now = from.pop();
    this.#by = null;
    this.#changed();
    return this.#now;
  }
}
