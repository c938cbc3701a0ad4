// Where the steps of a run are on the horizontal axis: in steps, epochs or time.

const TIMES = [['hours', 3600], ['minutes', 60], ['seconds', 1]];

/** Returns the unit, a name and its seconds, in which a time is at least two, or seconds. */
export const timeUnit = (seconds) => TIMES.find(([, each]) => seconds >= 2 * each) ?? TIMES.at(-1);

/**
 * Returns the function that gives the position of a step of a run: what each finished epoch says, in proportion between them, and as
 * fast as before after the last one. It is null where that is not known: without an epoch, or without its time.
 *
 * @param axis step, epoch or time
 * @param ends the finished epochs: each with a step, epoch and seconds
 * @param stepsPerEpoch that the run was to have, or 0
 * @param second the length of one in the unit of time
 */
export function positions(axis, ends, stepsPerEpoch, second) {
  if (axis === 'step') return (step) => step;
  const known = [{ step: 0, at: 0 }];
  let time = 0;
  for (const { step, epoch, seconds } of ends) {
    time += (seconds ?? NaN) * second;
    const at = axis === 'epoch' ? epoch : time;
    if (step > known.at(-1).step && Number.isFinite(at)) known.push({ step, at });
  }
  if (known.length === 1) return axis === 'epoch' && stepsPerEpoch > 0 ? (step) => step / stepsPerEpoch : () => null;
  return (step) => {
    let [low, high] = [0, known.length - 1]; // the last of them that is not beyond the step is found between these
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (known[middle].step <= step) low = middle;
      else high = middle - 1;
    }
    const from = known[low];
    if (from.step === step) return from.at; // exactly
    const [before, after] = low + 1 < known.length ? [from, known[low + 1]] : known.slice(-2);
    return from.at + ((step - from.step) * (after.at - before.at)) / (after.step - before.step);
  };
}

/**
 * Returns values smoothed by TensorBoard's moving average, whose first values are not drawn towards zero.
 *
 * @param weight in [0, 1), of what was before
 * @param values with null for missing ones, which stay missing
 */
export function smoothed(values, weight) {
  let mean = 0;
  let taken = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    taken++;
    return mean / (1 - weight ** taken);
  });
}
