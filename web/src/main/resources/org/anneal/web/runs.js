// Training runs as they go on; the server sends what their files have, as they grow. A reload fetches everything again.

import uPlot from './uplot/uPlot.esm.js';
import { COLORS, FRACTIONS, NOWHERE, PADDING, PALE, axes, bringForward, css, format, linearRange, logRange, readout, swatch, touchable, writeNames } from './chart.js';
import { write } from './link.js';
import * as plan from './plan.js';
import { positions, smoothed, timeUnit } from './positions.js';
import { RunTable, moment, sorted } from './runtable.js';
import { about, links, retitle } from './server.js';
import { Stopping } from './stopping.js';

const $ = (selector) => document.querySelector(selector);
const runs = new Map(); // by name: { name, state, tables, info, color }
const asked = new URLSearchParams(location.hash.slice(1));
const hidden = new Set(asked.getAll('hide'));
const chosen = asked.getAll('run').slice(0, 64); // the only runs to show; all if there are none
const order = { key: asked.get('sort')?.replace(/^-/, '') ?? 'started', down: asked.get('sort')?.startsWith('-') ?? true };
const STATES = { running: 'running', finished: 'finished', stopped: 'stopped', killed: 'killed', quiet: 'no news' };
const SAID = { stopped: 'It ended before its last epoch.', killed: 'Its process ended without saying so.', quiet: 'It has not written for a minute, and nothing tells why.' };
const NOT_METRICS = new Set(['epoch', 'step', 'train_loss', 'seconds']);
const isLoss = (column) => /(^|_)val_loss$/.test(column);
const isRate = (column) => /^lr\d*$/.test(column);
const groupOf = (rate) => Number(rate.slice(2)); // lr is that of the only group
const LONGEST = 24; // letters of one
const MOST_NAMES = 8; // at the ends of lines; of more, only that of the run that is brought forward
const EARLY = 0.05; // of the longest run, what the vertical axes need not fit
const count = (value) => value.toLocaleString('en-US');

/** Returns the first look, a color and a round, that no run has: each round of colors has dashes of its own. */
function freeLook() {
  const looks = new Set([...runs.values()].map(({ color, round }) => `${color} ${round}`));
  const all = Array.from({ length: looks.size + 1 }, (_, i) => ({ color: COLORS[i % COLORS.length], round: Math.floor(i / COLORS.length) }));
  return all.find(({ color, round }) => !looks.has(`${color} ${round}`));
}

const titleOf = (run) => run.title ?? run.name;

/** Has the address tell what is shown, and how. */
function keep() {
  const value = (id, usual) => ($(id).value === usual ? [] : [[$(id).id, $(id).value]]);
  const kept = new URLSearchParams([
    ...chosen.map((each) => ['run', each]), ...[...hidden].map((each) => ['hide', each]),
    ...(order.key === 'started' && order.down ? [] : [['sort', (order.down ? '-' : '') + order.key]]),
    ...value('#axis', 'step'), ...value('#smoothing', '0'),
    ...($('#late').checked ? [['late', '1']] : []), ...($('#planned').checked ? [] : [['planned', '0']]),
  ]);
  history.replaceState(null, '', String(kept) ? `#${kept}` : location.pathname);
}

const events = new EventSource(`api/runs${chosen.length ? `?${new URLSearchParams(chosen.map((name) => ['run', name]))}` : ''}`);
events.addEventListener('open', () => {
  $('#state').textContent = 'live';
});
events.addEventListener('error', () => {
  $('#state').textContent = 'waiting for the server';
});
events.addEventListener('ready', () => {
  document.body.dataset.ready = 'true';
  list();
  draw();
});
events.addEventListener('gone', (event) => {
  runs.delete(JSON.parse(event.data));
  list();
  draw();
});
events.addEventListener('run', (event) => {
  const { name, state, table, columns, from, rows } = JSON.parse(event.data);
  let run = runs.get(name);
  if (!run) {
    run = { name, tables: {}, ...freeLook() };
    runs.set(name, run);
  }
  run.state = state;
  const kept = run.tables[table]?.rows.slice(0, from) ?? [];
  run.tables[table] = { columns, rows: kept.concat(rows) };
  list();
  draw();
});

events.addEventListener('info', (event) => {
  const { name, title, started, info, run, monitor } = JSON.parse(event.data);
  Object.assign(runs.get(name), { title, started, info: info && { ...info, run }, monitor });
  list();
  draw();
});

/** Returns the numbers of a column of a run's table, with null for missing ones; undefined if there is no such column. */
function column(run, table, name) {
  const { columns, rows } = run.tables[table] ?? { columns: [], rows: [] };
  const at = columns.indexOf(name);
  return at < 0 ? null : rows.map((row) => row[at]);
}

const shown = () => [...runs.values()].filter((run) => !hidden.has(run.name));

const stopping = new Stopping(list);
const items = new Map(); // of the list, by the names of their runs

/** Makes the item of a run. */
function itemOf(run) {
  const item = document.createElement('li');
  item.dataset.name = run.name;
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = !hidden.has(run.name);
  box.addEventListener('change', () => {
    if (box.checked) hidden.delete(run.name);
    else hidden.add(run.name);
    keep();
    draw();
  });
  item.style.setProperty('--color', `var(${run.color})`);
  const text = document.createElement('span');
  text.className = 'name';
  label.append(box, sample(run), text, document.createElement('small'));
  const rename = document.createElement('button');
  rename.className = 'quiet';
  rename.textContent = '✎';
  rename.title = 'Rename';
  rename.addEventListener('click', () => edit(run, item, rename));
  const bar = document.createElement('div');
  bar.className = 'head';
  bar.append(label, rename);
  item.append(bar, ...['folder', 'best', 'about'].map((name) => {
    const line = document.createElement('div');
    line.className = name;
    return line;
  }));
  return item;
}

/** Returns the dash of a run's main lines. */
const dashOf = ({ round }) => RUN_DASHES[Math.min(round, RUN_DASHES.length - 1)];

/** Returns a piece of a run's line. */
const sample = (run) => swatch(run.color, dashOf(run));

/** Has the user give a run another title. */
function edit(run, item, button) {
  const form = document.createElement('form');
  const field = document.createElement('input');
  field.type = 'text';
  field.maxLength = 80;
  field.value = run.title ?? '';
  field.placeholder = run.name;
  field.setAttribute('aria-label', `Name of ${run.name}`);
  const save = document.createElement('button');
  save.textContent = 'Save';
  const problem = document.createElement('p');
  problem.className = 'error';
  problem.setAttribute('role', 'alert');
  form.append(field, save, problem);
  const close = () => {
    form.remove();
    button.hidden = false;
    button.focus();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    retitle(run.name, field.value).then(close, ({ message }) => {
      problem.textContent = message;
    });
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  button.hidden = true;
  item.querySelector('.head').after(form);
  field.focus();
}

function list() {
  $('#no-runs').hidden = runs.size > 0;
  const root = $('#run-list');
  for (const [name, item] of items) {
    if (runs.has(name)) continue;
    item.remove();
    items.delete(name);
  }
  const leading = winners([...runs.values()]);
  ordered([...runs.values()]).forEach((run, i) => {
    const { name, state } = run;
    if (!items.has(name)) items.set(name, itemOf(run));
    const item = items.get(name);
    if (root.children[i] !== item) root.insertBefore(item, root.children[i] ?? null); // the others keep the focus
    const [text, small] = [item.querySelector('.name'), item.querySelector('small')];
    text.textContent = titleOf(run);
    text.title = name;
    item.querySelector('.head button').setAttribute('aria-label', `Rename ${titleOf(run)}`);
    item.querySelector('.folder').textContent = run.title ? name : '';
    small.textContent = STATES[state];
    small.title = SAID[state] ?? '';
    item.dataset.state = state;
    const best = bestOf(run);
    item.querySelector('.best').textContent = best ? `${leading.has(run) ? '★ ' : ''}best ${words(best.column)} ${format(best.value, 4)}, epoch ${best.epoch}` : '';
    describe(run, item.querySelector('.about'));
    stopping.show(run, titleOf(run), item.querySelector('.head'));
  });
}

/** Returns the runs that are the best of those whose best epoch the same column tells, if there are several. */
function winners(all) {
  const byColumn = new Map();
  for (const run of all) {
    const best = bestOf(run);
    if (best) byColumn.set(best.column, [...(byColumn.get(best.column) ?? []), { run, best }]);
  }
  return new Set([...byColumn.values()].filter((group) => group.length > 1).flatMap((group) => {
    const values = group.map(({ best }) => best.value);
    const first = group[0].run.monitor.mode === 'MIN' ? Math.min(...values) : Math.max(...values);
    return group.filter(({ best }) => best.value === first).map(({ run }) => run);
  }));
}

/** Returns a column's name in words. */
const words = (column) => column.replace(/(^|_)val_/, '$1validation_').replace(/^train_/, 'training_').replaceAll('_', ' ');
const title = (column) => words(column).replace(/^./, (first) => first.toUpperCase());

/** Returns the best epoch of a run: the column that tells it, its value, the epoch and its row; null if there is none. */
function bestOf(run) {
  if (!run.monitor) return null;
  const { name, mode } = run.monitor;
  const values = column(run, 'metrics', name) ?? [];
  const isBetter = (value, than) => (mode === 'MIN' ? value < than : value > than);
  const at = values.reduce((best, value, i) => (value !== null && (best < 0 || isBetter(value, values[best])) ? i : best), -1);
  return at < 0 ? null : { column: name, value: values[at], epoch: column(run, 'metrics', 'epoch')[at], at };
}

/** Shows a run's settings below its name. */
function describe(run, root) {
  const key = JSON.stringify(run.info ?? null);
  if (root.dataset.key === key) return;
  root.dataset.key = key;
  root.replaceChildren();
  if (!run.info) return;
  const { optimizer, groups, schedule, stepPer, run: playable } = run.info;
  const words = [schedule && `${schedule} stepped per ${stepPer.toLowerCase()}`, [optimizer, ...groups].filter((part) => part).join('; ')];
  for (const said of words.filter((text) => text)) {
    const line = document.createElement('p');
    // A line may break after a bracket, or a number would be broken.
    line.append(...said.match(/[^([]*[([]?/g).flatMap((part) => [part, document.createElement('wbr')]));
    line.title = said;
    root.append(line);
  }
  if (playable) {
    const link = document.createElement('a');
    link.textContent = 'Schedule';
    link.title = 'Open this schedule in the playground';
    root.append(link);
  }
}

/** Makes a run's link open the playground with its schedule; a plateau gets the run's losses so far. */
function point(run, link) {
  const { schedule, run: { lr, momentum, adam, epochs, stepsPerEpoch, stepPer } } = run.info;
  const losses = column(run, 'metrics', 'val_loss') ?? [];
  const end = losses.findIndex((loss, i) => loss === null || run.tables.metrics.rows[i][0] !== i + 1);
  link.href = `./${write({
    rows: [{ text: schedule, on: true }], lr: lr.join(', '), unit: 'epochs', epochs, stepsPerEpoch, stepPer: stepPer.toLowerCase(),
    momentum, adam, view: null,
    metrics: schedule.includes('ReduceLROnPlateau') ? losses.slice(0, end < 0 ? losses.length : end).join(' ') : '',
  })}`;
}

const shortened = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);

/** One chart: lines of several runs, each over its own steps. */
class Lines {
  #root;
  #plot = null;
  #key = '';
  #log = false;
  #view = null; // the part of the steps that the user zoomed to, kept as the run goes on
  #longest = 1;
  #unit = 'step';
  #index = null; // of the readout, on the horizontal axis
  #lines = []; // some with a point in a ring, or a name at the end
  #wanted = null; // an index that a key moved to, as several may share a pixel
  #front = null; // the name of the run that is brought forward
  #shown = []; // the lines, all of them with what they have
  #kept = null; // the position that keys moved the readout to; it stays there until the pointer moves

  constructor(root, logBox) {
    this.#root = root;
    root.addEventListener('keydown', (event) => this.#keyed(event));
    root.addEventListener('blur', () => {
      this.#kept = null;
      this.#wanted = null;
      this.#plot?.setCursor(NOWHERE);
    });
    root.addEventListener('mousemove', () => {
      this.#kept = null;
    });
    logBox?.addEventListener('change', () => {
      this.#log = logBox.checked;
      draw();
    });
    new ResizeObserver(() => {
      if (this.#plot && root.clientWidth) this.#plot.setSize({ width: root.clientWidth, height: root.clientHeight });
      this.#place();
    }).observe(root);
    document.addEventListener('themechange', () => {
      this.#key = '';
      draw();
    });
  }

  /**
   * Shows lines: each of the name of its run, a label, a color, a dash, an alpha, x, y, whether y holds since the x before, the index
   * of a point in a ring, if any, a name to draw at its end, and whether it is smoothed and so follows the line that it is made of; and until where a readout
   * tells its last value, if not to the end.
   *
   * @param longest the greatest x
   * @param unit of x
   */
  show(lines, longest, unit) {
    lines = lines.filter((line) => line.y?.length);
    this.#root.dataset.points = JSON.stringify(Object.fromEntries(lines.map((line) => [line.label, line.y.length])));
    this.#root.dataset.rings = JSON.stringify(Object.fromEntries(lines.filter((line) => ringOf(line)).map((line) => [line.label, ringOf(line)])));
    this.#shown = lines;
    const log = this.#log;
    const tables = lines.map(({ x, y }) => [x, y.map((value) => (log && value <= 0 ? null : value))]);
    // All charts begin at 0 and end with the longest run, whatever their lines cover.
    const data = uPlot.join([[[0, longest], [null, null]], ...tables], [[2], ...tables.map(() => [2])]);
    data.splice(1, 1);
    if (unit !== this.#unit) this.#view = this.#kept = null;
    this.#unit = unit;
    const key = JSON.stringify([lines.map((line) => [line.label, line.color, line.dash, line.alpha]), log, unit]);
    if (key === this.#key) {
      this.#fill(data, longest);
      return;
    }
    this.#key = key;
    this.#plot?.destroy();
    const [steps, values] = axes(unit, this.#root.clientWidth < 380 ? 48 : 58, log);
    this.#plot = new uPlot({
      width: this.#root.clientWidth, height: this.#root.clientHeight, padding: PADDING,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, dist: 4 }, sync: { key: 'runs' }, points: { size: 7 }, y: false },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: (plot, min, max) => (log ? logRange : linearRange)(plot, ...(this.#late(plot) ?? [min, max])) } },
      axes: [{ ...steps, space: 80, ...(unit === 'step' ? { values: (plot, splits) => splits.map(count) } : { incrs: FRACTIONS }) }, values],
      series: [{}, ...lines.map((line) => ({
        stroke: css(line.color) + line.alpha, width: line.alpha ? 1 : 2, dash: line.dash, spanGaps: true,
        points: { show: line.y.length < 40 && !line.stairs && !line.alpha, size: 5, fill: css(line.color) },
        // A row's rate holds for the steps up to it.
        paths: line.stairs ? uPlot.paths.stepped({ align: -1 }) : uPlot.paths.linear(),
      }))],
      hooks: {
        setCursor: [(plot) => this.#readOut(plot, lines)],
        setScale: [(plot, scale) => this.#scaled(plot, scale)],
        draw: [(plot) => bringForward(plot, this.#shown.map((line) => (line.run === this.#front && !line.alpha ? line : null))), (plot) => this.#ring(plot), (plot) => this.#name(plot)],
      },
    }, data, this.#root);
    touchable(this.#plot);
    this.#fill(data, longest);
    const tip = document.createElement('div');
    tip.className = 'tip';
    tip.hidden = true;
    this.#root.querySelector('.u-wrap').append(tip);
  }

  /** Returns the range of the values after the early ones, if the user wants that and there are some in the part that is shown. */
  #late(plot) {
    if (!$('#late').checked) return null;
    const { min: from, max: to } = plot.scales.x;
    const [x, ...columns] = plot.data;
    const first = x.findIndex((at) => at >= Math.max(from, EARLY * this.#longest));
    const last = x.findLastIndex((at) => at <= to);
    let [min, max] = [Infinity, -Infinity];
    for (const column of first < 0 ? [] : columns) {
      for (let i = first; i <= last; i++) {
        const value = column[i] ?? null; // missing, or undefined where only others have a point
        if (value === null) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    return min <= max ? [min, max] : null;
  }

  /** Brings the lines of a run to the front and lets the others fade; all are alike if there are none. */
  emphasize(name) {
    if (name === this.#front) return;
    this.#front = name;
    this.#fade();
    this.#plot?.redraw(false);
  }

  #isPale(line) {
    return line.run !== this.#front && this.#shown.some(({ run }) => run === this.#front);
  }

  #fade() {
    const isCrowded = this.#shown.filter(({ name }) => name).length > MOST_NAMES;
    // A line that fades has neither a ring nor a name.
    this.#lines = this.#shown.map((line) => ({
      ...line, ring: this.#isPale(line) ? undefined : line.ring, name: this.#isPale(line) || (isCrowded && line.run !== this.#front) ? undefined : line.name,
    }));
    this.#root.dataset.names = JSON.stringify(this.#lines.flatMap((line) => line.name ?? []));
    this.#shown.forEach((line, i) => {
      if (this.#plot) this.#plot.series[i + 1].alpha = this.#isPale(line) ? PALE : 1;
    });
    this.#root.dataset.pale = JSON.stringify([...new Set(this.#shown.filter((line) => this.#isPale(line)).map(({ run }) => run))]);
  }

  /** Draws the rings. */
  #ring(plot) {
    const context = plot.ctx;
    const { left, top, width, height } = plot.bbox;
    context.save();
    for (const line of this.#lines) {
      const point = ringOf(line);
      if (!point || (this.#log && point[1] <= 0)) continue;
      const [x, y] = [plot.valToPos(point[0], 'x', true), plot.valToPos(point[1], 'y', true)];
      if (x < left - 1 || x > left + width + 1 || y < top - 1 || y > top + height + 1) continue;
      context.beginPath();
      context.arc(x, y, 5 * devicePixelRatio, 0, 2 * Math.PI);
      context.fillStyle = css('--card');
      context.fill();
      context.strokeStyle = css(line.color);
      context.lineWidth = 2 * devicePixelRatio;
      context.setLineDash([]);
      context.stroke();
    }
    context.restore();
  }

  /** Writes names at the ends of lines. */
  #name(plot) {
    writeNames(plot, this.#lines.filter((line) => line.name).flatMap(({ name, color, x, y }) => {
      const at = x.findLastIndex((each, i) => each <= plot.scales.x.max && y[i] !== null && !(this.#log && y[i] <= 0));
      return at < 0 || x[at] < plot.scales.x.min ? [] : { name, color, x: x[at], y: y[at] };
    }));
  }

  /** Takes the chart off the page. */
  remove() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #fill(data, longest) {
    this.#longest = longest;
    this.#fade();
    const [min, max] = this.#view ?? [0, longest];
    this.#plot.setData(data, false);
    this.#plot.setScale('x', { min, max });
    this.#place();
  }

  #scaled(plot, scale) {
    const { min, max } = plot.scales[scale];
    if (scale === 'y') {
      this.#root.dataset.range = JSON.stringify([min, max]);
      return;
    }
    this.#view = min <= 0 && max >= this.#longest ? null : [min, max];
    this.#root.dataset.view = JSON.stringify([min, max]);
  }

  /** Shows a part of the steps, or all of them. */
  zoom(view) {
    const [min, max] = view ? [Math.max(0, view[0]), Math.min(this.#longest, view[1])] : [0, this.#longest];
    this.#plot?.setScale('x', { min, max });
    this.#place();
  }

  #keyed(event) {
    if (!this.#plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const x = this.#plot.data[0];
    const [from, to] = this.#view ?? [0, this.#longest];
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) {
      const move = moves[event.key] * (event.shiftKey ? 10 : 1);
      const index = this.#index === null ? x.findIndex((step) => step >= from) : this.#index + move;
      this.#point(Math.min(x.length - 1, Math.max(0, index)));
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      const middle = this.#index === null ? (from + to) / 2 : x[this.#index];
      if (this.#index !== null) this.#kept = middle;
      const half = ((to - from) / 2) * (event.key === '-' ? 2 : 0.5);
      zoom([middle - half, middle + half]);
    } else if (event.key === '0' || event.key === 'Escape') {
      if (this.#index !== null) this.#kept = x[this.#index];
      zoom(null);
    } else {
      return;
    }
    event.preventDefault();
  }

  #point(index) {
    const x = this.#plot.data[0][index];
    const [from, to] = this.#view ?? [0, this.#longest];
    this.#kept = x;
    if (x < from || x > to) zoom([x - (to - from) / 2, x + (to - from) / 2]);
    else this.#place();
  }

  /** Puts the readout, and its line in the chart, at the kept step. */
  #place() {
    if (!this.#plot || this.#kept === null) return;
    const index = Math.max(0, this.#plot.data[0].findLastIndex((step) => step <= this.#kept));
    this.#wanted = index;
    // After uPlot has applied a new scale, size or data, which it does in a microtask of its own.
    queueMicrotask(() => {
      if (this.#wanted !== index) return;
      const [from, to] = this.#view ?? [0, this.#longest];
      const x = this.#plot.data[0][index];
      this.#plot.setCursor(x >= from && x <= to ? { left: this.#plot.valToPos(x, 'x'), top: this.#plot.over.clientHeight / 3 } : NOWHERE);
      this.#wanted = null;
    });
  }

  #readOut(plot, lines) {
    const tip = this.#root.querySelector('.tip');
    const { left } = plot.cursor;
    const idx = this.#wanted ?? plot.cursor.idx;
    if (!tip) return;
    if (left < 0 || idx === null || idx === undefined || !this.#root.matches(':hover, :focus-visible')) {
      tip.hidden = true;
      this.#index = null;
      return;
    }
    this.#index = idx;
    const at = plot.data[0][idx];
    const values = lines.map((line, i) => {
      const column = plot.data[i + 1] ?? [];
      let here = idx; // the last value until here
      while (here > 0 && (column[here] === null || column[here] === undefined)) here--;
      return format(column[here], 5);
    });
    readout(plot, tip, { step: `step ${count(at)}`, epoch: `epoch ${format(at, 4)}` }[this.#unit] ?? `${format(at, 4)} ${this.#unit}`, lines.flatMap((line, i) => (
      lines[i + 1]?.smooth || values[i] === '' || at > line.until ? [] : [{ color: line.color, name: line.said, value: line.smooth ? `${values[i]} (${values[i - 1]})` : values[i] }]
    )).slice(0, 10));
  }
}

/** Returns the point of a line that is in a ring, as [x, y]; undefined if there is none. */
function ringOf({ ring, x, y }) {
  return ring === undefined || (y[ring] ?? null) === null ? undefined : [x[ring], y[ring]];
}

const charts = {
  loss: new Lines($('[data-chart="loss"]'), $('#log-loss')),
  rate: new Lines($('[data-chart="rate"]'), $('#log-rate')),
};

/** Has the page show a panel for each of these columns, in order, before that of the rate; the first is the chart "metric". */
function panels(columns) {
  const shown = [...document.querySelectorAll('[data-column]')];
  if (JSON.stringify(shown.map((section) => section.dataset.column)) === JSON.stringify(columns)) return;
  for (const section of shown) {
    const { chart } = section.querySelector('.chart').dataset;
    charts[chart].remove();
    delete charts[chart];
    section.remove();
  }
  columns.forEach((name, i) => {
    const chart = i === 0 ? 'metric' : `metric-${name}`;
    const section = document.createElement('section');
    section.className = 'card';
    section.dataset.column = name;
    section.setAttribute('aria-labelledby', `${chart}-title`);
    const bar = document.createElement('div');
    bar.className = 'bar';
    const heading = document.createElement('h2');
    heading.id = `${chart}-title`;
    heading.textContent = title(name);
    const names = document.createElement('span');
    names.className = 'hint key';
    bar.append(heading, names);
    const root = document.createElement('div');
    root.className = 'chart';
    root.dataset.chart = chart;
    root.tabIndex = 0;
    root.setAttribute('role', 'application');
    root.setAttribute('aria-labelledby', heading.id);
    root.setAttribute('aria-describedby', 'chart-hint');
    section.append(bar, root);
    $('#rate-card').before(section);
    charts[chart] = new Lines(root);
  });
  $('#rate-card').classList.toggle('wide', columns.length % 2 === 0); // it is alone in its row
}

/** Brings a run forward in all charts; null for none. */
let front = null;
function emphasize(name) {
  front = name;
  for (const chart of Object.values(charts)) chart.emphasize(name);
}
for (const root of [$('#run-list'), $('#last-rows')]) {
  for (const event of ['mouseover', 'focusin']) {
    root.addEventListener(event, ({ target }) => emphasize(target.closest('[data-name]')?.dataset.name ?? null));
  }
  for (const event of ['mouseleave', 'focusout']) root.addEventListener(event, () => emphasize(null));
}

/** Makes all charts show the same part. */
function zoom(view) {
  for (const chart of Object.values(charts)) chart.zoom(view);
}

const AVERAGES = [[2, 3], [10, 3, 2, 3]];
const RUN_DASHES = [[], [12, 4, 2, 4], [12, 4, 2, 4, 2, 4]]; // of the runs of a round of colors
const GROUPS = [[], [8, 4], [2, 3]];
const PLANNED = [4, 4];
const dashOfGroup = (run, group) => (group ? GROUPS[Math.min(group, 2)] : dashOf(run));
const GROUP_KEYS = ['', 'dashed', 'dotted'];

/** Returns the columns of a run that have metrics, and those of numbers that schedules drive, each with its name and group. */
function split(run) {
  const columns = run.tables.metrics?.columns ?? [];
  const loss = columns.indexOf('train_loss');
  const isOwn = (name) => !NOT_METRICS.has(name) && !isRate(name);
  const driven = columns.slice(0, Math.max(0, loss)).filter(isOwn);
  const groups = columns.filter(isRate).length;
  return {
    groups,
    metrics: columns.slice(loss + 1).filter(isOwn),
    // Each group has its numbers in turn, and its own number behind their names.
    numbers: driven.map((name, i) => {
      const group = Math.floor((i * groups) / driven.length);
      return { column: name, group, name: groups > 1 && name.endsWith(String(group)) ? name.slice(0, -String(group).length) : name };
    }),
  };
}

/** Returns the name of the average that a column is of. */
const averageOf = (column) => column.replace(/_val_.*/, '').replaceAll('_', ' ');

/** Returns the columns of each measure by its name: val_accuracy, and that of averages of the weights, ema_val_accuracy. */
function measuresOf(lists) {
  const names = [...new Set(lists.flat())];
  const baseOf = (name) => {
    const base = name.replace(/^.+_(val_)/, '$1');
    return names.includes(base) ? base : name;
  };
  const measures = new Map(names.filter((name) => baseOf(name) === name).map((name) => [name, [name]]));
  for (const name of names) if (baseOf(name) !== name) measures.get(baseOf(name)).push(name);
  return measures;
}

let awaited = false;
function draw() {
  if (awaited || !document.body.dataset.ready) return;
  awaited = true;
  requestAnimationFrame(() => {
    awaited = false;
    for (const link of document.querySelectorAll('#run-list a')) point(runs.get(link.closest('li').dataset.name), link);
    const all = shown();
    const last = (run) => Math.max(0, ...['metrics', 'progress'].map((name) => column(run, name, 'step')?.at(-1) ?? 0));
    const axis = $('#axis').value;
    const seconds = (run) => (column(run, 'metrics', 'seconds') ?? []).reduce((sum, each) => sum + each, 0);
    const [time, length] = timeUnit(Math.max(0, ...all.map(seconds)));
    const unit = axis === 'time' ? time : axis;
    const places = new Map(all.map((run) => {
      const [epochs, times] = ['epoch', 'seconds'].map((name) => column(run, 'metrics', name));
      const ends = (column(run, 'metrics', 'step') ?? []).map((step, i) => ({ step, epoch: epochs?.[i], seconds: times?.[i] }));
      return [run, positions(axis, ends, run.info?.stepsPerEpoch ?? 0, 1 / length)];
    }));
    const hasEnded = (run) => run.state === 'finished' || run.state === 'stopped';
    const isPlanned = (run) => $('#planned').checked && !hasEnded(run) && plan.end(run) > last(run);
    for (const run of all) if (!hasEnded(run)) plan.learn(run, draw);
    const longest = Math.max(...all.map((run) => places.get(run)(isPlanned(run) ? plan.end(run) : last(run)))) || 1;
    const line = (run, label, table, name, dash = dashOf(run), alpha = '') => {
      const x = (column(run, table, 'step') ?? []).map(places.get(run));
      return {
        run: run.name, label: `${run.name} ${label}`, said: `${titleOf(run)} ${label}`, color: run.color, dash, alpha, x, y: x.includes(null) ? [] : column(run, table, name),
      };
    };
    const weight = Number($('#smoothing').value);
    /** Returns a line or, if lines are smoothed, what is drawn instead: the line itself, paler, and its average. */
    const smooth = (each) => (weight === 0 || !each.y?.length ? [each] : [
      { ...each, label: `${each.label} measured`, dash: [], alpha: '48', name: undefined },
      { ...each, y: smoothed(each.y, weight), alpha: each.alpha && 'a0', ring: undefined, smooth: true },
    ]);
    const own = all.map((run) => ({ run, ...split(run), best: bestOf(run)?.at }));
    const named = (run) => (all.length > 1 ? shortened(titleOf(run)) : undefined);
    const averages = [...new Set(own.flatMap(({ metrics }) => metrics.filter(isLoss)))].filter((name) => name !== 'val_loss');
    const hasValidation = own.length === 0 || own.some(({ metrics }) => metrics.includes('val_loss'));
    charts.loss.show(own.flatMap(({ run, metrics, best }) => [
      line(run, 'batch', 'progress', 'loss', [], '60'),
      { ...line(run, 'train', 'metrics', 'train_loss', metrics.includes('val_loss') ? [8, 4] : undefined), ring: metrics.some(isLoss) ? undefined : best, name: metrics.includes('val_loss') ? undefined : named(run) },
      { ...line(run, 'validation', 'metrics', 'val_loss'), ring: best, name: named(run) },
      ...averages.map((name, i) => ({ ...line(run, averageOf(name), 'metrics', name, AVERAGES[i % AVERAGES.length]), ring: run.monitor?.name === name ? best : undefined })),
    ].flatMap(smooth)), longest, unit);
    keys($('#loss-key'), [[hasValidation ? 'dashed' : '', 'train'], ...(hasValidation ? [['', 'validation']] : []), ...averages.map((name) => ['dotted', averageOf(name)]), ['faint', 'batch']]);
    const measures = measuresOf(own.map(({ metrics }) => metrics.filter((name) => !isLoss(name))));
    const numbers = [...new Set(own.flatMap((each) => each.numbers.map(({ name }) => name)))];
    panels([...measures.keys(), ...numbers]);
    for (const section of document.querySelectorAll('[data-column]')) {
      const name = section.dataset.column;
      const chart = charts[section.querySelector('.chart').dataset.chart];
      const columns = measures.get(name);
      if (columns) {
        chart.show(own.flatMap(({ run, best }) => columns.map((each, i) => ({
          ...line(run, each, 'metrics', each, i ? AVERAGES[(i - 1) % AVERAGES.length] : undefined), ring: i === 0 || run.monitor?.name === each ? best : undefined, name: i ? undefined : named(run),
        })).flatMap(smooth)), longest, unit);
        keys(section.querySelector('.key'), columns.length > 1 ? columns.map((each, i) => [i ? 'dotted' : '', i ? averageOf(each) : 'validation']) : []);
      } else {
        chart.show(own.flatMap((each) => each.numbers.filter((number) => number.name === name).map(({ column: from, group }) => ({
          ...line(each.run, from, column(each.run, 'progress', from)?.length ? 'progress' : 'metrics', from, dashOfGroup(each.run, group)), stairs: true,
          ...(each.groups > 1 && each.run.info?.groupNames[group] ? { said: `${titleOf(each.run)} ${each.run.info.groupNames[group]}` } : {}),
        }))), longest, unit);
        const groups = Math.max(...own.filter((each) => each.numbers.some((number) => number.name === name)).map((each) => each.groups));
        key(section.querySelector('.key'), groups > 1 ? groupNames(all, [...Array(groups).keys()]) : []);
      }
    }
    const rates = [...new Set(all.flatMap((run) => [...(run.tables.progress?.columns ?? []), ...(run.tables.metrics?.columns ?? [])]))].filter(isRate).sort();
    charts.rate.show(all.flatMap((run) => rates.flatMap((name) => {
      const table = column(run, 'progress', name)?.length ? 'progress' : 'metrics';
      const group = groupOf(name);
      const said = run.info?.groupNames[group];
      const real = {
        ...line(run, name, table, name, dashOfGroup(run, group)), stairs: true,
        ...(said && rates.length > 1 ? { said: `${titleOf(run)} ${said}` } : {}),
        name: name === rates.find((each) => ['progress', 'metrics'].some((from) => column(run, from, each)?.length)) ? named(run) : undefined,
      };
      if (!isPlanned(run) || !real.y?.length) return real;
      const { x, y } = plan.rest(run, group, column(run, table, 'step').at(-1), real.y.at(-1));
      const at = x.map(places.get(run));
      return at.includes(null) ? real : [
        { ...real, until: real.x.at(-1) }, { ...real, label: `${real.label} planned`, said: `${real.said} planned`, x: at, y, dash: PLANNED, alpha: 'b0', name: undefined },
      ];
    })), longest, unit);
    const groups = [...new Set(rates.map(groupOf))].sort((a, b) => a - b);
    key($('#rate-key'), groups.length > 1 ? groupNames(all, groups) : []);
    table(all);
    emphasize(front);
  });
}

/** Returns the groups' names if all runs that have names agree, else their numbers. */
function groupNames(all, groups) {
  const names = groups.map((group) => [...new Set(all.map((run) => run.info?.groupNames[group]).filter((name) => name))]);
  return names.every((each) => each.length === 1) ? names.flat() : groups.map((group, i) => (i === 0 ? `group ${group}` : String(group)));
}

function key(root, names) {
  keys(root, names.map((name, i) => [GROUP_KEYS[Math.min(i, 2)], name]));
}

/** Shows what lines mean: pairs of their kind and a name. */
function keys(root, pairs) {
  root.replaceChildren(...pairs.flatMap(([kind, name]) => {
    const line = document.createElement('i');
    line.className = `line ${kind}`;
    return [line, name];
  }));
}

const started = { key: 'started', name: 'started', of: (run) => run.started, text: (run) => (run.started ? moment(run.started) : '') };

/** Returns the columns of the table of runs. */
function columnsOf(all) {
  // The rate of an only group goes where others have that of their first.
  const groups = all.some((run) => run.tables.metrics?.columns.includes('lr0'));
  const same = (name) => (name === 'lr' && groups ? 'lr0' : name);
  const named = [...new Set(all.flatMap((run) => run.tables.metrics?.columns.map(same) ?? []))];
  const last = (run, name) => run.tables.metrics?.rows.at(-1)?.[run.tables.metrics.columns.map(same).indexOf(name)] ?? null;
  const monitors = [...new Set(all.flatMap((run) => bestOf(run)?.column ?? []))];
  const leading = winners(all);
  const texts = {
    epoch: (run) => (run.info?.epochs ? `${last(run, 'epoch')} / ${run.info.epochs}` : String(last(run, 'epoch') ?? '')),
    step: (run) => (last(run, 'step') === null ? '' : count(last(run, 'step'))),
  };
  return [
    { key: 'run', name: 'Run', of: titleOf },
    { key: 'schedule', name: 'schedule', of: (run) => run.info?.schedule ?? '' },
    started,
    // What different columns tell cannot be compared.
    ...(monitors.length === 1 ? [{
      key: 'best', name: `best ${monitors[0].replaceAll('_', ' ')}`, of: (run) => bestOf(run)?.value ?? null,
      text: (run) => (leading.has(run) ? '★ ' : '') + format(bestOf(run)?.value, 5),
    }] : []),
    ...['epoch', 'step', ...named.filter(isRate), ...named]
      .filter((name, i, names) => named.includes(name) && names.indexOf(name) === i)
      .map((name) => ({ key: name, name: name.replaceAll('_', ' '), of: (run) => last(run, name), text: texts[name] })),
  ];
}

/** Returns runs in the order that the user chose. */
function ordered(all) {
  const column = columnsOf(all).find(({ key: each }) => each === order.key) ?? started;
  const byName = [...all].sort((one, other) => (one.name < other.name ? 1 : -1));
  return sorted(byName, column, column === started && order.key !== 'started' ? true : order.down);
}

const numbers = new RunTable($('#last-head'), $('#last-rows'), (column) => {
  order.down = order.key === column ? !order.down : column === 'started';
  order.key = column;
  keep();
  list();
  draw();
});

function table(all) {
  numbers.show(ordered(all).filter((run) => run.tables.metrics?.rows.length), columnsOf(all), order, sample);
}

for (const [id, kept] of [['axis', 'step'], ['smoothing', '0']]) {
  $(`#${id}`).value = asked.get(id) ?? kept;
  if (!$(`#${id}`).value) $(`#${id}`).value = kept;
}
$('#late').checked = asked.has('late');
$('#planned').checked = asked.get('planned') !== '0';
for (const id of ['axis', 'smoothing', 'late', 'planned']) {
  $(`#${id}`).addEventListener('input', () => {
    keep();
    say();
    draw();
  });
}
function say() {
  $('#smoothing + output').textContent = $('#smoothing').value;
}
say();

about().then((server) => {
  links(server);
  stopping.take(server);
});
$('#all-runs').hidden = !chosen.length;
addEventListener('hashchange', () => location.reload()); // a link to other runs
