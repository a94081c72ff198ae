// Markdown on the page: the live answer, and what is added to Markdown that came from the server.

import { Blocks } from "./markdown/blocks.js";
import { Cleaner } from "./markdown/characters.js";

export { enhance } from "./markdown/enhance.js";

// Text beyond this is shown as it is; conversations/rendering cuts at the same place.
const MAX_MARKDOWN = 65_536;

// A draw that takes longer is followed by a rest of so many times its length: whatever an answer is made of, its
// tab stays usable. Ordinary answers take a tenth of it.
const EASY_MS = 8;
const REST = 4;

/** Return where in `text`, which is longer than MAX_MARKDOWN, Markdown ends: after a line where it can. */
function markdownEnd(text) {
  const head = text.slice(0, MAX_MARKDOWN);
  const whole = /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head;
  return whole.lastIndexOf("\n") + 1 || whole.length;
}

/** A text in Markdown that grows, drawn into an element as the server's `render` draws it when it is finished. */
export class LiveMarkdown {
  #element;
  #cleaner;
  #blocks;
  #markdown; // what the blocks were given
  #beyond; // the text node of what is beyond MAX_MARKDOWN
  #waiting = "";
  #timer;
  #pause;
  #notBefore = 0;

  /** `element` is emptied; its children belong to this object from now on. What is appended within `pause`
   * milliseconds of a draw waits for their end. */
  constructor(element, pause = 0) {
    this.#element = element;
    this.#pause = pause;
    this.setText("");
  }

  /** Show `text` instead of what is there; more may follow. */
  setText(text) {
    this.#cleaner = new Cleaner();
    this.#markdown = this.#waiting = "";
    this.#beyond = null;
    this.#start();
    this.#waiting = this.#cleaner.next(text);
    this.#draw();
  }

  /** Add `text`. */
  append(text) {
    this.#waiting += this.#cleaner.next(text);
    const rest = this.#notBefore - performance.now();
    if (rest <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), rest);
  }

  /** Draw the end of the text, so that what is shown equals what the server stores. */
  finish() {
    this.#waiting += this.#cleaner.rest();
    this.#draw();
    if (!this.#beyond) this.#blocks.finish();
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    this.#waiting = "";
    const start = performance.now();
    this.#add(text);
    const spent = performance.now() - start;
    this.#notBefore = start + Math.max(this.#pause, spent > EASY_MS ? spent * (1 + REST) : 0);
  }

  #start() {
    this.#element.replaceChildren();
    this.#blocks = new Blocks(this.#element);
  }

  #add(text) {
    if (!text) return;
    if (this.#beyond) this.#beyond.appendData(text);
    else if (this.#markdown.length + text.length > MAX_MARKDOWN) this.#overflow(this.#markdown + text);
    else {
      this.#markdown += text;
      this.#blocks.append(text);
    }
  }

  /** Draw what of `text` is Markdown to its end, and the rest as it is. */
  #overflow(text) {
    const end = markdownEnd(text);
    this.#start();
    this.#blocks.append(text.slice(0, end));
    this.#blocks.finish();
    const plain = document.createElement("div");
    plain.className = "plain";
    plain.append(text.slice(end));
    this.#element.append(plain);
    this.#beyond = plain.firstChild;
  }
}
