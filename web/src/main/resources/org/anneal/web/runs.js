// Training runs as they go on; the server sends what their files have, as they grow. A reload fetches everything again.

import uPlot from './uplot/uPlot.esm.js';
import { COLORS, NOWHERE, PADDING, axes, css, format, linearRange, logRange, readout, touchable, writeNames } from './chart.js';
import { write } from './link.js';
import { about, links } from './server.js';

const $ = (selector) => document.querySelector(selector);
const runs = new Map(); // by name: { name, state, tables, info, color }
const asked = new URLSearchParams(location.hash.slice(1));
const hidden = new Set(asked.getAll('hide'));
const chosen = asked.getAll('run').slice(0, 64); // the only runs to show; all if there are none
const STATES = { running: 'running', finished: 'finished', quiet: 'no news' };
const NOT_METRICS = new Set(['epoch', 'step', 'train_loss', 'seconds']);
const isLoss = (column) => /(^|_)val_loss$/.test(column);
const isRate = (column) => /^lr\d*$/.test(column);
const groupOf = (rate) => Number(rate.slice(2)); // lr is that of the only group
const LONGEST = 24; // letters of one
const count = (value) => value.toLocaleString('en-US');

/** Returns the least used color. */
function freeColor() {
  const uses = (color) => [...runs.values()].filter((run) => run.color === color).length;
  return COLORS.reduce((best, color) => (uses(color) < uses(best) ? color : best));
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
    run = { name, tables: {}, color: freeColor() };
    runs.set(name, run);
  }
  run.state = state;
  const kept = run.tables[table]?.rows.slice(0, from) ?? [];
  run.tables[table] = { columns, rows: kept.concat(rows) };
  list();
  draw();
});

events.addEventListener('info', (event) => {
  const { name, info, run, monitor } = JSON.parse(event.data);
  runs.get(name).info = info && { ...info, run };
  runs.get(name).monitor = monitor;
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

function list() {
  $('#no-runs').hidden = runs.size > 0;
  const root = $('#run-list');
  const names = [...runs.keys()].sort().reverse(); // newest first: runs are named by their times
  if (root.dataset.names !== JSON.stringify(names)) {
    root.dataset.names = JSON.stringify(names);
    root.replaceChildren(...names.map((name) => {
      const item = document.createElement('li');
      item.dataset.name = name;
      const label = document.createElement('label');
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.checked = !hidden.has(name);
      box.addEventListener('change', () => {
        if (box.checked) hidden.delete(name);
        else hidden.add(name);
        const kept = new URLSearchParams([...chosen.map((each) => ['run', each]), ...[...hidden].map((each) => ['hide', each])]);
        history.replaceState(null, '', String(kept) ? `#${kept}` : location.pathname);
        draw();
      });
      item.style.setProperty('--color', `var(${runs.get(name).color})`);
      const dot = document.createElement('i');
      dot.className = 'dot';
      const text = document.createElement('span');
      text.className = 'name';
      text.textContent = name;
      text.title = name;
      label.append(box, dot, text, document.createElement('small'));
      const best = document.createElement('div');
      best.className = 'best';
      const about = document.createElement('div');
      about.className = 'about';
      item.append(label, best, about);
      return item;
    }));
  }
  names.forEach((name, i) => {
    root.children[i].querySelector('small').textContent = STATES[runs.get(name).state];
    root.children[i].dataset.state = runs.get(name).state;
    const best = bestOf(runs.get(name));
    root.children[i].querySelector('.best').textContent = best ? `best ${words(best.column)} ${format(best.value, 4)}, epoch ${best.epoch}` : '';
    describe(runs.get(name), root.children[i].querySelector('.about'));
  });
}

/** Returns a column's name in words. */
const words = (column) => column.replace(/(^|_)val_/, '$1validation_').replace(/^train_/, 'training_').replaceAll('_', ' ');
const title = (column) => words(column).replace(/^./, (first) => first.toUpperCase());

/** Returns the best epoch of a run: the column that tells it, its value, the epoch and the step; null if there is none. */
function bestOf(run) {
  if (!run.monitor) return null;
  const { name, mode } = run.monitor;
  const values = column(run, 'metrics', name) ?? [];
  const isBetter = (value, than) => (mode === 'MIN' ? value < than : value > than);
  const at = values.reduce((best, value, i) => (value !== null && (best < 0 || isBetter(value, values[best])) ? i : best), -1);
  return at < 0 ? null : { column: name, value: values[at], epoch: column(run, 'metrics', 'epoch')[at], step: column(run, 'metrics', 'step')[at] };
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
  #index = null; // of the readout, on the horizontal axis
  #lines = []; // some with a point in a ring, or a name at the end
  #wanted = null; // an index that a key moved to, as several may share a pixel
  #kept = null; // the step that keys moved the readout to; it stays there until the pointer moves

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

  /** @param lines of a label, a color, a dash, an alpha, x, y, whether y holds since the x before, the x of a ring, if any, and a name to draw at its end */
  show(lines, longest) {
    lines = lines.filter((line) => line.y?.length);
    this.#root.dataset.points = JSON.stringify(Object.fromEntries(lines.map((line) => [line.label, line.y.length])));
    this.#root.dataset.rings = JSON.stringify(Object.fromEntries(lines.filter((line) => ringOf(line)).map((line) => [line.label, ringOf(line)])));
    this.#root.dataset.names = JSON.stringify(lines.flatMap((line) => line.name ?? []));
    this.#lines = lines;
    const log = this.#log;
    const tables = lines.map(({ x, y }) => [x, y.map((value) => (log && value <= 0 ? null : value))]);
    // All charts begin at 0 and end with the longest run, whatever their lines cover.
    const data = uPlot.join([[[0, longest], [null, null]], ...tables], [[2], ...tables.map(() => [2])]);
    data.splice(1, 1);
    const key = JSON.stringify([lines.map((line) => [line.label, line.color, line.dash, line.alpha]), log]);
    if (key === this.#key) {
      this.#fill(data, longest);
      return;
    }
    this.#key = key;
    this.#plot?.destroy();
    const [steps, values] = axes('step', this.#root.clientWidth < 380 ? 48 : 58, log);
    this.#plot = new uPlot({
      width: this.#root.clientWidth, height: this.#root.clientHeight, padding: PADDING,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, dist: 4 }, sync: { key: 'runs' }, points: { size: 7 }, y: false },
      scales: { x: { time: false }, y: log ? { distr: 3, range: logRange } : { range: linearRange } },
      axes: [{ ...steps, space: 80, values: (plot, splits) => splits.map(count) }, values],
      series: [{}, ...lines.map((line) => ({
        stroke: css(line.color) + line.alpha, width: line.alpha ? 1 : 2, dash: line.dash, spanGaps: true,
        points: { show: line.y.length < 40 && !line.stairs && !line.alpha, size: 5, fill: css(line.color) },
        // A row's rate holds for the steps up to it.
        paths: line.stairs ? uPlot.paths.stepped({ align: -1 }) : uPlot.paths.linear(),
      }))],
      hooks: {
        setCursor: [(plot) => this.#readOut(plot, lines)],
        setScale: [(plot, scale) => scale === 'x' && this.#scaled(plot)],
        draw: [(plot) => this.#ring(plot), (plot) => this.#name(plot)],
      },
    }, data, this.#root);
    touchable(this.#plot);
    this.#fill(data, longest);
    const tip = document.createElement('div');
    tip.className = 'tip';
    tip.hidden = true;
    this.#root.querySelector('.u-wrap').append(tip);
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
    const [min, max] = this.#view ?? [0, longest];
    this.#plot.setData(data, false);
    this.#plot.setScale('x', { min, max });
    this.#place();
  }

  #scaled(plot) {
    const { min, max } = plot.scales.x;
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
    readout(plot, tip, `step ${count(plot.data[0][idx])}`, lines.slice(0, 10).map((line, i) => {
      let at = idx; // the last value until here
      while (at > 0 && (plot.data[i + 1]?.[at] === null || plot.data[i + 1]?.[at] === undefined)) at--;
      return { color: line.color, name: line.said ?? line.label, value: format(plot.data[i + 1]?.[at], 5) };
    }));
  }
}

/** Returns the point of a line that is in a ring, as [x, y]; undefined if there is none. */
function ringOf({ ring, x, y }) {
  const at = ring === undefined ? -1 : x.indexOf(ring);
  return at >= 0 && y[at] !== null ? [x[at], y[at]] : undefined;
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

/** Makes all charts show the same part. */
function zoom(view) {
  for (const chart of Object.values(charts)) chart.zoom(view);
}

const AVERAGES = [[2, 3], [10, 3, 2, 3]];
const GROUPS = [[], [8, 4], [2, 3]];
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
    const longest = Math.max(1, ...all.flatMap((run) => ['metrics', 'progress'].map((name) => column(run, name, 'step')?.at(-1) ?? 0)));
    const line = (run, label, table, name, dash = [], alpha = '') => ({
      label: `${run.name} ${label}`, color: run.color, dash, alpha, x: column(run, table, 'step') ?? [], y: column(run, table, name),
    });
    const own = all.map((run) => ({ run, ...split(run), best: bestOf(run)?.step }));
    const named = (run) => (all.length > 1 ? shortened(run.name) : undefined);
    const averages = [...new Set(own.flatMap(({ metrics }) => metrics.filter(isLoss)))].filter((name) => name !== 'val_loss');
    const hasValidation = own.length === 0 || own.some(({ metrics }) => metrics.includes('val_loss'));
    charts.loss.show(own.flatMap(({ run, metrics, best }) => [
      line(run, 'batch', 'progress', 'loss', [], '60'),
      { ...line(run, 'train', 'metrics', 'train_loss', metrics.includes('val_loss') ? [8, 4] : []), ring: metrics.some(isLoss) ? undefined : best, name: metrics.includes('val_loss') ? undefined : named(run) },
      { ...line(run, 'validation', 'metrics', 'val_loss'), ring: best, name: named(run) },
      ...averages.map((name, i) => ({ ...line(run, averageOf(name), 'metrics', name, AVERAGES[i % AVERAGES.length]), ring: run.monitor?.name === name ? best : undefined })),
    ]), longest);
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
          ...line(run, each, 'metrics', each, i ? AVERAGES[(i - 1) % AVERAGES.length] : []), ring: i === 0 || run.monitor?.name === each ? best : undefined, name: i ? undefined : named(run),
        }))), longest);
        keys(section.querySelector('.key'), columns.length > 1 ? columns.map((each, i) => [i ? 'dotted' : '', i ? averageOf(each) : 'validation']) : []);
      } else {
        chart.show(own.flatMap((each) => each.numbers.filter((number) => number.name === name).map(({ column: from, group }) => ({
          ...line(each.run, from, column(each.run, 'progress', from)?.length ? 'progress' : 'metrics', from, GROUPS[Math.min(group, 2)]), stairs: true,
          said: each.groups > 1 && each.run.info?.groupNames[group] ? `${each.run.name} ${each.run.info.groupNames[group]}` : undefined,
        }))), longest);
        const groups = Math.max(...own.filter((each) => each.numbers.some((number) => number.name === name)).map((each) => each.groups));
        key(section.querySelector('.key'), groups > 1 ? groupNames(all, [...Array(groups).keys()]) : []);
      }
    }
    const rates = [...new Set(all.flatMap((run) => [...(run.tables.progress?.columns ?? []), ...(run.tables.metrics?.columns ?? [])]))].filter(isRate).sort();
    charts.rate.show(all.flatMap((run) => rates.map((name) => {
      const table = column(run, 'progress', name)?.length ? 'progress' : 'metrics';
      const said = run.info?.groupNames[groupOf(name)];
      return {
        ...line(run, name, table, name, GROUPS[Math.min(groupOf(name), 2)]), stairs: true,
        said: said && rates.length > 1 ? `${run.name} ${said}` : undefined,
        name: name === rates.find((each) => ['progress', 'metrics'].some((from) => column(run, from, each)?.length)) ? named(run) : undefined,
      };
    })), longest);
    const groups = [...new Set(rates.map(groupOf))].sort((a, b) => a - b);
    key($('#rate-key'), groups.length > 1 ? groupNames(all, groups) : []);
    table(all);
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

function table(all) {
  // The rate of an only group goes where others have that of their first.
  const groups = all.some((run) => run.tables.metrics?.columns.includes('lr0'));
  const same = (name) => (name === 'lr' && groups ? 'lr0' : name);
  const named = [...new Set(all.flatMap((run) => run.tables.metrics?.columns.map(same) ?? []))];
  const columns = ['epoch', 'step', ...named.filter(isRate), ...named].filter((name, i, list) => named.includes(name) && list.indexOf(name) === i);
  const cells = (name, texts) => {
    const row = document.createElement('tr');
    row.append(...texts.map((text, i) => {
      const cell = document.createElement(i === 0 || name === 'th' ? 'th' : 'td');
      if (cell.localName === 'th') cell.scope = name === 'th' ? 'col' : 'row';
      cell.textContent = text;
      return cell;
    }));
    return row;
  };
  $('#last-head').replaceChildren(cells('th', ['Run', ...columns.map((name) => name.replaceAll('_', ' '))]));
  $('#last-rows').replaceChildren(...all.filter((run) => run.tables.metrics?.rows.length).map((run) => {
    const { columns: own, rows } = run.tables.metrics;
    const row = cells('td', [run.name, ...columns.map((name) => {
      const value = rows.at(-1)[own.map(same).indexOf(name)] ?? null;
      return name === 'step' && value !== null ? count(value) : format(value, 5);
    })]);
    const dot = document.createElement('i');
    dot.className = 'dot';
    dot.style.setProperty('--color', `var(${run.color})`);
    row.firstChild.prepend(dot);
    return row;
  }));
}

about().then(links);
$('#all-runs').hidden = !chosen.length;
addEventListener('hashchange', () => location.reload()); // a link to other runs
