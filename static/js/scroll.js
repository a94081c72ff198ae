// Follows the answer while the reader is at its end, and only then.

const NEAR = 48;

/** Keeps `scroller` at its end while its children grow; `jump` is shown while the end is out of sight. */
export class Follower {
  constructor(scroller, jump) {
    this.scroller = scroller;
    this.jump = jump;
    this.following = true;
    this.last = scroller.scrollTop;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    const growth = new ResizeObserver(() => this.grown());
    for (const child of scroller.children) growth.observe(child);
  }

  get distance() {
    return this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
  }

  // Growth moves the end away as well, so only a move upwards means that the reader has turned to something else.
  scrolled() {
    const top = this.scroller.scrollTop;
    if (top < this.last - 1) this.following = this.distance < 2;
    else if (this.distance < NEAR) this.following = true;
    this.last = top;
    this.jump.hidden = this.following || this.distance < NEAR;
  }

  grown() {
    if (this.following) this.toEnd();
    else this.jump.hidden = this.distance < NEAR;
  }

  /** Show the end, and follow it from now on. */
  toEnd() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.last = this.scroller.scrollTop;
    this.jump.hidden = true;
  }

  /** Stay here until the reader goes to the end. */
  hold() {
    this.following = false;
  }

  /** Run `change`, which adds something above, without moving what the reader sees. */
  keeping(anchor, change) {
    const before = anchor.getBoundingClientRect().top;
    this.hold();
    change();
    this.scroller.scrollTop += anchor.getBoundingClientRect().top - before;
    this.last = this.scroller.scrollTop;
  }
}
