// Where conversations are kept. Several tabs may use one store at once: every message is a record
// of its own and a
// summary is changed field by field, so that no tab overwrites what another has written.
import type { Conversation, ConversationSummary, Message } from './conversation.ts';

export type SummaryChange = Partial<Omit<ConversationSummary, 'id' | 'createdAtMs'>>;

// What another tab did.
export type StoreChange =
  | { type: 'summary'; conversationId: string }
  | { type: 'message'; conversationId: string; messageId: string }
  | { type: 'removed'; conversationId: string };

export interface ConversationStore {
  // False if everything is forgotten when the tab closes.
  readonly isPersistent: boolean;
  // Most recently changed first.
  list(): Promise<ConversationSummary[]>;
  open(id: string): Promise<Conversation | null>;
  create(summary: ConversationSummary): Promise<void>;
  // The summary after the change; null if the conversation is gone.
  update(id: string, change: SummaryChange): Promise<ConversationSummary | null>;
  // Adds or replaces a message. False, and nothing is written, if its conversation is gone.
  putMessage(message: Message): Promise<boolean>;
  readMessage(id: string): Promise<Message | null>;
  remove(id: string): Promise<void>;
  // Changes by other tabs, not by this one.
  subscribe(listener: (change: StoreChange) => void): () => void;
  close(): void;
}

export function newestFirst(summaries: ConversationSummary[]): ConversationSummary[] {
  return summaries.sort((left, right) => right.updatedAtMs - left.updatedAtMs);
}
