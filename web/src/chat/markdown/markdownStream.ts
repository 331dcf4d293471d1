// Shows markdown while it arrives. Blocks that can no longer change are rendered once and left
// alone; only the tail
// is rendered again, at most once per animation frame, and less often where rendering is slow.
import { createCodeBlock, updateCodeBlock } from './codeBlock.ts';
import { type Block, isCode, languageOf, renderBlock, splitBlocks } from './markdown.ts';

export interface FrameScheduler {
  request(callback: () => void): number;
  cancel(handle: number): void;
  now(): number;
}

export const animationFrames: FrameScheduler = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (handle) => cancelAnimationFrame(handle),
  now: () => performance.now(),
};

// After a rendering that took t, the main thread belongs to others for this many times t.
const kRestFactor = 4;
// A last paragraph this short may yet turn out to continue the list before it ("2" becomes "2.
// ...").
const kUndecidedLength = 4;

export class MarkdownStream {
  readonly #container: HTMLElement;
  readonly #frames: FrameScheduler;
  #committed: string[] = [];
  #tail = '';
  #tailNodes: Node[] = [];
  #tailCode: { block: HTMLElement; language: string } | null = null;
  #frame: number | null = null;
  #restUntil = 0;

  constructor(container: HTMLElement, frames: FrameScheduler = animationFrames) {
    this.#container = container;
    this.#frames = frames;
  }

  get text(): string {
    return this.#committed.join('') + this.#tail;
  }

  append(delta: string): void {
    if (delta === '') return;
    this.#tail += delta.replaceAll('\r', '');
    this.#schedule();
  }

  // Renders what is left, now. Where the whole text reads differently than its pieces did, renders
  // all of it.
  finish(): void {
    if (this.#frame !== null) this.#frames.cancel(this.#frame);
    this.#frame = null;
    this.#render();
    const blocks = splitBlocks(this.text);
    const pieces = [...this.#committed, ...splitBlocks(this.#tail).map((block) => block.raw)];
    const isSame = blocks.map((block) => block.raw).join('\0') === pieces.join('\0');
    const definesLinks = blocks.some((block) => block.type === 'def');
    if (isSame && !definesLinks) return;
    this.#container.replaceChildren(...blocks.flatMap(renderBlock));
  }

  #schedule(): void {
    if (this.#frame !== null) return;
    this.#frame = this.#frames.request(() => {
      this.#frame = null;
      if (this.#frames.now() < this.#restUntil) {
        this.#schedule();
        return;
      }
      const start = this.#frames.now();
      this.#render();
      const end = this.#frames.now();
      this.#restUntil = end + (end - start) * kRestFactor;
    });
  }

  #render(): void {
    const blocks = splitBlocks(this.#tail);
    const settled = blocks.slice(0, countSettled(blocks));
    const settledText = settled.map((block) => block.raw).join('');
    // The parser puts some white space right in what it calls raw: such blocks wait for the end.
    if (settled.length === 0 || !this.#tail.startsWith(settledText)) {
      this.#renderTail(blocks);
      return;
    }
    this.#replaceTail(settled.flatMap(renderBlock));
    this.#tailNodes = [];
    this.#committed.push(...settled.map((block) => block.raw));
    this.#tail = this.#tail.slice(settledText.length);
    this.#renderTail(blocks.slice(settled.length));
  }

  #renderTail(open: Block[]): void {
    const [only] = open;
    const code = open.length === 1 && only && isCode(only) ? only : null;
    if (!code) {
      this.#tailCode = null;
      this.#replaceTail(open.flatMap(renderBlock));
      return;
    }
    const language = languageOf(code);
    const shown = this.#tailCode;
    if (shown?.language === language && this.#tailNodes[0] === shown.block) {
      updateCodeBlock(shown.block, code.text);
      return;
    }
    const block = createCodeBlock(code.text, language);
    this.#replaceTail([block]);
    this.#tailCode = { block, language };
  }

  #replaceTail(nodes: Node[]): void {
    for (const node of this.#tailNodes) node.parentNode?.removeChild(node);
    this.#container.append(...nodes);
    this.#tailNodes = nodes;
  }
}

// How many blocks at the start can no longer change, whatever follows.
function countSettled(blocks: Block[]): number {
  let last = blocks.length - 1;
  while (last >= 0 && blocks[last]?.type === 'space') last -= 1;
  const block = blocks[last];
  const isUndecided =
    block?.type === 'paragraph' && block.raw.trim().length < kUndecidedLength && last > 0;
  if (!isUndecided) return Math.max(0, last);
  let previous = last - 1;
  while (previous > 0 && blocks[previous]?.type === 'space') previous -= 1;
  return Math.max(0, previous);
}
