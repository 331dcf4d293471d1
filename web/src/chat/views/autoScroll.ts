// Keeps the end of a growing text in view while the reader is there, and never moves it for a
// reader who scrolled up.

// Closer to the end than this counts as being there.
const kEndDistance = 40;

export class AutoScroll {
  readonly #scroller: HTMLElement;
  readonly #onChange: (isFollowing: boolean) => void;
  #isFollowing = true;
  #lastTop = 0;
  #touches = 0;
  #isEmpty = true;

  constructor(scroller: HTMLElement, onChange: (isFollowing: boolean) => void) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    scroller.addEventListener('wheel', (event) => this.#onWheel(event), { passive: true });
    const countTouches = (event: TouchEvent) => (this.#touches = event.touches.length);
    for (const type of ['touchstart', 'touchend', 'touchcancel'] as const) {
      scroller.addEventListener(type, countTouches, { passive: true });
    }
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  // Follows whatever changes the size of these elements.
  observe(...contents: Element[]): void {
    if (typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => this.keep());
    for (const content of [this.#scroller, ...contents]) observer.observe(content);
  }

  // Without messages there is no end to follow: what is shown then is read from the top.
  setEmpty(isEmpty: boolean): void {
    if (isEmpty && !this.#isEmpty) this.#scroller.scrollTop = 0;
    this.#isEmpty = isEmpty;
    if (isEmpty) this.#set(true);
  }

  // Goes to the end and follows from there on.
  follow(): void {
    this.#set(true);
    this.keep();
  }

  // Called when the text grew.
  keep(): void {
    if (this.#isEmpty || !this.#isFollowing || this.#touches > 0) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  get #distance(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  // Upwards is only ever the reader; text that grew leaves the position where it is.
  #onScroll(): void {
    if (this.#isEmpty) return;
    const top = this.#scroller.scrollTop;
    const wentUp = top < this.#lastTop - 1;
    this.#lastTop = top;
    if (this.#distance <= kEndDistance) this.#set(true);
    else if (wentUp) this.#set(false);
  }

  // Before the scroll event, so that the next token does not undo the reader's first notch.
  #onWheel(event: WheelEvent): void {
    if (!this.#isEmpty && event.deltaY < 0 && this.#scroller.scrollTop > 0) this.#set(false);
  }

  #set(isFollowing: boolean): void {
    if (isFollowing === this.#isFollowing) return;
    this.#isFollowing = isFollowing;
    this.#onChange(isFollowing);
  }
}
