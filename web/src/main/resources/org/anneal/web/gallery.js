// Schedules to start from, each with its curve.

import { curves } from './server.js';
import { fields, number, rewrite } from './text.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Returns losses that fall and then level off, so that a plateau acts. */
export function exampleMetrics(count) {
  return Array.from({ length: count }, (_, i) => Number((0.3 + 0.7 * Math.exp(-Math.min(i, 12) / 5) + 0.01 * Math.sin(7 * i) * (i > 12 ? 1 : 0.2)).toFixed(4)));
}

/** Returns the run of a card. */
export function runOf(card) {
  return { lr: [card.lr], momentum: 0.9, adam: false, steps: card.steps, metrics: card.metrics ? exampleMetrics(card.steps) : [] };
}

/** Returns the place of a curve that is yet to come. */
function sparkline() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 200 52');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}

function draw(svg, values) {
  const top = Math.max(...values) || 1;
  const points = [];
  values.forEach((value, i) => {
    const y = (48 - (44 * value) / top).toFixed(2);
    points.push(`${((200 * i) / values.length).toFixed(2)},${y}`, `${((200 * (i + 1)) / values.length).toFixed(2)},${y}`);
  });
  const line = document.createElementNS(SVG, 'polyline');
  for (const [name, value] of [['points', points.join(' ')], ['fill', 'none'], ['stroke', 'currentColor'], ['stroke-width', '2'], ['vector-effect', 'non-scaling-stroke']]) {
    line.setAttribute(name, value);
  }
  svg.append(line);
}

/**
 * Returns a card's expression for another run: lengths and absolute rates in proportion. What a sequence's pieces begin and end at
 * is rounded alike, and the rest the other way, so that together they are still as long as the run.
 */
export function fitted(card, steps, lr) {
  const all = fields(card.expression).filter((field) => field.value && number(field.text));
  const milestones = new Set(all.filter(({ parameter }) => parameter.type === 'steps-list').map(({ text }) => text));
  const change = {
    steps: (value, field) => (milestones.has(field.text) ? Math.floor : Math.ceil)(Number(((value * steps) / card.steps).toFixed(6))),
    rate: (value) => Number(((value * lr) / card.lr).toPrecision(3)),
  };
  change['steps-list'] = change.steps;
  return all.filter(({ parameter }) => change[parameter.type]).reduce((text, field) => {
    const value = change[field.parameter.type](number(field.text).value, field);
    return rewrite(text, field.key, String(Math.max(field.parameter.least ?? 0, value)));
  }, card.expression);
}

/** A dialog of schedules to choose from. */
export class Gallery {
  #dialog;
  #taken = () => {};
  #filled = false;

  constructor(dialog) {
    this.#dialog = dialog;
    dialog.querySelector('#close-gallery').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  /** @param taken called with the card that is chosen */
  open(title, taken) {
    this.#dialog.querySelector('#gallery-title').textContent = title;
    this.#taken = taken;
    this.#dialog.showModal();
    if (!this.#filled) this.#fill();
  }

  async #fill() {
    this.#filled = true;
    const groups = await (await fetch('gallery.json')).json();
    this.#dialog.querySelector('#gallery-cards').append(...groups.flatMap((group) => {
      const title = document.createElement('h3');
      title.textContent = group.title;
      const cards = document.createElement('div');
      cards.className = 'cards';
      cards.append(...group.cards.map((card) => this.#card(card)));
      return [title, cards];
    }));
  }

  #card(card) {
    const button = document.createElement('button');
    button.type = 'button';
    const curve = sparkline();
    const name = document.createElement('b');
    for (const word of card.name.split(/(?<=[a-z])(?=[A-Z])/)) name.append(word, document.createElement('wbr'));
    const says = document.createElement('small');
    says.textContent = card.name === card.expression.split('(')[0]
      ? card.expression.slice(card.name.length + 1, -1) : card.expression;
    button.append(curve, name, says);
    button.addEventListener('click', () => {
      this.#dialog.close();
      this.#taken(card);
    });
    curves({ expression: card.expression, run: runOf(card) }).then((answer) => draw(curve, Array.from(answer.rates[0])));
    return button;
  }
}
