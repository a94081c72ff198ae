// When to draw text that comes faster than a page should be drawn.

// A draw that takes longer is followed by a rest of so many times its length: whatever an answer is made of, its
// tab stays usable. Ordinary answers take a tenth of it.
const EASY_MS = 8;
const REST = 4;

/** Calls `draw` for what came, not again within `pause` milliseconds. */
export class Pacer {
  #draw;
  #pause;
  #timer;
  #notBefore = 0;

  constructor(draw, pause) {
    this.#draw = draw;
    this.#pause = pause;
  }

  /** Draw as soon as the last time is long enough ago. */
  soon() {
    const rest = this.#notBefore - performance.now();
    if (rest <= 0) this.now();
    else this.#timer ??= setTimeout(() => this.now(), rest);
  }

  now() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const start = performance.now();
    this.#draw();
    const spent = performance.now() - start;
    this.#notBefore = start + Math.max(this.#pause, spent > EASY_MS ? spent * (1 + REST) : 0);
  }
}
