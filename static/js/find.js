// Finding words in the conversation that is open: from one message that holds them to the next.

import { clone, isComposing } from "./dom.js";
import { t } from "./i18n.js";
import { jumpTo } from "./jump.js";
import { searchStyle } from "./style.js";

const REST = 150;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const fold = (text) => text.normalize("NFKC").toLowerCase();

/** The bar with the field, the count and the buttons. */
class Find {
  constructor(button, parts) {
    this.button = button;
    this.parts = parts;
    this.bar = clone("find");
    this.field = this.bar.elements.q;
    this.count = this.bar.querySelector(".find-count");
    this.found = [];
    this.bar.addEventListener("submit", (event) => (event.preventDefault(), this.move(1)));
    this.bar.addEventListener("input", () => this.soon());
    this.bar.addEventListener("click", (event) => this.clicked(event));
    this.bar.addEventListener("keydown", (event) => this.keyed(event));
    document.querySelector(".chat-header").after(this.bar);
  }

  open() {
    this.bar.hidden = false;
    this.field.select();
    this.field.focus();
  }

  close() {
    this.bar.hidden = true;
    CSS.highlights?.delete("found");
    this.button.focus();
  }

  clicked({ target }) {
    const action = target.closest("[data-action]")?.dataset.action;
    if (action === "find-next") this.move(1);
    if (action === "find-previous") this.move(-1);
    if (action === "find-close") this.close();
  }

  keyed(event) {
    if (isComposing(event)) return;
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.shiftKey && event.target === this.field) this.move(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), REST);
  }

  // From the newest on: what somebody looks for was mostly said lately.
  async look() {
    const query = this.field.value;
    const address = `${document.getElementById("chat").dataset.page}find?${new URLSearchParams({ q: query })}`;
    const answer = await fetch(address).then((response) => (response.ok && !response.redirected ? response.json() : null), () => null);
    if (query !== this.field.value) return;
    this.found = answer?.messages ?? [];
    this.more = answer?.more ?? false;
    this.at = this.found.length;
    if (this.found.length) await this.move(-1);
    else this.count.textContent = answer ? query.trim() && t("Not found") : t("This did not work. Try again.");
  }

  async move(step) {
    const { length } = this.found;
    if (!length) return;
    this.at = (this.at + step + length) % length;
    const id = this.found[this.at];
    this.count.textContent = `${this.at + 1} / ${length}${this.more ? "+" : ""}`;
    try {
      await jumpTo(id, this.parts);
    } catch (error) {
      console.warn(error);
      this.count.textContent = t("This did not work. Try again.");
      return;
    }
    if (this.found[this.at] === id) this.mark(id);
    this.field.focus();
  }

  /** Mark the words in a message, where the browser can without changing it. */
  mark(id) {
    const article = document.getElementById(`m-${id}`);
    if (!window.Highlight || !article) return;
    const words = fold(this.field.value).match(WORD) ?? [];
    const ranges = [];
    const texts = document.createTreeWalker(article.querySelector(".bubble, .markdown"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) ranges.push(...words.flatMap((word) => rangesOf(word, texts.currentNode)));
    CSS.highlights.set("found", new Highlight(...ranges));
  }
}

/** Return where `word` stands in a text node; in one that folding makes longer or shorter, nowhere. */
function rangesOf(word, node) {
  const text = fold(node.data);
  if (text.length !== node.length) return [];
  const ranges = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    const range = new Range();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    ranges.push(range);
  }
  return ranges;
}

let find;

/** Open the bar, which keeps its words until the page is left. */
export async function act(button, parts) {
  await searchStyle();
  find ??= new Find(button, parts);
  find.open();
}
