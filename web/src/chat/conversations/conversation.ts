// A conversation: a tree of messages (editing and regenerating branch off) and the leaf that is
// being read.
import type { SamplingSettings } from '../sampling.ts';

export type MessageRole = 'user' | 'assistant';

export type AnswerOutcome =
  // Being written, by this tab or another; also what a tab leaves behind that was closed in
  // mid-answer.
  | { type: 'streaming' }
  | { type: 'finished'; reason: 'stop' | 'length'; contextIsFull: boolean }
  | { type: 'stopped' }
  | { type: 'failed'; code: string; message: string };

export interface AnswerMeasurements {
  tokens: number;
  firstTokenMs: number;
  tokensPerSecond: number;
  // Prompt and answer together: what the conversation occupied of the context.
  contextTokens: number;
}

export interface Message {
  id: string;
  conversationId: string;
  parentId: string | null;
  role: MessageRole;
  content: string;
  createdAtMs: number;
  // Answers only.
  model: string | null;
  outcome: AnswerOutcome | null;
  measurements: AnswerMeasurements | null;
}

export interface ConversationSummary {
  id: string;
  title: string;
  createdAtMs: number;
  updatedAtMs: number;
  systemPrompt: string;
  sampling: SamplingSettings;
  // The last message of the branch that is shown; null while there is none.
  leafId: string | null;
  // Messages before this one are shown, but no longer sent to the model.
  contextStartId: string | null;
}

export interface Conversation {
  summary: ConversationSummary;
  messages: Map<string, Message>;
}

// The messages from the first one to the leaf. A leaf or a parent that is missing ends the path.
export function pathTo(messages: ReadonlyMap<string, Message>, leafId: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let id = leafId; id !== null && !seen.has(id);) {
    const message = messages.get(id);
    if (!message) break;
    seen.add(id);
    path.push(message);
    id = message.parentId;
  }
  return path.reverse();
}

// All versions of a message: those with the same parent, oldest first.
export function versionsOf(messages: ReadonlyMap<string, Message>, message: Message): Message[] {
  return [...messages.values()]
    .filter((other) => other.parentId === message.parentId && other.role === message.role)
    .sort(byAge);
}

// The end of the branch that was most recently added to below this message.
export function newestLeafBelow(messages: ReadonlyMap<string, Message>, id: string): string {
  const children = new Map<string | null, Message[]>();
  for (const message of messages.values()) {
    const siblings = children.get(message.parentId);
    if (siblings) siblings.push(message);
    else children.set(message.parentId, [message]);
  }
  let leaf = id;
  for (let steps = 0; steps < messages.size; steps += 1) {
    const newest = children.get(leaf)?.sort(byAge).at(-1);
    if (!newest) break;
    leaf = newest.id;
  }
  return leaf;
}

// The leaf to show: the remembered one if it still exists, else the newest message's.
export function visibleLeaf(conversation: Conversation): string | null {
  const { leafId } = conversation.summary;
  if (leafId !== null && conversation.messages.has(leafId)) return leafId;
  return [...conversation.messages.values()].sort(byAge).at(-1)?.id ?? null;
}

// A title out of the first thing somebody wrote: its first line, cut at a word.
export function titleFrom(text: string): string {
  const line = text.trim().split('\n', 1)[0]?.replace(/\s+/g, ' ') ?? '';
  if (line.length <= kTitleLengthMax) return line || 'New conversation';
  const cut = line.slice(0, kTitleLengthMax);
  const lastSpace = cut.lastIndexOf(' ');
  return `${cut.slice(0, lastSpace > kTitleLengthMax / 2 ? lastSpace : kTitleLengthMax).trimEnd()}…`;
}

const kTitleLengthMax = 48;

function byAge(left: Message, right: Message): number {
  return left.createdAtMs - right.createdAtMs || (left.id < right.id ? -1 : 1);
}
