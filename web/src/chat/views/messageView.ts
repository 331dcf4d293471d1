// One message of the thread: a question as it was typed, or an answer as markdown with what was
// measured.
import type { RunningAnswer } from '../answers/runningAnswer.ts';
import type { Message } from '../conversations/conversation.ts';
import type { WayOut } from '../errorAdvice.ts';
import { button, element, part } from '../element.ts';
import { AnswerText, splitThinking } from '../markdown/answerText.ts';
import { copyText } from '../clipboard.ts';
import type { Unsubscribe } from '../observable.ts';
import { testIds } from '../testIds.ts';
import { describeMeasurements, describePhase, renderOutcome } from './answerState.ts';
import { createEditor } from './messageEditor.ts';

export interface MessageActions {
  edit(messageId: string, text: string): void;
  regenerate(messageId: string): void;
  showVersion(messageId: string, distance: number): void;
  wayOut(messageId: string, way: WayOut): void;
}

export interface MessageSurroundings {
  running: RunningAnswer | null;
  // Something is being written in this conversation: no editing, no regenerating.
  isBusy: boolean;
  // Position of this version among all, from 0.
  version: number;
  versions: number;
  // Before the context's start: shown, but not sent.
  isLeftOut: boolean;
  // 1 for the first question and the first answer.
  turn: number;
}

export class MessageView {
  readonly root: HTMLElement;
  readonly #actions: MessageActions;
  readonly #answer: AnswerText | null;
  readonly #text: HTMLElement;
  readonly #state = element('p', {
    class: 'answer-state',
    testId: testIds.answerState,
    hidden: '',
  });
  readonly #outcome = element('div', { class: 'answer-outcome' });
  readonly #toolbar = element('div', { class: 'message-actions' });
  readonly #measurements = element('span', {
    class: 'measurements',
    testId: testIds.answerMeasurements,
  });
  #message: Message;
  #shownContent: string | null = null;
  #running: RunningAnswer | null = null;
  #unsubscribe: Unsubscribe = () => undefined;
  #toolbarKey = '';

  constructor(message: Message, actions: MessageActions) {
    this.#message = message;
    this.#actions = actions;
    const answer = message.role === 'assistant' ? new AnswerText() : null;
    this.#answer = answer;
    this.#text = answer?.prose ?? element('div', { class: 'bubble', testId: testIds.messageText });
    this.root = element(
      'article',
      { class: 'message', testId: testIds.message, 'data-role': message.role },
      element('h2', { class: 'visually-hidden' }, answer ? 'Answer' : 'You'),
      ...(answer ? [answer.thinking] : []),
      this.#text,
      ...(answer ? [this.#state, this.#outcome] : []),
      this.#toolbar,
    );
  }

  get message(): Message {
    return this.#message;
  }

  // Without what the model thought aloud.
  get copiedText(): string {
    const { role, content } = this.#message;
    return role === 'assistant' ? splitThinking(content, true).answer : content;
  }

  update(message: Message, surroundings: MessageSurroundings): void {
    this.#message = message;
    const { running, turn } = surroundings;
    const kind = message.role === 'assistant' ? 'Answer' : 'Your message';
    this.root.setAttribute('aria-label', `${kind} ${turn}`);
    this.root.classList.toggle('left-out', surroundings.isLeftOut);
    if (message.role === 'assistant') this.#updateAnswer(running);
    else if (this.#shownContent !== message.content) this.#text.textContent = message.content;
    if (message.role === 'user') this.#shownContent = message.content;
    this.#updateToolbar(surroundings);
  }

  append(delta: string): void {
    this.#answer?.append(delta);
  }

  // Turns the plain text of an old answer into markdown. True if there was something to do.
  renderDeferred(): boolean {
    if (!this.#answer || this.#answer.isStreaming) return false;
    if (this.#shownContent === this.#message.content) return false;
    this.#shownContent = this.#message.content;
    this.#answer.showRendered(this.#message.content);
    return true;
  }

  startEditing(): void {
    if (this.root.querySelector('form')) return;
    const editor = createEditor(this.#message.content, (text) => {
      editor.remove();
      this.#text.hidden = false;
      this.#toolbar.hidden = false;
      if (text === null) this.#toolbar.querySelector('button')?.focus();
      else this.#actions.edit(this.#message.id, text);
    });
    this.#text.hidden = true;
    this.#toolbar.hidden = true;
    this.#text.after(editor);
    editor.querySelector('textarea')?.focus();
  }

  #updateAnswer(running: RunningAnswer | null): void {
    if (running && running !== this.#running) this.#startStream(running);
    else if (!running && this.#running) this.#endStream();
    const outcome = running ? 'streaming' : (this.#message.outcome?.type ?? 'finished');
    this.root.dataset['outcome'] = outcome === 'streaming' && !running ? 'stopped' : outcome;
    this.#measurements.textContent = running ? '' : describeMeasurements(this.#message);
    const onWayOut = (way: WayOut) => this.#actions.wayOut(this.#message.id, way);
    this.#outcome.replaceChildren(...(running ? [] : renderOutcome(this.#message, onWayOut)));
    if (running || this.#shownContent === this.#message.content) return;
    this.#answer?.showPlain(this.#message.content);
  }

  #startStream(running: RunningAnswer): void {
    this.#unsubscribe();
    this.#running = running;
    this.#shownContent = null;
    this.#answer?.start(this.#message.content);
    this.#unsubscribe = running.phase.subscribe((phase) => {
      const sentence = describePhase(phase);
      this.#state.hidden = sentence === null;
      if (this.#state.textContent !== sentence) this.#state.textContent = sentence;
    });
  }

  #endStream(): void {
    this.#unsubscribe();
    this.#running = null;
    this.#state.hidden = true;
    this.#answer?.finish();
    this.#shownContent = this.#message.content;
  }

  // Rebuilt only when it reads differently, so that the focus stays on a button that is still
  // there.
  #updateToolbar(surroundings: MessageSurroundings): void {
    const { running, isBusy, version, versions } = surroundings;
    const key = [Boolean(running), isBusy, version, versions].join();
    if (key === this.#toolbarKey) return;
    this.#toolbarKey = key;
    const focused = this.#toolbar.contains(document.activeElement)
      ? document.activeElement?.getAttribute('data-testid')
      : null;
    this.#toolbar.replaceChildren(...(running ? [] : this.#toolbarContents(surroundings)));
    if (!focused) return;
    const again = this.#toolbar.querySelector<HTMLElement>(
      `[data-testid="${focused}"]:not(:disabled)`,
    );
    (again ?? part('composer-text', HTMLElement)).focus();
  }

  #toolbarContents({ isBusy, version, versions }: MessageSurroundings): Node[] {
    const { id, role } = this.#message;
    const copy = button({
      label: role === 'assistant' ? 'Copy answer' : 'Copy message',
      icon: 'copy',
      iconOnly: true,
      testId: testIds.copyMessage,
      onClick: () => void copyText(this.copiedText, copy),
    });
    const again = button({
      label: 'Regenerate',
      icon: 'refresh',
      iconOnly: true,
      testId: testIds.regenerate,
      onClick: () => this.#actions.regenerate(id),
    });
    const edit = button({
      label: 'Edit message',
      icon: 'pencil',
      iconOnly: true,
      testId: testIds.editMessage,
      onClick: () => this.startEditing(),
    });
    again.disabled = isBusy;
    edit.disabled = isBusy;
    const contents: Node[] = role === 'assistant' ? [copy, again] : [edit, copy];
    // There is nothing to copy of an answer that failed at once.
    if (this.#message.content === '') contents.shift();
    if (versions > 1) contents.push(this.#versionChoice(version, versions, isBusy));
    if (role === 'assistant') contents.push(this.#measurements);
    return contents;
  }

  #versionChoice(version: number, versions: number, isBusy: boolean): HTMLElement {
    const step = (distance: -1 | 1) => {
      const made = button({
        label: distance < 0 ? 'Previous version' : 'Next version',
        icon: distance < 0 ? 'left' : 'right',
        iconOnly: true,
        testId: distance < 0 ? testIds.previousVersion : testIds.nextVersion,
        onClick: () => this.#actions.showVersion(this.#message.id, distance),
      });
      const target = version + distance;
      made.disabled = isBusy || target < 0 || target >= versions;
      return made;
    };
    const position = element(
      'span',
      { testId: testIds.versionPosition },
      `${version + 1} / ${versions}`,
    );
    return element('span', { class: 'versions' }, step(-1), position, step(1));
  }
}
