// Schedules to start from, each with its curve.

import { curves } from './server.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Returns losses that fall and then level off, so that a plateau acts. */
export function exampleMetrics(count) {
  return Array.from({ length: count }, (_, i) => Number((0.3 + 0.7 * Math.exp(-Math.min(i, 12) / 5) + 0.01 * Math.sin(7 * i) * (i > 12 ? 1 : 0.2)).toFixed(4)));
}

/** Returns the run of a card. */
export function runOf(card) {
  return { lr: [card.lr], momentum: 0.9, adam: false, steps: card.steps, metrics: card.metrics ? exampleMetrics(card.steps) : [] };
}

function sparkline(values) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 200 52');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
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
  return svg;
}

/** Fills the dialog when it is first opened; `taken` is called with the card that is clicked. */
export function gallery(dialog, opener, taken) {
  const root = dialog.querySelector('#gallery-cards');
  let filled = false;
  const fill = async () => {
    filled = true;
    const groups = await (await fetch('gallery.json')).json();
    for (const group of groups) {
      const title = document.createElement('h3');
      title.textContent = group.title;
      const cards = document.createElement('div');
      cards.className = 'cards';
      root.append(title, cards);
      for (const card of group.cards) {
        const button = document.createElement('button');
        button.type = 'button';
        const name = document.createElement('b');
        for (const word of card.name.split(/(?<=[a-z])(?=[A-Z])/)) name.append(word, document.createElement('wbr'));
        const says = document.createElement('small');
        says.textContent = card.name === card.expression.split('(')[0]
          ? card.expression.slice(card.name.length + 1, -1) : card.expression;
        button.append(name, says);
        button.addEventListener('click', () => {
          dialog.close();
          taken(card);
        });
        cards.append(button);
        curves({ expression: card.expression, run: runOf(card) }).then((answer) => button.prepend(sparkline(Array.from(answer.rates[0]))));
      }
    }
  };
  opener.addEventListener('click', () => {
    dialog.showModal();
    if (!filled) fill();
  });
  dialog.querySelector('#close-gallery').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
}
