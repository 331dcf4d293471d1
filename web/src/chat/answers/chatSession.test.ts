// @vitest-environment jsdom
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';
import {
  createFakeEngine,
  type FakeEngine,
  type FakeEngineOptions,
  fakeCapabilities,
} from '../../../test-support/fakeEngine.ts';
import { TesseraError } from '../../index.ts';
import type { ConversationStore } from '../conversations/conversationStore.ts';
import { openIndexedDbStore } from '../conversations/indexedDbStore.ts';
import { createMemoryStore } from '../conversations/memoryStore.ts';
import { EngineHost } from '../models/engineHost.ts';
import { PreferenceStore } from '../preferences.ts';
import { ChatSession } from './chatSession.ts';

interface Tab {
  session: ChatSession;
  host: EngineHost;
  engine: FakeEngine;
  notices: string[];
  deltas: string[];
}

async function openTab(
  fake: FakeEngineOptions = {},
  store: ConversationStore = createMemoryStore(),
): Promise<Tab> {
  let engine: FakeEngine | null = null;
  const host = new EngineHost({
    platform: {
      detectCapabilities: () => Promise.resolve(fakeCapabilities),
      readOverrides: () => ({}),
      listModels: () =>
        Promise.resolve([{ name: 'm', architecture: 'llama', sizeBytes: 1, contextTokensMax: 99 }]),
      createEngine: async (options) => (engine = await createFakeEngine(fake)(options)),
    },
    overrides: {},
    requestedModel: null,
    lastModel: null,
    onNotice: () => undefined,
  });
  const notices: string[] = [];
  const deltas: string[] = [];
  const session = new ChatSession({
    store,
    host,
    preferences: new PreferenceStore(null),
    onDelta: (_, delta) => deltas.push(delta),
    onNotice: (sentence) => notices.push(sentence),
  });
  await host.start();
  await session.start(null);
  return { session, host, engine: engine as unknown as FakeEngine, notices, deltas };
}

const texts = ({ session }: Tab) => session.view.value.path.map(({ content }) => content);
const last = ({ session }: Tab) => session.view.value.path.at(-1);

describe('a conversation', () => {
  it('goes on over several turns', async () => {
    const tab = await openTab();
    await tab.session.send('Hello there');
    await tab.session.send('And again');
    expect(texts(tab)).toEqual([
      'Hello there',
      'You said: Hello there',
      'And again',
      'You said: And again',
    ]);
    expect(tab.engine.requests[1]?.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
    ]);
    expect(last(tab)?.outcome).toEqual({ type: 'finished', reason: 'stop', contextIsFull: false });
    expect(tab.deltas.join('')).toBe('You said: Hello thereYou said: And again');
  });

  it('is listed once something was said, under what was said', async () => {
    const tab = await openTab();
    expect(tab.session.list.value).toEqual([]);
    await tab.session.send('Hello there');
    expect(tab.session.list.value.map(({ title }) => title)).toEqual(['Hello there']);
  });

  it('keeps what an answer measured', async () => {
    const tab = await openTab();
    await tab.session.send('one two three');
    // The fake counts 10 tokens of prompt and one per word: "You said: one two three".
    expect(last(tab)?.measurements).toMatchObject({ tokens: 5, contextTokens: 15 });
    expect(last(tab)?.model).toBe('m');
  });

  it('ignores empty messages, and messages while it answers', async () => {
    const tab = await openTab();
    await tab.session.send('  \n');
    expect(texts(tab)).toEqual([]);
    const answering = tab.session.send('first');
    expect(tab.session.isAnswering).toBe(true);
    await tab.session.send('second');
    await answering;
    expect(texts(tab)).toEqual(['first', 'You said: first']);
  });

  it('sends the settings that were changed, and no others', async () => {
    const tab = await openTab();
    await tab.session.changeSettings({ sampling: { temperature: 0, seed: 5 }, systemPrompt: 'Hi' });
    await tab.session.send('x');
    const [request] = tab.engine.requests;
    expect(request).toMatchObject({ temperature: 0, seed: 5 });
    expect(request).not.toHaveProperty('top_p');
    expect(request?.messages[0]).toEqual({ role: 'system', content: 'Hi' });
    tab.session.startNew();
    expect(tab.session.view.value.summary).toMatchObject({ systemPrompt: 'Hi' });
  });
});

describe('an answer', () => {
  it('can be stopped, and keeps what was written', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const tab = await openTab({ beforeToken: (index) => (index < 2 ? Promise.resolve() : held) });
    const sent = tab.session.send('a b c d');
    await vi.waitFor(() => expect(tab.deltas).toHaveLength(2));
    tab.session.stop();
    release();
    await sent;
    expect(last(tab)).toMatchObject({ content: 'You said: ', outcome: { type: 'stopped' } });
  });

  it('has another version when it is regenerated, and both can be seen', async () => {
    let answers = 0;
    const tab = await openTab({ answer: () => `answer ${(answers += 1)}` });
    await tab.session.send('x');
    const first = last(tab)?.id ?? '';
    await tab.session.regenerate(first);
    expect(texts(tab)).toEqual(['x', 'answer 2']);
    await tab.session.showVersion(last(tab)?.id ?? '', -1);
    expect(texts(tab)).toEqual(['x', 'answer 1']);
    await tab.session.showVersion(first, -1);
    expect(texts(tab)).toEqual(['x', 'answer 1']);
  });

  it('that failed says why, and is replaced by trying again', async () => {
    const fake: FakeEngineOptions = { requestError: new TesseraError('internal', 'Broken.') };
    const tab = await openTab(fake);
    await tab.session.send('x');
    const failed = last(tab);
    expect(failed?.outcome).toEqual({ type: 'failed', code: 'internal', message: 'Broken.' });
    delete fake.requestError;
    await tab.session.regenerate(failed?.id ?? '');
    expect(last(tab)).toMatchObject({ id: failed?.id, content: 'You said: x' });
  });

  it('waits for a model that is still loading', async () => {
    const tab = await openTab();
    const loading = tab.host.load('m');
    const sent = tab.session.send('early');
    await Promise.all([loading, sent]);
    expect(texts(tab)).toEqual(['early', 'You said: early']);
  });

  it('goes on while another conversation is read', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const tab = await openTab({ beforeToken: () => held });
    const sent = tab.session.send('slow');
    await vi.waitFor(() => expect(tab.session.isAnswering).toBe(true));
    const { id } = tab.session.view.value.summary;
    tab.session.startNew();
    expect(tab.session.isAnswering).toBe(false);
    release();
    await sent;
    expect(texts(tab)).toEqual([]);
    await tab.session.open(id);
    expect(texts(tab)).toEqual(['slow', 'You said: slow']);
  });
});

describe('editing a question', () => {
  it('branches off there, and the old branch remains', async () => {
    const tab = await openTab();
    await tab.session.send('one');
    await tab.session.send('two');
    const [question] = tab.session.view.value.path;
    await tab.session.edit(question?.id ?? '', 'uno');
    expect(texts(tab)).toEqual(['uno', 'You said: uno']);
    const [edited] = tab.session.view.value.path;
    await tab.session.showVersion(edited?.id ?? '', -1);
    expect(texts(tab)).toEqual(['one', 'You said: one', 'two', 'You said: two']);
  });
});

describe('a full context', () => {
  it('can be continued without the oldest turns', async () => {
    const tab = await openTab();
    for (const text of ['one', 'two', 'three']) await tab.session.send(text);
    expect(await tab.session.dropOldest()).toBe(true);
    await tab.session.send('four');
    const sent = tab.engine.requests.at(-1)?.messages.map(({ content }) => content);
    expect(sent).toEqual(['two', 'You said: two', 'three', 'You said: three', 'four']);
    expect(texts(tab)).toHaveLength(8);
  });

  it('cannot, where there is but one question', async () => {
    const tab = await openTab();
    await tab.session.send('one');
    expect(await tab.session.dropOldest()).toBe(false);
  });
});

describe('storage', () => {
  it('gives everything back after a reload', async () => {
    const factory = new IDBFactory();
    const first = await openTab({}, await openIndexedDbStore({ factory }));
    await first.session.send('remember me');
    const { id } = first.session.view.value.summary;
    const second = await openTab({}, await openIndexedDbStore({ factory }));
    expect(second.session.list.value.map((summary) => summary.id)).toEqual([id]);
    await second.session.start(id);
    expect(texts(second)).toEqual(['remember me', 'You said: remember me']);
  });

  it('is shared by two tabs, which see each other’s turns and lose none', async () => {
    const factory = new IDBFactory();
    const databaseName = 'shared';
    const left = await openTab({}, await openIndexedDbStore({ factory, databaseName }));
    await left.session.send('from the left');
    const { id } = left.session.view.value.summary;
    const right = await openTab({}, await openIndexedDbStore({ factory, databaseName }));
    await right.session.open(id);
    await right.session.send('from the right');
    await vi.waitFor(() => expect(texts(left)).toHaveLength(4));
    expect(texts(left)[3]).toBe('You said: from the right');
    await right.session.remove(id);
    await vi.waitFor(() => expect(texts(left)).toEqual([]));
    expect(left.notices).toEqual(['This conversation was deleted in another tab.']);
  });

  it('that fails is said, and the conversation goes on', async () => {
    const store = createMemoryStore();
    store.create = () => Promise.reject(new Error('The disk is full.'));
    const tab = await openTab({}, store);
    await tab.session.send('x');
    expect(texts(tab)).toEqual(['x', 'You said: x']);
    expect(tab.notices[0]).toContain('The disk is full.');
  });

  it('forgets what was deleted', async () => {
    const tab = await openTab();
    await tab.session.send('x');
    const { id } = tab.session.view.value.summary;
    await tab.session.rename(id, '  Renamed ');
    expect(tab.session.list.value[0]?.title).toBe('Renamed');
    await tab.session.remove(id);
    expect(tab.session.list.value).toEqual([]);
    expect(await tab.session.open(id)).toBe(false);
  });
});
