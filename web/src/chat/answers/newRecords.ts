// New conversations and messages.
import type { Conversation, Message, MessageRole } from '../conversations/conversation.ts';
import type { PreferenceStore } from '../preferences.ts';

export function newConversation(preferences: PreferenceStore): Conversation {
  const now = Date.now();
  return {
    summary: {
      id: newId(),
      title: 'New conversation',
      createdAtMs: now,
      updatedAtMs: now,
      systemPrompt: preferences.get('systemPrompt'),
      sampling: preferences.get('sampling'),
      leafId: null,
      contextStartId: null,
    },
    messages: new Map(),
  };
}

let lastCreatedAtMs = 0;

// Of two messages made by one tab, the second is always the younger one.
export function newMessage(
  conversationId: string,
  parentId: string | null,
  role: MessageRole,
  content: string,
): Message {
  lastCreatedAtMs = Math.max(Date.now(), lastCreatedAtMs + 1);
  return {
    id: newId(),
    conversationId,
    parentId,
    role,
    content,
    createdAtMs: lastCreatedAtMs,
    model: null,
    outcome: role === 'assistant' ? { type: 'streaming' } : null,
    measurements: null,
  };
}

// Not crypto.randomUUID: plain http on another host lacks it.
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
