// Conversations for as long as the tab is open: what remains where the browser lets nothing be
// stored.
import type { ConversationSummary, Message } from './conversation.ts';
import { newestFirst, type ConversationStore } from './conversationStore.ts';

export function createMemoryStore(): ConversationStore {
  const summaries = new Map<string, ConversationSummary>();
  const messages = new Map<string, Message>();

  return {
    isPersistent: false,
    list: () => Promise.resolve(newestFirst([...summaries.values()])),
    open: (id) => {
      const summary = summaries.get(id);
      if (!summary) return Promise.resolve(null);
      const own = [...messages.values()].filter((message) => message.conversationId === id);
      return Promise.resolve({
        summary,
        messages: new Map(own.map((message) => [message.id, message])),
      });
    },
    create: (summary) => {
      summaries.set(summary.id, summary);
      return Promise.resolve();
    },
    update: (id, change) => {
      const summary = summaries.get(id);
      if (!summary) return Promise.resolve(null);
      const changed = { ...summary, ...change };
      summaries.set(id, changed);
      return Promise.resolve(changed);
    },
    putMessage: (message) => {
      if (!summaries.has(message.conversationId)) return Promise.resolve(false);
      messages.set(message.id, { ...message });
      return Promise.resolve(true);
    },
    readMessage: (id) => Promise.resolve(messages.get(id) ?? null),
    remove: (id) => {
      summaries.delete(id);
      for (const message of messages.values()) {
        if (message.conversationId === id) messages.delete(message.id);
      }
      return Promise.resolve();
    },
    subscribe: () => () => undefined,
    close: () => undefined,
  };
}
