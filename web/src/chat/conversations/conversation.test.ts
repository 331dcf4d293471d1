import { describe, expect, it } from 'vitest';
import {
  type Conversation,
  type Message,
  newestLeafBelow,
  pathTo,
  titleFrom,
  versionsOf,
  visibleLeaf,
} from './conversation.ts';

function message(id: string, parentId: string | null, createdAtMs: number): Message {
  const role = id.startsWith('q') ? 'user' : 'assistant';
  const content = `text of ${id}`;
  return {
    ...{ id, parentId, createdAtMs, role, content, conversationId: 'c' },
    ...{ model: null, outcome: null, measurements: null },
  };
}

// q1 - a1 - q2 - a2, a second version a1b of the first answer, and another second question q2b with
// its answer.
const messages = new Map(
  [
    message('q1', null, 1),
    message('a1', 'q1', 2),
    message('q2', 'a1', 3),
    message('a2', 'q2', 4),
    message('a1b', 'q1', 5),
    message('q2b', 'a1', 6),
    message('a2b', 'q2b', 7),
  ].map((one) => [one.id, one]),
);
function messageNamed(id: string): Message {
  const found = messages.get(id);
  if (!found) throw new Error(id);
  return found;
}
const ids = (path: Message[]) => path.map(({ id }) => id);

describe('a tree of messages', () => {
  it('gives the path from the first message to a leaf', () => {
    expect(ids(pathTo(messages, 'a2'))).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids(pathTo(messages, 'a1b'))).toEqual(['q1', 'a1b']);
    expect(pathTo(messages, null)).toEqual([]);
  });

  it('ends a path at a parent that is missing, and at one that is its own ancestor', () => {
    const orphans = new Map([['x', message('x', 'gone', 1)]]);
    expect(ids(pathTo(orphans, 'x'))).toEqual(['x']);
    const circle = new Map([
      ['x', message('x', 'y', 1)],
      ['y', message('y', 'x', 2)],
    ]);
    expect(pathTo(circle, 'x')).toHaveLength(2);
  });

  it('lists the versions of a message, oldest first', () => {
    expect(ids(versionsOf(messages, messageNamed('a1b')))).toEqual(['a1', 'a1b']);
    expect(ids(versionsOf(messages, messageNamed('q2')))).toEqual(['q2', 'q2b']);
  });

  it('follows the most recent branch below a message', () => {
    expect(newestLeafBelow(messages, 'a1')).toBe('a2b');
    expect(newestLeafBelow(messages, 'q2')).toBe('a2');
    expect(newestLeafBelow(messages, 'a2b')).toBe('a2b');
  });

  it('shows the newest message where the remembered leaf is gone', () => {
    const summary = {
      ...{ id: 'c', title: '', createdAtMs: 0, updatedAtMs: 0, systemPrompt: '', sampling: {} },
      ...{ leafId: 'deleted', contextStartId: null },
    };
    const conversation: Conversation = { summary, messages };
    expect(visibleLeaf(conversation)).toBe('a2b');
    expect(visibleLeaf({ summary: { ...summary, leafId: 'a2' }, messages })).toBe('a2');
    expect(visibleLeaf({ summary, messages: new Map() })).toBeNull();
  });
});

describe('a title', () => {
  it('is the first line of what was written', () => {
    expect(titleFrom('  How are   you?\nReally.')).toBe('How are you?');
  });

  it('is cut at a word', () => {
    const title = titleFrom('Please explain to me in simple words how photosynthesis works');
    expect(title).toBe('Please explain to me in simple words how…');
  });

  it('is cut within a word that is too long', () => {
    expect(titleFrom('x'.repeat(200))).toBe(`${'x'.repeat(48)}…`);
  });

  it('is never empty', () => {
    expect(titleFrom(' \n ')).toBe('New conversation');
  });
});
