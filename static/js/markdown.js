// Markdown on the page: the live answer, and what is added to Markdown that came from the server.

import { Blocks } from "./markdown/blocks.js";
import { Cleaner } from "./markdown/characters.js";

export { enhance } from "./markdown/code.js";

// Text beyond this is shown as it is; conversations/rendering cuts at the same place.
const MAX_MARKDOWN = 65_536;

/** Return where in `text`, which is longer than MAX_MARKDOWN, Markdown ends: after a line where it can. */
function markdownEnd(text) {
  const head = text.slice(0, MAX_MARKDOWN);
  const whole = /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head;
  return whole.lastIndexOf("\n") + 1 || whole.length;
}

/**
 * A text in Markdown that grows, drawn into an element as the server's `render` draws it when it is finished.
 *
 * Every call draws at once, so that callers append what came since the last frame of the screen, not each token.
 */
export class LiveMarkdown {
  #element;
  #cleaner;
  #blocks;
  #markdown; // what the blocks were given
  #rest; // the text node of what is beyond MAX_MARKDOWN

  /** `element` is emptied; its children belong to this object from now on. */
  constructor(element) {
    this.#element = element;
    this.setText("");
  }

  /** Show `text` instead of what is there; more may follow. */
  setText(text) {
    this.#cleaner = new Cleaner();
    this.#markdown = "";
    this.#rest = null;
    this.#start();
    this.append(text);
  }

  /** Add `text`. */
  append(text) {
    this.#add(this.#cleaner.next(text));
  }

  /** Draw the end of the text, so that what is shown equals what the server stores. */
  finish() {
    this.#add(this.#cleaner.rest());
    if (!this.#rest) this.#blocks.finish();
  }

  #start() {
    this.#element.replaceChildren();
    this.#blocks = new Blocks(this.#element);
  }

  #add(text) {
    if (!text) return;
    if (this.#rest) this.#rest.appendData(text);
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
    this.#rest = plain.firstChild;
  }
}
