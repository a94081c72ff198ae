// What is open at the end of a text that is being written is drawn as if it were closed: `**bo` is bold at once, and of
// a link without its end only the words are shown. A finished text is drawn as it is.
//
// Only the last line of the last paragraph, heading or cell is looked at, and never its blocks: what is written of a
// line may change what the line is, and blocks must be what the parser makes of the text itself. A wrong guess shows
// for the rest of a line at most. What opens:
//   - backticks without others of the same number behind them;
//   - two tildes, or asterisks, with no letter or digit before them and no blank behind; a single one only where no digit
//     follows either, as it multiplies. Chinese letters may stand before them.
// Markers at the very end wait until it is known what they are. What begins a formula ends the search, except for a
// dollar, which may be money.

import { formulaEnd, opensFormula } from "./math.js";

// Letters and digits of scripts that part words by blanks.
const WORD = /(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}])[\p{L}\p{N}]/u;
const MARKER = /\*+|~+|`+/y;
// The rest of a link behind its words, and as much of it as there may be at the end of a line.
const ADDRESS = String.raw`\([ \t]*(?:<[^<>]*>|(?:\\.|[^\s()\\<]|\([^\s()]*\))*)`;
const HALF_ADDRESS = String.raw`\([ \t]*(?:<[^<>]*|(?:\\.|[^\s()\\<]|\([^\s()]*\))*(?:\\|\([^\s()]*)?)`;
const LINK_END = new RegExp(String.raw`${ADDRESS}(?:[ \t]+(?:"[^"]*"|'[^']*'))?[ \t]*\)`, "y");
const HALF_LINK_END = new RegExp(
  String.raw`(?:${HALF_ADDRESS}|${ADDRESS}[ \t]+(?:"[^"]*"?|'[^']*'?)?[ \t]*)$`,
  "y",
);
// More than that nobody means, and the parser would not nest it either.
const MAX_OPEN = 16;

function matchAt(expression, text, pos) {
  expression.lastIndex = pos;
  return expression.exec(text)?.[0] ?? "";
}

/** Return where the code that `ticks` open before `pos` ends; -1 if it does not. */
function codeEnd(line, ticks, pos) {
  for (const match of line.slice(pos).matchAll(/`+/g)) {
    if (match[0] === ticks) return pos + match.index + ticks.length;
  }
  return -1;
}

/** Reads a line once, from its start, and keeps what is open. */
class Line {
  #text;
  #pos = 0;
  #emphasis = []; // what is open, each { char, length }
  #brackets = []; // where brackets opened
  #end = ""; // what closes at the very end

  constructor(text) {
    this.#text = text;
  }

  /** Return the line with everything closed. */
  closed() {
    while (this.#pos < this.#text.length) this.#step();
    const closing = this.#emphasis.toReversed().map(({ char, length }) => char.repeat(length));
    return this.#text + this.#end + closing.join("");
  }

  #cut(pos, end = "") {
    this.#text = this.#text.slice(0, pos);
    this.#pos = pos;
    this.#end = end;
  }

  #step() {
    const char = this.#text[this.#pos];
    if ((char === "\\" || char === "$") && this.#formula()) return;
    if (char === "\\") this.#escape();
    else if (char === "`") this.#code();
    else if (char === "*" || char === "~") this.#marker();
    else if (char === "[") this.#brackets.push(this.#pos++);
    else if (char === "]") this.#link();
    else this.#pos += 1;
  }

  #escape() {
    if (this.#pos + 1 === this.#text.length) this.#cut(this.#pos);
    else this.#pos += 2;
  }

  /** Pass over a formula; what may become one ends the line. False where there is none. */
  #formula() {
    const end = formulaEnd(this.#text, this.#pos);
    if (end) this.#pos = end;
    else if (opensFormula(this.#text, this.#pos)) this.#pos = this.#text.length;
    else return false;
    return true;
  }

  #code() {
    const ticks = matchAt(MARKER, this.#text, this.#pos);
    const start = this.#pos + ticks.length;
    const end = codeEnd(this.#text, ticks, start);
    const code = this.#text.slice(start).replace(/`+$/, "");
    if (end >= 0) this.#pos = end;
    else if (code.trim()) this.#cut(start + code.length, ticks);
    else this.#cut(this.#pos);
  }

  #marker() {
    const run = matchAt(MARKER, this.#text, this.#pos);
    if (this.#pos + run.length === this.#text.length) {
      this.#cut(this.#pos);
      return;
    }
    if (run[0] === "*" || run.length === 2) this.#emphasize(run[0], run.length);
    this.#pos += run.length;
  }

  #emphasize(char, length) {
    const before = this.#text[this.#pos - 1] ?? " ";
    const after = this.#text[this.#pos + length];
    const left = /\s/.test(before) ? length : this.#close(char, length);
    const mayOpen = !/\s/.test(after) && !WORD.test(before) && this.#emphasis.length < MAX_OPEN;
    if (mayOpen && (left > 1 || (left === 1 && !/\d/.test(after)))) this.#emphasis.push({ char, length: left });
  }

  /** Close what `length` markers close, and return how many are left. */
  #close(char, length) {
    const open = this.#emphasis.findLastIndex((one) => one.char === char);
    if (open < 0 || length === 0) return length;
    const one = this.#emphasis[open];
    const used = Math.min(length, one.length);
    one.length -= used;
    // What was opened within it was not meant.
    this.#emphasis.length = one.length > 0 ? open + 1 : open;
    return this.#close(char, length - used);
  }

  /** Pass over the address of a link; of a link without its end, keep the words. */
  #link() {
    const open = this.#brackets.pop();
    this.#pos += 1;
    if (open === undefined || this.#text[this.#pos] !== "(") return;
    const end = matchAt(LINK_END, this.#text, this.#pos);
    this.#pos += end.length;
    if (end || !matchAt(HALF_LINK_END, this.#text, this.#pos)) return;
    const start = this.#text[open - 1] === "!" ? open - 1 : open;
    this.#text = this.#text.slice(0, start) + this.#text.slice(open + 1, this.#pos - 1);
    this.#pos = this.#text.length;
  }
}

/** Return the inline token that the text of `state` ends with; undefined where it ends with something else. */
function openToken({ tokens, src }) {
  const isPassed = (token) => token.nesting < 0 || token.type === "td_open" || (token.type === "inline" && !token.content);
  const last = tokens.findLast((token) => !isPassed(token));
  if (last?.type !== "inline") return undefined;
  return src.replace(/[ \t]+$/, "").endsWith(last.content.slice(last.content.lastIndexOf("\n") + 1)) ? last : undefined;
}

/** Core rule of markdown-it: in a text that goes on, close what is open at its end. */
export function closeMidair(state) {
  const token = state.env.isMidair ? openToken(state) : undefined;
  if (!token) return;
  const start = token.content.lastIndexOf("\n") + 1;
  token.content = token.content.slice(0, start) + new Line(token.content.slice(start)).closed();
}
