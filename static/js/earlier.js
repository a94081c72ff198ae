// What lies above in a long conversation: read when it is wanted, and without cost while it is out of sight.

import { fetchNodes } from "./dom.js";
import { decorateAll } from "./messages.js";

// By then fresh messages have been laid out, and their code has its colours.
const SETTLED_AFTER = 1000;

/** The earlier messages in `list` of the conversation at `address`; `follower` keeps the place of its scroller. */
export class Earlier {
  constructor(list, address, follower) {
    Object.assign(this, { list, address, follower });
    this.opened = [];
    new MutationObserver(() => this.changed()).observe(list, { childList: true });
    new ResizeObserver(([{ contentRect }]) => this.resized(contentRect.width)).observe(list);
  }

  /** Read the page of messages that `link` leads to, and leave the reader where they are. */
  async open(link) {
    const first = this.list.querySelector(".message");
    const nodes = await fetchNodes(`${this.address}messages${new URL(link.href).search}`);
    const line = link.closest(".earlier");
    this.opened.push({ first, line });
    this.follower.keeping(first, () => {
      line.replaceWith(...nodes);
      decorateAll();
    });
  }

  changed() {
    if (this.follower.following) this.close();
    this.settleSoon();
  }

  /** Who is back at the end has done with what was read above: it can be read again. */
  close() {
    const [oldest] = this.opened;
    this.opened = [];
    if (!oldest?.first.isConnected) return;
    while (oldest.first.previousSibling) oldest.first.previousSibling.remove();
    oldest.first.before(oldest.line);
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
