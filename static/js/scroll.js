// Follows the answer while the reader is at its end, and only then.

const NEAR = 48;
// A move upwards of less, without any sign of the reader's for so long, is the browser's own: what stands below the text
// shrank for a moment, as a field that is emptied does.
const SMALL = 200;
const SIGN_LASTS = 1000;

/** Keeps `scroller` at its end while its children grow; `jump` is shown while the end is out of sight. While it `isApart`,
 * its end is not the conversation's. */
export class Follower {
  constructor(scroller, jump) {
    this.scroller = scroller;
    this.jump = jump;
    this.following = true;
    this.last = scroller.scrollTop;
    this.rest = 0;
    this.signAt = -Infinity;
    for (const type of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      scroller.addEventListener(type, (event) => this.noteSign(event), { passive: true });
    }
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    const growth = new ResizeObserver(() => this.grown());
    for (const child of scroller.children) growth.observe(child);
  }

  get distance() {
    return this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
  }

  // What is pressed in the dock moves nothing.
  noteSign({ type, target }) {
    if (type === "wheel" || type === "touchmove" || !target.closest(".dock")) this.signAt = performance.now();
  }

  // Growth moves the end away as well, so only a move upwards means that the reader has turned to something else.
  scrolled() {
    if (this.isApart) return;
    const top = this.scroller.scrollTop;
    const isOwn = this.distance >= SMALL || performance.now() - this.signAt < SIGN_LASTS;
    if (this.following && !isOwn) this.toEnd();
    else if (top < this.last - 1) this.following = this.distance < 2;
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
    this.shift(anchor.getBoundingClientRect().top - before);
  }

  /** Scroll on by `pixels`. A scroller stands at whole ones: what is lost of these is made up for by the next shift. */
  shift(pixels) {
    const wanted = this.scroller.scrollTop + pixels + this.rest;
    this.scroller.scrollTop = wanted;
    this.last = this.scroller.scrollTop;
    this.rest = (wanted - this.last) % 1;
  }
}
