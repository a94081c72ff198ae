// What a person does to the list of conversations: see more of it, rename, pin, archive, delete and undo; loaded when first wanted.

import { clone, isComposing } from "./dom.js";
import { t } from "./i18n.js";
import { readPart } from "./listing.js";

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

  /** Add the next page of the list, once: by scrolling or by a press. */
  async more(link) {
    if (this.reading === link.href) return;
    this.reading = link.href;
    const nodes = await readPart(this.sidebar.list, link.href);
    this.reading = null;
    if (!nodes || !link.isConnected) return;
    const hadFocus = link === document.activeElement;
    const last = [...this.sidebar.list.querySelectorAll(".entry")].at(-1);
    link.replaceWith(...nodes);
    this.mergeGroups();
    this.sidebar.mark();
    this.sidebar.watch();
    if (hadFocus) beside(last)?.focus();
  }

  // A page may begin in the month in which the one before it ended.
  mergeGroups() {
    for (const group of this.sidebar.list.querySelectorAll(".group + .group")) {
      const above = group.previousElementSibling;
      if (above.querySelector("h2").textContent !== group.querySelector("h2").textContent) continue;
      above.append(...group.querySelectorAll("ul"));
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
    const isPinned = entry.dataset.pinned !== undefined;
    menu.querySelector("[data-action=pin]").hidden = isPinned;
    menu.querySelector("[data-action=unpin]").hidden = !isPinned;
    entry.append(menu);
    button.setAttribute("aria-expanded", "true");
    // On a phone the keyboard would cover what is mostly wanted.
    if (matchMedia("(pointer: coarse)").matches) menu.scrollIntoView({ block: "nearest" });
    else field.focus();
    menu.addEventListener("submit", (event) => this.rename(event, entry, menu));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || isComposing(event)) return;
      event.preventDefault();
      event.stopPropagation();
      this.closeMenu(menu);
      button.focus();
    });
  }

  /** Close a form, and read what happened to the list meanwhile. */
  closeMenu(menu) {
    menu.closest(".entry").querySelector("[data-action=menu]").setAttribute("aria-expanded", "false");
    menu.remove();
    this.sidebar.reread();
  }

  async rename(event, entry, menu) {
    event.preventDefault();
    const answer = await post(`${entry.querySelector("a").href}rename`, { title: menu.elements.title.value });
    if (!answer.ok) {
      this.toast(answer.text ?? t("This did not work. Try again."));
      return;
    }
    entry.querySelector("a").textContent = answer.title;
    const hadFocus = menu.contains(document.activeElement);
    this.closeMenu(menu);
    if (hadFocus) entry.querySelector("[data-action=menu]").focus();
    if (entry.dataset.id === this.sidebar.current) document.querySelector(".chat-title").textContent = answer.title;
  }

  pin(button) {
    return this.setPinned(button, "1");
  }

  unpin(button) {
    return this.setPinned(button, "0");
  }

  /** Put a conversation at the top of the list, or back to its day; the list is read again for its place. */
  async setPinned(button, pinned) {
    const entry = button.closest(".entry");
    const answer = await post(`${entry.querySelector("a").href}pin`, { pinned });
    if (!answer.ok) {
      this.toast(t("This did not work. Try again."));
      return;
    }
    this.closeMenu(button.closest(".entry-menu"));
    this.sidebar.reread(0);
    entry.querySelector("[data-action=menu]").focus();
    document.getElementById("announcer").textContent = pinned === "1" ? t("Pinned") : t("Not pinned any more");
  }

  /** Take a conversation out of the list, which can be undone for a while. */
  async archive(button) {
    const entry = button.closest(".entry");
    const { href, textContent: title } = entry.querySelector("a");
    const answer = await post(`${href}archive`, { archived: "1" });
    if (!answer.ok && answer.status !== 404) {
      this.toast(t("This did not work. Try again."));
      return;
    }
    remove(entry);
    this.toast(t("Archived “{title}”.", { title }), () => post(`${href}archive`, { archived: "0" }));
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
      remove(entry);
      this.toast(t("Deleted “{title}”.", { title }), () => post(`${href}restore`));
    }
  }

  toast(text, undo) {
    const toast = clone("toast");
    toast.querySelector(".toast-text").textContent = text;
    const button = toast.querySelector("[data-action=undo]");
    button.hidden = !undo;
    const before = document.activeElement;
    const close = () => {
      const hadFocus = toast.contains(document.activeElement);
      toast.remove();
      if (hadFocus) (before.isConnected ? before : document.querySelector(".sidebar-new")).focus();
    };
    button.addEventListener("click", async () => {
      close();
      await undo();
      this.sidebar.reread();
    });
    document.getElementById("toasts").replaceChildren(toast);
    setTimeout(close, UNDO_FOR);
  }
}

/** Take away an entry that has the focus; the next one gets it. */
function remove(entry) {
  const next = beside(entry);
  // News of it may have come before the answer.
  if (entry.isConnected) entry.remove();
  (next ?? document.querySelector(".sidebar-new")).focus();
}

/** Return the link of the entry behind `entry`, or before it. */
function beside(entry) {
  const links = [...document.querySelectorAll("#conversations .entry > a")];
  const place = links.indexOf(entry.querySelector("a"));
  return links[place + 1] ?? links[place - 1];
}
