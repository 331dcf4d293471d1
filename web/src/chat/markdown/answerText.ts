// The text of an answer on the page: markdown, and before it, folded away, what a model thought
// aloud between <think> and </think>.
import { element } from '../element.ts';
import { testIds } from '../testIds.ts';
import { renderMarkdown } from './markdown.ts';
import { MarkdownStream } from './markdownStream.ts';

const kOpening = '<think>';
const kClosing = '</think>';

export interface AnswerParts {
  thinking: string;
  isThinking: boolean;
  answer: string;
}

// Splits what has arrived so far. While it could still become an opening tag, it is neither part.
export function splitThinking(content: string, isComplete: boolean): AnswerParts {
  const start = content.trimStart();
  if (!start.startsWith(kOpening)) {
    const isUndecided = !isComplete && kOpening.startsWith(start);
    return { thinking: '', isThinking: false, answer: isUndecided ? '' : content };
  }
  const thought = start.slice(kOpening.length);
  const end = thought.indexOf(kClosing);
  if (end < 0) return { thinking: thought.trim(), isThinking: !isComplete, answer: '' };
  const answer = thought.slice(end + kClosing.length).trimStart();
  return { thinking: thought.slice(0, end).trim(), isThinking: false, answer };
}

export class AnswerText {
  readonly prose = element('div', { class: 'prose', testId: testIds.messageText });
  readonly thinking: HTMLElement;
  readonly #thinkingTitle = element('summary');
  readonly #thinkingText = element('div', { class: 'thinking-text' });
  #stream: MarkdownStream | null = null;
  #content = '';
  #hasBegun = false;

  constructor() {
    this.thinking = element(
      'details',
      { class: 'thinking', testId: testIds.thinking, hidden: '' },
      this.#thinkingTitle,
      this.#thinkingText,
    );
  }

  get isStreaming(): boolean {
    return this.#stream !== null;
  }

  // A complete answer as it was written: takes its place at once, and is rendered later.
  showPlain(content: string): void {
    const parts = splitThinking(content, true);
    this.#showThinking(parts);
    this.prose.classList.add('unrendered');
    this.prose.textContent = parts.answer;
  }

  showRendered(content: string): void {
    const parts = splitThinking(content, true);
    this.#showThinking(parts);
    this.prose.classList.remove('unrendered');
    this.prose.replaceChildren(...renderMarkdown(parts.answer));
  }

  // An answer that arrives from here on by append(), until finish().
  start(content: string): void {
    this.#content = '';
    this.#hasBegun = false;
    this.thinking.hidden = true;
    this.prose.classList.remove('unrendered');
    this.prose.replaceChildren();
    this.#stream = new MarkdownStream(this.prose);
    this.append(content);
  }

  append(delta: string): void {
    this.#content += delta;
    // Once the answer itself arrives, nothing before it changes any more.
    if (this.#hasBegun) this.#stream?.append(delta);
    else this.#begin(splitThinking(this.#content, false));
  }

  finish(): void {
    if (!this.#hasBegun) this.#begin(splitThinking(this.#content, true));
    this.#stream?.finish();
    this.#stream = null;
  }

  #begin(parts: AnswerParts): void {
    this.#showThinking(parts);
    this.#hasBegun = parts.answer !== '';
    this.#stream?.append(parts.answer);
  }

  #showThinking({ thinking, isThinking }: AnswerParts): void {
    this.thinking.hidden = thinking === '';
    this.#thinkingTitle.textContent = isThinking ? 'Thinking…' : 'Thoughts';
    this.#thinkingText.textContent = thinking;
  }
}
