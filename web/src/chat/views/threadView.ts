// The messages of the conversation that is shown. Those that stay keep their elements, with
// selection and focus.
import type { ChatSession, ConversationView } from '../answers/chatSession.ts';
import type { Message } from '../conversations/conversation.ts';
import { element, part } from '../element.ts';
import { testIds } from '../testIds.ts';
import { MessageView, type MessageActions } from './messageView.ts';

// Old answers are turned into markdown in pieces of this length, so that opening a long
// conversation blocks nothing.
const kSliceMs = 12;

export class ThreadView {
  readonly #root = part('thread', HTMLElement);
  readonly #session: ChatSession;
  readonly #actions: MessageActions;
  #views = new Map<string, MessageView>();
  #conversationId = '';
  #slice = 0;

  constructor(session: ChatSession, actions: MessageActions) {
    this.#session = session;
    this.#actions = actions;
  }

  // True if another conversation is shown than before.
  render(view: ConversationView): boolean {
    const isOther = view.summary.id !== this.#conversationId;
    this.#conversationId = view.summary.id;
    const views = new Map<string, MessageView>();
    const nodes: Node[] = [];
    const start = view.path.findIndex((message) => message.id === view.summary.contextStartId);
    for (const [index, message] of view.path.entries()) {
      const messageView = this.#views.get(message.id) ?? new MessageView(message, this.#actions);
      const versions = this.#session.versionsOf(message);
      messageView.update(message, {
        running: view.running?.message.id === message.id ? view.running : null,
        isBusy: view.running !== null,
        version: versions.findIndex((version) => version.id === message.id),
        versions: versions.length,
        isLeftOut: index < start,
        turn: Math.floor(index / 2) + 1,
      });
      if (index === start && start > 0) nodes.push(contextDivider());
      views.set(message.id, messageView);
      nodes.push(messageView.root);
    }
    this.#views = views;
    placeChildren(this.#root, nodes);
    part('welcome', HTMLElement).hidden = view.path.length > 0;
    this.#renderSoon();
    return isOther;
  }

  append(message: Message, delta: string): void {
    this.#views.get(message.id)?.append(delta);
  }

  editLastQuestion(): void {
    const questions = [...this.#views.values()].filter(({ message }) => message.role === 'user');
    questions.at(-1)?.startEditing();
  }

  // Newest first: that is where the reader is.
  #renderSoon(): void {
    window.clearTimeout(this.#slice);
    const pending = [...this.#views.values()].reverse();
    const work = () => {
      const end = performance.now() + kSliceMs;
      while (pending.length > 0 && performance.now() < end) pending.shift()?.renderDeferred();
      if (pending.length > 0) this.#slice = window.setTimeout(work);
    };
    work();
  }
}

function contextDivider(): HTMLElement {
  return element(
    'p',
    { class: 'context-start', testId: testIds.contextStart },
    'The model no longer reads what is above.',
  );
}

// Brings the children into this order without touching those that are in place.
function placeChildren(parent: HTMLElement, nodes: Node[]): void {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  for (const [index, node] of nodes.entries()) {
    if (parent.childNodes[index] !== node)
      parent.insertBefore(node, parent.childNodes[index] ?? null);
  }
}
