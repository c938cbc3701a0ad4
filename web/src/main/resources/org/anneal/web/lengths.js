// Where the lengths of a policy are in the run, and which of them belong together: in a sequence, a milestone ends one piece and begins
// the next, whose own lengths often say the same.

import { number, numbered, outermost } from './text.js';

/** Returns the items of a list, or the one item of an argument without a list, as calls. */
const members = (argument, all) =>
  outermost(all.filter(([call]) => call.from >= argument.value.from && call.from < argument.value.to).map(([call]) => call));

/**
 * Returns the ends of a policy's parts, each with the key and the label of its field, its name, the step where it is, what is before and after
 * it, so between which it can move, and the lengths that follow it: functions of its step by their keys.
 *
 * @param policy as the server prints it, so without units
 * @param steps of the run
 */
export function ends(policy, steps) {
  const all = numbered(policy);
  const found = [];
  const keyOf = (call, name) => `${call.name}.${all.find(([each]) => each === call)[1]}.${name}`;

  /** Looks at a call that covers the run from one step to another; `bounds` are the ends that it has there, or null. */
  const visit = (call, from, to, before, after) => {
    const of = (test) => call.kind.parameters.map((parameter) => ({
      parameter, argument: call.arguments.find((each) => each.parameter === parameter),
    })).find(({ parameter }) => test(parameter)) ?? {};
    const list = of(({ type }) => type === 'steps-list');
    const parts = of(({ type }) => type === 'calls');
    const length = of(({ ends: isEnd }) => isEnd);
    const milestones = list.argument?.value.tokens.filter(({ kind }) => kind === 'number').map(({ text }) => from + Number(text)) ?? [];
    const own = milestones.map((step, i) => ({
      key: `${keyOf(call, list.parameter.name)}.${i}`, label: `${list.parameter.name}[${i}]`, name: `${list.parameter.name}[${i}] of ${call.name}`,
      step, start: from, least: milestones[i - 1] ?? from, most: milestones[i + 1] ?? to, followers: [],
    }));
    found.push(...own);
    if (parts.argument) {
      members(parts.argument, all).forEach((part, i) => {
        if (own.length) visit(part, milestones[i - 1] ?? from, milestones[i] ?? to, own[i - 1] ?? before, own[i] ?? after);
        else visit(part, from, to, before, after);
      });
    } else if (length.parameter) {
      const key = keyOf(call, length.parameter.name);
      const said = length.argument?.value?.tokens.map((token) => token.text).join('') ?? String(length.parameter.default);
      const end = from + (number(said)?.value ?? NaN);
      if (!(end > from)) return;
      const fits = end === to && (before || after);
      if (fits) {
        after?.followers.push({ key, value: (step) => step - from });
        before?.followers.push({ key, value: (step) => to - step });
      }
      if (!fits || !after) {
        found.push({ key, label: length.parameter.name, name: `end of ${call.name}`, step: end, start: from, least: from, most: Infinity, followers: [] });
      }
    }
  };
  for (const call of outermost(all.map(([each]) => each)).slice(-1)) visit(call, 0, steps, null, null);
  return found;
}

/** Returns the changes, by key, that move an end to a step, within what is before and after it. */
export function moved({ key, start, least, most, followers }, step) {
  const at = Math.max(least + 1, Math.min(most - 1, Math.round(step)));
  return { [key]: at - start, ...Object.fromEntries(followers.map((follower) => [follower.key, follower.value(at)])) };
}
