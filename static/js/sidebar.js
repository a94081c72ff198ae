// The list of conversations: a drawer on small screens, and news from other tabs. What can be done to the list is in
// entries.js.

import { isComposing } from "./dom.js";

const REREAD_AFTER = 300;
const YEAR = 365 * 24 * 3600;
const LATER = new Set(["more", "menu", "pin", "unpin", "archive", "delete"]);

/** The sidebar; `current` is the id of the conversation that the page shows. */
export class Sidebar {
  constructor(current) {
    this.current = current;
    this.list = document.getElementById("conversations");
    this.home = document.querySelector(".brand").href;
    this.narrow = matchMedia("(max-width: 56rem)");
    document.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && !isComposing(event) && this.closeDrawer(event));
    addEventListener("focus", () => this.reread());
    // More of the list is read before one comes to its end.
    this.end = new IntersectionObserver((seen) => this.reached(seen.at(-1)), { root: this.list, rootMargin: "600px" });
    this.mark();
    this.watch();
  }

  clicked(event) {
    const button = event.target.closest("[data-action]");
    const action = button?.dataset.action;
    if (action === "open-sidebar") this.show();
    if (action === "close-sidebar") this.hide();
    if (!LATER.has(action) || !this.list.contains(button)) return;
    event.preventDefault();
    this.act(action, button).catch((error) => console.warn(error));
  }

  /** Do to the list what is wanted seldom, with a module of its own. */
  async act(action, button) {
    const { Entries } = await import("./entries.js");
    this.entries ??= new Entries(this);
    // The list may have been read again meanwhile.
    const id = button.closest(".entry")?.dataset.id;
    const there = button.isConnected ? button : this.entry(id)?.querySelector(`[data-action=${action}]`);
    if (there) await this.entries[action](there);
  }

  show() {
    this.set("open");
    document.getElementById("sidebar").querySelector("a, button").focus();
  }

  hide() {
    this.set("closed");
    document.querySelector("[data-action=open-sidebar]").focus();
  }

  // A drawer is opened for a moment; a column stays as it was left.
  set(state) {
    if (this.narrow.matches) {
      document.body.toggleAttribute("data-drawer", state === "open");
      document.getElementById("chat").inert = state === "open";
      return;
    }
    document.body.dataset.sidebar = state;
    document.cookie = `sidebar=${state}; Path=${new URL(this.home).pathname}; Max-Age=${YEAR}; SameSite=Lax`;
  }

  closeDrawer(event) {
    if (document.body.dataset.drawer === undefined) return;
    event.preventDefault();
    this.hide();
  }

  mark(list = this.list) {
    this.entry(this.current, list)?.querySelector("a").setAttribute("aria-current", "page");
  }

  /** Take the list as it is now. */
  watch() {
    // Out of sight, a piece is as high as in sight: nothing moves when it comes there.
    for (const piece of this.list.querySelectorAll("ul")) piece.style.setProperty("--entries", piece.childElementCount);
    const more = this.list.querySelector(".more");
    if (more) this.end.observe(more);
  }

  reached({ isIntersecting, target }) {
    if (isIntersecting) this.act("more", target).catch((error) => console.warn(error));
  }

  entry(id, list = this.list) {
    return list.querySelector(`.entry[data-id="${id}"]`);
  }

  /** Read the list again, soon and once; not while a title is being typed. */
  reread(wait = REREAD_AFTER) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      // Over plain HTTP a module whose answer broke off in its headers counts as loaded, and is empty.
      const { relist } = await import("./relist.js").catch(() => ({}));
      relist?.(this);
    }, wait);
  }

  isInUse() {
    return Boolean(this.list.querySelector(".entry-menu"));
  }

  /** A conversation changed: show it in place where its place stays the same. */
  updated({ id, title, running = false, pinned, archived }) {
    const entry = this.entry(id);
    if (archived) this.removed(id);
    else if (!entry || entry !== this.list.querySelector(pinned ? "[data-pinned]" : ".entry:not([data-pinned])")) this.reread();
    else {
      entry.toggleAttribute("data-running", running);
      entry.querySelector("a").textContent = title;
    }
  }

  removed(id) {
    this.entry(id)?.remove();
    this.watch();
  }
}
