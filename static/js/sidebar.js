// The list of conversations: a drawer on small screens; rename, delete with undo, and news from other tabs.

import { clone, fetchNodes, post } from "./dom.js";
import { t } from "./i18n.js";

const REREAD_AFTER = 300;
const UNDO_FOR = 10_000;
const YEAR = 365 * 24 * 3600;

/** The sidebar; `current` is the id of the conversation that the page shows. */
export class Sidebar {
  constructor(current) {
    this.current = current;
    this.list = document.getElementById("conversations");
    this.home = document.querySelector(".brand").href;
    this.narrow = matchMedia("(max-width: 56rem)");
    document.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.closeDrawer(event));
    addEventListener("focus", () => this.reread());
    this.mark();
  }

  clicked(event) {
    const button = event.target.closest("[data-action]");
    const act = { "open-sidebar": "show", "close-sidebar": "hide", more: "more", menu: "menu", delete: "remove" };
    const name = button && act[button.dataset.action];
    if (name) this[name](button, event);
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

  mark() {
    for (const entry of this.list.querySelectorAll(".entry")) {
      const link = entry.querySelector("a");
      if (entry.dataset.id === this.current) link.setAttribute("aria-current", "page");
    }
  }

  entry(id) {
    return this.list.querySelector(`.entry[data-id="${id}"]`);
  }

  /** Read the list again, soon and once; not while a title is being typed. */
  reread() {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      if (this.list.querySelector(".entry-menu")) return;
      const nodes = await fetchNodes(this.list.dataset.address).catch(() => null);
      if (!nodes) return;
      this.list.replaceChildren(...nodes);
      this.mark();
    }, REREAD_AFTER);
  }

  async more(link, event) {
    event.preventDefault();
    const nodes = await fetchNodes(link.href).catch(() => null);
    if (nodes) link.replaceWith(...nodes);
    this.mergeGroups();
    this.mark();
  }

  // A page may begin in the month in which the one before it ended.
  mergeGroups() {
    for (const group of this.list.querySelectorAll(".group + .group")) {
      const above = group.previousElementSibling;
      if (above.querySelector("h2").textContent !== group.querySelector("h2").textContent) continue;
      above.querySelector("ul").append(...group.querySelectorAll(".entry"));
      group.remove();
    }
  }

  /** A conversation changed: show it in place where its place stays the same. */
  updated({ id, title, running = false }) {
    const entry = this.entry(id);
    if (entry !== this.list.querySelector(".entry") || !entry) {
      this.reread();
      return;
    }
    entry.toggleAttribute("data-running", running);
    entry.querySelector("a").textContent = title;
  }

  removed(id) {
    this.entry(id)?.remove();
  }

  menu(button) {
    const entry = button.closest(".entry");
    const open = entry.querySelector(".entry-menu");
    this.list.querySelectorAll(".entry-menu").forEach((menu) => this.closeMenu(menu));
    if (open) return;
    const menu = clone("entry-menu");
    const field = menu.elements.title;
    field.value = entry.querySelector("a").textContent;
    entry.append(menu);
    button.setAttribute("aria-expanded", "true");
    field.focus();
    menu.addEventListener("submit", (event) => this.rename(event, entry, menu));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      this.closeMenu(menu);
      button.focus();
    });
  }

  closeMenu(menu) {
    menu.closest(".entry").querySelector("[data-action=menu]").setAttribute("aria-expanded", "false");
    menu.remove();
  }

  async rename(event, entry, menu) {
    event.preventDefault();
    const answer = await post(`${entry.querySelector("a").href}rename`, { title: menu.elements.title.value });
    if (!answer.ok) {
      this.toast(answer.text ?? t("This did not work. Try again."));
      return;
    }
    entry.querySelector("a").textContent = answer.title;
    this.closeMenu(menu);
    if (entry.dataset.id === this.current) document.querySelector(".chat-title").textContent = answer.title;
  }

  async remove(button) {
    const entry = button.closest(".entry");
    const { href, textContent: title } = entry.querySelector("a");
    const answer = await post(`${href}delete`);
    if (!answer.ok && answer.status !== 404) {
      this.toast(t("This did not work. Try again."));
    } else if (entry.dataset.id === this.current) {
      location.assign(answer.address ?? this.home);
    } else {
      entry.remove();
      this.toast(t("Deleted “{title}”.", { title }), () => post(`${href}restore`));
    }
  }

  toast(text, undo) {
    const toast = clone("toast");
    toast.querySelector(".toast-text").textContent = text;
    const button = toast.querySelector("[data-action=undo]");
    button.hidden = !undo;
    button.addEventListener("click", async () => {
      toast.remove();
      await undo();
      this.reread();
    });
    document.getElementById("toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), UNDO_FOR);
  }
}
