// Colors code a little: comments, strings, numbers and keywords.

const WORDS = {
  java: 'boolean class double float for if import int long new public return static void',
  python: 'def else False for from if import in lambda None not or return True',
};
const PARTS = [['comment', String.raw`//[^\n]*|/\*[^]*?\*/|#[^\n]*`], ['string', String.raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`], ['number', String.raw`\b\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?\b`]];

/** Returns the text as nodes, in a language; without one as it is. */
export function highlighted(text, language) {
  if (!language) return [text];
  // Python has // as an operator, and Java no comments that begin with #.
  const parts = PARTS.map(([name, rule]) => [name, name === 'comment' ? rule.split('|').filter((each) => each.startsWith('#') === (language === 'python')).join('|') : rule]);
  const rule = new RegExp([...parts, ['keyword', `\\b(?:${WORDS[language].replaceAll(' ', '|')})\\b`]].map(([name, each]) => `(?<${name}>${each})`).join('|'), 'g');
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(rule)) {
    const [kind] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    const part = document.createElement('span');
    part.className = kind;
    part.textContent = match[0];
    nodes.push(text.slice(end, match.index), part);
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}
