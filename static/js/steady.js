// Answers that change their height after they were drawn, as formulas make them, move nothing that is being read.

const heights = new WeakMap();
let changes = null;

/** From now on, no answer that is in `list` moves what the reader sees of the follower's scroller. */
export function steady(list, follower) {
  changes ??= new ResizeObserver((seen) => changed(seen, follower));
  for (const text of list.querySelectorAll(".message > .markdown")) {
    if (heights.has(text)) continue;
    heights.set(text, text.getBoundingClientRect().height);
    changes.observe(text);
  }
}

function changed(seen, follower) {
  const top = follower.scroller.getBoundingClientRect().top;
  let moved = 0;
  for (const { target, borderBoxSize } of seen) {
    // What has left the page is told as if it had shrunk to nothing.
    if (!target.isConnected) {
      changes.unobserve(target);
      continue;
    }
    const height = borderBoxSize[0].blockSize;
    const grown = height - heights.get(target);
    heights.set(target, height);
    // What is being written grows at its end. Of what else begins above the window, the end stays in its place.
    const isWritten = target.parentElement.dataset.status === "running";
    if (!isWritten && target.getBoundingClientRect().top - moved < top) moved += grown;
  }
  if (moved && !follower.following) follower.shift(moved);
}
