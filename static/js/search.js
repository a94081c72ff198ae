// Searching as one types: on a page of its own, and in a dialog over the chat.

import { fetchNodes, isComposing } from "./dom.js";
import { searchStyle } from "./style.js";

// Whoever types fast is waited for.
const REST = 120;

/** The form and the results in `root`. */
class Search {
  constructor(root) {
    this.form = root.querySelector("[data-search]");
    this.field = this.form.elements.q;
    this.results = root.querySelector("[data-results]");
    this.status = root.querySelector("[data-search-status]");
    this.form.querySelector("button[type=submit]").hidden = true;
    this.form.addEventListener("submit", (event) => this.submitted(event));
    this.form.addEventListener("input", () => this.soon());
    this.results.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("keydown", (event) => this.keyed(event));
  }

  submitted(event) {
    event.preventDefault();
    this.run();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), REST);
  }

  get query() {
    const filled = [...new FormData(this.form)].filter(([, value]) => value);
    return new URLSearchParams(filled);
  }

  address(query) {
    const address = new URL(this.form.action);
    address.search = query;
    return address;
  }

  async run() {
    clearTimeout(this.timer);
    const { query } = this;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.results.setAttribute("aria-busy", "true");
    const part = new URLSearchParams([...query, ["part", "form"]]);
    const nodes = await fetchNodes(this.address(part)).catch(() => null);
    // An answer that was overtaken is out of date.
    if (turn !== this.turn) return;
    this.results.removeAttribute("aria-busy");
    if (!nodes) return this.failed();
    this.show(nodes.filter((node) => node instanceof Element));
    if (this.form.closest("main")) history.replaceState(history.state, "", this.address(query));
  }

  /** Show the results, and what the form has to say of its fields; the fields themselves stay as they are. */
  show(nodes) {
    const fresh = nodes.find((node) => node.matches("[data-search]"));
    for (const field of this.form.querySelectorAll(".field")) {
      const said = fresh.querySelector(`.field:has(#${field.querySelector("input, select").id}) .errorlist`);
      field.querySelector(".errorlist")?.remove();
      if (said) field.append(said);
    }
    this.results.replaceChildren(...nodes.find((node) => node.matches("[data-results]")).childNodes);
    this.say();
  }

  say() {
    const found = this.results.querySelectorAll(".hit").length;
    const none = this.results.querySelector(".results-none")?.textContent.trim() ?? "";
    this.status.textContent = none || this.results.dataset.found.replace("{count}", found);
  }

  failed() {
    this.status.textContent = this.results.dataset.failed;
    const line = Object.assign(document.createElement("p"), { className: "results-none", textContent: this.results.dataset.failed });
    this.results.replaceChildren(line);
  }

  async clicked(event) {
    const link = event.target.closest("[data-action=search-more]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const nodes = await fetchNodes(`${link.href}&part=results`).catch(() => null);
    if (!nodes) return this.failed();
    const last = [...this.results.querySelectorAll(".hit a")].at(-1);
    link.replaceWith(...nodes);
    const next = this.links[this.links.indexOf(last) + 1];
    (next ?? this.field).focus();
    this.say();
  }

  get links() {
    return [...this.results.querySelectorAll("a")];
  }

  // Arrows go through field and results, as in a list of suggestions.
  keyed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || isComposing(event) || event.target.matches("select, [type=date]")) return;
    const stops = [this.field, ...this.links];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

let dialog;

async function makeDialog(button, parts) {
  const made = document.createElement("dialog");
  made.className = "search-dialog";
  made.setAttribute("aria-label", button.textContent.trim());
  made.append(...(await fetchNodes(`${button.href}?part=form`)));
  await searchStyle();
  document.body.append(made);
  const search = new Search(made);
  // In a field for searching, Esc would first take the words away.
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || isComposing(event)) return;
    event.preventDefault();
    made.close();
  });
  made.addEventListener("click", (event) => {
    const { target } = event;
    if (target === made || target.closest("[data-action=search-close]")) made.close();
    const hit = target.closest("a[data-message]");
    if (hit?.pathname !== parts.conversation.address || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    showHere(hit, search, parts);
  });
  return made;
}

/** Show a hit of the open conversation without loading the page. */
async function showHere(hit, search, parts) {
  dialog.close();
  try {
    const { jumpTo } = await import("./jump.js");
    await jumpTo(hit.dataset.message, parts, { focus: true });
  } catch (error) {
    console.warn(error);
    dialog.showModal();
    search.failed();
  }
}

/** Open the search over the page; it keeps its words until the page is left. */
export async function act(button, parts) {
  dialog ??= await makeDialog(button, parts);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[name=q]").select();
}

const page = document.querySelector("main [data-search]");
if (page) new Search(page.closest("main"));
