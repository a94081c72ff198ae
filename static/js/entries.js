// What a person does to the list of conversations: see more of it, rename, delete and undo; loaded when first wanted.

import { clone, fetchNodes, isComposing } from "./dom.js";
import { t } from "./i18n.js";

const UNDO_FOR = 10_000;

/** Post `fields` and return the answer as {ok, status, ...facts}. */
async function post(address, fields = {}) {
  const body = new URLSearchParams(new FormData(document.getElementById("csrf")));
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  return { ok: response.ok && !response.redirected, status: response.status, ...(isJson ? await response.json() : {}) };
}

/** The tools of the entries in `sidebar`'s list; a method for each `data-action`. */
export class Entries {
  constructor(sidebar) {
    this.sidebar = sidebar;
  }

  /** Add the next page of the list. */
  async more(link) {
    const nodes = await fetchNodes(link.href).catch(() => null);
    if (nodes) link.replaceWith(...nodes);
    this.mergeGroups();
    this.sidebar.mark();
  }

  // A page may begin in the month in which the one before it ended.
  mergeGroups() {
    for (const group of this.sidebar.list.querySelectorAll(".group + .group")) {
      const above = group.previousElementSibling;
      if (above.querySelector("h2").textContent !== group.querySelector("h2").textContent) continue;
      above.querySelector("ul").append(...group.querySelectorAll(".entry"));
      group.remove();
    }
  }

  /** Open or close the form in which an entry is renamed or deleted. */
  menu(button) {
    const entry = button.closest(".entry");
    const open = entry.querySelector(".entry-menu");
    this.sidebar.list.querySelectorAll(".entry-menu").forEach((menu) => this.closeMenu(menu));
    if (open) return;
    const menu = clone("entry-menu");
    const field = menu.elements.title;
    field.value = entry.querySelector("a").textContent;
    entry.append(menu);
    button.setAttribute("aria-expanded", "true");
    field.focus();
    menu.addEventListener("submit", (event) => this.rename(event, entry, menu));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || isComposing(event)) return;
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
    if (entry.dataset.id === this.sidebar.current) document.querySelector(".chat-title").textContent = answer.title;
  }

  /** Delete a conversation, which can be undone for a while. */
  async delete(button) {
    const entry = button.closest(".entry");
    const { href, textContent: title } = entry.querySelector("a");
    const answer = await post(`${href}delete`);
    if (!answer.ok && answer.status !== 404) {
      this.toast(t("This did not work. Try again."));
    } else if (entry.dataset.id === this.sidebar.current) {
      location.assign(answer.address ?? this.sidebar.home);
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
      this.sidebar.reread();
    });
    document.getElementById("toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), UNDO_FOR);
  }
}
