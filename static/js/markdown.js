// Markdown on the page: the live answer, and what is added to Markdown that came from the server.

import { Blocks } from "./markdown/blocks.js";
import { Cleaner } from "./markdown/characters.js";
import { Pacer } from "./markdown/pacer.js";

export { enhance } from "./markdown/enhance.js";

// Text beyond this is shown as it is; conversations/rendering cuts at the same place.
const MAX_MARKDOWN = 65_536;

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
  #given = null; // all the text so far; null before the first
  #markdown; // what the blocks were given
  #beyond; // the text node of what is beyond MAX_MARKDOWN
  #waiting;
  #pacer;

  /** The children of `element` belong to this object from the first text on, and stay where they show the same. What
   * is appended within `pause` milliseconds of a draw waits for their end. */
  constructor(element, pause = 0) {
    this.#element = element;
    this.#pacer = new Pacer(() => this.#draw(), pause);
  }

  /** Show `text` instead of what is there; more may follow. */
  setText(text) {
    if (this.#given === null || !text.startsWith(this.#given)) {
      this.#start();
      if (!text) this.#element.replaceChildren();
    }
    this.#take(text.slice(this.#given.length));
    this.#pacer.now();
  }

  /** Add `text`. */
  append(text) {
    if (this.#given === null) this.#start();
    this.#take(text);
    this.#pacer.soon();
  }

  /** Draw the end of the text, so that what is shown equals what the server stores. */
  finish() {
    if (this.#given === null) return;
    this.#waiting += this.#cleaner.rest();
    this.#pacer.now();
    if (!this.#beyond) this.#blocks.finish();
  }

  #start() {
    this.#cleaner = new Cleaner();
    this.#given = this.#markdown = this.#waiting = "";
    this.#beyond = null;
    this.#blocks = new Blocks(this.#element);
  }

  #take(text) {
    this.#given += text;
    this.#waiting += this.#cleaner.next(text);
  }

  #draw() {
    const text = this.#waiting;
    this.#waiting = "";
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
    this.#element.replaceChildren();
    this.#blocks = new Blocks(this.#element);
    this.#blocks.append(text.slice(0, end));
    this.#blocks.finish();
    const plain = document.createElement("div");
    plain.className = "plain";
    plain.append(text.slice(end));
    this.#element.append(plain);
    this.#beyond = plain.firstChild;
  }
}
