// A search for a learning rate as it goes on: its curve, and at its end what it suggests. A reload fetches everything again.

import uPlot from './uplot/uPlot.esm.js';
import { NOWHERE, PADDING, axes, css, format, linearRange, readout, touchable } from './chart.js';
import { copy } from './copy.js';
import { about, links } from './server.js';

const PAUSE = 250; // milliseconds between questions to the server
const LONG_PAUSE = 2000; // once the search has ended: another one may follow at the same address
const PATIENCE = 10_000;
const FLAT = 0.02; // the least part of a loss that the picture spans: at low rates losses differ by nothing
const LABEL = 18; // the height of a mark's label
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const RULES = {
  'minimum/10': 'a tenth of the rate with the least loss',
  valley: 'the middle of the longest descent',
  steepest: 'where the loss falls fastest',
  slide: 'where the curve bends before it rises',
};
const $ = (selector) => document.querySelector(selector);
const count = (value) => value.toLocaleString('en-US');

/** Returns the height of the picture of some points: that of nine losses in ten, and of the smoothed ones before the last. */
function height(points) {
  const finite = (values) => values.filter((value) => value !== null);
  const losses = finite(points.map((point) => point[1])).sort((a, b) => a - b);
  const means = finite(points.slice(0, Math.max(1, points.length - 1)).map((point) => point[2]));
  return [losses[Math.floor(((losses.length - 1) * 9) / 10)] ?? -Infinity, ...means].reduce((a, b) => Math.max(a, b));
}

/** The curve: the smoothed losses over the faint ones, and marks at the suggested rates. */
class RangeChart {
  #root;
  #plot = null;
  #key = '';
  #search = null;
  #points = [];
  #most = 0; // the height of the picture
  #first = 0; // the index of the first point in the chart's data
  #view = null; // the part of the rates that the user zoomed to, kept as the search goes on
  #index = null; // of the point that is read out
  #wanted = null; // the point that a key moved to, as several may share a pixel

  constructor(root) {
    this.#root = root;
    root.addEventListener('keydown', (event) => this.#keyed(event));
    root.addEventListener('blur', () => this.#plot?.setCursor(NOWHERE));
    new ResizeObserver(() => {
      if (!this.#plot || !root.clientWidth) return;
      this.#plot.setSize({ width: root.clientWidth, height: root.clientHeight });
      if (this.#index !== null && root.matches(':focus-visible')) this.#place(this.#index);
    }).observe(root);
    document.addEventListener('themechange', () => this.#search && this.show(this.#search, this.#points));
  }

  show(search, points) {
    if (search.id !== this.#search?.id) this.#view = null;
    this.#search = search;
    this.#points = points;
    this.#most = height(points);
    this.#root.dataset.points = points.length;
    this.#root.dataset.marks = JSON.stringify(this.#marks().map(({ rule, shown }) => [rule, shown]));
    const key = JSON.stringify([search.id, this.#marks().length, document.documentElement.dataset.theme]);
    if (key !== this.#key) {
      this.#key = key;
      this.#build();
    }
    const [from, to] = this.#ends();
    const rates = points.map(([rate]) => rate);
    const before = rates[0] > from || !rates.length ? [from] : [];
    const after = rates.at(-1) < to || !rates.length ? [to] : [];
    this.#first = before.length;
    const column = (at) => [...before.map(() => null), ...points.map((point) => point[at]), ...after.map(() => null)];
    // A loss far outside is drawn as one not so far, which leaves the picture in the same direction.
    const far = this.#most + 1e3 * (Math.abs(this.#most) || 1);
    const near = (value) => (value === null ? null : Math.min(value, far));
    this.#plot.setData([[...before, ...rates, ...after], column(2).map(near), column(1).map(near)], false);
    this.#scale();
    if (this.#index !== null && this.#root.matches(':focus-visible')) this.#place(this.#index);
  }

  #marks() {
    return this.#search.end?.suggestions ?? [];
  }

  /** Returns the rates that the axis begins and ends with: all that are planned, and in the end those that were swept. */
  #ends() {
    const { first, last, end } = this.#search;
    return [Math.min(first, ...this.#marks().map(({ rate }) => rate)), end && this.#points.length > 1 ? this.#points.at(-1)[0] : last];
  }

  /** Returns the range of the vertical axis for losses in [min, max]. */
  #heights(plot, min, max) {
    if (min === null || !Number.isFinite(min)) return [0, 1];
    const top = min < this.#most ? Math.min(max, this.#most) : max;
    return linearRange(plot, Math.min(min, top - FLAT * Math.abs(top)), top);
  }

  #build() {
    const root = this.#root;
    const { linear, lossLabel } = this.#search;
    this.#plot?.destroy();
    const narrow = root.clientWidth < 380;
    const [x, y] = axes(narrow ? '' : 'learning rate', narrow ? 48 : 58, false, !linear);
    this.#plot = new uPlot({
      width: root.clientWidth, height: root.clientHeight, padding: [10 + LABEL * this.#marks().length, ...PADDING.slice(1)],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, dist: 4 }, points: { size: 7 }, y: false,
        dataIdx: (plot, series, index) => Math.min(Math.max(index, this.#first), this.#first + this.#points.length - 1),
      },
      scales: {
        x: { time: false, distr: linear ? 1 : 3, range: (plot, min, max) => [min, max] },
        y: { range: (plot, min, max) => this.#heights(plot, min, max) },
      },
      axes: [{ ...x, ...(linear ? { incrs: y.incrs } : {}) }, y],
      series: [
        {},
        { label: 'smoothed', stroke: css('--c0'), width: 2, points: { show: false } },
        { label: lossLabel, stroke: `${css('--c0')}80`, width: 1, points: { show: false } },
      ],
      hooks: {
        setCursor: [(plot) => this.#readOut(plot)],
        setScale: [(plot, scale) => scale === 'x' && this.#scaled(plot)],
        draw: [(plot) => this.#mark(plot)],
      },
    }, [[1, 2], [null, null], [null, null]], root);
    touchable(this.#plot);
    const tip = document.createElement('div');
    tip.className = 'tip';
    tip.hidden = true;
    root.querySelector('.u-wrap').append(tip);
  }

  #scale() {
    const [min, max] = this.#view ?? this.#ends();
    this.#plot.setScale('x', { min, max });
  }

  #scaled(plot) {
    const { min, max } = plot.scales.x;
    const [from, to] = this.#ends();
    this.#view = min <= from && max >= to ? null : [min, max];
    this.#root.dataset.view = JSON.stringify([min, max]);
  }

  /** Shows a part of the rates, or all of them. */
  #zoom(view) {
    const [from, to] = this.#ends();
    this.#view = view && [Math.max(from, view[0]), Math.min(to, view[1])];
    this.#scale();
  }

  /** Returns the rates as far apart as they are drawn. */
  #drawn(rate) {
    return this.#search.linear ? rate : Math.log(rate);
  }

  #around(middle, half) {
    const ends = [middle - half, middle + half];
    return this.#search.linear ? ends : ends.map(Math.exp);
  }

  #keyed(event) {
    if (!this.#points.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#points.length - 1;
    const [from, to] = this.#view ?? this.#ends();
    const index = this.#index;
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) {
      const move = moves[event.key] * (event.shiftKey ? 10 : 1);
      const seen = this.#points.findIndex(([rate]) => rate >= from);
      this.#point(index === null ? Math.max(0, seen) : Math.min(last, Math.max(0, index + move)));
    } else if (event.key === 'Home' || event.key === 'End') {
      this.#point(event.key === 'Home' ? 0 : last);
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      const [left, right] = [this.#drawn(from), this.#drawn(to)];
      const middle = index === null ? (left + right) / 2 : this.#drawn(this.#points[index][0]);
      this.#zoom(this.#around(middle, ((right - left) / 2) * (event.key === '-' ? 2 : 0.5)));
      if (index !== null) this.#place(index);
    } else if (event.key === '0' || event.key === 'Escape') {
      this.#zoom(null);
      if (index !== null) this.#place(index);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Moves the readout to a point. */
  #point(index) {
    const rate = this.#points[index][0];
    const [from, to] = this.#view ?? this.#ends();
    if (rate < from || rate > to) this.#zoom(this.#around(this.#drawn(rate), (this.#drawn(to) - this.#drawn(from)) / 2));
    this.#place(index);
  }

  #place(index) {
    this.#wanted = index;
    // After uPlot has applied a new scale, size or data, which it does in a microtask of its own.
    queueMicrotask(() => {
      if (this.#wanted !== index) return;
      const { over } = this.#plot;
      const left = this.#plot.valToPos(this.#points[index][0], 'x');
      this.#plot.setCursor(left >= -1 && left <= over.clientWidth + 1 ? { left: Math.max(0, left), top: over.clientHeight / 3 } : NOWHERE);
      this.#wanted = null;
    });
  }

  #readOut(plot) {
    const tip = this.#root.querySelector('.tip');
    const { left, idx } = plot.cursor;
    if (!tip) return;
    if (left < 0 || idx === null || idx === undefined || !this.#points.length || !this.#root.matches(':hover, :focus-visible')) {
      tip.hidden = true;
      this.#index = null;
      return;
    }
    this.#index = this.#wanted ?? Math.min(this.#points.length - 1, Math.max(0, idx - this.#first));
    const [rate, loss, smoothed] = this.#points[this.#index];
    const said = (value) => (value === null ? 'not finite' : format(value, 5));
    readout(plot, tip, `rate ${format(rate, 4)}`, [
      { color: '--c0', name: 'smoothed', value: said(smoothed) },
      { color: '--c0', faint: true, name: this.#search.lossLabel, value: said(loss) },
    ]);
  }

  /** Marks the suggested rates on the curve: a ring, and a line to the label above. */
  #mark(plot) {
    const { ctx: context } = plot;
    const ratio = devicePixelRatio;
    const { left, top, width, height } = plot.bbox;
    const fonts = ['', 'bold '].map((weight) => `${weight}${12 * ratio}px ${FONT}`);
    context.save();
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    const marks = this.#marks().map(({ rule, rate, shown, loss }, i) => ({
      best: i === 0, text: `${rule} ${shown}`, x: plot.valToPos(rate, 'x', true), y: plot.valToPos(loss, 'y', true),
    })).filter(({ x }) => x >= left - 1 && x <= left + width + 1).sort((a, b) => b.x - a.x);
    for (const [i, mark] of marks.entries()) {
      context.font = fonts[Number(mark.best)];
      const room = context.measureText(mark.text).width + 8 * ratio;
      mark.from = mark.x + room > left + width + 16 * ratio ? Math.max(0, mark.x - room) : mark.x;
      mark.to = mark.from + room;
      // From the right to the left, each label above those that it would cover.
      const covered = marks.slice(0, i).filter((other) => other.from < mark.to + 4 * ratio && other.to > mark.from - 4 * ratio);
      mark.row = 1 + Math.max(-1, ...covered.map((other) => other.row));
      mark.middle = top - (mark.row + 0.5) * LABEL * ratio;
    }
    const color = ({ best }) => css(best ? '--accent' : '--soft');
    for (const mark of marks) {
      context.strokeStyle = color(mark);
      context.lineWidth = (mark.best ? 1.5 : 1) * ratio;
      context.setLineDash(mark.best ? [] : [3 * ratio, 3 * ratio]);
      context.beginPath();
      context.moveTo(mark.x, mark.middle - (LABEL / 2 - 2) * ratio);
      context.lineTo(mark.x, Math.min(Math.max(mark.y, top), top + height));
      context.stroke();
    }
    context.setLineDash([]);
    for (const mark of marks) {
      context.fillStyle = css('--card');
      context.fillRect(mark.from + ratio, mark.middle - (LABEL / 2 - 1) * ratio, mark.to - mark.from - 2 * ratio, (LABEL - 2) * ratio);
      context.fillStyle = css(mark.best ? '--accent' : '--ink');
      context.font = fonts[Number(mark.best)];
      context.fillText(mark.text, mark.from + 4 * ratio, mark.middle);
      if (mark.y < top - 1 || mark.y > top + height + 1) continue;
      context.beginPath();
      context.arc(mark.x, mark.y, (mark.best ? 6 : 4.5) * ratio, 0, 2 * Math.PI);
      context.fillStyle = css(mark.best ? '--accent' : '--card');
      context.fill();
      context.strokeStyle = css(mark.best ? '--card' : '--ink');
      context.lineWidth = 2 * ratio;
      context.stroke();
    }
    context.restore();
  }
}

const chart = new RangeChart($('#chart'));
let search = null;
let points = [];

/** Takes an answer of the server: the points from one on, or, of another search, a reason to begin again. */
function take(answer) {
  const other = answer.id !== search?.id;
  if (other && answer.from > 0) {
    search = null;
    points = [];
    return;
  }
  const isNews = other || answer.points.length > 0 || Boolean(answer.end) !== Boolean(search.end);
  search = answer;
  points = points.slice(0, answer.from).concat(answer.points);
  if (!isNews || points.length < answer.all) return;
  chart.show(search, points);
  tell();
}

function tell() {
  const { title, lossLabel, steps, end } = search;
  $('#find-title').textContent = `${lossLabel.replace(/^./, (first) => first.toUpperCase())} over the learning rate`;
  $('#loss-name').textContent = lossLabel;
  $('#about').textContent = title;
  $('#progress').hidden = Boolean(end);
  $('#progress').max = steps;
  $('#progress').value = points.length;
  $('#outcome').textContent = end?.outcome ?? `${count(points.length)} of ${count(steps)} updates`;
  $('#suggestions').replaceChildren(...(end?.suggestions ?? []).map(({ rule, shown, loss }, i) => {
    const item = document.createElement('li');
    const add = (name, text) => {
      const element = document.createElement(name);
      element.textContent = text;
      item.append(element);
    };
    add('b', shown);
    add('span', rule);
    if (i === 0) add('em', 'try this first');
    add('small', `${RULES[rule] ?? ''}; ${lossLabel} ${format(loss, 5)}`.replace(/^; /, ''));
    return item;
  }));
  $('#notes').replaceChildren(...(end?.notes ?? []).map((note) => {
    const line = document.createElement('p');
    line.textContent = note.replace(/^./, (first) => first.toUpperCase());
    return line;
  }));
  $('#train').hidden = !end?.line;
  if (end?.line) $('#train-title').textContent = `Train at ${end.suggestions[0].shown}`;
  if ($('#line').textContent !== (end?.line ?? '')) $('#line').textContent = end?.line ?? '';
}

function say(text) {
  if ($('#state').textContent !== text) $('#state').textContent = text;
}

async function ask() {
  let pause = PAUSE;
  try {
    const response = await fetch(`api/find?from=${points.length}`, { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const answer = await response.json();
    take(answer);
    pause = search?.end ? LONG_PAUSE : points.length < answer.all || !search ? 0 : PAUSE;
    say(search?.end ? (search.end.suggestions.length ? 'done' : 'no rule finds a rate') : 'live');
  } catch {
    if (!search?.end) say('waiting for the server');
    pause = LONG_PAUSE;
  }
  setTimeout(ask, pause);
}

$('#copy').addEventListener('click', async () => {
  $('#said').textContent = await copy($('#line'));
});
about().then(links, () => {});
ask();
