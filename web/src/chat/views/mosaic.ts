// The picture a model's tiles make: tile by tile as its bytes arrive. Decoration; the numbers are
// said elsewhere.
import { element } from '../element.ts';

const kColumns = 25;
const kRows = 7;

export interface Mosaic {
  readonly root: HTMLElement;
  // Shares of the whole, 0 to 1; what came from the cache is part of what is loaded.
  show(loaded: number): void;
}

export function createMosaic(): Mosaic {
  const count = kColumns * kRows;
  const tiles = Array.from({ length: count }, (_, index) =>
    element('span', { class: 'tile', 'data-tone': String(toneOf(index)) }),
  );
  const order = shuffled(count);
  let laid = 0;
  return {
    root: element('div', { class: 'mosaic', 'aria-hidden': 'true' }, ...tiles),
    show(loaded) {
      const wanted = Math.round(Math.min(1, Math.max(0, loaded)) * count);
      for (; laid < wanted; laid += 1) tiles[order[laid] ?? 0]?.classList.add('laid');
      for (; laid > wanted; laid -= 1) tiles[order[laid - 1] ?? 0]?.classList.remove('laid');
    },
  };
}

// Every index once, in an order that looks like chance and is always the same.
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  let state = 7;
  for (let last = count - 1; last > 0; last -= 1) {
    state = (state * 16_807) % 2_147_483_647;
    const other = state % (last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

// Nested lozenges, mirrored about both axes.
function toneOf(index: number): number {
  const column = Math.abs((index % kColumns) - (kColumns - 1) / 2);
  const row = Math.abs(Math.floor(index / kColumns) - (kRows - 1) / 2);
  const distance = (column + row) % 6;
  return [1, 2, 3, 4, 3, 2][distance] ?? 1;
}
