// Edits of a text by what the policy that it makes says, as the server prints that: the same arguments, in the user's own words.

import { ends, moved } from './lengths.js';
import { calls, fields, number, rewrite, tokens } from './text.js';

const NEAR = 0.01; // as a peak between two steps is lower

const byKey = (text) => new Map(fields(text).map((field) => [field.key, field]));

/** Returns whether a text is one call and nothing else. */
function isCall(text) {
  const list = tokens(text);
  const open = list.findIndex((token) => token.text === '(');
  if (open < 1 || list.slice(0, open).some((token) => token.kind !== 'name' && token.text !== '.')) return false;
  let depth = 0;
  const end = list.findIndex(({ kind, text: symbol }, i) => {
    if (kind === 'symbol') depth += '([{'.includes(symbol) ? 1 : ')]}'.includes(symbol) ? -1 : 0;
    return i >= open && depth === 0;
  });
  return end === list.length - 1;
}

/** Returns a value of a policy's field in the unit that the text has there; without one if it would not be whole. */
function inUnit(value, said, meant) {
  const now = number(said.text);
  if (!now?.unit) return String(value);
  const units = (value * now.value) / number(meant.text).value;
  return Number.isInteger(units) ? `${units}${now.unit}` : String(value);
}

/**
 * Returns a text with arguments of its policy changed; null if it does not say which those are.
 *
 * @param changes new values, by the keys of the policy's fields
 * @param now the text as it has become since, with the same calls
 */
export function edit(text, policy, changes, now = text) {
  const [said, meant] = [byKey(text), byKey(policy)];
  const count = (of, owner) => calls(of).filter((call) => call.name === owner).length;
  const alone = isCall(text); // or else its calls may be in another order
  let edited = now;
  for (const [key, value] of Object.entries(changes)) {
    const field = said.get(key);
    const times = field && count(text, field.owner);
    if (!field || times !== count(policy, field.owner) || (!alone && times > 1)) return null;
    edited = rewrite(edited, key, inUnit(value, field, meant.get(key)));
  }
  return edited;
}

/** Returns the ends of a policy, without lengths that its text says with arithmetic or does not say. */
export function editable(text, policy, steps) {
  const said = byKey(text);
  const plain = ({ key }) => said.has(key) && number(said.get(key).text) !== null;
  return ends(policy, steps)
    .filter((end) => plain(end) && edit(text, policy, moved(end, end.step)) !== null)
    .map((end) => ({ ...end, followers: end.followers.filter(plain) }));
}

/** Returns the keys of a policy's absolute rates that are, nearly, a rate. */
export function ratesOf(policy, rate) {
  const isIt = ({ parameter, text }) => parameter.type === 'rate' && Math.abs(number(text)?.value - rate) <= NEAR * rate;
  return fields(policy).filter(isIt).map(({ key }) => key);
}

/** Returns the step of an end whose field in the text is set to a value there, or null if that is not a number. */
export function stepOf(end, text, policy, value) {
  const [said, meant] = [number(byKey(text).get(end.key)?.text ?? ''), number(byKey(policy).get(end.key).text)];
  const given = number(value);
  return given && said && given.unit === said.unit ? end.start + (given.value * meant.value) / said.value : null;
}

/** Returns a text changed so that it makes `mended` in place of `policy`; null if that cannot be done. */
export function mend(text, policy, mended) {
  const [before, after] = [byKey(policy), byKey(mended)];
  const changed = [...after.values()].filter((field) => before.get(field.key)?.text !== field.text);
  const known = before.size === after.size && changed.length && changed.every((field) => before.has(field.key));
  const edited = known ? edit(text, policy, Object.fromEntries(changed.map((field) => [field.key, field.text]))) : null;
  return edited ?? (isCall(text) ? mended : null);
}
