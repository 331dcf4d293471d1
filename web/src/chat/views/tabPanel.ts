// "This tab": what the browser offers, which build runs, where the memory goes, how fast it is, and
// who else may ask.
import type { CapabilityReport } from '../../index.ts';
import { type Child, element, icon, part } from '../element.ts';
import { testIds } from '../testIds.ts';
import { featureChips } from './featureChips.ts';

export interface TabPanel {
  showCapabilities(report: CapabilityReport): void;
}

export function createTabPanel(...furtherSections: HTMLElement[]): TabPanel {
  const features = element('ul', {
    class: 'chips',
    'aria-label': 'Features',
    testId: testIds.features,
  });
  const sentences = element('div', {
    class: 'sentences',
    testId: testIds.capabilitySentences,
  });
  const builds = element('ul', { class: 'builds', 'aria-label': 'Builds', testId: testIds.builds });
  part('tab-panel-body', HTMLElement).append(
    section('What it found and chose', features, sentences, builds),
    ...furtherSections,
  );
  return {
    showCapabilities(report) {
      features.replaceChildren(...featureChips(report));
      const reasons = new Set(report.builds.map((build) => build.reason));
      const others = report.sentences.filter((sentence) => !reasons.has(sentence));
      sentences.replaceChildren(...others.map((sentence) => element('p', {}, sentence)));
      builds.replaceChildren(...report.builds.map(buildRow));
    },
  };
}

// A part of the panel that can be folded away.
export function section(title: string, ...children: Child[]): HTMLElement {
  return element(
    'details',
    { class: 'section', open: '' },
    element('summary', {}, element('h3', {}, title)),
    element('div', { class: 'section-body' }, ...children),
  );
}

function buildRow(build: CapabilityReport['builds'][number]): HTMLLIElement {
  const verdict = build.chosen ? 'chosen' : build.usable ? 'possible' : 'impossible';
  return element(
    'li',
    { class: 'build', 'data-verdict': verdict },
    icon(build.chosen ? 'check' : 'dash'),
    element(
      'div',
      {},
      element('p', { class: 'build-title' }, capitalize(build.title), tag(verdict)),
      element('p', {}, build.reason),
    ),
  );
}

function tag(verdict: 'chosen' | 'possible' | 'impossible'): HTMLElement {
  const words = { chosen: 'chosen', possible: 'possible', impossible: 'not possible here' };
  return element('span', { class: 'tag' }, words[verdict]);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
