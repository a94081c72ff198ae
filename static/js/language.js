// The language of a text that comes piece by piece.

import { languageOf } from "./text.js";

// UTF-16 units, in which the characters that tell the language have room. Asking again with each piece of a long text
// would cost the more the longer it gets.
const ENOUGH = 1200;

/** Keeps at `element` the language of its text. */
export class Language {
  #element;
  #start = "";

  constructor(element) {
    this.#element = element;
  }

  /** Forget what was there. */
  restart() {
    this.#start = "";
  }

  /** Look at a piece. */
  take(text) {
    if (this.#start.length >= ENOUGH) return;
    this.#start += text.slice(0, ENOUGH);
    this.#element.lang = languageOf(this.#start);
  }
}
