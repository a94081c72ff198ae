// Where Markdown that is still being written is complete. The last line may be half a line, and what it will be
// is open: "-" may become an item, a rule or the underline of a heading. A cut must not depend on that.

// A half line that may still become a list item, or the next paragraph of one, or go on with indented code.
const MAY_JOIN = /^(?:[ \t].*|[-+*]|\d{1,9}[.)]?|)$/;
// A half line that is drawn as an item but may become a rule.
const MAY_BE_RULE = /^[ \t]*(?:[-+*_ \t]+|\d{1,9}[.)]?[ \t]*)$/;
const BLANK = /^[ \t]*$/;

const ENDS_BY_ITSELF = new Set(["heading_open", "hr", "fence"]);

const isList = (token) => token.type === "bullet_list_open" || token.type === "ordered_list_open";
const isParagraph = (token) =>
  token.type === "paragraph_open" || (token.type === "heading_open" && !token.markup.startsWith("#"));

/** Return the opening tokens of the blocks directly at `level`. */
function blocksAt(tokens, level) {
  return tokens.filter((token) => token.level === level && token.nesting >= 0);
}

/** Return the opening and closing tokens of the paragraphs directly in the items of the list that begins `tokens`. */
export function itemParagraphs(tokens) {
  const end = tokens.findIndex((token, i) => i > 0 && token.level === 0);
  return tokens.slice(0, end).filter((token) => token.level === 2 && token.tag === "p");
}

/** Return a line that is an item of a list like `list`, whatever items follow it: they stand further left. */
const probeFor = (list) => `${list.type === "ordered_list_open" ? "1" : ""}${list.markup}    x\n`;

/** Take the item that `probeFor` wrote from `tokens`, and return whether it made the list loose. */
export function takeProbe(tokens) {
  const [, paragraph] = tokens.splice(1, 5);
  return !paragraph.hidden;
}

/** Return whether nothing that follows can change the blocks before `block`. */
function isBoundary(block, previous, lines) {
  const [start] = block.map;
  const isWhole = start < lines.length - 1;
  if (previous.map[1] === start && ENDS_BY_ITSELF.has(previous.type)) return true;
  if (BLANK.test(lines[start - 1])) return isWhole || !MAY_JOIN.test(lines[start]);
  // A paragraph without a blank line above may yet be the title of a link definition there.
  if (!isWhole || isParagraph(block)) return false;
  return block.type !== "table_open" || start + 1 < lines.length - 1;
}

/** Return how many items of the list `tokens` are complete, the `line` after them, and whether it is loose. */
function completeItems(tokens, lines) {
  const items = blocksAt(tokens, 1);
  const count = items.findLastIndex((item) => item.map[0] < lines.length - 1);
  if (count < 1) return null;
  const [line] = items[count].map;
  const paragraphs = itemParagraphs(tokens);
  const loose = paragraphs.some((token) => !token.hidden);
  const hasBlank = lines.slice(tokens[0].map[0], line).some((text) => BLANK.test(text));
  if (loose && MAY_BE_RULE.test(lines.at(-1))) return null;
  // Without a paragraph, nothing tells whether blank lines made the list loose.
  if (hasBlank && paragraphs.length === 0) return null;
  return { count, line, loose };
}

/**
 * Return where the open part of `text`, parsed to `tokens`, can be cut, or null: the first `line` after the cut,
 * how many `blocks` are complete before it and how many `items` of the list that follows those, with what is known
 * about that list: the line it begins at (`listLine`), whether it is `loose`, and a `probe` for it.
 */
export function findCut(tokens, text) {
  const lines = text.split("\n");
  const blocks = blocksAt(tokens, 0);
  const open = blocks.at(-1);
  const complete = blocks.length - 1;
  if (!open || (complete > 0 && !isBoundary(open, blocks.at(-2), lines))) return null;
  const items = isList(open) ? completeItems(tokens.slice(tokens.indexOf(open)), lines) : null;
  if (!items && complete === 0) return null;
  const [start] = open.map;
  if (!items) return { line: start, blocks: complete, items: 0 };
  const { count, line, loose } = items;
  return { line, blocks: complete, items: count, listLine: start, loose, probe: probeFor(open) };
}

/** Return the expression of the line that closes the fence which is all of `text`; null if it is another `token`. */
export function openFence(token, text) {
  if (token?.type !== "fence" || !text.startsWith(token.markup)) return null;
  const [, ...lines] = text.split("\n");
  const closing = new RegExp(`^ {0,3}${token.markup[0]}{${token.markup.length},}[ \\t]*$`, "m");
  return lines.length > 0 && !lines.some((line) => closing.test(line)) ? closing : null;
}
