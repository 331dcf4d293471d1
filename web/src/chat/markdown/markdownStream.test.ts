// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { type FrameScheduler, MarkdownStream } from './markdownStream.ts';

// Frames that the test lets pass.
class Frames implements FrameScheduler {
  nowMs = 0;
  renderMs = 0;
  #waiting: (() => void) | null = null;

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }
  request(callback: () => void): number {
    this.#waiting = callback;
    return 1;
  }
  cancel(): void {
    this.#waiting = null;
  }
  now(): number {
    this.nowMs += this.renderMs;
    return this.nowMs;
  }
  pass(milliseconds = 16): void {
    this.nowMs += milliseconds;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }
}

function start() {
  const container = document.createElement('div');
  const frames = new Frames();
  return { container, frames, stream: new MarkdownStream(container, frames) };
}

function whole(markdown: string): string {
  const container = document.createElement('div');
  container.append(...renderMarkdown(markdown));
  return container.innerHTML;
}

const kText = [
  '# A title\n\nA paragraph with **bold** and `code`,\nover two lines.\n\n',
  '- one\n- two\n  - nested\n\n- three\n\n1. first\n2. second\n\n3. third\n\n',
  '```ts\nconst x = 1;\n\nconst y = `a`;\n```\n\n> quoted\n> text\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\nTitle\n=====\n\nSee [ref].\n\n[ref]: https://example.com\n\n',
  'The end, with an unclosed fence:\n```\nlast',
].join('');

describe('markdown that arrives in pieces', () => {
  it.each([2, 3, 7, 50])(
    'of %d characters ends as if it had come at once',
    (size) => {
      const { container, frames, stream } = start();
      for (let offset = 0; offset < kText.length; offset += size) {
        stream.append(kText.slice(offset, offset + size));
        frames.pass();
      }
      stream.finish();
      expect(stream.text).toBe(kText);
      expect(container.innerHTML).toBe(whole(kText));
    },
    20_000,
  );

  it('is rendered once per frame, however many pieces arrive', () => {
    const { container, frames, stream } = start();
    for (const word of ['one ', 'two ', 'three']) stream.append(word);
    expect(container.textContent).toBe('');
    frames.pass();
    expect(container.textContent).toBe('one two three');
    expect(frames.isWaiting).toBe(false);
  });

  it('leaves finished blocks alone', () => {
    const { container, frames, stream } = start();
    stream.append('First paragraph.\n\nSecond');
    frames.pass();
    const first = container.firstChild;
    stream.append(' paragraph.\n\nThird');
    frames.pass();
    expect(container.firstChild).toBe(first);
    expect(container.children).toHaveLength(3);
  });

  it('lets a code block grow in place', () => {
    const { container, frames, stream } = start();
    stream.append('```js\nlet a;\n');
    frames.pass();
    const text = container.querySelector('code')?.firstChild;
    stream.append('let b;\n');
    frames.pass();
    expect(container.querySelector('code')?.firstChild).toBe(text);
    expect(text?.textContent).toBe('let a;\nlet b;');
  });

  it('waits longer where rendering is slow', () => {
    const { container, frames, stream } = start();
    frames.renderMs = 20;
    stream.append('a');
    frames.pass();
    stream.append('b');
    frames.renderMs = 0;
    frames.pass(16);
    expect(container.textContent).toBe('a');
    frames.pass(100);
    expect(container.textContent).toBe('ab');
  });

  it('shows nothing of HTML that is cut in the middle', () => {
    const { container, frames, stream } = start();
    for (const piece of ['<scr', 'ipt>ale', 'rt(1)</scri', 'pt><img src', '=x onerror=1>']) {
      stream.append(piece);
      frames.pass();
      expect(container.querySelector('script, img')).toBeNull();
    }
    stream.finish();
    expect(container.querySelector('script, img')).toBeNull();
  });
});
