// Characters that a page must not show as they are: the browser's half of conversations/rendering/characters.py.

const LINE_END = /\r\n?|[\u2028\u2029]/g;
// eslint-disable-next-line no-control-regex -- control characters are the subject
const TERMINAL_CODE = /\x1b\[[0-9:;?]{0,32}[ -/]{0,2}[@-~]/g;
const UNFIT =
  // eslint-disable-next-line no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\u{e0000}-\u{e007f}]|([\u202a-\u202e\u2066-\u2069])/gu;
// A line end or a terminal code of which the next piece may bring the rest; half of a character outside the BMP.
// eslint-disable-next-line no-control-regex
const UNFINISHED = /(?:\r|\x1b(?:\[[0-9:;?]{0,32}[ -/]{0,2})?|[\ud800-\udbff])$/;

const spelledOut = (char) => `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** Return `text` without the single characters that `clean` takes away; safe for HTML, of which it eats nothing. */
export function withoutUnfit(text) {
  return text.replace(UNFIT, (_, direction) => (direction ? spelledOut(direction) : ""));
}

/** Return `text` with "\n" at line ends, no control codes, and direction controls spelled out. */
export function clean(text) {
  return withoutUnfit(text.replace(LINE_END, "\n").replace(TERMINAL_CODE, ""));
}

/** Cleans a text that comes in pieces, to the same result wherever it was cut. */
export class Cleaner {
  #kept = "";

  /** Return the clean form of the next piece, without what its end leaves open. */
  next(piece) {
    const text = this.#kept + piece;
    this.#kept = UNFINISHED.exec(text)?.[0] ?? "";
    return clean(text.slice(0, text.length - this.#kept.length));
  }

  /** Return the clean form of what was left open, now that nothing follows. */
  rest() {
    const text = clean(this.#kept);
    this.#kept = "";
    return text;
  }
}
