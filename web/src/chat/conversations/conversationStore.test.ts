import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newMessage } from '../answers/newRecords.ts';
import type { ConversationSummary } from './conversation.ts';
import type { ConversationStore, StoreChange } from './conversationStore.ts';
import { openIndexedDbStore } from './indexedDbStore.ts';
import { createMemoryStore } from './memoryStore.ts';

function summary(id: string, updatedAtMs = 0): ConversationSummary {
  return {
    ...{ id, title: id, createdAtMs: 0, updatedAtMs, systemPrompt: '', sampling: {} },
    ...{ leafId: null, contextStartId: null },
  };
}

const open: ConversationStore[] = [];
let databases = 0;

afterEach(() => {
  for (const store of open.splice(0)) store.close();
});

async function openTabs(count: number): Promise<ConversationStore[]> {
  const factory = new IDBFactory();
  databases += 1;
  const databaseName = `test-${databases}`;
  for (let tab = 0; tab < count; tab += 1) {
    open.push(await openIndexedDbStore({ factory, databaseName }));
  }
  return open.slice(-count);
}

async function openTab(): Promise<ConversationStore> {
  const [store] = (await openTabs(1)) as [ConversationStore];
  return store;
}

describe.each([
  ['IndexedDB', openTab],
  ['memory', () => Promise.resolve(createMemoryStore())],
])('conversations in %s', (_, create) => {
  let store: ConversationStore;
  beforeEach(async () => {
    store = await create();
  });

  it('lists conversations, most recently changed first', async () => {
    await store.create(summary('old', 1));
    await store.create(summary('new', 3));
    await store.create(summary('middle', 2));
    expect((await store.list()).map(({ id }) => id)).toEqual(['new', 'middle', 'old']);
  });

  it('gives back a conversation with its own messages only', async () => {
    await store.create(summary('a'));
    await store.create(summary('b'));
    const question = newMessage('a', null, 'user', 'Hello');
    expect(await store.putMessage(question)).toBe(true);
    await store.putMessage(newMessage('b', null, 'user', 'Other'));
    const opened = await store.open('a');
    expect([...(opened?.messages.values() ?? [])]).toEqual([question]);
    expect(await store.readMessage(question.id)).toEqual(question);
  });

  it('changes single fields', async () => {
    await store.create(summary('a'));
    await store.update('a', { title: 'Renamed' });
    const updated = await store.update('a', { sampling: { temperature: 0.5 } });
    expect(updated).toMatchObject({ title: 'Renamed', sampling: { temperature: 0.5 } });
  });

  it('keeps what was deleted deleted', async () => {
    await store.create(summary('a'));
    const question = newMessage('a', null, 'user', 'Hello');
    await store.putMessage(question);
    await store.remove('a');
    expect(await store.putMessage(question)).toBe(false);
    expect(await store.update('a', { title: 'Back' })).toBeNull();
    expect(await store.open('a')).toBeNull();
    expect(await store.readMessage(question.id)).toBeNull();
    expect(await store.list()).toEqual([]);
  });
});

describe('several tabs with one database', () => {
  it('keep both tabs’ messages and both tabs’ changes', async () => {
    const [left, right] = (await openTabs(2)) as [ConversationStore, ConversationStore];
    await left.create(summary('a'));
    await Promise.all([
      left.putMessage(newMessage('a', null, 'user', 'from the left')),
      right.putMessage(newMessage('a', null, 'user', 'from the right')),
      left.update('a', { title: 'Left' }),
      right.update('a', { systemPrompt: 'Right' }),
    ]);
    const opened = await left.open('a');
    const contents = [...(opened?.messages.values() ?? [])].map(({ content }) => content);
    expect(contents.sort()).toEqual(['from the left', 'from the right']);
    expect(opened?.summary).toMatchObject({ title: 'Left', systemPrompt: 'Right' });
  });

  it('hear of each other’s changes, and not of their own', async () => {
    const [left, right] = (await openTabs(2)) as [ConversationStore, ConversationStore];
    const own: StoreChange[] = [];
    left.subscribe((change) => own.push(change));
    const heard = new Promise<StoreChange>((resolve) => right.subscribe(resolve));
    await left.create(summary('a'));
    expect(await heard).toEqual({ type: 'summary', conversationId: 'a' });
    expect(own).toEqual([]);
  });

  it('take a deletion in one as the end of an answer in the other', async () => {
    const [left, right] = (await openTabs(2)) as [ConversationStore, ConversationStore];
    await left.create(summary('a'));
    await right.remove('a');
    expect(await left.putMessage(newMessage('a', null, 'assistant', 'late'))).toBe(false);
  });
});

describe('records of another version', () => {
  it('are read with what they lack filled in', async () => {
    const [store] = (await openTabs(1)) as [ConversationStore];
    const partial = { id: 'a', sampling: { temperature: 'hot', top_k: 20 } };
    await store.create(partial as unknown as ConversationSummary);
    expect(await store.list()).toEqual([
      { ...summary('a'), title: 'Conversation', sampling: { top_k: 20 } },
    ]);
  });
});
