// Handles on a curve: buttons over the chart that a hand or the arrow keys drag.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const NUDGE = 1.05; // the factor of a rate that a key changes
const CLUMSY = 5; // pixels that a hand may stray along an axis without meaning it

export class Handles {
  #layer = document.createElement('div');
  #made = new Map(); // a button and its handle, by key
  #plot = null;
  #held;

  /** @param held called when a hand takes a handle, with true, and when it lets go, with false: meanwhile the scales must stay */
  constructor(held) {
    this.#held = held;
    this.#layer.className = 'handles';
  }

  /** Moves the handles to another chart. */
  on(plot) {
    this.#plot = plot;
    plot.over.append(this.#layer);
  }

  /**
   * Shows handles, each with a key, a name, its place x and y, whether it moves along x, y or both, a color, and what hears where
   * it is dragged to: moved(x, y, since).
   */
  show(handles) {
    for (const [key, { button }] of this.#made) {
      if (handles.some((handle) => handle.key === key)) continue;
      button.remove();
      this.#made.delete(key);
    }
    for (const handle of handles) {
      if (!this.#made.has(handle.key)) this.#make(handle);
      const made = this.#made.get(handle.key);
      made.handle = handle;
      this.#place(made);
    }
  }

  #place({ button, handle }) {
    const { x, y, name, along, color } = handle;
    const [left, top] = [this.#plot.valToPos(x, 'x'), this.#plot.valToPos(y, 'y')];
    const { clientWidth: width, clientHeight: height } = this.#plot.over;
    button.hidden = !(left >= -1 && left <= width + 1 && top >= -1 && top <= height + 1);
    button.style.left = `${left}px`;
    button.style.top = `${top}px`;
    button.style.setProperty('--color', `var(${color})`);
    button.dataset.along = along;
    button.title = `Drag: ${name}`;
    button.setAttribute('aria-label', name);
    button.setAttribute('aria-valuenow', String(along === 'y' ? y : x));
    button.setAttribute('aria-valuetext', along === 'x' ? String(x) : along === 'y' ? String(y) : `${x}, ${y}`);
  }

  #make({ key }) {
    const button = document.createElement('button');
    button.type = 'button';
    button.role = 'slider';
    button.dataset.handle = key;
    const made = { button, handle: null };
    let from; // where the hand took it
    this.#made.set(key, made);
    this.#layer.append(button);
    // The chart below would take it for a zoom.
    for (const type of ['mousedown', 'dblclick', 'touchstart']) button.addEventListener(type, (event) => event.stopPropagation());
    button.addEventListener('pointerdown', (event) => {
      event.stopPropagation();
      button.setPointerCapture(event.pointerId);
      from = { ...made.handle, left: event.clientX, top: event.clientY };
      this.#held(true);
    });
    button.addEventListener('pointermove', (event) => {
      if (!button.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const { left, top } = this.#plot.over.getBoundingClientRect();
      const { clientX, clientY } = event;
      from.sideways ||= Math.abs(clientX - from.left) > CLUMSY;
      from.upright ||= Math.abs(clientY - from.top) > CLUMSY;
      made.handle.moved(
        from.sideways ? this.#plot.posToVal(clientX - left, 'x') : from.x,
        from.upright ? this.#plot.posToVal(clientY - top, 'y') : from.y,
        performance.now(),
      );
    });
    button.addEventListener('lostpointercapture', () => this.#held(false));
    button.addEventListener('keydown', (event) => {
      const by = KEYS[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const { handle } = made;
      const times = event.shiftKey ? 10 : 1;
      const [x, y] = [handle.x + by[0] * times * handle.stride, handle.y * NUDGE ** (by[1] * times)];
      made.handle = { ...handle, x, y }; // the next key may come before the curve has followed
      handle.moved(x, y, performance.now());
    });
  }
}
