// The names that a pasted text takes from its surroundings: a field for each.

let made = 0;

export class Outside {
  #root;
  #edit;
  #shown = new Map();

  /** @param edit called with a name and its new value */
  constructor(root, edit) {
    this.#root = root;
    this.#edit = edit;
  }

  get names() {
    return [...this.#shown.keys()];
  }

  /** Shows a field for each name; those that stay keep their places. */
  show(names, values) {
    for (const [name, field] of this.#shown) {
      if (names.includes(name)) continue;
      field.root.remove();
      this.#shown.delete(name);
    }
    for (const name of names) {
      if (!this.#shown.has(name)) this.#add(name, values[name] ?? '');
    }
    this.#root.hidden = !this.#shown.size;
  }

  /** Says what is wrong with values, by name; `culprit` is the name that an error in the text is at, if any. */
  mark(problems, culprit) {
    for (const [name, { input, message }] of this.#shown) {
      message.textContent = problems[name] ?? '';
      input.setAttribute('aria-invalid', String(name in problems || name === culprit));
    }
  }

  #add(name, value) {
    const template = document.createElement('template');
    const id = `outside-${++made}`;
    template.innerHTML = `
      <div class="field"><label for="${id}"></label>
        <input id="${id}" class="only" type="text" placeholder="a value" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="${id}-error">
        <p class="error" id="${id}-error" aria-live="polite"></p></div>`;
    const root = template.content.querySelector('div');
    root.dataset.outside = name;
    root.querySelector('label').textContent = name;
    const input = root.querySelector('input');
    input.value = value;
    input.addEventListener('input', () => this.#edit(name, input.value));
    this.#shown.set(name, { root, input, message: root.querySelector('p') });
    this.#root.append(root);
  }
}
