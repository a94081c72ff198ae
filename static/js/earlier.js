// What lies above in a long conversation: read when one comes near to it, and without cost while it is out of sight.

// By then fresh messages have been laid out, and their code has its colours.
const SETTLED_AFTER = 1000;

/** The earlier messages in `list`; `parts` has the `follower` of its scroller. further.js reads them. */
export class Earlier {
  constructor(list, parts) {
    Object.assign(this, { list, parts });
    this.opened = [];
    parts.follower.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new MutationObserver(() => this.changed()).observe(list, { childList: true });
    new ResizeObserver(([{ contentRect }]) => this.resized(contentRect.width)).observe(list);
  }

  /** Who has left the end, and comes near to that of what is there, gets more of it. */
  scrolled() {
    if (this.parts.follower.following || !this.list.querySelector(".earlier, .later")) return;
    import("./further.js").then(({ near }) => near(this.parts), console.warn);
  }

  changed() {
    if (this.parts.follower.following) this.close();
    this.settleSoon();
  }

  /** Who is back at the end has done with what was read above: it can be read again. */
  close() {
    const [oldest] = this.opened;
    this.opened = [];
    if (!oldest?.first.isConnected) return;
    while (oldest.first.previousSibling) oldest.first.previousSibling.remove();
    oldest.first.before(oldest.line);
    // Else the move that this makes would be taken for one of the reader's.
    this.parts.follower.toEnd();
  }

  // Out of sight, a message is as high as it was when it was drawn; in another width that is another height.
  resized(width) {
    if (this.width !== width) this.unsettle();
    this.width = width;
  }

  unsettle() {
    this.list.querySelectorAll("[data-settled]").forEach((article) => delete article.dataset.settled);
    this.settleSoon();
  }

  settleSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), SETTLED_AFTER);
  }

  /** Let the browser pass over messages that are out of sight, but for those that may still change their height. */
  settle() {
    for (const article of this.list.querySelectorAll(".message:has(> .tools):not([data-settled], [data-status=running])")) {
      if (!article.querySelector(".math, .edit")) article.dataset.settled = "";
    }
  }
}
