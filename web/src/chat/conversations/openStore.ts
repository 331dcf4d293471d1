// The best store this browser allows.
import type { ConversationStore } from './conversationStore.ts';
import { openIndexedDbStore } from './indexedDbStore.ts';
import { createMemoryStore } from './memoryStore.ts';

// Longer than any browser takes that is going to answer at all.
const kOpenMsMax = 4000;

// Never rejects: without storage, conversations last as long as the tab.
export async function openStore(): Promise<ConversationStore> {
  let timer = 0;
  const tooSlow = new Promise<never>((_, reject) => {
    timer = window.setTimeout(() => reject(new Error('IndexedDB does not answer')), kOpenMsMax);
  });
  try {
    return await Promise.race([openIndexedDbStore(), tooSlow]);
  } catch {
    return createMemoryStore();
  } finally {
    window.clearTimeout(timer);
  }
}
