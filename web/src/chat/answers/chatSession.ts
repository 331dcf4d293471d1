// The conversation that is shown and everything a person does to it.
import {
  type Conversation,
  type ConversationSummary,
  type Message,
  newestLeafBelow,
  pathTo,
  titleFrom,
  versionsOf,
  visibleLeaf,
} from '../conversations/conversation.ts';
import type {
  ConversationStore,
  StoreChange,
  SummaryChange,
} from '../conversations/conversationStore.ts';
import type { EngineHost } from '../models/engineHost.ts';
import { Observable } from '../observable.ts';
import type { PreferenceStore } from '../preferences.ts';
import { chooseContextStart } from './contextBudget.ts';
import { newConversation, newMessage } from './newRecords.ts';
import { messagesInContext } from './prompt.ts';
import { type DeltaListener, RunningAnswer } from './runningAnswer.ts';

export interface ConversationView {
  summary: ConversationSummary;
  // False until the first message: nothing is stored before.
  isStored: boolean;
  // The branch that is shown.
  path: Message[];
  // The answer being written in this conversation.
  running: RunningAnswer | null;
}

interface OpenConversation extends Conversation {
  isStored: boolean;
}

export interface ChatSessionOptions {
  store: ConversationStore;
  host: EngineHost;
  preferences: PreferenceStore;
  onDelta: DeltaListener;
  onNotice: (sentence: string) => void;
}

export class ChatSession {
  readonly view: Observable<ConversationView>;
  readonly list = new Observable<ConversationSummary[]>([]);
  readonly #options: ChatSessionOptions;
  readonly #running = new Map<string, RunningAnswer>();
  #conversation: OpenConversation;

  constructor(options: ChatSessionOptions) {
    this.#options = options;
    this.#conversation = { ...newConversation(options.preferences), isStored: false };
    this.view = new Observable(this.#present());
    options.store.subscribe((change) => void this.#onChangeElsewhere(change));
  }

  get isAnswering(): boolean {
    return this.view.value.running !== null;
  }

  versionsOf(message: Message): Message[] {
    return versionsOf(this.#conversation.messages, message);
  }

  async start(conversationId: string | null): Promise<void> {
    await this.#refreshList();
    if (conversationId !== null) await this.open(conversationId);
  }

  // An empty conversation; it is stored when something is said in it.
  startNew(): void {
    this.#show(newConversation(this.#options.preferences), false);
  }

  // False if there is no such conversation.
  async open(id: string): Promise<boolean> {
    const conversation = await this.#options.store.open(id);
    if (!conversation) return false;
    const running = this.#running.get(id);
    if (running) conversation.messages.set(running.message.id, running.message);
    this.#show(conversation, true);
    return true;
  }

  async send(text: string): Promise<void> {
    const content = text.trim();
    if (content === '' || this.isAnswering) return;
    await this.#ask(content, this.view.value.path.at(-1)?.id ?? null);
  }

  // Another version of a question: the conversation branches off there.
  async edit(messageId: string, text: string): Promise<void> {
    const message = this.#conversation.messages.get(messageId);
    const content = text.trim();
    if (!message || content === '' || this.isAnswering) return;
    await this.#ask(content, message.parentId);
  }

  // Another version of an answer; one that failed or says nothing is replaced instead.
  async regenerate(messageId: string): Promise<void> {
    const answer = this.#conversation.messages.get(messageId);
    if (answer?.role !== 'assistant' || this.isAnswering) return;
    const question = this.#conversation.messages.get(answer.parentId ?? '');
    if (question) await this.#answer(question, answer.content === '' ? answer : null);
  }

  stop(): void {
    this.view.value.running?.stop();
  }

  stopAll(): void {
    for (const running of this.#running.values()) running.stop();
  }

  // Shows the branch of the version so many places further.
  async showVersion(messageId: string, distance: number): Promise<void> {
    const message = this.#conversation.messages.get(messageId);
    if (!message || this.isAnswering) return;
    const versions = this.versionsOf(message);
    const other = versions[versions.indexOf(message) + distance];
    if (!other) return;
    await this.#changeSummary({ leafId: newestLeafBelow(this.#conversation.messages, other.id) });
  }

  // Settings hold for this conversation, and new ones start with them.
  async changeSettings(
    change: Partial<Pick<ConversationSummary, 'systemPrompt' | 'sampling'>>,
  ): Promise<void> {
    const { preferences } = this.#options;
    if (change.systemPrompt !== undefined) preferences.set('systemPrompt', change.systemPrompt);
    if (change.sampling !== undefined) preferences.set('sampling', change.sampling);
    await this.#changeSummary(change);
  }

  async rename(id: string, title: string): Promise<void> {
    const trimmed = title.trim();
    if (trimmed === '') return;
    if (id === this.#conversation.summary.id) await this.#changeSummary({ title: trimmed });
    else await this.#options.store.update(id, { title: trimmed });
    await this.#refreshList();
  }

  async remove(id: string): Promise<void> {
    this.#running.get(id)?.stop();
    await this.#options.store.remove(id);
    if (id === this.#conversation.summary.id) this.startNew();
    await this.#refreshList();
  }

  // Leaves the oldest turns out of what the model reads. False if there is none that could be left
  // out.
  async dropOldest(): Promise<boolean> {
    const engine = this.#options.host.engine;
    if (!engine) return false;
    const { summary } = this.#conversation;
    const messages = messagesInContext(this.view.value.path, summary.contextStartId);
    const count = async (text: string) => (await engine.tokenize(text)).length;
    const counts = await Promise.all(messages.map((message) => count(message.content)));
    const systemTokens = summary.systemPrompt === '' ? 0 : await count(summary.systemPrompt);
    const { contextTokensMax } = engine;
    const startId = chooseContextStart(messages, counts, contextTokensMax, systemTokens);
    if (startId === null) return false;
    await this.#changeSummary({ contextStartId: startId });
    return true;
  }

  async #ask(content: string, parentId: string | null): Promise<void> {
    const { summary, messages } = this.#conversation;
    const question = newMessage(summary.id, parentId, 'user', content);
    messages.set(question.id, question);
    if (!this.#conversation.isStored) summary.title = titleFrom(content);
    await this.#answer(question, null);
  }

  // What is shown changes at once; storage follows.
  async #answer(question: Message, replaced: Message | null): Promise<void> {
    const conversation = this.#conversation;
    const { id } = conversation.summary;
    const fresh = newMessage(id, question.id, 'assistant', '');
    const answer: Message = replaced ? { ...fresh, id: replaced.id } : fresh;
    conversation.messages.set(answer.id, answer);
    const running = new RunningAnswer(answer, this.#options.onDelta);
    this.#running.set(id, running);
    const change = { leafId: answer.id, updatedAtMs: Date.now() };
    conversation.summary = { ...conversation.summary, ...change };
    this.#refresh();
    await this.#storeQuestion(conversation, question, change);
    const path = pathTo(conversation.messages, question.id);
    const request = { summary: conversation.summary, path };
    const store = conversation.isStored ? this.#options.store : null;
    const isKept = await running.run(this.#options.host, request, store);
    this.#running.delete(id);
    if (this.#conversation.summary.id === id) {
      if (isKept) this.#refresh();
      else this.#leaveRemoved();
    }
    await this.#refreshList();
  }

  // A conversation that cannot be stored goes on without.
  async #storeQuestion(
    conversation: OpenConversation,
    question: Message,
    change: SummaryChange,
  ): Promise<void> {
    const { store } = this.#options;
    const { summary } = conversation;
    if (conversation.isStored) {
      await this.#guardStorage(store.update(summary.id, change));
    } else {
      const created = await this.#guardStorage(store.create(summary).then(() => true));
      conversation.isStored = created === true;
      if (conversation === this.#conversation) this.#refresh();
    }
    if (conversation.isStored) await this.#guardStorage(store.putMessage(question));
    await this.#refreshList();
  }

  #show(conversation: Conversation, isStored: boolean): void {
    this.#conversation = { ...conversation, isStored };
    this.#refresh();
  }

  #present(): ConversationView {
    const { summary, messages, isStored } = this.#conversation;
    const path = pathTo(messages, visibleLeaf(this.#conversation));
    const running = this.#running.get(summary.id) ?? null;
    return { summary, isStored, path, running };
  }

  #refresh(): void {
    this.view.value = this.#present();
  }

  async #changeSummary(change: SummaryChange): Promise<void> {
    const { summary } = this.#conversation;
    this.#conversation.summary = { ...summary, ...change };
    this.#refresh();
    if (this.#conversation.isStored) {
      await this.#guardStorage(this.#options.store.update(summary.id, change));
    }
    await this.#refreshList();
  }

  async #refreshList(): Promise<void> {
    const list = await this.#guardStorage(this.#options.store.list());
    if (list) this.list.value = list;
  }

  async #guardStorage<Result>(action: Promise<Result>): Promise<Result | null> {
    try {
      return await action;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#options.onNotice(`The conversation could not be saved: ${reason}`);
      return null;
    }
  }

  async #onChangeElsewhere(change: StoreChange): Promise<void> {
    const isShown = change.conversationId === this.#conversation.summary.id;
    if (isShown && change.type === 'removed') this.#leaveRemoved();
    else if (isShown) await this.#takeOver(change);
    if (change.type !== 'message') await this.#refreshList();
  }

  // The shown conversation was changed by another tab: take what it wrote, keep what this tab is
  // writing and reading.
  async #takeOver(change: StoreChange): Promise<void> {
    const stored = await this.#options.store.open(change.conversationId);
    const shown = this.#conversation;
    if (stored?.summary.id !== shown.summary.id) return;
    const own = this.#running.get(shown.summary.id)?.message;
    const leaf = this.view.value.path.at(-1)?.id ?? null;
    for (const [id, message] of stored.messages) {
      if (id !== own?.id) shown.messages.set(id, message);
    }
    const leafId = own || leaf === null ? leaf : newestLeafBelow(shown.messages, leaf);
    shown.summary = { ...stored.summary, leafId };
    this.#refresh();
  }

  #leaveRemoved(): void {
    this.#running.get(this.#conversation.summary.id)?.stop();
    this.#options.onNotice('This conversation was deleted in another tab.');
    this.startNew();
  }
}
