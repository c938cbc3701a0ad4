// Where the lengths of a policy are in the run, and which of them belong together: in a sequence, a milestone ends one piece and begins
// the next, whose own lengths often say the same.

import { number, numbered, outermost } from './text.js';

/** Returns the items of a list, or the one item of an argument without a list, as calls. */
const members = (argument, all) =>
  outermost(all.filter(([call]) => call.from >= argument.value.from && call.from < argument.value.to).map(([call]) => call));

/**
 * Returns the ends of a policy's parts, each with the key and the label of its field, its name, the step where it is, what is before and after
 * it, so between which it can move, and the lengths that follow it: functions of its step by their keys, and whether they can also be set on their own (free).
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
    } else {
      lengths(call, from, to, before, after);
    }
  };

  /** Adds the ends of the pieces that the lengths of a call say, one after another; the whole may fill the call's part of the run. */
  const lengths = (call, from, to, before, after) => {
    let step = from;
    const own = call.kind.parameters.filter((parameter) => parameter.ends).map((parameter) => {
      const argument = call.arguments.find((each) => each.parameter === parameter);
      const said = argument?.value?.tokens.map((token) => token.text).join('') ?? String(parameter.default);
      const start = step;
      step += number(said)?.value ?? NaN;
      return {
        key: keyOf(call, parameter.name), label: parameter.name, name: `end of ${call.name}`, step, start, least: start, most: Infinity, followers: [],
      };
    });
    if (!(step > from)) return;
    own.slice(0, -1).forEach((end, i) => {
      const next = own[i + 1];
      Object.assign(end, { name: `${end.label} of ${call.name}`, most: next.step + 1 });
      end.least--; // it may be 0
      end.followers.push({ key: next.key, value: (at) => next.step - at, free: true });
    });
    const last = own.at(-1);
    const fits = step === to && (before || after);
    if (fits) {
      after?.followers.push({ key: last.key, value: (at) => at - last.start });
      before?.followers.push({ key: last.key, value: (at) => to - at - (last.start - from) });
    }
    found.push(...(fits && after ? own.slice(0, -1) : own));
  };
  for (const call of outermost(all.map(([each]) => each)).slice(-1)) visit(call, 0, steps, null, null);
  return found;
}

/** Returns the changes, by key, that move an end to a step, within what is before and after it. */
export function moved({ key, start, least, most, followers }, step) {
  const at = Math.max(least + 1, Math.min(most - 1, Math.round(step)));
  return { [key]: at - start, ...Object.fromEntries(followers.map((follower) => [follower.key, follower.value(at)])) };
}
