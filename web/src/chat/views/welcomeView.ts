// What an empty conversation shows: the mosaic, what this page is, what the tab found, and first
// questions to ask.
import type { CapabilityReport } from '../../index.ts';
import { element, part } from '../element.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { testIds } from '../testIds.ts';
import { featureChips } from './featureChips.ts';
import { createMosaic } from './mosaic.ts';

const kQuestions = [
  'Explain in three sentences how a rainbow forms.',
  'Write a short poem about the sea at night.',
  'Give me five ideas for a rainy Sunday.',
  'Write a Python function that reverses a string.',
];

const kBeginnings = [
  'Once upon a time, there was a little fox who',
  'The old lighthouse keeper opened the door and',
  'On the morning of her birthday, Lily found',
  'Deep in the forest there stood a house that',
];

export interface WelcomeView {
  showCapabilities(report: CapabilityReport): void;
}

export function createWelcomeView(host: EngineHost, onAsk: (text: string) => void): WelcomeView {
  const mosaic = createMosaic();
  const heading = element('h2', {}, 'Ask a model that lives in this tab');
  const explanation = element('p', { class: 'lead' });
  const chips = element('ul', { class: 'chips', 'aria-label': 'What this tab found' });
  const suggestions = element('ul', { class: 'suggestions', 'aria-label': 'Suggestions' });
  part('welcome', HTMLElement).append(mosaic.root, heading, explanation, chips, suggestions);

  let shown: readonly string[] = [];
  const suggest = (texts: readonly string[]) => {
    if (texts === shown) return;
    shown = texts;
    suggestions.replaceChildren(...texts.map((text) => suggestion(text, onAsk)));
  };

  host.state.subscribe((state) => {
    if (state.type === 'ready') {
      const { supportsChat } = state.engine;
      heading.textContent = supportsChat
        ? 'Ask a model that lives in this tab'
        : 'Begin a story, and the model goes on';
      explanation.textContent = supportsChat
        ? 'It runs on this device. What you write here stays here.'
        : 'This model continues texts instead of answering questions. It runs on this device.';
      suggest(supportsChat ? kQuestions : kBeginnings);
      mosaic.show(1);
      return;
    }
    explanation.textContent = 'It runs on this device. What you write here stays here.';
    const progress = state.type === 'loading' ? state.progress : null;
    mosaic.show(
      progress && progress.totalBytes > 0 ? progress.loadedBytes / progress.totalBytes : 0,
    );
  });

  return {
    showCapabilities: (report) => chips.replaceChildren(...featureChips(report)),
  };
}

function suggestion(text: string, onAsk: (text: string) => void): HTMLLIElement {
  const ask = element(
    'button',
    { type: 'button', class: 'suggestion', testId: testIds.suggestion },
    text,
  );
  ask.addEventListener('click', () => onAsk(text));
  return element('li', {}, ask);
}
