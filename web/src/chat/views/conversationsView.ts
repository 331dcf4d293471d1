// The list of conversations, grouped by age.
import type { ChatSession } from '../answers/chatSession.ts';
import type { ConversationSummary } from '../conversations/conversation.ts';
import { element, part } from '../element.ts';
import { formatAge } from '../format.ts';
import { testIds } from '../testIds.ts';
import { conversationRow, createTitleField } from './conversationRow.ts';
import { ask } from './dialogs.ts';

export interface ConversationActions {
  open(id: string): void;
  rename(id: string, title: string): void;
  remove(id: string): void;
}

export class ConversationsView {
  readonly #root = part('conversations', HTMLElement);
  readonly #session: ChatSession;
  readonly #actions: ConversationActions;
  #isRenaming = false;

  constructor(session: ChatSession, actions: ConversationActions) {
    this.#session = session;
    this.#actions = actions;
    session.list.subscribe(() => this.#render());
    let shownId = '';
    session.view.subscribe((view) => {
      if (view.summary.id === shownId) return;
      shownId = view.summary.id;
      this.#render();
    });
  }

  #render(): void {
    // The field in which somebody types stays.
    if (this.#isRenaming) return;
    const focused = focusedRow(this.#root);
    const groups = groupByAge(this.#session.list.value, Date.now());
    this.#root.replaceChildren(
      ...groups.flatMap(({ title, summaries }) => [
        element('h2', { class: 'group-title' }, title),
        element('ul', {}, ...summaries.map((summary) => this.#row(summary))),
      ]),
    );
    if (groups.length === 0) {
      this.#root.append(
        element('p', { class: 'empty' }, 'Your conversations will be listed here.'),
      );
    }
    if (focused) restoreFocus(this.#root, focused);
  }

  #row(summary: ConversationSummary): HTMLLIElement {
    const isShown = summary.id === this.#session.view.value.summary.id;
    const row = conversationRow(summary, isShown, {
      onOpen: () => this.#actions.open(summary.id),
      onRename: () => this.#startRenaming(row, summary),
      onRemove: () => void this.#confirmRemoval(summary),
    });
    return row;
  }

  #startRenaming(row: HTMLElement, summary: ConversationSummary): void {
    this.#isRenaming = true;
    const field = createTitleField(summary.title, (title, byKey) => {
      if (!this.#isRenaming) return;
      this.#isRenaming = false;
      if (title !== null) this.#actions.rename(summary.id, title);
      this.#render();
      if (byKey) restoreFocus(this.#root, { id: summary.id, testId: testIds.renameConversation });
    });
    row.replaceChildren(field);
    field.select();
    field.focus();
  }

  async #confirmRemoval(summary: ConversationSummary): Promise<void> {
    const isSure = await ask({
      title: 'Delete this conversation?',
      explanation: `“${summary.title}” will be gone from this browser for good.`,
      confirm: 'Delete',
    });
    if (!isSure) return;
    part('new-conversation', HTMLElement).focus();
    this.#actions.remove(summary.id);
  }
}

interface FocusedRow {
  id: string;
  testId: string;
}

function focusedRow(root: HTMLElement): FocusedRow | null {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !root.contains(focused)) return null;
  const id = focused.closest<HTMLElement>('.conversation')?.dataset['id'];
  const testId = focused.dataset['testid'];
  return id !== undefined && testId !== undefined ? { id, testId } : null;
}

function restoreFocus(root: HTMLElement, { id, testId }: FocusedRow): void {
  root.querySelector<HTMLElement>(`[data-id="${id}"] [data-testid="${testId}"]`)?.focus();
}

export interface AgeGroup {
  title: string;
  summaries: ConversationSummary[];
}

// Keeps the order, newest first; every title occurs once.
export function groupByAge(summaries: ConversationSummary[], nowMs: number): AgeGroup[] {
  const groups: AgeGroup[] = [];
  for (const summary of summaries) {
    const title = formatAge(summary.updatedAtMs, nowMs);
    const last = groups.at(-1);
    if (last?.title === title) last.summaries.push(summary);
    else groups.push({ title, summaries: [summary] });
  }
  return groups;
}
