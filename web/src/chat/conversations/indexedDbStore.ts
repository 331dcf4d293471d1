// Conversations in IndexedDB, shared by all tabs of this origin; tabs tell each other over a
// BroadcastChannel.
import { readSamplingSettings } from '../sampling.ts';
import type { ConversationSummary, Message } from './conversation.ts';
import {
  newestFirst,
  type ConversationStore,
  type StoreChange,
  type SummaryChange,
} from './conversationStore.ts';

const kDatabaseName = 'tessera-chat';
const kDatabaseVersion = 1;
const kChannelName = 'tessera-chat';

export interface IndexedDbStoreOptions {
  factory?: IDBFactory;
  databaseName?: string;
}

// Rejects where the browser refuses storage.
export async function openIndexedDbStore(
  options: IndexedDbStoreOptions = {},
): Promise<ConversationStore> {
  const name = options.databaseName ?? kDatabaseName;
  const database = await openDatabase(options.factory ?? globalThis.indexedDB, name);
  const channel = new BroadcastChannel(`${kChannelName}:${name}`);
  const announce = (change: StoreChange) => channel.postMessage(change);

  return {
    isPersistent: true,
    async list() {
      const store = database.transaction('conversations').objectStore('conversations');
      return newestFirst((await done(store.getAll())).map(readSummary));
    },
    async open(id) {
      const transaction = database.transaction(['conversations', 'messages']);
      const summary = done(transaction.objectStore('conversations').get(id));
      const index = transaction.objectStore('messages').index('conversation');
      const messages = (await done(index.getAll(id))) as Message[];
      const stored: unknown = await summary;
      if (stored === undefined) return null;
      return {
        summary: readSummary(stored),
        messages: new Map(messages.map((message) => [message.id, message])),
      };
    },
    async create(summary) {
      const transaction = database.transaction('conversations', 'readwrite');
      transaction.objectStore('conversations').put(summary);
      await finished(transaction);
      announce({ type: 'summary', conversationId: summary.id });
    },
    async update(id, change) {
      const updated = await updateSummary(database, id, change);
      if (updated) announce({ type: 'summary', conversationId: id });
      return updated;
    },
    async putMessage(message) {
      const written = await writeMessage(database, message);
      const { conversationId, id: messageId } = message;
      if (written) announce({ type: 'message', conversationId, messageId });
      return written;
    },
    async readMessage(id) {
      const store = database.transaction('messages').objectStore('messages');
      return ((await done(store.get(id))) as Message | undefined) ?? null;
    },
    async remove(id) {
      const transaction = database.transaction(['conversations', 'messages'], 'readwrite');
      transaction.objectStore('conversations').delete(id);
      const messages = transaction.objectStore('messages');
      const keys = await done(messages.index('conversation').getAllKeys(id));
      for (const key of keys) messages.delete(key);
      await finished(transaction);
      announce({ type: 'removed', conversationId: id });
    },
    subscribe(listener) {
      const onMessage = (event: MessageEvent<StoreChange>) => listener(event.data);
      channel.addEventListener('message', onMessage);
      return () => channel.removeEventListener('message', onMessage);
    },
    close() {
      channel.close();
      database.close();
    },
  };
}

function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, kDatabaseVersion);
  request.onupgradeneeded = () => {
    const database = request.result;
    database.createObjectStore('conversations', { keyPath: 'id' });
    const messages = database.createObjectStore('messages', { keyPath: 'id' });
    messages.createIndex('conversation', 'conversationId');
  };
  return done(request).then((database) => {
    // A newer page in another tab wants to change the layout: do not hold it up.
    database.onversionchange = () => database.close();
    return database;
  });
}

// Reads and writes in one transaction, so that a field another tab has just changed keeps its
// value.
async function updateSummary(
  database: IDBDatabase,
  id: string,
  change: SummaryChange,
): Promise<ConversationSummary | null> {
  const transaction = database.transaction('conversations', 'readwrite');
  const store = transaction.objectStore('conversations');
  const stored: unknown = await done(store.get(id));
  if (stored === undefined) return null;
  const updated = { ...readSummary(stored), ...change };
  store.put(updated);
  await finished(transaction);
  return updated;
}

// The check and the write are one transaction: a conversation deleted meanwhile stays deleted.
async function writeMessage(database: IDBDatabase, message: Message): Promise<boolean> {
  const transaction = database.transaction(['conversations', 'messages'], 'readwrite');
  const key = await done(transaction.objectStore('conversations').getKey(message.conversationId));
  if (key === undefined) return false;
  transaction.objectStore('messages').put(message);
  await finished(transaction);
  return true;
}

// Fills in what a record of an older page may lack.
function readSummary(stored: unknown): ConversationSummary {
  const summary = stored as Partial<ConversationSummary> & { id: string };
  return {
    id: summary.id,
    title: summary.title ?? 'Conversation',
    createdAtMs: summary.createdAtMs ?? 0,
    updatedAtMs: summary.updatedAtMs ?? summary.createdAtMs ?? 0,
    systemPrompt: summary.systemPrompt ?? '',
    sampling: readSamplingSettings(summary.sampling),
    leafId: summary.leafId ?? null,
    contextStartId: summary.contextStartId ?? null,
  };
}

function done<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB refused a request'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(transaction.error ?? new Error('IndexedDB ended a transaction'));
  });
}
