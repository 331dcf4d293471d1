// Which of the oldest turns to leave out so that a conversation fits into the model's context
// again.
import type { Message } from '../conversations/conversation.ts';

// What is kept is at most this share of the context: the rest is for the answers to come.
const kKeptShare = 0.5;
// Markers of roles and turns that a chat template adds to each message.
const kTemplateTokensPerMessage = 8;

// The message to start from: the earliest question from which on everything fits into half the
// context, or the
// last question if not even that fits. At least one turn is left out. Null if there is no earlier
// turn to leave out.
export function chooseContextStart(
  messages: Message[],
  tokenCounts: number[],
  contextTokensMax: number,
  systemTokens: number,
): string | null {
  const budget = contextTokensMax * kKeptShare - systemTokens;
  const questions = messages.flatMap((message, index) => (message.role === 'user' ? [index] : []));
  const later = questions.slice(1);
  const start =
    later.find((index) => tokensFrom(tokenCounts, index) <= budget) ?? later.at(-1) ?? null;
  return start === null ? null : (messages[start]?.id ?? null);
}

function tokensFrom(tokenCounts: number[], start: number): number {
  return tokenCounts
    .slice(start)
    .reduce((sum, count) => sum + count + kTemplateTokensPerMessage, 0);
}
