// Reading on in a long conversation: what lies above, and below a message at which it was opened.

import { fetchNodes } from "./dom.js";
import { decorateAll } from "./messages.js";
import { steady } from "./steady.js";

// As far as a quick scroll goes while a page is read.
const NEAR = 1500;
const AT_REST = 100;
const AGAIN_AFTER = 5000;

let hand = null;

/** More is read by itself where the reader comes near to the end of what is there. */
export function near(parts) {
  const { list } = parts.earlier;
  const { scroller, distance } = parts.follower;
  if (!hand) {
    hand = new Hand(scroller);
    // Formulas of what the page came with may still be on their way.
    steady(list, parts.follower);
  }
  if (scroller.scrollTop < NEAR) readAlone(list.querySelector(".earlier a"), parts);
  if (distance < NEAR) readAlone(list.querySelector(".later a"), parts);
}

/** A link to more messages was pressed. */
export function act(link, parts) {
  return read(link, parts);
}

async function readAlone(link, parts) {
  if (!link || link.dataset.reading !== undefined) return;
  link.dataset.reading = "";
  try {
    await read(link, parts, hand);
  } catch (error) {
    console.warn(error);
    setTimeout(() => delete link.dataset.reading, AGAIN_AFTER);
  }
}

/** Put in place of `link` what it leads to, once `hand`, where it is given, is at rest. */
async function read(link, parts, hand) {
  const { earlier, follower } = parts;
  const nodes = await fetchNodes(`${parts.conversation.address}messages${new URL(link.href).search}`);
  await hand?.rest();
  const line = link.parentElement;
  // Meanwhile the reader may have gone to the end, where nothing of this is wanted.
  if (!line?.isConnected || (hand && follower.following)) return;
  const first = earlier.list.querySelector(".message");
  const isAbove = line.matches(".earlier");
  if (isAbove) earlier.opened.push({ first, line });
  follower.keeping(first, () => {
    line.replaceWith(...nodes);
    decorateAll();
  });
  steady(earlier.list, follower);
  delete link.dataset.reading;
  if (!isAbove) parts.apart?.arrived();
}

/** The reader's hand: while a finger is down or what it threw still moves, a place that is set would be lost. */
class Hand {
  constructor(scroller) {
    this.moved = performance.now();
    this.isDown = false;
    const listen = (type, act) => scroller.addEventListener(type, act, { passive: true });
    listen("scroll", () => (this.moved = performance.now()));
    for (const type of ["touchstart", "touchmove", "touchend", "touchcancel"]) {
      listen(type, ({ touches }) => (this.isDown = touches.length > 0));
    }
  }

  async rest() {
    while (this.isDown || performance.now() - this.moved < AT_REST) {
      await new Promise((done) => setTimeout(done, AT_REST / 2));
    }
  }
}
