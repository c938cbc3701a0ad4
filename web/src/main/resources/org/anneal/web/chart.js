// Curves over a common horizontal axis, drawn with uPlot: zoom, a readout under the pointer or moved by keys, marks.

import { Handles } from './handles.js';
import uPlot from './uplot/uPlot.esm.js';

export const COLORS = Array.from({ length: 12 }, (_, i) => `--c${i}`);
export const DASHES = [[], [9, 4], [2, 3], [12, 4, 2, 4], [6, 3], [1, 2]];
const CROWDED = 2; // values per pixel from which single ones cannot be seen
const STEEP = 6; // pixels; what changes more from one value to the next is a step, even in a smooth line
const STAIR = 3; // pixels; a narrower stair cannot be seen, and makes a line rough
const LETTER = 7.7; // the greatest width of a letter of an axis label
const LINE = 24; // the height that a label needs
const NAME = 15; // the height of a name in a chart
const LONGEST = 20; // letters of one
export const PALE = 0.2; // the part of its color that a line keeps while another one is brought forward
const WIDE = 56; // the width that a label of a logarithmic axis needs
export const NOWHERE = { left: -10, top: -10 }; // where a cursor cannot be seen

/** Returns the color and dash of a row; lines are solid as long as there are colors. */
export function look(index) {
  return { color: COLORS[index % COLORS.length], dash: DASHES[Math.floor(index / COLORS.length) % DASHES.length] };
}

/** Returns a piece of a line as it is drawn, to put beside its name. */
export function swatch(color, dash = []) {
  const template = document.createElement('template');
  template.innerHTML = `<svg class="swatch" width="24" height="10" aria-hidden="true"><line x1="1" x2="23" y1="5" y2="5" stroke-dasharray="${dash.join(' ')}"/></svg>`;
  const svg = template.content.firstChild;
  svg.style.setProperty('--color', `var(${color})`);
  return svg;
}

const linear = uPlot.paths.linear();
const stepped = uPlot.paths.stepped({ align: 1 });

/** Draws lines from value to value, but upright where they would be steep, as at a step. */
function smooth(plot, series, from, to) {
  const stroke = new Path2D();
  let before = null;
  for (let i = from; i <= to; i++) {
    const value = plot.data[series][i];
    const [x, y] = value === null ? [0, null] : [plot.valToPos(plot.data[0][i], 'x', true), plot.valToPos(value, 'y', true)];
    if (y !== null && before !== null) {
      if (Math.abs(y - before) > STEEP * devicePixelRatio) stroke.lineTo(x, before);
      stroke.lineTo(x, y);
    } else if (y !== null) {
      stroke.moveTo(x, y);
    }
    before = y;
  }
  return { stroke };
}

/**
 * Draws each value up to the next one; where that would be too narrow to be seen, a smooth line; and where there are more values than
 * pixels, their range per pixel.
 */
export function stairs(plot, series, from, to) {
  const wide = (plot.bbox.width || 1) / devicePixelRatio / (to - from);
  return (wide >= STAIR ? stepped : wide >= 1 / CROWDED ? smooth : linear)(plot, series, from, to);
}

const NAMES = '600 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

/**
 * Writes names at the ends of lines, each of a name, a color, x, y, and moves those apart that would overlap.
 *
 * @param beside whether they have room on the right of the chart, or else stand above the lines
 */
export function writeNames(plot, ends, beside = false) {
  const context = plot.ctx;
  const ratio = devicePixelRatio;
  const { left, top, width, height } = plot.bbox;
  const line = NAME * ratio;
  const above = (beside ? -NAME / 2 : 5) * ratio;
  const placed = ends
    .map((end) => ({ ...end, x: plot.valToPos(end.x, 'x', true), at: plot.valToPos(end.y, 'y', true) - above }))
    .sort((one, other) => one.at - other.at);
  let free = top + (beside ? line / 2 : line);
  for (const end of placed) {
    end.at = Math.max(free, end.at);
    free = end.at + line;
  }
  let limit = top + height + (beside ? line / 2 : -2 * ratio);
  for (const end of placed.reverse()) {
    end.at = Math.min(limit, end.at);
    limit = end.at - line;
  }
  context.save();
  context.font = NAMES.replace('12px', `${12 * ratio}px`);
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  context.lineJoin = 'round';
  context.lineWidth = 4 * ratio;
  context.strokeStyle = css('--card');
  for (const { name, color, x, at, alpha = 1 } of placed) {
    const from = beside ? Math.min(x, left + width) + 10 * ratio
      : Math.max(left, Math.min(x, left + width) - context.measureText(name).width - 9 * ratio);
    context.globalAlpha = alpha;
    context.strokeText(name, from, at);
    context.fillStyle = css(color);
    context.fillText(name, from, at);
  }
  context.restore();
}

/** Draws some of a plot's lines again, thicker and over the others; `lines` has the color and dash of each, or null for those that stay. */
export function bringForward(plot, lines) {
  const context = plot.ctx;
  const { left, top, width, height } = plot.bbox;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  lines.forEach((line, i) => {
    const { _paths: paths } = plot.series[i + 1];
    if (!line || !paths) return;
    context.strokeStyle = css(line.color);
    context.lineWidth = 3 * devicePixelRatio;
    context.setLineDash((line.dash ?? []).map((part) => part * devicePixelRatio));
    context.stroke(paths.stroke);
  });
  context.restore();
}

/** Formats a number for people. */
export function format(value, digits = 6) {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    return Number(value).toExponential(digits - 1).replace(/\.?0+e/, 'e').replace('e+', 'e');
  }
  return separated(Number(value.toPrecision(digits)));
}

/** Returns a number's digits, in groups of three before the point. */
const separated = (value) => String(value).replace(/^-?\d+/, (whole) => Number(whole).toLocaleString('en'));

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Returns whether a chart is wide enough for names beside it; in a narrow one they stand above the lines' ends. */
const hasMargin = (plot) => plot.width >= 600;

/** Returns the range of a linear axis for values in [min, max]: from zero, unless they are far from zero. */
export function linearRange(plot, min, max) {
  if (min === null || !Number.isFinite(min)) return [0, 1];
  const span = max - min || Math.abs(max) || 1;
  const low = min >= 0 && (min <= 0.6 * max || min === max) ? 0 : min - 0.06 * span;
  return [low, max + 0.06 * span];
}

/** Returns the range of a logarithmic axis for values in [min, max]: from the tick below them to the tick above. */
export function logRange(plot, min, max) {
  if (min === null || !Number.isFinite(min) || max <= 0) return [1e-3, 1];
  const ticks = (value) => oneTwoFive(Math.floor(Math.log10(value)) - 1, Math.floor(Math.log10(value)) + 2).filter((tick) => tick > 0);
  return [ticks(min).findLast((tick) => tick < min * (1 - 1e-9)) ?? min, ticks(max).find((tick) => tick > max * (1 + 1e-9)) ?? max];
}

/**
 * Returns the function that gives the ticks of a logarithmic axis: the powers of ten that fit; if fewer than two do, also 2 and 5 times
 * these; in a part that has hardly any of them, ticks as of a linear axis.
 *
 * @param room the length that a label needs
 * @param length gives that of the axis
 */
const logTicks = (room, length) => (plot, axis, min, max) => {
  const ticks = oneTwoFive(Math.floor(Math.log10(min)), Math.floor(Math.log10(max)) + 1).filter((tick) => tick >= min && tick <= max);
  const powers = ticks.filter((tick) => tick.toExponential().startsWith('1e'));
  if (powers.length >= 2) {
    const apart = Math.ceil((powers.length * room) / length(plot));
    return powers.filter((tick) => Math.round(Math.log10(tick)) % apart === 0);
  }
  if (ticks.length >= 2) return ticks;
  const step = FRACTIONS.find((each) => (max - min) / each < Math.max(2, length(plot) / room));
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, i) => (first + i) * step);
};

/** Keeps all ticks; uPlot would drop some. */
const all = (plot, ticks) => ticks;

/** Formats the values of a linear axis, all alike. */
function decimals(plot, splits) {
  const most = Math.max(...splits.map(Math.abs));
  return splits.map((value) => (most >= 1e-3 && most < 1e7 ? separated(Number(value.toPrecision(6))) : format(value)));
}

/** Formats the values of a logarithmic axis, each by its size. */
const powers = (plot, splits) => splits.map((value) => format(value));

const longest = (labels) => Math.max(0, ...(labels ?? []).map((label) => label.length));

/** Returns the room for half a label, which sticks out if its tick is at the end of the horizontal axis. */
const halfLabel = (plot) => 4 + (LETTER / 2) * longest(plot.axes[0]._values);

/** Returns the width of a vertical axis: its labels must fit, and so must the first label of the horizontal axis. */
function width(least) {
  return (plot, values) => Math.max(least, 16 + LETTER * longest(values), halfLabel(plot));
}

/** The padding of a chart, for uPlot: on the right, room for the last label. */
export const PADDING = [10, (plot) => Math.max(20, Math.ceil(halfLabel(plot))), 0, 0];

/** Returns 1, 2 and 5 times powers of ten, the possible distances between labels. */
const oneTwoFive = (from, to) => Array.from({ length: to - from }, (_, i) => [1, 2, 5].map((digit) => Number(`${digit}e${from + i}`))).flat();
const WHOLE = oneTwoFive(0, 16);
export const FRACTIONS = oneTwoFive(-24, 24);

/** Returns the options of the axes, in the page's colours; a linear x has whole ticks only, as there are no half steps. */
export function axes(xLabel, size = 58, log = false, logX = false) {
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
  const common = {
    stroke: css('--soft'), font, labelFont: font,
    grid: { stroke: css('--grid'), width: 1 },
    ticks: { stroke: css('--line'), width: 1, size: 4 },
    values: decimals,
  };
  const logarithmic = (room, length) => ({
    values: powers, splits: logTicks(room, length), filter: all, ticks: { ...common.ticks, filter: all },
  });
  return [
    {
      ...common, label: xLabel || undefined, labelSize: 18, labelGap: 0, size: 30, space: 60, grid: { show: false },
      ...(logX ? logarithmic(WIDE, (plot) => plot.width) : { incrs: WHOLE }),
    },
    {
      ...common, size: width(size), space: 36, gap: 6,
      ...(log ? { ...logarithmic(LINE, (plot) => plot.height), grid: { ...common.grid, filter: all } } : { incrs: FRACTIONS }),
    },
  ];
}

/**
 * Shows numbers in a box beside the cursor.
 *
 * @param head what they are of
 * @param rows of a color, whether it is faint, a name and a value
 */
export function readout(plot, tip, head, rows) {
  const title = document.createElement('b');
  title.textContent = head;
  tip.replaceChildren(title, ...rows.map((row) => {
    const line = document.createElement('div');
    const dot = document.createElement('i');
    dot.className = row.faint ? 'dot faint' : 'dot';
    dot.style.setProperty('--color', `var(${row.color})`);
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = row.name;
    const value = document.createElement('span');
    value.textContent = row.value;
    line.append(dot, name, value);
    return line;
  }));
  tip.hidden = false;
  const x = plot.over.offsetLeft + plot.cursor.left;
  tip.style.left = `${Math.max(0, x + 16 + tip.offsetWidth > plot.width ? x - 16 - tip.offsetWidth : x + 16)}px`;
  tip.style.top = '10px';
}

/** Turns touches into mouse events, the only ones that uPlot knows: sideways they select, up and down the page scrolls. */
export function touchable({ over }) {
  let before = null;
  const as = (type, event) => {
    const { clientX, clientY } = event;
    over.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX, clientY, movementX: clientX - (before ?? event).clientX }));
    before = event;
  };
  const mouse = { pointerdown: ['mousemove', 'mousedown'], pointermove: ['mousemove'], pointerup: ['mouseup'], pointercancel: ['mouseup'] };
  for (const [name, types] of Object.entries(mouse)) {
    over.addEventListener(name, (event) => {
      if (event.pointerType === 'touch' && event.isPrimary) for (const type of types) as(type, event);
    });
  }
}

/** Returns the dash of one of a row's groups, which share its color. */
export const dashOf = (row, group) => (group ? DASHES[group % DASHES.length] : row.dash);

/** The playground's charts: the rates of several schedules, and below them their momenta. */
export class Chart {
  #root;
  #roots; // of all charts, that of the rates first
  #tip;
  #heard;
  #plot = null; // of the rates
  #plots = new Map(); // that there are, by their roots
  #key = '';
  #shown = null;
  #view = null;
  #index = null;
  #x = new Float64Array(0); // where each step begins, and the end of the last
  #xPer = 1;
  #quiet = false;
  #range = null; // of the vertical axis, while a handle is dragged
  #handles = new Handles((held) => this.#hold(held));
  #front = null; // the id of the row that is brought forward
  #wanted = null; // the step that is pointed at, as several may share a pixel

  /**
   * @param below where the momentum and the metric are drawn
   * @param heard moved(index or null), zoomed(view or null)
   */
  constructor(root, below, tip, heard) {
    this.#root = root;
    this.#roots = [root, ...below];
    this.#tip = tip;
    this.#heard = heard;
    new ResizeObserver(() => this.#resize()).observe(root.parentElement);
    document.addEventListener('themechange', () => this.#rebuild());
    root.addEventListener('keydown', (event) => this.#keyed(event));
    root.addEventListener('blur', () => this.point(null));
  }

  /**
   * Shows rows: each with an id, a color, a dash, a name, whether it is stale, rates per group, momenta or one momentum.
   *
   * @param shown rows, steps, per (values of x in a unit), unit (its name), log, momentum (its name, if shown), metrics, below, marks, handles
   */
  show(shown) {
    this.#shown = shown;
    if (this.#x.length !== shown.steps + 1 || this.#xPer !== shown.per) {
      this.#xPer = shown.per;
      this.#x = Float64Array.from({ length: shown.steps + 1 }, (_, i) => i / shown.per);
      if (this.#view && this.#view[1] > this.#end()) this.#view = null;
    }
    const key = JSON.stringify([
      shown.rows.map((row) => [row.id, row.name, row.color, row.dash, row.stale, row.rates.length]), shown.unit, shown.log, shown.momentum, shown.metrics.length > 0,
      document.documentElement.dataset.theme]);
    if (key !== this.#key) {
      this.#key = key;
      this.#rebuild();
    } else {
      this.#fill();
    }
  }

  get view() {
    return this.#view;
  }

  /** Shows a part of the horizontal axis, or all of it. The readout stays at its step, unless it follows the pointer. */
  zoom(view, kept = this.#index) {
    const end = this.#end();
    if (view) {
      const [from, to] = [Math.max(0, view[0]), Math.min(end, view[1])];
      view = to > from && (from > 0 || to < end) ? [from, to] : null;
    }
    this.#view = view;
    this.#scale();
    if (kept !== null) this.#place(kept);
    this.#heard.zoomed(view);
  }

  /** Moves the readout to a step, or hides it. */
  point(index) {
    if (!this.#plot || index === this.#index) return;
    if (index === null) {
      this.#wanted = null;
      this.#plot.setCursor(NOWHERE);
      return;
    }
    const x = this.#x[index];
    const [from, to] = this.#view ?? [0, this.#end()];
    if (x < from || x > to) this.zoom([x - (to - from) / 2, x + (to - from) / 2], index);
    else this.#place(index);
  }

  /** Puts the readout, and its line in the chart, at a step. */
  #place(index) {
    this.#wanted = index;
    // After uPlot has applied a new scale or size, which it does in a microtask of its own.
    queueMicrotask(() => {
      if (this.#wanted !== index) return;
      const [from, to] = this.#view ?? [0, this.#end()];
      const x = this.#x[index];
      this.#plot.setCursor(x >= from && x <= to ? { left: this.#plot.valToPos(x, 'x'), top: this.#plot.over.clientHeight / 3 } : NOWHERE);
      this.#wanted = null;
    });
  }

  #end() {
    return this.#x.at(-1) ?? 1;
  }

  /** Returns the lines of all charts, in the order of their roots: each with a color, a dash, its row, if it has one, and values. */
  #lines() {
    const { rows, momentum, metrics } = this.#shown;
    return [
      rows.flatMap((row) => row.rates.map((values, group) => ({ row, color: row.color, dash: dashOf(row, group), values }))),
      momentum ? rows.map((row) => ({ row, color: row.color, dash: row.dash, values: row.momenta ?? new Float64Array(row.rates[0].length).fill(row.momentum) })) : [],
      metrics.length ? [{ color: '--ink', dash: [], values: metrics }] : [],
    ];
  }

  #options(root, lines, log, last) {
    const shown = this.#shown;
    const series = [{}, ...lines.map(({ row, color, dash }) => ({
      stroke: css(color) + (row?.stale ? '48' : ''), width: 2, dash, paths: stairs, points: { show: false },
    }))];
    const narrow = root.clientWidth < 380;
    const [x, y] = axes(narrow || !last ? '' : shown.unit, narrow ? 48 : 58, log);
    if (shown.unit === 'epoch') x.incrs = FRACTIONS;
    return {
      width: root.clientWidth, height: root.clientHeight, legend: { show: false },
      padding: [PADDING[0], (plot) => this.#margin(plot), ...PADDING.slice(2)],
      cursor: {
        drag: { x: true, y: false, dist: 4 }, sync: { key: 'curves' }, points: { size: 7 }, y: false,
        dataIdx: (plot, series, index) => Math.min(index, this.#shown.steps - 1),
      },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: (...all) => (root === this.#root && this.#range) || (log ? logRange : linearRange)(...all) } },
      axes: [x, y],
      series,
      hooks: {
        setCursor: [(plot) => this.#moved(plot)],
        setScale: [(plot, key) => key === 'x' && this.#scaled(plot)],
        draw: [(plot) => bringForward(plot, lines.map((line) => (line.row && line.row.id === this.#front ? line : null))), (plot) => root === this.#root && (this.#mark(plot), this.#name(plot), this.#handles.show(this.#shown.handles))],
      },
    };
  }

  #rebuild() {
    if (!this.#shown) return;
    this.#quiet = true;
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    const all = this.#lines();
    const last = all.findLastIndex((lines, i) => i === 0 || lines.length > 0);
    this.#roots.forEach((root, i) => {
      const lines = all[i];
      if (i > 0) root.hidden = root.previousElementSibling.hidden = !lines.length;
      if (root.hidden) return;
      const log = i === 0 && this.#shown.log;
      const plot = new uPlot(this.#options(root, lines, log, i === last), this.#data(lines, log), root);
      plot.over.addEventListener('dblclick', () => this.zoom(null, null));
      touchable(plot);
      this.#plots.set(root, plot);
    });
    this.#plot = this.#plots.get(this.#root);
    this.#handles.on(this.#plot);
    this.#quiet = false;
    this.#fade();
    this.#scale();
    if (this.#index !== null) this.#place(Math.min(this.#index, this.#shown.steps - 1));
  }

  /** Keeps the vertical axis as it is, or lets it fit again. */
  #hold(held) {
    const { min, max } = this.#plot.scales.y;
    this.#range = held ? [min, max] : null;
    if (!held) this.#fill();
  }

  /** Brings the curves of a row, by its id, to the front and lets the others fade; none if there is no such row. */
  emphasize(id) {
    if (id === this.#front) return;
    this.#front = id;
    this.#fade();
    for (const plot of this.#plots.values()) plot.redraw(false);
  }

  /** Returns how much of its color a row keeps. */
  #strength(row) {
    return this.#shown.rows.some(({ id }) => id === this.#front) && row.id !== this.#front ? PALE : 1;
  }

  #fade() {
    this.#lines().forEach((lines, i) => lines.forEach(({ row }, j) => {
      this.#plots.get(this.#roots[i]).series[j + 1].alpha = row ? this.#strength(row) : 1;
    }));
  }

  /** Returns the curves that have their names at their ends, if there is room: all, or the first one of each row. */
  #named(plot) {
    const { rows } = this.#shown;
    const room = plot.height / NAME - 4;
    const all = rows.flatMap((row) => row.rates.map((rates, group) => ({
      row, rates, name: (row.name.length > LONGEST ? `${row.name.slice(0, LONGEST - 1)}…` : row.name) + (row.rates.length > 1 ? ` ${group}` : ''),
    })));
    const some = all.length > room ? all.filter(({ row, rates }) => rates === row.rates[0]) : all;
    return some.length < 2 || some.length > room ? [] : some;
  }

  /** Writes the curves' names at their ends. */
  #name(plot) {
    const { steps, log } = this.#shown;
    const [from, to] = this.#view ?? [0, this.#end()];
    writeNames(plot, this.#named(plot).flatMap(({ row, rates, name }) => {
      const at = Math.min(rates.length, Math.ceil(to * this.#xPer - 1e-9), steps) - 1;
      return at < 0 || this.#x[at] < from || (log && rates[at] <= 0) ? []
        : { name, color: row.color, x: this.#x[at + 1], y: rates[at], alpha: this.#strength(row) };
    }), hasMargin(plot));
  }

  /** Returns the room for the names on the right, if they stand there. */
  #margin(plot) {
    if (!hasMargin(plot)) return PADDING[1](plot);
    plot.ctx.save();
    plot.ctx.font = NAMES;
    const widths = this.#named(plot).map(({ name }) => plot.ctx.measureText(name).width + 12);
    plot.ctx.restore();
    return Math.ceil(Math.max(PADDING[1](plot), ...widths));
  }

  #fill() {
    this.#quiet = true;
    this.#lines().forEach((lines, i) => {
      this.#plots.get(this.#roots[i])?.setData(this.#data(lines, i === 0 && this.#shown.log), false);
    });
    this.#quiet = false;
    this.#scale();
    if (this.#index !== null) this.#moved(this.#plot);
  }

  /** Makes all charts show the same part, with fitting vertical axes. */
  #scale() {
    if (!this.#plot) return;
    const [min, max] = this.#view ?? [0, this.#end()];
    this.#quiet = true;
    for (const plot of this.#plots.values()) plot.setScale('x', { min, max });
    this.#quiet = false;
  }

  #data(lines, log) {
    return [this.#x, ...lines.map(({ values }) => this.#fit(values, log))];
  }

  /** Returns values in uPlot's form: the last one twice, so that it lasts to the end of its step; null where nothing is drawn. */
  #fit(values, log) {
    const length = this.#x.length;
    if (values.length + 1 === length && !(log && values.some((value) => value <= 0))) {
      const fitted = new Float64Array(length);
      fitted.set(values);
      fitted[length - 1] = values.at(-1);
      return fitted;
    }
    return Array.from({ length }, (_, i) => {
      const value = values[i === values.length ? i - 1 : i] ?? null;
      return log && value <= 0 ? null : value;
    });
  }

  #scaled(plot) {
    if (this.#quiet) return;
    const { min, max } = plot.scales.x;
    const all = min <= 0 && max >= this.#end();
    const view = all ? null : [min, max];
    if (JSON.stringify(view) === JSON.stringify(this.#view)) return;
    this.#view = view;
    queueMicrotask(() => {
      this.#scale();
      this.#heard.zoomed(view);
    });
  }

  #moved(plot) {
    const { left } = plot.cursor;
    const near = plot.cursor.idx;
    const idx = this.#wanted ?? (near === null || near === undefined ? null : Math.min(near, this.#shown.steps - 1));
    if (left === undefined || left < 0 || idx === null) {
      if (this.#index !== null) {
        this.#index = null;
        this.#tip.hidden = true;
        this.#heard.moved(null);
      }
      return;
    }
    this.#index = idx;
    this.#readOut(plot, left, idx);
    this.#heard.moved(idx);
  }

  #readOut(plot, left, index) {
    const { rows, unit } = this.#shown;
    const head = document.createElement('b');
    head.textContent = `${unit} ${format(this.#x[index])}`;
    const lines = rows.slice(0, 8).flatMap((row) => row.rates.slice(0, 4).map((rates, group) => {
      const line = document.createElement('div');
      line.style.opacity = this.#strength(row);
      const name = document.createElement('span');
      name.className = 'name';
      name.textContent = row.rates.length > 1 ? `${row.name} ${group}` : row.name;
      const value = document.createElement('span');
      value.textContent = index < rates.length ? format(rates[index]) : '–';
      line.append(swatch(row.color, dashOf(row, group)), name, value);
      return line;
    }));
    const more = rows.reduce((sum, row) => sum + row.rates.length, 0) - lines.length;
    if (more) {
      const rest = document.createElement('div');
      rest.textContent = `and ${more} more`;
      lines.push(rest);
    }
    this.#tip.replaceChildren(head, ...lines);
    this.#tip.hidden = false;
    const x = plot.over.offsetLeft + left;
    const { offsetWidth: width, offsetHeight: height } = this.#tip;
    const right = x + 16 + width > this.#root.parentElement.clientWidth ? x - 16 - width : x + 16;
    const from = Math.max(0, right);
    this.#tip.style.left = `${from}px`;
    // At the top or at the bottom, where it hides less of the curves.
    const top = 14;
    const bottom = plot.over.offsetTop + plot.over.clientHeight - height - 6;
    const hidden = (edge) => {
      let count = 0;
      for (let at = from; at <= from + width; at += 8) {
        const step = Math.min(plot.posToIdx(at - plot.over.offsetLeft), this.#shown.steps - 1);
        for (const row of rows) {
          for (const rates of row.rates) {
            const y = plot.over.offsetTop + plot.valToPos(rates[step], 'y');
            if (y > edge - 4 && y < edge + height + 4) count++;
          }
        }
      }
      return count;
    };
    this.#tip.style.top = `${hidden(bottom) < hidden(top) ? bottom : top}px`;
  }

  /** Draws the limit and marks the findings. */
  #mark(plot) {
    const { below, marks } = this.#shown;
    const context = plot.ctx;
    const { left, top, width, height } = plot.bbox;
    const ratio = devicePixelRatio;
    context.save();
    context.beginPath();
    context.rect(left - 6 * ratio, top - 8 * ratio, width + 12 * ratio, height + 8 * ratio);
    context.clip();
    if (below !== null && below >= plot.scales.y.min && below <= plot.scales.y.max) {
      const y = plot.valToPos(below, 'y', true);
      context.strokeStyle = css('--soft');
      context.lineWidth = ratio;
      context.setLineDash([4 * ratio, 4 * ratio]);
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + width, y);
      context.stroke();
    }
    context.setLineDash([]);
    for (const mark of marks) {
      const x = plot.valToPos(mark.step / this.#xPer, 'x', true);
      if (x < left - 1 || x > left + width + 1) continue;
      context.fillStyle = css(mark.color);
      context.beginPath();
      context.moveTo(x - 5 * ratio, top - 8 * ratio);
      context.lineTo(x + 5 * ratio, top - 8 * ratio);
      context.lineTo(x, top + ratio);
      context.fill();
      if (mark.chosen) {
        context.strokeStyle = css(mark.color);
        context.lineWidth = ratio;
        context.beginPath();
        context.moveTo(x, top);
        context.lineTo(x, top + height);
        context.stroke();
      }
    }
    context.restore();
  }

  #keyed(event) {
    if (!this.#shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const [from, to] = this.#view ?? [0, this.#end()];
    const last = this.#shown.steps - 1;
    const here = this.#index ?? Math.ceil(from * this.#xPer - 1e-9);
    const page = Math.max(1, Math.round(((to - from) * this.#xPer) / 10));
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page };
    const step = event.shiftKey ? 10 : 1;
    if (event.key in moves) {
      this.point(Math.min(last, Math.max(0, this.#index === null ? here : here + moves[event.key] * (event.key.startsWith('Arrow') ? step : 1))));
    } else if (event.key === 'Home' || event.key === 'End') {
      this.point(event.key === 'Home' ? 0 : last);
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      const middle = this.#index === null ? (from + to) / 2 : this.#x[this.#index];
      const half = ((to - from) / 2) * (event.key === '-' ? 2 : 0.5);
      this.zoom([middle - half, middle + half]);
    } else if (event.key === '0' || event.key === 'Escape') {
      this.zoom(null);
    } else {
      return;
    }
    event.preventDefault();
  }

  #resize() {
    for (const [root, plot] of this.#plots) {
      if (root.clientWidth) plot.setSize({ width: root.clientWidth, height: root.clientHeight });
    }
    if (this.#plot && this.#index !== null) this.#place(this.#index);
  }
}
