// What a run's schedule plans for the steps that are still to come.

import { curves } from './server.js';

const MOST = 2000; // points of a line

/** Has a run learn its plan, once for all its settings; learned() is called when it is there. */
export function learn(run, learned) {
  const { info } = run;
  const key = JSON.stringify(info?.run ? [info.schedule, info.run] : null);
  if (run.plan?.key === key) return;
  run.plan = { key, rates: [] };
  if (!info?.run || !info.schedule) return;
  curves({ expression: info.schedule, set: {}, run: info.run }).then((answer) => {
    // What depends on metrics, nobody knows.
    if (answer.error || answer.takesMetric || run.plan.key !== key) return;
    run.plan.rates = answer.rates;
    learned();
  }, () => {}); // the server has gone, or is busy: it is only a hint
}

/** Returns the last step of a run's plan; 0 if it has none. */
export const end = (run) => (run.plan?.rates[0]?.length ?? 0) * stepsPer(run);

const stepsPer = (run) => (run.info?.stepPer === 'EPOCH' ? run.info.stepsPerEpoch : 1);

/**
 * Returns the steps and rates that a group of a run is still to have, from its last one on.
 *
 * @param from the last step that it has made
 * @param rate of that step
 */
export function rest(run, group, from, rate) {
  const per = stepsPer(run);
  const rates = run.plan?.rates[group] ?? [];
  const first = Math.floor(from / per); // the schedule's step that comes next, or is not over
  const every = Math.max(1, Math.ceil((rates.length - first) / MOST));
  const [x, y] = [[from], [rate]];
  for (let at = first; at < rates.length; at += every) {
    const last = Math.min(at + every, rates.length) - 1;
    x.push((last + 1) * per);
    y.push(rates[last]);
  }
  return x.length > 1 ? { x, y } : { x: [], y: [] };
}
