// Parallel coordinates: an axis beside another for each quantity, and a line across them for each trial.

import { css, format } from './chart.js';

const MOST_LINES = 1_000;
const REACH = 8; // pixels between the pointer and the line that it is at
const TOP = 34; // pixels above the axes, for their names
const BOTTOM = 34; // below them, for the trials that lack a quantity
const SIDE = 64; // beside the outer axes, for their labels
const TICKS = 5;

/** The lines of the trials. */
export class Parallel {
  #root;
  #canvas = document.createElement('canvas');
  #axes = [];
  #lines = []; // of a trial and its height on each axis, the best last
  #best = null;
  #pointed = null;
  #colorOf = () => '--c0';
  #awaited = false;

  /** @param heard pointed(number or null), opened(number) */
  constructor(root, heard) {
    this.#root = root;
    root.append(this.#canvas);
    new ResizeObserver(() => this.#draw()).observe(root);
    document.addEventListener('themechange', () => this.#draw());
    root.addEventListener('mousemove', (event) => heard.pointed(this.#near(event)?.trial.number ?? null));
    root.addEventListener('mouseleave', () => heard.pointed(null));
    root.addEventListener('blur', () => heard.pointed(null));
    root.addEventListener('click', (event) => {
      const near = this.#near(event);
      if (near) heard.opened(near.trial.number);
    });
    root.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const here = this.#lines.findIndex(({ trial }) => trial.number === this.#pointed);
      const moves = { ArrowUp: 1, ArrowDown: -1 };
      if (event.key in moves) {
        const next = here < 0 ? this.#lines.length - 1 : Math.max(0, Math.min(this.#lines.length - 1, here + moves[event.key]));
        heard.pointed(this.#lines[next]?.trial.number ?? null);
      } else if (event.key === 'Enter' && here >= 0) {
        heard.opened(this.#pointed);
      } else {
        return;
      }
      event.preventDefault();
    });
  }

  /**
   * Shows trials.
   *
   * @param axes each with its quantity, names or null, whether it is log, place(trial) and range(places)
   * @param ranked the trials, the best first; of many, only these are shown
   * @returns how many are shown
   */
  show(axes, ranked, colorOf) {
    const shown = ranked.slice(0, MOST_LINES);
    const places = axes.map((axis) => shown.map((trial) => axis.place(trial)));
    this.#axes = axes.map((axis, i) => {
      const [low, high] = axis.range(null, places[i]);
      const drawn = (value) => (axis.log ? Math.log10(value) : value);
      return { name: axis.quantity.name, names: axis.names, low: drawn(low), high: drawn(high), log: axis.log, drawn };
    });
    this.#lines = shown.map((trial, k) => ({
      trial,
      heights: this.#axes.map(({ low, high, drawn }, i) => {
        const place = places[i][k];
        return place === null ? null : Math.max(0, Math.min(1, (drawn(place) - low) / (high - low)));
      }),
    })).reverse();
    this.#best = shown[0]?.rank ? shown[0].number : null;
    this.#colorOf = colorOf;
    this.#root.dataset.lines = shown.length;
    this.#root.dataset.axes = JSON.stringify(axes.map(({ quantity }) => quantity.name));
    this.#draw();
    return shown.length;
  }

  /** Marks a trial. */
  point(number) {
    this.#pointed = number;
    this.#draw();
  }

  #x(i) {
    const room = this.#root.clientWidth - 2 * SIDE;
    return this.#axes.length < 2 ? SIDE + room / 2 : SIDE + (i * room) / (this.#axes.length - 1);
  }

  #y(height) {
    const room = this.#root.clientHeight - TOP - BOTTOM;
    return height === null ? this.#root.clientHeight - BOTTOM / 3 : TOP + (1 - height) * room;
  }

  /** Returns the line that the pointer is at. */
  #near(event) {
    const { left, top } = this.#root.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const i = Math.max(0, this.#axes.findLastIndex((axis, k) => k < this.#axes.length - 1 && this.#x(k) <= x));
    if (this.#axes.length < 2) return null;
    const [from, to] = [this.#x(i), this.#x(i + 1)];
    const part = Math.max(0, Math.min(1, (x - from) / (to - from)));
    let near = null;
    let least = REACH;
    for (const line of this.#lines) {
      const [one, other] = [this.#y(line.heights[i]), this.#y(line.heights[i + 1])];
      // From the line to the pointer at a right angle, not straight down.
      const distance = Math.abs(one + part * (other - one) - y) * Math.cos(Math.atan2(other - one, to - from));
      if (distance <= least) [near, least] = [line, distance];
    }
    return near;
  }

  /** Returns the labels of an axis, each with its height. */
  #ticks({ names, low, high, log }, room) {
    if (names) {
      const each = Math.max(1, Math.ceil((16 * names.length) / room));
      return names.map((name, i) => [name, (i - low) / (high - low)]).filter((tick, i) => i % each === 0);
    }
    const decades = log ? Array.from({ length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) }, (_, i) => Math.ceil(low) + i) : [];
    if (decades.length > 1) {
      const each = Math.ceil(decades.length / (TICKS + 1));
      return decades.filter((decade) => decade % each === 0).map((decade) => [format(Number(`1e${decade}`), 3), (decade - low) / (high - low)]);
    }
    return Array.from({ length: TICKS }, (_, i) => {
      const part = i / (TICKS - 1);
      const value = low + part * (high - low);
      return [format(log ? 10 ** value : value, 3), part];
    });
  }

  #draw() {
    if (this.#awaited) return;
    this.#awaited = true;
    requestAnimationFrame(() => {
      this.#awaited = false;
      this.#paint();
    });
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#root;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    const context = this.#canvas.getContext('2d');
    context.scale(ratio, ratio);
    context.lineJoin = 'round';
    const stroke = (line, color, alpha, thick) => {
      context.globalAlpha = alpha;
      context.strokeStyle = color;
      context.lineWidth = thick;
      context.beginPath();
      line.heights.forEach((each, i) => context.lineTo(this.#x(i), this.#y(each)));
      context.stroke();
    };
    const colors = new Map();
    const alpha = Math.max(0.12, Math.min(0.7, 40 / this.#lines.length));
    for (const line of this.#lines) {
      const name = this.#colorOf(line.trial);
      if (!colors.has(name)) colors.set(name, css(name));
      stroke(line, colors.get(name), line.trial.rank ? alpha : alpha / 2, 1.5);
    }
    for (const [number, color] of [[this.#best, '--ink'], [this.#pointed, '--accent']]) {
      const line = this.#lines.find(({ trial }) => trial.number === number);
      if (line) stroke(line, css(color), 1, 2.5);
    }
    context.globalAlpha = 1;
    context.font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
    const apart = this.#axes.length > 1 ? this.#x(1) - this.#x(0) : width;
    const cut = (text, room) => {
      let kept = text.length;
      const shown = () => (kept < text.length ? `${text.slice(0, kept)}…` : text);
      while (kept > 1 && context.measureText(shown()).width > room) kept--;
      return shown();
    };
    const write = (text, x, y, color) => {
      context.lineWidth = 4;
      context.strokeStyle = css('--card');
      context.strokeText(text, x, y);
      context.fillStyle = css(color);
      context.fillText(text, x, y);
    };
    this.#axes.forEach((axis, i) => {
      const x = this.#x(i);
      context.strokeStyle = css('--edge');
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, TOP);
      context.lineTo(x, height - BOTTOM);
      context.stroke();
      context.textAlign = 'center';
      context.textBaseline = 'alphabetic';
      write(cut(axis.name, Math.min(apart - 8, 2 * SIDE)), x, TOP - 14, '--ink');
      if (this.#lines.some((line) => line.heights[i] === null)) {
        context.textBaseline = 'middle';
        write('none', x, height - BOTTOM / 3, '--soft');
      }
      // The labels of the last axis are on its right, where there are no lines.
      const last = i === this.#axes.length - 1;
      context.textAlign = i > 0 ? 'left' : 'right';
      context.textBaseline = 'middle';
      for (const [text, part] of this.#ticks(axis, height - TOP - BOTTOM)) {
        const side = i === 0 ? -7 : 7;
        write(cut(text, i === 0 || last ? SIDE - 8 : apart / 2), x + side, this.#y(part), '--soft');
      }
    });
  }
}
