// Makes DOM elements. Text is always text: nothing here parses HTML.
import type { TestId } from './testIds.ts';

export type Child = Node | string | null;

export interface Attributes {
  class?: string;
  testId?: TestId | `setting-${string}`;
  [name: `data-${string}` | `aria-${string}`]: string | undefined;
  id?: string;
  for?: string;
  href?: string;
  max?: string;
  min?: string;
  name?: string;
  open?: '';
  placeholder?: string;
  rel?: string;
  role?: string;
  rows?: string;
  scope?: string;
  selected?: '';
  spellcheck?: 'false';
  step?: string;
  tabindex?: string;
  target?: string;
  title?: string;
  type?: string;
  value?: string;
  inputmode?: string;
  autocomplete?: string;
  hidden?: '';
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes) as [string, string | undefined][]) {
    if (value !== undefined) made.setAttribute(name === 'testId' ? 'data-testid' : name, value);
  }
  for (const child of children) if (child !== null) made.append(child);
  return made;
}

// An icon of the sprite in index.html; decoration only.
export function icon(name: string): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(namespace, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

export interface ButtonOptions {
  label: string;
  icon?: string;
  // An icon alone: the label becomes its name and tooltip.
  iconOnly?: boolean;
  class?: string;
  testId?: TestId;
  onClick: (event: MouseEvent) => void;
}

export function button(options: ButtonOptions): HTMLButtonElement {
  const made = element('button', {
    type: 'button',
    class: options.class ?? (options.iconOnly ? 'icon-button' : 'button'),
    ...(options.testId ? { testId: options.testId } : {}),
  });
  if (options.icon) made.append(icon(options.icon));
  if (options.iconOnly) labelIconButton(made, options.label);
  else made.append(options.label);
  made.addEventListener('click', options.onClick);
  return made;
}

export function labelIconButton(target: HTMLElement, label: string): void {
  target.setAttribute('aria-label', label);
  target.title = label;
}

// An element of index.html. Throws if the page lacks it: that is a mistake in the page, not at run
// time.
export function part<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} with id "${id}"`);
  return found;
}
