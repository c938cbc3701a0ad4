// The search of the site. The index is a script, and is loaded when it is first needed.
const root = document.body.dataset.root;
const field = document.querySelector('input[type=search]');
const found = document.querySelector('#found');
const SHOWN = 12;

const load = file => new Promise((done, fail) => {
  const script = document.createElement('script');
  script.onload = done;
  script.onerror = fail;
  script.src = root + file;
  document.head.append(script);
});

// A name such as CosineAnnealingWarmRestarts is found by its words, too.
const words = text => text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean)
  .flatMap(word => [word, ...(/[a-z][A-Z]/.test(word) ? word.split(/(?<=[a-z])(?=[A-Z])/) : [])]);

let index;
const ready = () => index ??= Promise.all([load('minisearch.js'), load('search-index.js')]).then(() => {
  const search = new MiniSearch({
    fields: ['title', 'page', 'text'],
    storeFields: ['url', 'title', 'page', 'text'],
    tokenize: words,
    searchOptions: {boost: {title: 5, page: 2}, prefix: true, fuzzy: word => word.length > 4 ? 0.15 : false, combineWith: 'AND'},
  });
  search.addAll(searchIndex.map((entry, id) => ({id, ...entry})));
  return search;
});

const element = (name, text, style) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (style) made.className = style;
  return made;
};

/** A piece of the text around the first word that was found. */
const piece = ({text, terms}) => {
  const at = Math.min(...terms.map(term => text.toLowerCase().indexOf(term)).filter(i => i >= 0), text.length);
  if (at === text.length) return element('small', text.slice(0, 110));
  const small = element('small', (at > 40 ? '…' : '') + text.slice(Math.max(0, at - 40), at));
  const end = at + terms.find(term => text.toLowerCase().startsWith(term, at)).length;
  small.append(element('mark', text.slice(at, end)), text.slice(end, end + 80));
  return small;
};

const show = async () => {
  const query = field.value.trim();
  const search = await ready();
  if (field.value.trim() !== query) return;
  const hits = search.search(query).slice(0, SHOWN);
  found.replaceChildren(...hits.map(hit => {
    const link = element('a', hit.title);
    link.href = root + hit.url;
    if (hit.page !== hit.title) link.append(element('span', hit.page, 'where'));
    link.append(piece(hit));
    const item = document.createElement('li');
    item.append(link);
    return item;
  }));
  if (query && !hits.length) found.append(element('li', 'Nothing found', 'nothing'));
  found.hidden = !query;
};

field.addEventListener('focus', ready);
field.addEventListener('input', show);
field.form.addEventListener('submit', event => {
  event.preventDefault();
  found.querySelector('a')?.click();
});
document.addEventListener('keydown', event => {
  if (event.key === '/' && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === 'Escape') {
    found.hidden = true;
  } else if (['ArrowDown', 'ArrowUp'].includes(event.key) && field.form.contains(document.activeElement)) {
    event.preventDefault();
    const stops = [field, ...found.querySelectorAll('a')];
    const next = stops.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
    stops[Math.min(Math.max(next, 0), stops.length - 1)].focus();
  }
});
document.addEventListener('click', event => {
  if (!field.form.contains(event.target)) found.hidden = true;
  else if (event.target.closest('#found a')) found.hidden = true; // of a link to another place on the same page
});
