// The page's state in the address, after the #: a link restores the page.

/** Returns the page's state in a fragment, or null if there is none; a page without schedules still has rates. */
export function read(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  if (!given.has('e') && !given.has('lr')) return null;
  const number = (name) => (given.has(name) && Number.isFinite(Number(given.get(name))) ? Number(given.get(name)) : undefined);
  const off = new Set((given.get('off') ?? '').split(',').filter(Boolean).map(Number));
  const view = (given.get('x') ?? '').split(',').map(Number);
  return {
    rows: given.getAll('e').slice(0, 12).map((text, i) => ({ text, on: !off.has(i) })),
    lr: given.get('lr') ?? undefined,
    steps: number('steps'),
    epochs: number('epochs'),
    stepsPerEpoch: number('spe'),
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

export function write(state) {
  const given = new URLSearchParams();
  for (const row of state.rows) given.append('e', row.text);
  const off = state.rows.flatMap((row, i) => (row.on ? [] : [i]));
  if (off.length) given.set('off', off.join(','));
  given.set('lr', state.lr);
  if (state.unit === 'epochs') {
    given.set('epochs', state.epochs);
    given.set('spe', state.stepsPerEpoch);
    if (state.stepPer === 'epoch') given.set('per', 'epoch');
  } else {
    given.set('steps', state.steps);
  }
  if (state.momentum !== 0.9) given.set('m', state.momentum);
  if (state.adam) given.set('adam', '1');
  if (state.metrics) given.set('metrics', state.metrics);
  if (state.log) given.set('log', '1');
  if (state.showMomentum) given.set('mom', '1');
  if (state.below) given.set('below', state.below);
  if (state.view) given.set('x', state.view.map((x) => Number(x.toPrecision(7))).join(','));
  return `#${given}`;
}
