// The playground: schedules in a run, their curves, and what can be asked of them.

import { Chart, format, look } from './chart.js';
import { PAUSE, Row } from './editor.js';
import { Findings } from './findings.js';
import { Gallery, exampleMetrics, fitted } from './gallery.js';
import { read, write } from './link.js';
import { Numbers } from './numbers.js';
import { Questions, about, links } from './server.js';
import { TakeAway } from './takeaway.js';
import { TrainFrom } from './trainfrom.js';
import { Undo } from './undo.js';

const MOST_ROWS = 12;
const MOST_MARKS = 50;
const $ = (selector) => document.querySelector(selector);
const FIRST = ['SequentialLR([LinearLR(start_factor=0.1, total_iters=10), CosineAnnealingLR(T_max=90)], milestones=[10])', 'StepLR(step_size=30, gamma=0.5)'];

const page = { rows: [], limits: { steps: 1_000_000, groups: 16, values: 4_000_000 }, chosen: null, active: null, at: 0, since: null, problem: '',
  own: new Set(), // what the user has set of the run, so that no optimizer's line gives it
  lr: '', // the rate in force without both
};
const questions = new Map();

// The run.

function listed(text) {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  return parts.map((part) => {
    const low = part.toLowerCase();
    return low === 'nan' ? NaN : Number(part);
  });
}

/** Returns the run in the form; throws the field and the message if something is wrong. */
function readRun() {
  const unit = $('[name="unit"]:checked').value;
  const lr = listed($('#lr').value);
  const run = { lr, momentum: Number($('#momentum').value), adam: $('[name="optimizer"]:checked').value === 'adam', metrics: [],
    own: ['lr', 'momentum', 'optimizer'].filter((name) => page.own.has(name)) };
  const count = (selector, name) => {
    const value = Number($(selector).value);
    if (!Number.isInteger(value) || value < 1) throw [selector, `${name} must be a whole number, at least 1, but was ${$(selector).value || 'empty'}`];
    return value;
  };
  let steps;
  if (unit === 'epochs') {
    run.epochs = count('#epochs', 'Epochs');
    run.stepsPerEpoch = count('#steps-per-epoch', 'Steps per epoch');
    run.stepPer = $('[name="step-per"]:checked').value;
    steps = run.stepPer === 'batch' ? run.epochs * run.stepsPerEpoch : run.epochs;
  } else {
    run.steps = steps = count('#steps', 'Steps');
  }
  const optional = (selector, name) => {
    const { value, validity } = $(selector);
    return value || validity.badInput ? count(selector, name) : undefined;
  };
  run.batchSize = optional('#batch-size', 'Batch size');
  run.tokensPerBatch = optional('#tokens-per-batch', 'Tokens per batch');
  const where = unit === 'epochs' ? '#epochs' : '#steps';
  if (steps > page.limits.steps) throw [where, `A run must have at most ${page.limits.steps.toLocaleString('en')} steps here, but has ${steps.toLocaleString('en')}`];
  if (!lr.length || lr.some((rate) => !Number.isFinite(rate) || rate < 0)) throw ['#lr', `Base lr must be rates of at least 0, separated by commas, but was ${$('#lr').value || 'empty'}`];
  if (lr.length > page.limits.groups) throw ['#lr', `Base lr must have at most ${page.limits.groups} rates, but has ${lr.length}`];
  if (steps * (lr.length + 1) > page.limits.values) throw [where, `Steps times groups must be at most ${page.limits.values.toLocaleString('en')}`];
  if (!(run.momentum >= 0 && run.momentum < (run.adam ? 1 : Infinity)) || $('#momentum').value === '') {
    throw ['#momentum', `${run.adam ? 'beta1 must be in [0, 1)' : 'Momentum must be at least 0'}, but was ${$('#momentum').value || 'empty'}`];
  }
  if (!$('#metrics-box').hidden) {
    const metrics = listed($('#metrics').value);
    if (metrics.some(Number.isNaN)) throw ['#metrics', 'Metrics must be numbers, separated by spaces or commas'];
    run.metrics = metrics.slice(0, steps).filter(Number.isFinite);
  }
  const perEpoch = unit === 'epochs' && run.stepPer === 'batch' ? run.stepsPerEpoch : 1;
  return { run, steps, per: perEpoch, unit: unit === 'epochs' ? 'epoch' : 'step' };
}

let telling;

/** Takes the run from the form. If something is wrong, shows that after `patience` milliseconds, unless it is fixed by then. */
function showRun(patience = 0) {
  const unit = $('[name="unit"]:checked').value;
  for (const part of document.querySelectorAll('[data-unit]')) part.hidden = part.dataset.unit !== unit;
  $('#momentum-name').textContent = $('#momentum-title').textContent = $('[name="optimizer"]:checked').value === 'adam' ? 'beta1' : 'Momentum';
  const tell = (selector, message) => {
    for (const input of document.querySelectorAll('#run input, #run textarea')) input.removeAttribute('aria-invalid');
    if (selector) $(selector).setAttribute('aria-invalid', 'true');
    $('#run-error').textContent = message;
  };
  clearTimeout(telling);
  try {
    page.run = readRun();
    page.problem = '';
    tell(null, '');
    return true;
  } catch (problem) {
    if (!Array.isArray(problem)) throw problem;
    page.problem = problem[1];
    if (patience) telling = setTimeout(tell, patience, ...problem);
    else tell(...problem);
    return false;
  }
}

function runChanged(since) {
  if (!showRun(since === null ? 0 : PAUSE)) {
    takeAway.show();
    return;
  }
  for (const row of page.rows) ask(row, since);
  remember();
}

/** Takes from the first optimizer's line what the user has not set of the run; without one, that is as in a new page. */
function fill() {
  const curves = page.rows.map((row) => row.curve);
  const said = curves.find((curve) => curve?.optimizer)?.optimizer;
  const per = curves.find((curve) => curve?.stepPer)?.stepPer.toLowerCase();
  const value = (name, field, wanted) => {
    const differs = !page.own.has(name) && field.value !== wanted;
    if (differs) field.value = wanted;
    return differs;
  };
  const choice = (name, field, wanted) => {
    const radio = $(`[name="${field}"][value="${wanted}"]`);
    const differs = !page.own.has(name) && !radio.checked;
    if (differs) radio.checked = true;
    return differs;
  };
  const changes = [
    value('lr', $('#lr'), said ? said.lr.join(', ') : page.lr),
    value('momentum', $('#momentum'), said ? String(said.momentum) : $('#momentum').defaultValue),
    choice('optimizer', 'optimizer', said?.adam ? 'adam' : 'sgd'),
    choice('stepPer', 'step-per', per ?? 'batch'),
  ];
  if (changes.some(Boolean)) runChanged(null);
}

// The schedules.

const host = {
  get own() {
    return page.own;
  },
  handedBack() {
    for (const name of ['lr', 'momentum', 'optimizer']) page.own.delete(name);
    fill();
    runChanged(null);
  },
  changed(row, since) {
    place();
    ask(row, since);
    remember();
  },
  pointed(row) {
    chart.emphasize(row?.id ?? null);
    if (!row || row === page.active) return;
    page.active = row;
    draw();
  },
  switched() {
    draw();
    remember();
  },
  duplicated(row) {
    add({ text: row.text, values: row.values, pick: row.pick }, page.rows.indexOf(row) + 1).focus();
    remember();
  },
  removed(row) {
    const index = page.rows.indexOf(row);
    page.rows.splice(index, 1);
    drop(row);
    place();
    fill();
    draw();
    remember();
    (page.rows[Math.min(index, page.rows.length - 1)]?.element.querySelector('textarea') ?? $('#add')).focus();
  },
};

function drop(row) {
  row.close();
  questions.get(row).close();
  questions.delete(row);
  row.element.remove();
}

function add(given, index = page.rows.length) {
  const row = new Row(host, given);
  page.rows.splice(index, 0, row);
  questions.set(row, new Questions());
  $('#rows').insertBefore(row.element, $('#rows').children[index] ?? null);
  place();
  ask(row, null);
  return row;
}

function place() {
  const kinds = page.rows.map((row) => row.kind);
  page.rows.forEach((row, i) => {
    const several = kinds[i] && kinds.filter((kind) => kind === kinds[i]).length > 1;
    row.place(i, look(i), several ? `${i + 1} ${kinds[i]}` : kinds[i] || `Schedule ${i + 1}`);
  });
  for (const button of document.querySelectorAll('#add, [data-do="duplicate"]')) button.disabled = page.rows.length >= MOST_ROWS;
}

function ask(row, since) {
  if (!page.run) return;
  const { run, steps } = page.run;
  const allSteps = run.steps ?? run.epochs * run.stepsPerEpoch;
  row.fit({ steps, epochs: run.epochs, allSteps, batchSize: run.batchSize, tokensPerBatch: run.tokensPerBatch });
  const expression = row.text;
  questions.get(row).ask({ ...row.piece, run, target: takeAway.library, program: takeAway.program }, (answer) => row.answer(answer, expression, () => {
    if (!answer.error) {
      row.steps = steps;
      row.groups = run.lr.length;
    }
    place();
    fill();
    if (answer.takesMetric && $('#metrics-box').hidden) {
      $('#metrics-box').hidden = false;
      if ($('#metrics').value) runChanged(null);
    }
    draw(since);
  }));
}

/** Returns the rows whose curves belong to the page's current run. */
function drawn() {
  return page.rows.filter((row) => row.on && row.curve && row.steps === page.run?.steps && row.groups === page.run.run.lr.length);
}

// The curves, and the numbers.

const chart = new Chart($('#chart'), [$('#momentum-chart'), $('#metric-chart')], $('#tip'), {
  moved(index) {
    if (index === null) return;
    page.at = index;
    if (document.activeElement !== $('#at')) $('#at').value = Number((index / page.run.per).toPrecision(8));
    numbers.at(page.at);
    if (document.activeElement === $('#chart')) announce();
  },
  zoomed(view) {
    $('#reset').disabled = view === null;
    showNumbers();
    remember();
  },
});

let announcing;
function announce() {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    const rows = drawn();
    const said = rows.map((row) => (rows.length > 1 ? `${row.name} ` : '') + row.curve.rates.map((rates) => format(rates[page.at])).join(', '));
    $('#said').textContent = `${page.run.unit} ${format(page.at / page.run.per)}: ${said.join('; ')}`;
  }, 200);
}

function below() {
  const text = $('#below').value.trim();
  const value = Number(text);
  const good = text === '' || Number.isFinite(value);
  $('#below').setAttribute('aria-invalid', String(!good));
  return text !== '' && good ? value : null;
}

let awaited = false;
function draw(since = null) {
  if (since !== null) page.since ??= since;
  if (awaited || !page.run) return;
  awaited = true;
  // In a microtask: once for all answers that arrive together.
  queueMicrotask(() => {
    awaited = false;
    const rows = drawn();
    for (const row of rows) if (!row.error) row.drawnAs = row.name; // which a text with an error does not change
    const marks = rows.filter((row) => !row.error).flatMap((row) => row.curve.findings.slice(0, MOST_MARKS).map((finding) => ({
      step: finding.step, color: row.color, chosen: page.chosen?.row === row && page.chosen.step === finding.step })));
    chart.show({
      rows: rows.map((row) => ({
        id: row.id, color: row.color, dash: row.dash, name: row.drawnAs ?? row.name, stale: Boolean(row.error),
        rates: row.curve.rates, momentum: row.curve.momentum, momenta: row.curve.momenta,
      })),
      steps: page.run.steps, per: page.run.per, unit: page.run.unit, log: $('#log').checked,
      momentum: $('#show-momentum').checked, metrics: rows.some((row) => row.curve.takesMetric) ? page.run.run.metrics : [],
      below: below(), marks, handles: handles(rows.find((row) => row === page.active) ?? rows[0]),
    });
    $('#log-hint').hidden = !($('#log').checked && rows.some((row) => row.curve.rates.some((rates) => rates.some((rate) => rate <= 0))));
    findings.show(rows, page.rows.filter((row) => row.on && row.error && !row.lacks), page.run);
    showNumbers();
    takeAway.show();
    measure();
  });
}

/** Returns the handles of a row's curve: on the ends of its parts, and on its peak, which a rate in its text makes, or the base rate. */
function handles(row) {
  if (!row || row.error) return [];
  const { per, steps, unit } = page.run;
  const [rates] = row.curve.rates;
  const peak = rates.reduce((best, rate, i) => (rate > rates[best] ? i : best), 0);
  const common = { color: row.color, stride: 1 / per };
  const lift = (rate, since) => row.lift(rates[peak], rate, since) || scaleRates(rate / rates[peak], since);
  const ends = row.ends.filter(({ step }) => step <= steps).map((end) => {
    const isPeak = rates[peak] > 0 && Math.abs(end.step - peak) <= 1;
    return {
      ...common, key: end.key, name: `${end.name}, ${unit} ${format(end.step / per)}`, along: isPeak ? 'both' : 'x',
      x: end.step / per, y: rates[Math.min(rates.length - 1, end.step)],
      moved(x, y, since) {
        if (Math.round(x * per) !== end.step) row.move(end, x * per, since);
        if (isPeak) lift(y, since);
      },
    };
  });
  if (!(rates[peak] > 0) || ends.some(({ along }) => along === 'both')) return ends;
  const name = `peak, lr ${format(rates[peak])}`;
  return [...ends, { ...common, key: 'peak', name, along: 'y', x: peak / per, y: rates[peak], moved: (x, y, since) => lift(y, since) }];
}

/** Multiplies the base rates, unless that would make one 0 or less. */
function scaleRates(factor, since) {
  const rates = page.run.run.lr.map((rate) => Number((rate * factor).toPrecision(3)));
  if (!rates.every((rate) => rate > 0) || rates.join() === page.run.run.lr.join()) return;
  $('#lr').value = rates.join(', ');
  page.own.add('lr');
  runChanged(since);
}

/** Measures the time from an input until its result is painted. */
function measure() {
  const since = page.since;
  page.since = null;
  if (since === null) return;
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      performance.measure('input-to-paint', { start: since, end: performance.now() });
      painted.port1.close();
    };
    painted.port2.postMessage(null);
  });
}

const findings = new Findings($('#finding-list'), {
  chosen: goTo,
  applied(row, text) {
    row.replace(text);
    row.focus();
  },
});

/** Shows a step and its surroundings in the chart. */
function goTo(row, step) {
  page.chosen = { row, step };
  const { steps, per } = page.run;
  const around = Math.max(4, steps / 12);
  const from = Math.max(0, Math.min(step - around, steps - 2 * around));
  chart.zoom([from / per, (from + 2 * around) / per]);
  chart.point(Math.min(step, steps - 1));
  draw();
  $('#curve-title').scrollIntoView({ block: 'nearest' });
}

const numbers = new Numbers($('#numbers table'), { chosen: goTo, pointed: host.pointed });

/** Shows the numbers of each curve, for the part of the run in view. */
function showNumbers() {
  if (!page.run) return;
  for (const name of document.querySelectorAll('[data-x-name]')) name.textContent = page.run.unit;
  numbers.show({ rows: drawn(), run: page.run, view: chart.view, limit: below() }, page.at);
}

// The address.

let remembering = null;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(rememberNow, 120);
}

function forget() {
  clearTimeout(remembering);
  remembering = null;
}

function rememberNow() {
  forget();
  const hash = write({
    rows: page.rows,
    own: page.own,
    lr: page.own.has('lr') ? $('#lr').value : page.lr,
    unit: $('[name="unit"]:checked').value,
    steps: $('#steps').value,
    epochs: $('#epochs').value,
    stepsPerEpoch: $('#steps-per-epoch').value,
    batchSize: $('#batch-size').value,
    tokensPerBatch: $('#tokens-per-batch').value,
    stepPer: $('[name="step-per"]:checked').value,
    momentum: Number($('#momentum').value),
    adam: $('[name="optimizer"]:checked').value === 'adam',
    metrics: $('#metrics-box').hidden ? '' : $('#metrics').value.replace(/[\s,;]+/g, ' ').trim(),
    log: $('#log').checked,
    showMomentum: $('#show-momentum').checked,
    below: $('#below').value.trim(),
    view: chart.view,
  });
  if (hash !== location.hash) history.replaceState(null, '', hash);
  undo.note(hash, document.activeElement);
  takeAway.show();
}

const undo = new Undo(() => {
  $('#undo').disabled = !undo.canUndo;
  $('#redo').disabled = !undo.canRedo;
});

/** Takes the page back to the state before the last change, or forward again. */
function travel(forward) {
  if (remembering !== null) rememberNow();
  const state = forward ? undo.redo() : undo.undo();
  if (state === undefined) return;
  history.replaceState(null, '', state || location.pathname);
  restore();
}

function restore() {
  const state = read(location.hash) ?? read(String(new URLSearchParams(FIRST.map((text) => ['e', text]))));
  for (const row of page.rows.splice(state.rows.length)) drop(row);
  const set = (selector, value) => {
    const field = $(selector);
    field.value = value ?? field.defaultValue; // a link leaves out defaults
  };
  page.own = new Set(state.own);
  set('#lr', state.lr);
  page.lr = page.own.has('lr') ? $('#lr').defaultValue : $('#lr').value;
  set('#steps', state.steps);
  set('#epochs', state.epochs);
  set('#steps-per-epoch', state.stepsPerEpoch);
  set('#batch-size', state.batchSize);
  set('#tokens-per-batch', state.tokensPerBatch);
  set('#momentum', state.momentum);
  set('#metrics', state.metrics);
  set('#below', state.below);
  $(`[name="unit"][value="${state.epochs === undefined ? 'steps' : 'epochs'}"]`).checked = true;
  $(`[name="step-per"][value="${state.stepPer}"]`).checked = true;
  $(`[name="optimizer"][value="${state.adam ? 'adam' : 'sgd'}"]`).checked = true;
  $('#metrics-box').hidden = !state.metrics;
  page.chosen = null;
  chart.zoom(state.view);
  $('#log').checked = state.log;
  $('#show-momentum').checked = state.showMomentum;
  showRun();
  state.rows.forEach((given, i) => {
    if (i >= page.rows.length) {
      add(given);
      return;
    }
    page.rows[i].become(given);
    ask(page.rows[i], null);
  });
  place();
  draw();
  takeAway.show();
  if (state.view) whenDrawn(() => chart.zoom(state.view));
  // The address already has the restored state; written later, it could overwrite the next entry of the history.
  forget();
}

/** Calls `action` when the first curve is there. */
function whenDrawn(action) {
  if (drawn().length) {
    draw();
    queueMicrotask(action);
  } else if (page.rows.some((row) => row.on && !row.error)) {
    setTimeout(() => whenDrawn(action), 20);
  }
}

// All together.

const takeAway = new TakeAway({
  rows: () => page.rows,
  run: () => page.run.run,
  problem: () => page.problem,
  drawn: () => drawn().filter((row) => !row.error),
  options: () => ({ log: $('#log').checked, momentum: $('#show-momentum').checked }),
  askAgain: () => {
    for (const row of page.rows) ask(row, null);
  },
});

$('#run').addEventListener('input', ({ target }) => {
  const name = { lr: 'lr', momentum: 'momentum', optimizer: 'optimizer', 'step-per': 'stepPer' }[target.name || target.id];
  if (name) page.own.add(name);
  runChanged(performance.now());
});
$('#metrics-example').addEventListener('click', () => {
  $('#metrics').value = exampleMetrics(Math.min(page.run?.steps ?? 60, 1000)).join(' ');
  runChanged(null);
});
$('#undo').addEventListener('click', () => travel(false));
$('#redo').addEventListener('click', () => travel(true));
document.addEventListener('keydown', (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y') || $('dialog[open]')) return;
  event.preventDefault();
  travel(key === 'y' || event.shiftKey);
});
for (const selector of ['#log', '#show-momentum']) {
  $(selector).addEventListener('change', () => {
    draw();
    remember();
  });
}
$('#to-takeaway').addEventListener('click', () => {
  $('#takeaway').scrollIntoView();
  $('#takeaway [aria-selected="true"]').focus({ preventScroll: true });
});
$('#reset').addEventListener('click', () => chart.zoom(null));
$('#at').addEventListener('input', () => {
  if (!page.run) return;
  const index = Math.round(Number($('#at').value) * page.run.per);
  const good = $('#at').value !== '' && index >= 0 && index < page.run.steps;
  $('#at').setAttribute('aria-invalid', String(!good));
  if (good) {
    page.at = index;
    chart.point(index);
    numbers.at(page.at);
  }
});
$('#below').addEventListener('input', () => {
  draw();
  remember();
});
$('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the address holds the page's state
  $('#chart').focus();
});
// Unlike hashchange, this comes in the same task as the new address, so nothing is remembered in between.
addEventListener('popstate', () => {
  if (location.hash !== '' && !read(location.hash)) return;
  restore();
  undo.note(location.hash, null);
});
const cards = new Gallery($('#gallery'));
$('#add').addEventListener('click', () => cards.open('Add a schedule', (card) => {
  const { steps, run } = page.run ?? { steps: card.steps, run: { lr: [card.lr] } };
  if (card.metrics && !$('#metrics').value) $('#metrics').value = exampleMetrics(Math.min(steps, 1000)).join(' ');
  add({ text: fitted(card, steps, run.lr[0]) }).focus();
  remember();
}));
$('#open-gallery').addEventListener('click', () => cards.open('Start over with', (card) => {
  rememberNow();
  // A new entry in the history: going back restores what was there.
  history.pushState(null, '', write({
    rows: [{ text: card.expression, on: true }], own: [], lr: card.lr, steps: card.steps, momentum: 0.9, view: null,
    metrics: card.metrics ? exampleMetrics(card.steps).join(' ') : '',
  }));
  restore();
  undo.note(location.hash, null);
}));

const trainFrom = new TrainFrom({ rows: () => page.rows, run: () => page.run, problem: () => page.problem });

about().then((server) => {
  page.limits = server.limits;
  trainFrom.allow(server);
  links(server);
});
restore();
undo.start(location.hash);
