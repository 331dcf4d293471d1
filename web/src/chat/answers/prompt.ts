// What of a conversation goes to the model.
import type { ChatMessage } from '../../index.ts';
import type { ConversationSummary, Message } from '../conversations/conversation.ts';

// The messages from the context's start on, without answers that say nothing.
export function messagesInContext(path: Message[], contextStartId: string | null): Message[] {
  const start = path.findIndex((message) => message.id === contextStartId);
  return path
    .slice(Math.max(0, start))
    .filter((message) => message.role === 'user' || message.content !== '');
}

export function chatMessages(summary: ConversationSummary, path: Message[]): ChatMessage[] {
  const system = summary.systemPrompt.trim();
  const messages = messagesInContext(path, summary.contextStartId);
  return [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...messages.map(({ role, content }) => ({ role, content })),
  ];
}

// For models that only continue text: everything said so far, one after another.
export function continuationPrompt(summary: ConversationSummary, path: Message[]): string {
  const texts = messagesInContext(path, summary.contextStartId).map((message) => message.content);
  return texts.reduce((joined, text) => {
    const needsSpace = joined !== '' && !/\s$/.test(joined) && !/^\s/.test(text);
    return joined + (needsSpace ? ' ' : '') + text;
  }, '');
}
