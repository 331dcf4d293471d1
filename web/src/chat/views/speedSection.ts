// How fast the last answer was.
import type { ChatSession } from '../answers/chatSession.ts';
import { element } from '../element.ts';
import { formatCount, formatRate, formatSeconds } from '../format.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { testIds } from '../testIds.ts';
import { section } from './tabPanel.ts';

export function createSpeedSection(host: EngineHost, session: ChatSession): HTMLElement {
  const body = element('div', { testId: testIds.speed });
  const show = () => {
    const timings = host.engine?.timings ?? null;
    if (!timings) {
      body.replaceChildren(element('p', { class: 'faint' }, 'Measured with the first answer.'));
      return;
    }
    const cached = timings.cachedTokens > 0 ? `, ${formatCount(timings.cachedTokens)} kept` : '';
    const figures: [string, string][] = [
      ['Writing', formatRate(timings.decodeTokensPerSecond)],
      ['Reading', formatRate(timings.prefillTokensPerSecond)],
      ['First token after', formatSeconds(timings.firstTokenMs)],
      ['Prompt', `${formatCount(timings.promptTokens)} tokens${cached}`],
    ];
    const rows = figures.flatMap(([label, figure]) => [
      element('dt', {}, label),
      element('dd', {}, figure),
    ]);
    body.replaceChildren(element('dl', { class: 'figures' }, ...rows));
  };
  host.state.subscribe(show);
  session.view.subscribe((view) => {
    if (!view.running) show();
  });
  return section('Speed of the last answer', body);
}
