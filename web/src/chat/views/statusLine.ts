// Below the message field: how fast the model answers and how much of its context the conversation
// takes.
import type { ChatSession, ConversationView } from '../answers/chatSession.ts';
import type { AnswerMeasurements } from '../conversations/conversation.ts';
import { element, part } from '../element.ts';
import { formatCount, formatRate, formatSeconds } from '../format.ts';
import type { EngineHost } from '../models/engineHost.ts';
import type { Unsubscribe } from '../observable.ts';

// Faster than this, numbers cannot be read.
const kUpdateMsMin = 250;
// From here on the meter warns.
const kFullShare = 0.85;

export function createStatusLine(session: ChatSession, host: EngineHost): void {
  const rate = part('token-rate', HTMLElement);
  const first = part('first-token', HTMLElement);
  const context = part('context-used', HTMLElement);
  const contextText = element('span');
  const fill = element('span', { class: 'meter-fill' });
  context.append(element('span', { class: 'meter', 'aria-hidden': 'true' }, fill), contextText);

  const show = (measurements: AnswerMeasurements | null) => {
    const isMeasured = measurements !== null && measurements.tokensPerSecond > 0;
    rate.textContent = isMeasured ? formatRate(measurements.tokensPerSecond) : '';
    first.textContent = measurements
      ? `first token after ${formatSeconds(measurements.firstTokenMs)}`
      : '';
    const max = host.engine?.contextTokensMax ?? 0;
    const used = measurements?.contextTokens ?? 0;
    context.hidden = max === 0;
    contextText.textContent = `${formatCount(used)} of ${formatCount(max)} tokens`;
    context.title = 'How much of the model’s context this conversation takes';
    fill.style.width = `${Math.min(100, max > 0 ? (used / max) * 100 : 0).toFixed(1)}%`;
    context.dataset['full'] = max > 0 && used / max >= kFullShare ? 'yes' : 'no';
  };

  let unsubscribe: Unsubscribe = () => undefined;
  let shownAtMs = 0;
  session.view.subscribe((view) => {
    unsubscribe();
    unsubscribe = () => undefined;
    show(lastMeasured(view));
    if (!view.running) return;
    unsubscribe = view.running.phase.subscribe((phase) => {
      const now = performance.now();
      if (phase.type !== 'writing' || now - shownAtMs < kUpdateMsMin) return;
      shownAtMs = now;
      show(phase.measurements);
    });
  });
  host.state.subscribe(() => show(lastMeasured(session.view.value)));
}

export function lastMeasured({ path }: ConversationView): AnswerMeasurements | null {
  return path.findLast((message) => message.measurements !== null)?.measurements ?? null;
}
