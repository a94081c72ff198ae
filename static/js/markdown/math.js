// Formulas in the Markdown of answers: the browser's half of conversations/rendering/math.py, which describes them.

const MAX_FORMULA = 2048;
const CLOSING = { "$$": "$$", "\\[": "\\]", "\\(": "\\)" };
const BLANK = /^[ \t\n]*$/;
const WORD = /^[A-Za-z0-9]/;
const DIGIT = /^[0-9]/;

const isBlank = (char) => char === " " || char === "\t" || char === "\n";

/** Return `text` without the blanks at its ends. */
function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

/** Return where `closing` stands in `text` from `start` on, not escaped by a backslash; -1 if it does not. */
function findClosing(text, closing, start) {
  let pos = text.indexOf(closing, start);
  while (pos >= 0) {
    let before = pos;
    while (before > start && text[before - 1] === "\\") before--;
    if ((pos - before) % 2 === 0) return pos;
    pos = text.indexOf(closing, pos + 1);
  }
  return -1;
}

/** Return where the next `closing` from `start` on stands; the end of the text if there is none. */
function nextClosing(state, closing, start) {
  // An answer holds for all openings before it, so that a text of many openings is searched once.
  state.closings ??= {};
  const known = state.closings[closing];
  if (known && known.since <= start && start <= known.found) return known.found;
  const pos = findClosing(state.src, closing, start);
  const found = pos >= 0 ? pos : state.src.length;
  state.closings[closing] = { since: start, found };
  return found;
}

/** Return the pair or the dollar that opens a formula at `pos`, or an empty string. */
function openingAt(src, pos) {
  const pair = src.slice(pos, pos + 2);
  const before = src[pos - 1] ?? " ";
  if (Object.hasOwn(CLOSING, pair)) {
    return src.slice(pos, pos + 3) === "$$$" || (pair === "$$" && before === "$") ? "" : pair;
  }
  const isDollar = pair[0] === "$" && pair.length === 2 && !isBlank(pair[1]);
  return isDollar && before !== "$" && !WORD.test(before) ? "$" : "";
}

/** Return whether `content`, between `opening` and a closing before `after`, is a formula of a paragraph. */
function isFormula(content, opening, after) {
  if (content.includes("`") || BLANK.test(content) || content.length > MAX_FORMULA) return false;
  if (opening !== "$") return after !== "$" || opening !== "$$";
  return !isBlank(content.at(-1)) && !content.includes("\n") && after !== "$" && !DIGIT.test(after);
}

/** Return where the formula of a paragraph that begins at `pos` ends; 0 where none does. */
export function formulaEnd(text, pos) {
  const opening = openingAt(text, pos);
  const closing = CLOSING[opening] ?? "$";
  const start = pos + opening.length;
  const end = opening ? findClosing(text, closing, start) : -1;
  const after = end + closing.length;
  return end >= 0 && isFormula(text.slice(start, end), opening, text.slice(after, after + 1)) ? after : 0;
}

/** Return whether at `pos` a formula begins that is no money. */
export function opensFormula(text, pos) {
  return openingAt(text, pos).length > 1;
}

function inline(state, silent) {
  if (!"$\\".includes(state.src[state.pos])) return false;
  const opening = openingAt(state.src, state.pos);
  if (!opening) return false;
  const closing = CLOSING[opening] ?? "$";
  const start = state.pos + opening.length;
  const end = nextClosing(state, closing, start);
  const after = end + closing.length;
  if (after > state.posMax || end - start > MAX_FORMULA) return false;
  if (!isFormula(state.src.slice(start, end), opening, state.src.slice(after, after + 1))) return false;
  if (!silent) {
    const token = state.push("math_inline", "span", 0);
    token.content = trim(state.src.slice(start, end));
    token.markup = opening;
  }
  state.pos = after;
  return true;
}

/** Return whether the paragraph above the line `start` has a `$$` that waits for the one there. */
function closesAnother(state, start, opening) {
  if (state.parentType !== "paragraph" || opening !== "$$") return false;
  const above = state.src.slice(state.bMarks[state.line], state.bMarks[start]);
  const last = above.lastIndexOf("$$");
  if (last < 0) return false;
  const pairs = above.slice(above.slice(0, last).lastIndexOf("\n") + 1).split("$$").length - 1;
  return pairs % 2 === 1;
}

/** Return whether the line `start`, which begins with `opening`, begins a block. */
function opensBlock(state, start, opening) {
  const begin = state.bMarks[start] + state.tShift[start] + 2;
  if (state.src.slice(begin - 2, begin + 1) === "$$$" || state.sCount[start] - state.blkIndent >= 4) return false;
  const line = state.src.slice(begin, state.eMarks[start]);
  const close = findClosing(line, CLOSING[opening], 0);
  if (close >= 0 && (!BLANK.test(line.slice(close + 2)) || BLANK.test(line.slice(0, close)))) return false;
  return !closesAnother(state, start, opening);
}

/** Return the line and the position of the closing pair; without one the line after the block, and -1. */
function blockEnd(state, start, end, closing) {
  let pos = state.bMarks[start] + state.tShift[start] + 2;
  for (let line = start; line < end; line++) {
    if (line > start) {
      if (state.isEmpty(line) || state.sCount[line] < state.blkIndent) return [line, -1];
      pos = state.bMarks[line] + state.tShift[line];
    }
    const close = findClosing(state.src.slice(pos, state.eMarks[line]), closing, 0);
    if (close >= 0) return [line, pos + close];
  }
  return [end, -1];
}

/** Return the source of the block from the line `start` to `close` in `line`; if -1, with the opening pair. */
function sourceOf(state, start, line, close) {
  const begin = state.bMarks[start] + state.tShift[start] + (close >= 0 ? 2 : 0);
  if (line === start) return trim(state.src.slice(begin, close));
  const lines = [state.src.slice(begin, state.eMarks[start])];
  if (line > start + 1) lines.push(state.getLines(start + 1, line, state.blkIndent, false));
  if (close >= 0) lines.push(state.src.slice(state.bMarks[line] + state.tShift[line], close));
  return trim(lines.join("\n"));
}

function block(state, start, end, silent) {
  const pos = state.bMarks[start] + state.tShift[start];
  const opening = state.src.slice(pos, pos + 2);
  if (!["$$", "\\["].includes(opening) || !opensBlock(state, start, opening)) return false;
  if (silent) return true;
  const [line, close] = blockEnd(state, start, end, CLOSING[opening]);
  const token = state.push("math_block", "div", 0);
  token.content = sourceOf(state, start, line, close);
  token.markup = opening;
  token.meta = { open: close < 0 };
  state.line = close < 0 ? line : line + 1;
  token.map = [start, state.line];
  if (close >= 0 && !BLANK.test(state.src.slice(close + 2, state.eMarks[line]))) {
    // The sentence goes on behind the formula: the rest of the line begins a paragraph.
    state.line = line;
    state.bMarks[line] = close + 2;
    state.tShift[line] = 0;
    const paragraph = state.md.block.ruler.getRules("").at(-1);
    return paragraph(state, line, end, false);
  }
  return true;
}

/** Add formulas to the markdown-it parser `md`. */
export function addMath(md) {
  const { escapeHtml } = md.utils;
  md.inline.ruler.before("escape", "math_inline", inline);
  md.block.ruler.after("fence", "math_block", block, { alt: ["paragraph", "reference", "blockquote", "list"] });
  Object.assign(md.renderer.rules, {
    math_inline(tokens, idx) {
      const attribute = ["$$", "\\["].includes(tokens[idx].markup) ? ' data-display=""' : "";
      return `<span class="math"${attribute}><code>${escapeHtml(tokens[idx].content)}</code></span>`;
    },
    math_block(tokens, idx) {
      const attribute = tokens[idx].meta.open ? "data-open" : "data-display";
      return `<div class="math" ${attribute}=""><code>${escapeHtml(tokens[idx].content)}</code></div>\n`;
    },
  });
}
