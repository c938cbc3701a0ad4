// Finds the parts of an expression: enough of Python's syntax for fields and completions. Only the server knows what a text
// means, and what is wrong with it.

export const vocabulary = await (await fetch('vocabulary.json')).json();
const byName = new Map(vocabulary.map((kind) => [kind.name, kind]));

const TOKEN =
  /\s+|#[^\n]*|'''[^]*?'''|"""[^]*?"""|'[^'\n]*'?|"[^"\n]*"?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?(?:ep|st|sp|tok)?|[\p{L}_][\p{L}\p{N}_]*|\*\*|\/\/|[<>=!]=|[^]/gu;

/** Returns the tokens of a text, without spaces and comments. */
export function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const piece = match[0];
    if (/^[\s#]/.test(piece)) continue;
    const kind = /^[\d.]\d*/.test(piece) && piece !== '.' ? 'number'
      : /^[\p{L}_]/u.test(piece) ? 'name'
      : /^['"]/.test(piece) ? 'string' : 'symbol';
    found.push({ kind, text: piece, from: match.index, to: match.index + piece.length });
  }
  return found;
}

/**
 * Returns the scheduler calls in a text, outer before inner, each with the positions and parameters of its arguments. In an
 * unfinished text, calls may have no end.
 */
export function calls(text) {
  const all = [];
  const open = []; // brackets, of calls or others
  const list = tokens(text);
  const argument = () => open.at(-1)?.argument;
  const begin = (call, at) => {
    call.argument = { from: at, to: at, keyword: null, tokens: [] };
  };
  const end = (call) => {
    const done = call.argument;
    if (done?.tokens.length) {
      const keyword = done.tokens[0].kind === 'name' && done.tokens[1]?.text === '=' ? done.tokens[0].text : null;
      const value = keyword ? done.tokens.slice(2) : done.tokens;
      call.arguments.push({
        keyword,
        from: done.tokens[0].from,
        value: value.length ? { from: value[0].from, to: value.at(-1).to, tokens: value } : null,
      });
    }
    call.argument = null;
  };
  list.forEach((token, i) => {
    if ('([{'.includes(token.text) && token.kind === 'symbol') {
      for (const each of open) each.argument?.tokens.push(token);
      const name = list[i - 1];
      const kind = token.text === '(' && name?.kind === 'name' ? byName.get(name.text) : undefined;
      const call = { kind, name: name?.text, from: name?.from, open: token.to, close: null, arguments: [], depth: open.length };
      if (kind) {
        all.push(call);
        begin(call, token.to);
      }
      open.push(call);
    } else if (')]}'.includes(token.text) && token.kind === 'symbol') {
      const call = open.pop();
      if (call?.kind) {
        end(call);
        call.close = token.from;
      }
      for (const each of open) each.argument?.tokens.push(token);
    } else if (token.text === ',' && open.at(-1)?.kind) {
      end(open.at(-1));
      begin(open.at(-1), token.to);
      for (const each of open.slice(0, -1)) each.argument?.tokens.push(token);
    } else {
      for (const each of open) each.argument?.tokens.push(token);
    }
  });
  for (const call of all) {
    if (call.argument) end(call);
    bind(call);
  }
  return all;
}

/** Assigns the arguments to parameters. */
function bind(call) {
  let given = call.arguments;
  const first = given[0];
  if (first && !first.keyword && call.kind.parameters[0].type !== 'lambda' && isOptimizer(first.value.tokens)) given = given.slice(1);
  given.forEach((argument, i) => {
    argument.parameter = argument.keyword
      ? call.kind.parameters.find((parameter) => parameter.name === argument.keyword)
      : call.kind.parameters[i];
  });
}

/** Returns whether a first argument is the optimizer: a name, or an item, attribute or choice of names. */
function isOptimizer(list) {
  return list[0].kind === 'name' && !['True', 'False', 'None'].includes(list[0].text)
    && (list.length === 1 || ['.', '[', 'if'].includes(list[1].text)) && !['math', 'np', 'numpy', 'torch'].includes(list[0].text);
}

/** Returns the calls that are not within another one. */
export function outermost(all) {
  let end = -1;
  return all.filter((call) => {
    if (call.from < end) return false;
    end = call.close ?? Infinity;
    return true;
  });
}

/** Returns the name of the last schedule in a text, or of the call that it begins with, or nothing. */
export function lastKind(text) {
  return outermost(calls(text)).at(-1)?.name ?? /^\s*(\w+)\s*\(/.exec(text)?.[1] ?? '';
}

/** Returns the names that a text gives its schedules, without those that are members of another. */
export function schedules(text) {
  const all = calls(text);
  const names = outermost(all).map((call) => {
    const before = text.slice(0, call.from).replace(/[\w.]*$/, '');
    return /(?:^|[\n;])[ \t>.]*([\p{L}_][\p{L}\p{N}_.]*(?:\[[^\]\n]*\])?)\s*(?::[^=\n]*)?=\s*$/u.exec(before)?.[1];
  });
  const isMember = (name) => all.some(({ open, close }) => text.slice(open, close ?? undefined).split(/[^\p{L}\p{N}_.]+/u).includes(name));
  return [...new Set(names)].filter((name) => name && !isMember(name));
}

const NUMBER = /^([+-]?)((?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(ep|st|sp|tok|%)?$/;

/** Returns a token's number and unit, or null if it is not a single number. */
export function number(text) {
  const match = NUMBER.exec(text.replace(/\s+/g, ''));
  return match ? { value: Number(match[1] + match[2].replaceAll('_', '')), unit: match[3] ?? '' } : null;
}

/** Returns the whole calls of a text, each with its number among those of its kind. */
export function numbered(text) {
  const seen = new Map();
  return calls(text).filter((call) => call.close !== null).map((call) => {
    const nth = (seen.get(call.name) ?? 0) + 1;
    seen.set(call.name, nth);
    return [call, nth];
  });
}

/**
 * Returns what can be set in a text: each call's numbers, choices and flags, including those left out, each with a key that
 * does not change with its value.
 */
export function fields(text) {
  const found = [];
  for (const [call, nth] of numbered(text)) {
    for (const parameter of call.kind.parameters) {
      const argument = call.arguments.find((each) => each.parameter === parameter);
      const key = `${call.name}.${nth}.${parameter.name}`;
      const field = { key, call, parameter, argument, owner: call.name, nth, label: parameter.name };
      const value = argument?.value;
      const isList = value && isItems(value.tokens);
      if (value && isList && parameter.type !== 'calls' && parameter.type !== 'lambda') {
        items(value.tokens).forEach((item, i) => {
          found.push({ ...field, key: `${key}.${i}`, label: `${parameter.name}[${i}]`, value: item, text: text.slice(item.from, item.to) });
        });
      } else if (['call', 'calls', 'lambda', 'numbers', 'steps-list'].includes(parameter.type)) {
        continue;
      } else if (value) {
        found.push({ ...field, value, text: text.slice(value.from, value.to) });
      } else if (parameter.default !== null && parameter.default !== undefined) {
        found.push({ ...field, value: null, text: literal(parameter.default) });
      }
    }
  }
  return found;
}

/** Returns whether tokens are a list or a tuple, rather than arithmetic, an item of a list or a comprehension. */
function isItems(list) {
  if (!['[', '('].includes(list[0].text)) return false;
  let depth = 0;
  let commas = 0;
  for (const [i, token] of list.entries()) {
    if (token.kind === 'symbol') depth += '([{'.includes(token.text) ? 1 : ')]}'.includes(token.text) ? -1 : 0;
    if (depth === 0 && i < list.length - 1) return false;
    if (depth === 1 && token.text === 'for') return false;
    if (depth === 1 && token.text === ',') commas++;
  }
  return list[0].text === '[' || commas > 0;
}

/** Returns the positions of a list's items. */
function items(list) {
  const found = [];
  let depth = 0;
  let current = null;
  for (const token of list) {
    const opens = '([{'.includes(token.text);
    const closes = ')]}'.includes(token.text);
    if (closes) depth--;
    if (depth === 1 && token.text === ',') {
      if (current) found.push(current);
      current = null;
    } else if (depth > 0) {
      current = { from: current?.from ?? token.from, to: token.to };
    }
    if (opens) depth++;
  }
  if (current) found.push(current);
  return found;
}

/** Returns where a text uses a name from outside, such as `args.epochs` or `len(loader)`: not where it only begins a longer one. */
export function uses(text, name) {
  const [all, wanted] = [tokens(text), tokens(name)];
  const same = (token, other) => token?.text.replaceAll('"', "'") === other.text.replaceAll('"', "'");
  return all.flatMap(({ from }, i) => {
    const [before, after] = [all[i - 1], all[i + wanted.length]];
    const uses = wanted.every((each, j) => same(all[i + j], each))
      && before?.text !== '.' && !['.', '(', '[', '='].includes(after?.text);
    return uses ? [{ name, from, to: all[i + wanted.length - 1].to }] : [];
  });
}

/** Returns a value as Python writes it. */
export function literal(value) {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value}'`;
  return String(value);
}

/** Returns the text with a field set to `value`; a parameter that was left out is added. */
export function rewrite(text, key, value) {
  const field = fields(text).find((each) => each.key === key);
  if (!field) return text;
  if (field.value) {
    return text.slice(0, field.value.from) + value + text.slice(field.value.to);
  }
  const before = text.slice(0, field.call.close).trimEnd();
  const comma = before.endsWith('(') || before.endsWith(',') ? '' : ', ';
  const space = before.endsWith(',') ? ' ' : '';
  return `${before}${comma}${space}${field.parameter.name}=${value}${text.slice(field.call.close)}`;
}

/** Returns the completions at a position: the token to replace and the choices, best first. */
export function completions(text, at) {
  const prefix = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(text.slice(0, at))?.[0] ?? '';
  const from = at - prefix.length;
  const before = text.slice(0, from);
  if (/#[^\n'"]*$/.test(before)) return { from, to: at, prefix, options: [] };
  const open = calls(before).filter((call) => call.close === null).at(-1);
  const inString = tokens(before).at(-1);
  const quoted = inString?.kind === 'string' && !/^(['"]).*\1$/.test(inString.text);
  let options = [];
  if (quoted || /['"]$/.test(before)) {
    const argument = open?.arguments.at(-1);
    options = (argument?.parameter?.values ?? []).map((value) => ({ insert: value, label: value, says: argument.parameter.name }));
  } else if (!open || insideCalls(open, before)) {
    const nested = Boolean(open);
    options = vocabulary.map((kind) => ({
      insert: `${kind.name}(`,
      label: kind.name,
      says: kind.says,
      open: true,
    })).filter((option) => !nested || option.label !== 'ChainedScheduler' || prefix);
  } else if (/[(,]\s*$/.test(before)) {
    const used = new Set(calls(text).find((call) => call.from === open.from)?.arguments.map((each) => each.keyword));
    options = open.kind.parameters
      .filter((parameter) => !used.has(parameter.name) || parameter.name === prefix)
      .map((parameter) => ({
        insert: `${parameter.name}=`,
        label: parameter.name,
        says: parameter.required ? 'required' : parameter.default === null || parameter.default === undefined ? 'optional' : `default ${literal(parameter.default)}`,
      }));
  } else {
    const argument = open.arguments.at(-1);
    const parameter = argument?.parameter ?? open.kind.parameters.find((each) => new RegExp(`${each.name}\\s*=\\s*$`).test(before));
    if (parameter?.type === 'truth') {
      options = ['True', 'False'].map((value) => ({ insert: value, label: value, says: parameter.name }));
    } else if (parameter?.type === 'choice') {
      options = parameter.values.map((value) => ({ insert: `'${value}'`, label: value, says: parameter.name }));
    }
  }
  const wanted = prefix.toLowerCase();
  const inProgram = !open && /[\n=]/.test(before); // where names of the user's own stand, too, which Enter must not replace
  const rank = (option) => {
    const label = option.label.toLowerCase();
    if (inProgram) return option.label.startsWith(prefix) ? 0 : 2;
    return label.startsWith(wanted) ? 0 : label.includes(wanted) ? 1 : 2;
  };
  options = options.filter((option) => rank(option) < 2).sort((a, b) => rank(a) - rank(b));
  if (options.length === 1 && options[0].label === prefix) options = [];
  return { from, to: at, prefix, options };
}

/** Returns whether a schedule comes next, in an unfinished call that `before` ends with. */
function insideCalls(call, before) {
  const argument = call.arguments.at(-1);
  const list = argument?.value?.tokens ?? [];
  const depth = list.reduce((sum, token) => sum + ('([{'.includes(token.text) ? 1 : ')]}'.includes(token.text) ? -1 : 0), 0);
  if (depth > 0) return argument.parameter?.type === 'calls';
  const begins = !argument || /,\s*$/.test(before);
  const parameter = begins ? call.kind.parameters[call.arguments.length] : argument.value ? null : argument.parameter;
  return parameter?.type === 'call';
}
