// A sweep as it goes on: its trials as points, as curves and as a table. The server sends the trials that changed; a reload fetches
// everything again.

import uPlot from './uplot/uPlot.esm.js';
import { PADDING, axes, css, format, linearRange, logRange, look, touchable } from './chart.js';
import { copy } from './copy.js';
import { Parallel } from './parallel.js';
import { about, links } from './server.js';

const PAUSE = 500; // milliseconds between questions to the server
const LONG_PAUSE = 2000; // once the sweep has ended: another one may follow at the same address
const PATIENCE = 10_000;
const MOST_ROWS = 200;
const REACH = 14; // pixels between the pointer and the point that it is at
const MOST_AXES = 10; // of parameters beside one another
const MOST_NAMES = 40; // characters of a name that a chart or the table shows
const EDGE = 8; // pixels between an edge and the points at it
const FAR = 10; // distances of the median from the best, beyond which a value is at the edge
const ABSURD = 1e3; // times the best, or 1, beyond which a value does not count for the median
const FEW = 4;
const STATES = ['running', 'waiting', 'stopped', 'done', 'failed', 'skipped'];
const COLLATOR = new Intl.Collator('en', { numeric: true });
const $ = (selector) => document.querySelector(selector);
const count = (value) => value.toLocaleString('en-US');
const shortened = (name) => (name.length > MOST_NAMES ? `${name.slice(0, MOST_NAMES - 1)}…` : name);
/** Returns the number that a text is; null if it is none. */
const numberOf = (text) => (text !== null && /^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d+)?$/i.test(text) ? Number(text.replaceAll('_', '')) : null);
const lookOf = (family) => look(Math.max(0, families.indexOf(family)));

let sweep = null; // what the server said of the whole
let version = 0;
let trials = new Map(); // by number
let ranked = []; // the best first
let families = [];
let sorting = { key: 'rank', down: false };
let pointed = null; // the number of the trial that is pointed at

/** Returns whether one value is better than another. */
const isBetter = (one, other) => one !== null && (other === null || (sweep.measure.less ? one < other : one > other));

/** Ranks the trials: a higher rung comes before a lower one, and on the same rung the better value. */
function rank() {
  const rungOf = (trial) => (trial.value === null ? -1 : trial.rung);
  ranked = [...trials.values()].sort((one, other) => rungOf(other) - rungOf(one)
    || (isBetter(one.value, other.value) ? -1 : isBetter(other.value, one.value) ? 1 : one.number - other.number));
  ranked.forEach((trial, i) => {
    trial.rank = trial.value === null ? null : i + 1;
  });
}

/** Returns the address of a trial's runs on their page. */
const runsOf = (trial) => `runs#${new URLSearchParams(trial.runs.map((name) => ['run', name]))}`;

/** Returns what can be shown on an axis or in a column: its key, its name, and the value of a trial. */
function quantities() {
  return [
    ...sweep.parameters.map(({ name, scale }, i) => ({ key: `p${i}`, name, scale, of: (trial) => trial.numbers[i] ?? trial.parameters[i], said: (trial) => trial.parameters[i] })),
    { key: 'value', name: sweep.measure.name, scale: 'LINEAR', of: (trial) => trial.value },
    { key: 'epochs', name: 'epochs', scale: 'LINEAR', of: (trial) => trial.epochs },
    { key: 'seconds', name: 'seconds', scale: 'LINEAR', of: (trial) => trial.seconds },
    { key: 'trial', name: 'trial', scale: 'LINEAR', of: (trial) => trial.number },
    ...(families.length > 1 ? [{ key: 'family', name: 'family', scale: 'CATEGORY', of: (trial) => trial.family }] : []),
  ];
}

/** Returns the worst value that is drawn at its place, as one that is far worse than the others must not flatten them. */
function limit() {
  const values = ranked.map(({ value }) => value).filter((value) => value !== null).sort((one, other) => (sweep.measure.less ? one - other : other - one));
  if (!values.length) return null;
  const usual = values.filter((value) => Math.abs(value - values[0]) <= ABSURD * Math.max(1, Math.abs(values[0])));
  const median = usual[Math.floor(usual.length / 2)];
  return usual.length < FEW || median === values[0] ? usual.at(-1) : values[0] + FAR * (median - values[0]);
}

/** One axis of the points: how it is laid out, and where a trial is on it. */
class Axis {
  constructor(quantity, all, log) {
    this.quantity = quantity;
    const values = all.map(quantity.of).filter((value) => value !== null);
    const isWords = values.some((value) => typeof value === 'string');
    this.names = quantity.scale === 'CATEGORY' || isWords ? [...new Set(all.map(quantity.said ?? quantity.of).filter((value) => value !== null))] : null;
    // Numbers, perhaps with units, are in their order; words are as they came.
    if (this.names?.every((name) => Number.isFinite(parseFloat(name)))) this.names.sort((one, other) => parseFloat(one) - parseFloat(other));
    this.indices = this.names && new Map(this.names.map((name, i) => [name, i]));
    this.log = log && !this.names;
    this.seen = new Map(); // how many trials of a name there were so far
    this.worst = quantity.key === 'value' ? limit() : null;
  }

  /** Returns a trial's place; null if it has none; an infinite one at an edge. */
  place(trial) {
    const value = this.quantity.of(trial);
    if (this.quantity.key === 'value') {
      const edge = sweep.measure.less ? Infinity : -Infinity;
      if (value === null) return trial.state === 'failed' || trial.state === 'skipped' ? edge : null;
      if (this.worst !== null && isBetter(this.worst, value)) return edge;
    }
    if (value === null) return null;
    if (this.names) {
      // Trials of a name are spread around it.
      const name = (this.quantity.said ?? this.quantity.of)(trial);
      const nth = this.seen.get(name) ?? 0;
      this.seen.set(name, nth + 1);
      return this.indices.get(name) + (((nth * 0.618034 + 0.5) % 1) - 0.5) * 0.6;
    }
    return this.log && value <= 0 ? null : value;
  }

  /** Returns the range that shows some places. */
  range(plot, places) {
    if (this.names) return [-0.5, Math.max(0, this.names.length - 1) + 0.5];
    const [min, max] = places.filter(Number.isFinite).reduce(([low, high], place) => [Math.min(low, place), Math.max(high, place)], [Infinity, -Infinity]);
    if (min > max) return this.log ? [1e-3, 1] : [0, 1];
    if (this.log) return logRange(plot, min, max);
    if (this.quantity.key === 'value') return linearRange(plot, min, max);
    const margin = 0.05 * (max - min || Math.abs(max) || 1);
    return [min - margin, max + margin];
  }

  /** Returns uPlot's options of this axis. */
  options(options) {
    if (!this.names) return { ...options, incrs: undefined, ...(this.log ? {} : { values: (plot, splits) => splits.map((value) => format(value)) }) };
    const across = options.side !== 3;
    const longest = Math.max(0, ...this.names.map((name) => shortened(name).length));
    const fits = (plot) => !across || (plot.bbox.width / devicePixelRatio / this.names.length) > 7.5 * longest + 8;
    return {
      ...options,
      splits: (plot) => {
        const room = (across ? plot.bbox.width : plot.bbox.height) / devicePixelRatio;
        const each = Math.max(1, Math.ceil((16 * this.names.length) / (room || 1)));
        return this.names.map((name, i) => i).filter((i) => i % each === 0);
      },
      filter: (plot, splits) => splits,
      ticks: { ...options.ticks, filter: (plot, splits) => splits },
      values: (plot, splits) => splits.map((i) => shortened(this.names[i] ?? '')),
      rotate: (plot) => (fits(plot) ? 0 : -40),
      size: across ? (plot) => (fits(plot) ? 30 : Math.min(200, 20 + 5 * longest)) : Math.min(200, 20 + 7.5 * longest),
    };
  }
}

/** All trials as points. */
class Points {
  #root;
  #plot = null;
  #key = '';
  #points = []; // of a trial and its x and y
  #view = null; // the part that the user zoomed to
  #axes = null;
  #ranges = null;

  constructor(root) {
    this.#root = root;
    root.addEventListener('keydown', (event) => this.#keyed(event));
    root.addEventListener('blur', () => point(null));
    new ResizeObserver(() => this.#plot && root.clientWidth && this.#plot.setSize({ width: root.clientWidth, height: root.clientHeight })).observe(root);
    document.addEventListener('themechange', () => {
      this.#key = '';
      draw();
    });
  }

  show(x, y) {
    const all = [...trials.values()].sort((one, other) => one.number - other.number);
    const axes = [new Axis(x, all, $('#log-x').checked), new Axis(y, all, $('#log-y').checked)];
    this.#axes = axes;
    this.#points = all.map((trial) => ({ trial, at: axes.map((axis) => axis.place(trial)) })).filter(({ at }) => at.every((place) => place !== null));
    this.#root.dataset.points = this.#points.length;
    this.#root.dataset.edge = this.#points.filter(({ at }) => !at.every(Number.isFinite)).length;
    const key = JSON.stringify([sweep.id, axes.map(({ quantity, log, names }) => [quantity.key, log, names]), document.documentElement.dataset.theme]);
    if (key !== this.#key) {
      const before = this.#key && JSON.parse(this.#key);
      if (!before || JSON.stringify(before.slice(0, 2)) !== JSON.stringify(JSON.parse(key).slice(0, 2))) this.#view = null;
      this.#key = key;
      this.#build();
    }
    this.#ranges = axes.map((axis, i) => axis.range(this.#plot, this.#points.map(({ at }) => at[i])));
    this.#root.dataset.x = JSON.stringify(this.#ranges[0]);
    this.#scale();
    this.#plot.redraw(false);
  }

  /** Marks the trial that is pointed at. */
  point() {
    this.#plot?.redraw(false);
    this.#tell();
  }

  #build() {
    const root = this.#root;
    this.#plot?.destroy();
    const narrow = root.clientWidth < 380;
    const [x, y] = this.#axes;
    const [left, right] = axes(narrow ? '' : shortened(x.quantity.name), narrow ? 48 : 58, y.log, x.log);
    this.#plot = new uPlot({
      width: root.clientWidth, height: root.clientHeight, padding: [14, PADDING[1], 0, 0],
      legend: { show: false },
      cursor: { drag: { x: true, y: true, uni: 30, dist: 4, setScale: false }, points: { show: false }, x: false, y: false },
      scales: {
        x: { time: false, auto: false, distr: x.log ? 3 : 1, range: (plot, min, max) => [min, max] },
        y: { auto: false, distr: y.log ? 3 : 1, range: (plot, min, max) => [min, max] },
      },
      axes: [x.options({ ...left, grid: { ...right.grid, ...(x.log ? { filter: left.filter } : {}) } }), y.options({ ...right, side: 3 })],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        setCursor: [(plot) => this.#moved(plot)],
        setSelect: [(plot) => this.#selected(plot)],
        draw: [(plot) => this.#draw(plot)],
      },
    }, [[1, 2], [null, null]], root);
    const { over } = this.#plot;
    touchable(this.#plot);
    over.addEventListener('dblclick', () => this.#zoom(null));
    over.addEventListener('mouseleave', () => point(null));
    let pressed = null;
    over.addEventListener('mousedown', (event) => {
      pressed = [event.clientX, event.clientY];
    });
    over.addEventListener('click', (event) => {
      const moved = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4;
      const { left: at, top } = over.getBoundingClientRect();
      const near = this.#near(event.clientX - at, event.clientY - top);
      if (near && !moved) open(near.trial);
    });
    const tip = document.createElement('div');
    tip.className = 'tip';
    tip.hidden = true;
    root.querySelector('.u-wrap').append(tip);
  }

  #zoom(view) {
    this.#view = view;
    this.#scale();
  }

  #scale() {
    const [x, y] = this.#view ?? this.#ranges;
    this.#root.dataset.view = JSON.stringify([x, y]);
    this.#plot.batch(() => {
      this.#plot.setScale('x', { min: x[0], max: x[1] });
      this.#plot.setScale('y', { min: y[0], max: y[1] });
    });
  }

  #selected(plot) {
    const { left, top, width, height } = plot.select;
    if (width < 2 && height < 2) return;
    const [x, y] = this.#view ?? this.#ranges;
    const across = width < 2 ? x : [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
    const up = height < 2 ? y : [plot.posToVal(top + height, 'y'), plot.posToVal(top, 'y')];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoom([across, up]);
  }

  /** Returns where a point is, in pixels of the page within the axes; null if it is outside. */
  #pixels(plot, { at }) {
    const [width, height] = [plot.over.clientWidth, plot.over.clientHeight];
    const pixel = (place, scale, length, from) => (place === Infinity ? from(EDGE) : place === -Infinity ? from(length - EDGE) : plot.valToPos(place, scale));
    const x = pixel(at[0], 'x', width, (distance) => width - distance);
    const y = pixel(at[1], 'y', height, (distance) => distance);
    return x < -1 || y < -1 || x > width + 1 || y > height + 1 ? null : [x, y];
  }

  #near(left, top) {
    let near = null;
    let least = REACH;
    for (const each of this.#points) {
      const pixels = this.#pixels(this.#plot, each);
      const distance = pixels ? Math.hypot(pixels[0] - left, pixels[1] - top) : Infinity;
      if (distance < least) [near, least] = [each, distance];
    }
    return near;
  }

  #moved(plot) {
    const { left, top } = plot.cursor;
    if (left < 0 || !this.#root.matches(':hover')) return;
    const near = this.#near(left, top);
    plot.over.style.cursor = near ? 'pointer' : '';
    point(near?.trial.number ?? null);
  }

  #draw(plot) {
    const context = plot.ctx;
    const ratio = devicePixelRatio;
    const { left, top } = plot.bbox;
    const radius = (this.#points.length > 2000 ? 2 : this.#points.length > 300 ? 3 : 4.5) * ratio;
    const last = sweep.rungs.length - 1;
    const ring = (x, y, color) => {
      context.beginPath();
      context.arc(left + x * ratio, top + y * ratio, radius + 4 * ratio, 0, 2 * Math.PI);
      context.strokeStyle = css(color);
      context.lineWidth = 2 * ratio;
      context.stroke();
    };
    const colors = new Map(families.map((family) => [family, css(lookOf(family).color)]));
    context.save();
    for (const each of this.#points) {
      const pixels = this.#pixels(plot, each);
      if (!pixels) continue;
      const [x, y] = pixels;
      context.fillStyle = colors.get(each.trial.family);
      context.globalAlpha = each.trial.rung < last && each.at.every(Number.isFinite) ? 0.4 : 0.9;
      context.beginPath();
      if (each.at.every(Number.isFinite)) {
        context.arc(left + x * ratio, top + y * ratio, radius, 0, 2 * Math.PI);
      } else {
        const down = each.at[1] === -Infinity ? -1 : 1;
        context.moveTo(left + (x - 5) * ratio, top + (y + 4 * down) * ratio);
        context.lineTo(left + (x + 5) * ratio, top + (y + 4 * down) * ratio);
        context.lineTo(left + x * ratio, top + (y - 4 * down) * ratio);
      }
      context.fill();
    }
    context.globalAlpha = 1;
    for (const [number, color] of [[ranked[0]?.rank ? ranked[0].number : null, '--ink'], [pointed, '--accent']]) {
      const each = this.#points.find(({ trial }) => trial.number === number);
      const pixels = each && this.#pixels(plot, each);
      if (pixels) ring(...pixels, color);
    }
    context.restore();
  }

  /** Says beside the point which trial it is. */
  #tell() {
    const tip = this.#root.querySelector('.tip');
    const each = this.#points.find(({ trial }) => trial.number === pointed);
    const pixels = each && this.#pixels(this.#plot, each);
    if (!tip) return;
    tip.hidden = !pixels || !this.#root.matches(':hover, :focus-visible');
    if (tip.hidden) return;
    const { trial } = each;
    const head = document.createElement('b');
    head.textContent = `#${trial.number} ${shortened(trial.family)}`;
    const line = (name, value) => {
      const row = document.createElement('div');
      const [left, right] = [document.createElement('span'), document.createElement('span')];
      left.className = 'name';
      left.textContent = name;
      right.textContent = value;
      row.append(left, right);
      return row;
    };
    tip.replaceChildren(head, line(sweep.measure.name, said(trial)), ...sweep.parameters.flatMap(({ name }, i) => (trial.parameters[i] === null ? [] : [line(name, shortened(trial.parameters[i]))])),
      line('epochs', count(trial.epochs)), line('state', trial.state));
    const { over } = this.#plot;
    const x = over.offsetLeft + pixels[0];
    tip.style.left = `${Math.max(0, x + 16 + tip.offsetWidth > this.#plot.width ? x - 16 - tip.offsetWidth : x + 16)}px`;
    tip.style.top = `${Math.max(0, Math.min(over.offsetTop + pixels[1] - 20, this.#plot.height - tip.offsetHeight))}px`;
  }

  #keyed(event) {
    if (!this.#plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 1, ArrowDown: -1 };
    if (event.key in moves) {
      const by = event.key === 'ArrowLeft' || event.key === 'ArrowRight' ? 0 : 1;
      const inside = this.#points.filter((each) => this.#pixels(this.#plot, each)).sort((one, other) => one.at[by] - other.at[by] || one.trial.number - other.trial.number);
      const here = inside.findIndex(({ trial }) => trial.number === pointed);
      const next = here < 0 ? (moves[event.key] > 0 ? 0 : inside.length - 1) : Math.max(0, Math.min(inside.length - 1, here + moves[event.key]));
      point(inside[next]?.trial.number ?? null);
    } else if (event.key === 'Enter' && pointed !== null) {
      open(trials.get(pointed));
    } else if (event.key === '0' || event.key === 'Escape') {
      this.#zoom(null);
      this.point();
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** The curves of the best trials: the means over their seeds, and the seeds faintly behind them. */
class Curves {
  #root;
  #plot = null;
  #asked = '';
  #curves = [];

  constructor(root) {
    this.#root = root;
    new ResizeObserver(() => this.#plot && root.clientWidth && this.#plot.setSize({ width: root.clientWidth, height: root.clientHeight })).observe(root);
    document.addEventListener('themechange', () => this.draw());
  }

  /** Fetches the curves of trials, unless they are as they were. */
  async show(best) {
    const key = JSON.stringify([sweep.id, best.map(({ number, epochs, value }) => [number, epochs, value])]);
    if (key === this.#asked) return;
    this.#asked = key;
    try {
      const response = await fetch(`api/sweep/curves?${best.map(({ number }) => `trial=${number}`).join('&')}`, { signal: AbortSignal.timeout(PATIENCE) });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const curves = await response.json();
      if (this.#asked !== key) return;
      this.#curves = curves;
      this.draw();
    } catch {
      if (this.#asked === key) this.#asked = ''; // asked again with the next news
    }
  }

  clear() {
    this.#asked = '';
    this.#curves = [];
    this.#plot?.destroy();
    this.#plot = null;
    $('#curve-names').replaceChildren();
  }

  draw() {
    this.#plot?.destroy();
    this.#plot = null;
    const log = $('#log-curves').checked;
    const worst = limit();
    const shown = (value) => (value === null || (log && value <= 0) || (worst !== null && isBetter(worst, value) && Math.abs(value - worst) > ABSURD * Math.max(1, Math.abs(worst))) ? null : value);
    const lines = this.#curves.filter(({ runs }) => runs.some((run) => run.length)).flatMap(({ trial, runs }, i) => {
      const { color, dash } = look(i);
      const curve = (points, own) => ({ trial, color, ...own, x: points.map(([epoch]) => epoch), y: points.map(([, value]) => shown(value)) });
      const epochs = new Map();
      for (const [epoch, value] of runs.flat()) epochs.set(epoch, [...(epochs.get(epoch) ?? []), value]);
      const mean = [...epochs].filter(([, values]) => values.length === runs.length && !values.includes(null))
        .sort(([one], [other]) => one - other).map(([epoch, values]) => [epoch, values.reduce((sum, value) => sum + value, 0) / values.length]);
      return [...(runs.length > 1 ? runs.filter((run) => run.length).map((run) => curve(run, { dash: [], faint: true })) : []), curve(mean, { dash, faint: false })];
    }).filter(({ x }) => x.length);
    this.#root.dataset.lines = JSON.stringify(lines.filter(({ faint }) => !faint).map(({ trial, y }) => [trial, y.length, y.at(-1)]));
    if (!lines.length) return;
    const [x, y] = axes('epoch', this.#root.clientWidth < 380 ? 48 : 58, log);
    const longest = Math.max(...lines.map((line) => line.x.at(-1)));
    this.#plot = new uPlot({
      width: this.#root.clientWidth, height: this.#root.clientHeight, padding: PADDING,
      legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: [Math.min(1, longest - 1), longest] }, y: log ? { distr: 3, range: logRange } : { range: linearRange } },
      axes: [x, y],
      series: [{}, ...lines.map((line) => ({
        stroke: css(line.color) + (line.faint ? '60' : ''), width: line.faint ? 1 : 2, dash: line.dash, spanGaps: true,
        points: { show: !line.faint && line.x.length < 40, size: 5, fill: css(line.color) },
      }))],
    }, uPlot.join(lines.map((line) => [line.x, line.y])), this.#root);
    $('#curve-names').replaceChildren(...this.#curves.flatMap(({ trial }, i) => {
      const known = trials.get(trial);
      if (!known) return [];
      const item = document.createElement('a');
      item.href = runsOf(known);
      item.dataset.trial = trial;
      item.append(...dotted(look(i).color, `#${trial} ${shortened(known.family)}`));
      return [item];
    }));
  }
}

/** Returns a dot of a color, and a text behind it. */
function dotted(color, text) {
  const dot = document.createElement('i');
  dot.className = 'dot';
  dot.style.setProperty('--color', `var(${color})`);
  const name = document.createElement('span');
  name.textContent = text;
  return [dot, name];
}

/** Returns a trial's value as people read it. */
const said = ({ value, spread }) => (value === null ? '–' : `${format(value, 4)}${spread === null ? '' : ` ± ${format(spread, 2)}`}`);

/** Returns a time as people read it. */
function time(seconds) {
  if (seconds < 100) return `${format(seconds, 3)} s`;
  return seconds < 6000 ? `${format(seconds / 60, 2)} min` : `${format(seconds / 3600, 3)} h`;
}

/** Returns the table's columns: each with a key, a name, whether it is words, what to sort by, and a cell's text. */
function columns() {
  const number = (key, name, of, text) => ({ key, name, of, text: text ?? ((trial) => format(of(trial), 5)) });
  return [
    number('rank', 'Rank', (trial) => trial.rank),
    number('trial', 'Trial', (trial) => trial.number),
    number('value', sweep.measure.name.replace(/^./, (first) => first.toUpperCase()), (trial) => trial.value, said),
    ...(families.length > 1 ? [{ key: 'family', name: 'Family', words: true, of: (trial) => trial.family, text: (trial) => shortened(trial.family) }] : []),
    ...sweep.parameters.map(({ name }, i) => {
      const of = (trial) => trial.numbers[i] ?? trial.parameters[i];
      return { key: `p${i}`, name, words: [...trials.values()].some((trial) => typeof of(trial) === 'string'), of, text: (trial) => shortened(trial.parameters[i] ?? '') };
    }),
    ...(sweep.rungs.length > 1 ? [number('rung', 'Rung', (trial) => (trial.rung < 0 ? null : trial.rung), (trial) => (trial.rung < 0 ? '' : String(trial.rung + 1)))] : []),
    number('epochs', 'Epochs', (trial) => trial.epochs, (trial) => count(trial.epochs)),
    number('seconds', 'Time', (trial) => trial.seconds, (trial) => time(trial.seconds)),
    { key: 'state', name: 'State', words: true, of: (trial) => trial.state, text: (trial) => trial.state },
  ];
}

/** Returns how two values are ordered; missing ones are last in either direction. */
function compare(one, other, down) {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  const order = typeof one === 'number' && typeof other === 'number' ? one - other : COLLATOR.compare(String(one), String(other));
  return down ? -order : order;
}

function table() {
  const all = columns();
  const head = $('#trial-head');
  const key = JSON.stringify(all.map(({ key: each, name, words }) => [each, name, words]));
  if (head.dataset.key !== key) {
    head.dataset.key = key;
    head.replaceChildren(...all.map(({ key: each, name, words }) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.dataset.column = each;
      if (words) cell.className = 'words';
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => {
        sorting = { key: each, down: sorting.key === each && !sorting.down };
        table();
      });
      cell.append(button);
      return cell;
    }));
  }
  for (const cell of head.children) {
    const isSorted = cell.dataset.column === sorting.key;
    if (isSorted) cell.setAttribute('aria-sort', sorting.down ? 'descending' : 'ascending');
    else cell.removeAttribute('aria-sort');
  }
  const by = all.find((column) => column.key === sorting.key) ?? all[0];
  // By rank, which is how they stand, there is nothing to sort; and others that are equal stay so.
  const sorted = by.key === 'rank' && !sorting.down ? ranked : [...ranked].sort((one, other) => compare(by.of(one), by.of(other), sorting.down));
  const rows = sorted.slice(0, MOST_ROWS);
  $('#shown').textContent = sorted.length > MOST_ROWS ? `the first ${MOST_ROWS} of ${count(sorted.length)}` : `${count(sorted.length)} ${sorted.length === 1 ? 'trial' : 'trials'}`;
  const root = $('#trial-rows');
  const before = new Map([...root.children].map((row) => [Number(row.dataset.trial), row]));
  const focused = document.activeElement?.closest?.('#trial-rows tr')?.dataset.trial;
  const made = rows.map((trial) => {
    const text = JSON.stringify([all.map((column) => column.text(trial)), trial.reason, trial.runs, key]);
    const known = before.get(trial.number);
    if (known?.dataset.text === text) return known;
    const row = document.createElement('tr');
    row.dataset.trial = trial.number;
    row.dataset.text = text;
    row.dataset.state = trial.state;
    row.append(...all.map((column) => {
      const cell = document.createElement(column.key === 'trial' ? 'th' : 'td');
      if (column.words) cell.className = 'words';
      if (column.key === 'trial') {
        cell.scope = 'row';
        const link = document.createElement('a');
        link.href = runsOf(trial);
        link.textContent = `#${trial.number}`;
        link.title = 'Open its runs';
        cell.append(link);
      } else {
        cell.textContent = column.text(trial);
      }
      if (column.key === 'family') {
        cell.replaceChildren(...dotted(lookOf(trial.family).color, column.text(trial)));
        cell.title = trial.family;
      }
      if (column.key === 'state' && trial.reason) {
        const why = document.createElement('small');
        why.textContent = trial.reason;
        cell.title = trial.reason;
        cell.append(': ', why);
      }
      return cell;
    }));
    row.classList.toggle('pointed', trial.number === pointed);
    return row;
  });
  root.replaceChildren(...made);
  if (focused !== undefined) root.querySelector(`tr[data-trial="${focused}"] a`)?.focus();
}

function choices() {
  const all = quantities();
  const key = JSON.stringify(all.map(({ key: each, name }) => [each, name]));
  if ($('#x').dataset.key === key) return all;
  $('#x').dataset.key = key;
  for (const [select, first] of [[$('#x'), families.length > 1 && !sweep.parameters.length ? 'family' : all[0].key], [$('#y'), 'value']]) {
    const chosen = all.some((each) => each.key === select.value) ? select.value : first;
    select.replaceChildren(...all.map(({ key: each, name }) => {
      const option = document.createElement('option');
      option.value = each;
      option.textContent = shortened(name);
      return option;
    }));
    select.value = chosen;
    if (chosen === first) logarithmic(select, all);
  }
  return all;
}

/** Makes an axis logarithmic if what it shows was spread over decades. */
function logarithmic(select, all) {
  const { scale } = all.find(({ key }) => key === select.value);
  const box = $(`#log-${select.id}`);
  box.checked = scale === 'LOG';
  box.disabled = scale === 'CATEGORY';
}

const points = new Points($('#chart'));
const curves = new Curves($('#curves'));
const parallel = new Parallel($('#parallel'), { pointed: (number) => point(number), opened: (number) => open(trials.get(number)) });

/** Shows the lines of the trials across what varies and the value, if anything does. */
function lines(all) {
  const chosen = all.filter(({ key }) => key === 'family' || key === 'value' || key.startsWith('p'));
  const across = [...chosen.filter(({ key }) => key === 'family'), ...chosen.filter(({ key }) => key.startsWith('p')).slice(0, MOST_AXES), ...chosen.filter(({ key }) => key === 'value')];
  $('#parallel-card').hidden = across.length < 2;
  if (across.length < 2) return;
  const known = ranked.filter((trial) => trial.rank || trial.state === 'failed');
  const shown = parallel.show(across.map((quantity) => new Axis(quantity, known, quantity.scale === 'LOG')), known, (trial) => lookOf(trial.family).color);
  $('#lines').textContent = shown < known.length ? `the best ${count(shown)}` : '';
}

function best() {
  const first = ranked[0]?.rank ? ranked[0] : null;
  $('#best').hidden = !first;
  if (!first) return;
  $('#best-value').textContent = said(first);
  $('#best-measure').textContent = sweep.measure.name;
  $('#best-name').textContent = `#${first.number} ${first.family}`;
  $('#best-parameters').replaceChildren(...sweep.parameters.flatMap(({ name }, i) => {
    if (first.parameters[i] === null) return [];
    const [term, value] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    value.textContent = first.parameters[i];
    return [term, value];
  }));
  $('#best-runs').href = runsOf(first);
  const line = sweep.best?.trial === first.number ? sweep.best.line : '';
  $('#line').hidden = !line;
  $('#copy').hidden = !line;
  if ($('#line').textContent !== line) {
    $('#line').textContent = line;
    $('#said').textContent = '';
  }
}

function counts() {
  const states = new Map();
  for (const { state } of trials.values()) states.set(state, (states.get(state) ?? 0) + 1);
  const names = [...new Set([...STATES, ...states.keys()])].filter((name) => states.has(name));
  $('#counts').replaceChildren(...names.map((name) => {
    const item = document.createElement('li');
    item.dataset.state = name;
    const number = document.createElement('b');
    number.textContent = count(states.get(name));
    item.append(number, ` ${name}`);
    return item;
  }));
}

let awaited = false;
let effort = 0; // milliseconds that the page took to show the last news
function draw() {
  if (awaited || !sweep) return;
  awaited = true;
  requestAnimationFrame(() => {
    awaited = false;
    if (!sweep) return;
    const start = performance.now();
    families = [...new Set([...trials.values()].sort((one, other) => one.number - other.number).map(({ family }) => family))];
    rank();
    $('#about').textContent = sweep.title;
    $('#winner-title').textContent = sweep.end ? 'Best' : 'Best so far';
    $('#outcome').textContent = sweep.end ?? `${count(trials.size)} ${trials.size === 1 ? 'trial' : 'trials'} so far`;
    $('#families').replaceChildren(...(families.length > 1 ? families.map((family) => {
      const item = document.createElement('span');
      item.append(...dotted(lookOf(family).color, shortened(family)));
      return item;
    }) : []));
    const all = choices();
    points.show(all.find(({ key }) => key === $('#x').value), all.find(({ key }) => key === $('#y').value));
    const leading = ranked.filter((trial) => trial.rank).slice(0, Number($('#count').value));
    if (leading.length) curves.show(leading);
    else curves.clear();
    lines(all);
    counts();
    best();
    table();
    document.body.dataset.trials = trials.size;
    effort = performance.now() - start;
  });
}

/** Points at a trial, in the chart and in the table. */
function point(number) {
  if (number === pointed) return;
  pointed = number;
  for (const row of document.querySelectorAll('#trial-rows tr.pointed')) row.classList.remove('pointed');
  if (number !== null) $(`#trial-rows tr[data-trial="${number}"]`)?.classList.add('pointed');
  points.point();
  parallel.point(number);
}

function open(trial) {
  location.href = runsOf(trial);
}

for (const select of [$('#x'), $('#y')]) {
  select.addEventListener('change', () => {
    logarithmic(select, quantities());
    draw();
  });
}
for (const box of [$('#log-x'), $('#log-y'), $('#count')]) box.addEventListener('change', draw);
$('#log-curves').addEventListener('change', () => curves.draw());
const trialAt = (event) => event.target.closest('[data-trial]')?.dataset.trial;
for (const root of [$('#trial-rows'), $('#curve-names')]) {
  for (const type of ['mouseover', 'focusin']) root.addEventListener(type, (event) => trialAt(event) !== undefined && point(Number(trialAt(event))));
  for (const type of ['mouseleave', 'focusout']) root.addEventListener(type, () => point(null));
}
$('#trial-rows').addEventListener('click', (event) => {
  // The link is one already; of the rest of the row, a selected text is not a click.
  if (!event.target.closest('a') && trialAt(event) !== undefined && getSelection().isCollapsed) open(trials.get(Number(trialAt(event))));
});

/** Takes an answer of the server: the trials that changed since a version, or, of another sweep, a reason to begin again. */
function take(answer) {
  if (sweep && answer.id !== sweep.id) {
    sweep = null;
    trials = new Map();
    version = 0;
    curves.clear();
    if (answer.from > 0) return;
  }
  const isNews = !sweep || answer.trials.length > 0 || JSON.stringify([answer.best, answer.end]) !== JSON.stringify([sweep.best, sweep.end]);
  sweep = answer;
  version = answer.version;
  for (const trial of answer.trials) trials.set(trial.number, { ...trial, numbers: trial.parameters.map(numberOf) });
  if (isNews && !answer.more) draw();
}

function say(text) {
  if ($('#state').textContent !== text) $('#state').textContent = text;
}

async function ask() {
  let pause = PAUSE;
  try {
    const response = await fetch(`api/sweep?from=${version}`, { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const answer = await response.json();
    take(answer);
    pause = !sweep || answer.more ? 0 : sweep.end ? LONG_PAUSE : Math.max(PAUSE, 4 * effort); // of very many trials, news come more rarely
    say(sweep?.end ? 'done' : 'live');
  } catch {
    if (!sweep?.end) say('waiting for the server');
    pause = LONG_PAUSE;
  }
  setTimeout(ask, pause);
}

$('#copy').addEventListener('click', async () => {
  $('#said').textContent = await copy($('#line'));
});
about().then(links, () => {});
ask();
