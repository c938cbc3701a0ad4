// The page's state in the address, after the #: a link restores the page.

/** Returns the page's state in a fragment, or null if there is none; a page without schedules still has a length. */
export function read(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  if (!['e', 'lr', 'steps', 'epochs'].some((name) => given.has(name))) return null;
  const number = (name) => (given.has(name) && Number.isFinite(Number(given.get(name))) ? Number(given.get(name)) : undefined);
  const off = new Set((given.get('off') ?? '').split(',').filter(Boolean).map(Number));
  const view = (given.get('x') ?? '').split(',').map(Number);
  const values = (i) => Object.fromEntries(given.getAll(`n${i}`).map((name, j) => [name, given.getAll(`v${i}`)[j] ?? '']));
  const own = { lr: !given.has('auto') && ['lr'], momentum: ['m'], optimizer: ['adam', 'sgd'], stepPer: ['per'] };
  return {
    rows: given.getAll('e').slice(0, 12).map((text, i) => ({ text, on: !off.has(i), values: values(i), pick: given.get(`pick${i}`) ?? '' })),
    own: Object.keys(own).filter((name) => own[name] && own[name].some((each) => given.has(each))),
    lr: given.get('lr') ?? undefined,
    steps: number('steps'),
    epochs: number('epochs'),
    stepsPerEpoch: number('spe'),
    batchSize: number('batch'),
    tokensPerBatch: number('tokens'),
    stepPer: given.get('per') === 'epoch' ? 'epoch' : 'batch',
    momentum: number('m'),
    adam: given.has('adam'),
    metrics: given.get('metrics') ?? '',
    log: given.has('log'),
    showMomentum: given.has('mom'),
    below: given.get('below') ?? '',
    view: view.length === 2 && view.every(Number.isFinite) && view[0] < view[1] ? view : null,
  };
}

/**
 * Returns the fragment of a state. Of what an optimizer's line may give, it has only what is the user's `own`, which is all unless
 * that is said, and with `auto` the rate that is in force without such a line.
 */
export function write(state) {
  const given = new URLSearchParams();
  const own = new Set(state.own ?? ['lr', 'momentum', 'optimizer', 'stepPer']);
  for (const row of state.rows) given.append('e', row.text);
  state.rows.forEach((row, i) => {
    for (const [name, value] of Object.entries(row.given ?? {})) {
      given.append(`n${i}`, name);
      given.append(`v${i}`, value);
    }
    if (row.pick) given.set(`pick${i}`, row.pick);
  });
  const off = state.rows.flatMap((row, i) => (row.on ? [] : [i]));
  if (off.length) given.set('off', off.join(','));
  if (own.has('lr') || String(state.lr) !== '0.1') given.set('lr', state.lr);
  if (!own.has('lr') && given.has('lr')) given.set('auto', '1');
  if (state.unit === 'epochs') {
    given.set('epochs', state.epochs);
    given.set('spe', state.stepsPerEpoch);
    if (own.has('stepPer')) given.set('per', state.stepPer);
  } else {
    given.set('steps', state.steps);
  }
  if (state.batchSize) given.set('batch', state.batchSize);
  if (state.tokensPerBatch) given.set('tokens', state.tokensPerBatch);
  if (own.has('momentum')) given.set('m', state.momentum);
  if (own.has('optimizer')) given.set(state.adam ? 'adam' : 'sgd', '1');
  if (state.metrics) given.set('metrics', state.metrics);
  if (state.log) given.set('log', '1');
  if (state.showMomentum) given.set('mom', '1');
  if (state.below) given.set('below', state.below);
  if (state.view) given.set('x', state.view.map((x) => Number(x.toPrecision(7))).join(','));
  return `#${given}`;
}
