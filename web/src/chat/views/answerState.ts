// How an answer stands, in words.
import type { AnswerPhase } from '../answers/writeAnswer.ts';
import type { Message } from '../conversations/conversation.ts';
import { adviceOnAnswer, type WayOut } from '../errorAdvice.ts';
import { element } from '../element.ts';
import { formatCount, formatQuantity, formatRate, formatSeconds } from '../format.ts';
import { testIds } from '../testIds.ts';
import { splitThinking } from '../markdown/answerText.ts';
import { createErrorCard } from './errorCard.ts';

// Null while text arrives: that speaks for itself.
export function describePhase(phase: AnswerPhase): string | null {
  switch (phase.type) {
    case 'waiting_for_model':
      return 'Waiting for the model to load…';
    case 'queued':
      return 'Waiting for another request to finish…';
    case 'prefill':
      return phase.total > 0
        ? `Reading… ${formatCount(phase.done)} of ${formatQuantity(phase.total, 'token')}`
        : 'Reading…';
    case 'writing':
      return null;
  }
}

export function describeMeasurements({ measurements, model }: Message): string {
  if (!measurements) return '';
  const { tokens, tokensPerSecond, firstTokenMs } = measurements;
  const parts = [formatQuantity(tokens, 'token')];
  if (tokensPerSecond > 0) parts.push(formatRate(tokensPerSecond));
  parts.push(`first after ${formatSeconds(firstTokenMs)}`);
  if (model !== null) parts.push(model);
  return parts.join(' · ');
}

// What is to be said after the text: nothing where the answer simply ended.
export function renderOutcome(message: Message, onWayOut: (way: WayOut) => void): Node[] {
  const { outcome, content } = message;
  const isEmpty = splitThinking(content, true).answer.trim() === '';
  switch (outcome?.type) {
    case 'failed':
      return [createErrorCard(adviceOnAnswer(outcome), testIds.answerError, onWayOut)];
    case 'stopped':
      return [note(isEmpty ? 'Stopped before the first word.' : 'Stopped.')];
    case 'streaming':
      return [note('Not finished: the tab that wrote this was closed, or is still writing.')];
    case 'finished':
      if (outcome.contextIsFull) {
        const advice = adviceOnAnswer({ code: 'context_full', message: '' });
        return [
          createErrorCard(
            { ...advice, title: 'The context is full' },
            testIds.answerError,
            onWayOut,
          ),
        ];
      }
      if (outcome.reason === 'length') {
        return [note('Cut off at the longest answer that the settings allow.')];
      }
      return isEmpty ? [note('The model had nothing to add.')] : [];
    case undefined:
      return [];
  }
}

function note(sentence: string): HTMLElement {
  return element('p', { class: 'note' }, sentence);
}
