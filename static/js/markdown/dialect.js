// The Markdown dialect of answers: the browser's half of conversations/rendering/dialect.py, which describes it.
// Rules, their order and their expressions are the same there; a test holds the two equal.

import cjkFriendly from "../../vendor/markdown-it-cjk-friendly.js";
import MarkdownIt from "../../vendor/markdown-it.js";
import { addMath } from "./math.js";
import { closeMidair } from "./midair.js";

const SAFE_LINK = /^(?:https?|mailto):/i;
const SCHEME = /(?:^|[^A-Za-z0-9+.-])([Hh][Tt]{2}[Pp][Ss]?)$/;
const ADDRESS =
  /:\/\/[A-Za-z0-9[][A-Za-z0-9._~:@%[\]-]{0,253}(?:[/?#][A-Za-z0-9._~:/?#@!$&'()+,;=%[\]\u00c0-\u024f\u3040-\u30fa\u3400-\u9fff\uac00-\ud7a3-]{0,2000})?/y;
const LINE_BREAK = /<[Bb][Rr] ?\/?>/y;
const TASK = /^\[([ xX])\][ \t]+/;
const LANGUAGE = /^[a-z0-9+#._-]{1,30}/;
const MAX_QUOTE_LEVEL = 8;
const MAX_LEVEL = 16;
const EXTERNAL = [
  ["target", "_blank"],
  ["rel", "noopener noreferrer nofollow"],
];

/** Return what the sticky `expression` matches at `pos`, if it does so before `end`. */
function matchAt(expression, text, pos, end) {
  expression.lastIndex = pos;
  return expression.exec(text.slice(0, end))?.[0];
}

const count = (text, char) => text.split(char).length - 1;

/** Return `address` without the punctuation at its end that belongs to the sentence around it. */
function trimAddress(address) {
  for (;;) {
    const last = address.at(-1);
    const opening = { ")": "(", "]": "[" }[last];
    const unopened = opening && count(address, last) > count(address, opening);
    if (!unopened && !".,:;!?'_~([".includes(last)) return address;
    address = address.slice(0, -1);
  }
}

function bareLink(state, silent) {
  if (state.src[state.pos] !== ":" || state.linkLevel > 0) return false;
  const scheme = SCHEME.exec(state.pending.slice(-8))?.[1];
  if (!scheme) return false;
  const address = matchAt(ADDRESS, state.src, state.pos, state.posMax);
  if (!address) return false;
  const rest = trimAddress(address);
  const href = state.md.normalizeLink(scheme + rest);
  if (rest.length <= 3 || !state.md.validateLink(href)) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("link_open", "a", 1).attrs = [["href", href]];
    state.push("text", "", 0).content = scheme + rest;
    state.push("link_close", "a", -1);
  }
  state.pos += rest.length;
  return true;
}

function lineBreak(state, silent) {
  if (state.src[state.pos] !== "<") return false;
  const found = matchAt(LINE_BREAK, state.src, state.pos, state.posMax);
  if (!found) return false;
  if (!silent) state.push("hardbreak", "br", 0);
  state.pos += found.length;
  return true;
}

function tooDeep(state, start, end, silent) {
  if (silent || state.level < MAX_QUOTE_LEVEL) return false;
  const isQuote = state.src[state.bMarks[start] + state.tShift[start]] === ">";
  if (!isQuote && state.level < MAX_LEVEL) return false;
  const paragraph = state.md.block.ruler.getRules("").at(-1);
  return paragraph(state, start, end, false);
}

const isSafe = (url) => SAFE_LINK.test(url);

const words = (tokens) =>
  tokens.map((token) => (token.children?.length ? words(token.children) : token.content)).join("");

function linkedPicture(Token, image, insideLink) {
  const address = image.attrGet("src");
  const text = new Token("text", "", 0);
  const described = words(image.children ?? []);
  text.content = described || address;
  if (insideLink || !isSafe(address)) return [text];
  const open = new Token("link_open", "a", 1);
  // By the class, the page shows the address as well.
  const shown = described ? [["class", "picture"]] : [];
  open.attrs = [["href", address], ...shown, ...EXTERNAL];
  return [open, text, new Token("link_close", "a", -1)];
}

function guarded(Token, tokens) {
  let insideLink = false;
  return tokens.flatMap((token) => {
    if (token.type === "image") return linkedPicture(Token, token, insideLink);
    if (token.type === "link_open") {
      insideLink = isSafe(token.attrGet("href"));
      if (insideLink) token.attrs.push(...EXTERNAL);
      return insideLink ? [token] : [];
    }
    if (token.type !== "link_close") return [token];
    const wasInside = insideLink;
    insideLink = false;
    return wasInside ? [token] : [];
  });
}

function guardLinks(state) {
  for (const token of state.tokens) {
    if (token.type === "inline") token.children = guarded(state.Token, token.children);
  }
}

function markTasks(state) {
  for (let i = 0; i + 2 < state.tokens.length; i++) {
    const [item, block, inline] = state.tokens.slice(i, i + 3);
    if (item.type !== "list_item_open" || block.type !== "paragraph_open") continue;
    const first = inline.children[0];
    const match = first?.type === "text" && TASK.exec(first.content);
    if (!match) continue;
    first.content = first.content.slice(match[0].length);
    const task = new state.Token("task", "", 0);
    task.markup = match[1];
    inline.children = [task, ...inline.children, new state.Token("task_end", "", 0)];
    item.attrSet("class", "task");
  }
}

function alignCells(state) {
  for (const token of state.tokens) {
    const style = ["th_open", "td_open"].includes(token.type) && token.attrGet("style");
    if (style) token.attrs = [["class", style.replace("text-align:", "")]];
  }
}

function addRenderRules(md) {
  const { escapeHtml } = md.utils;
  Object.assign(md.renderer.rules, {
    fence(tokens, idx) {
      const language = LANGUAGE.exec(tokens[idx].info.replace(/^[ \t]+/, "").toLowerCase())?.[0];
      const attribute = language ? ` data-language="${language}"` : "";
      return `<pre class="code"${attribute}><code tabindex="0">${escapeHtml(tokens[idx].content)}</code></pre>\n`;
    },
    code_block: (tokens, idx) => `<pre class="code"><code tabindex="0">${escapeHtml(tokens[idx].content)}</code></pre>\n`,
    table_open: () => '<div class="table"><table>\n',
    table_close: () => "</table></div>\n",
    task: (tokens, idx) => {
      const checked = tokens[idx].markup === " " ? "" : ' checked=""';
      return `<label><input type="checkbox" disabled=""${checked}> `;
    },
    task_end: () => "</label>",
  });
}

/** Return a markdown-it parser of the dialect. */
export function createParser() {
  const md = new MarkdownIt({ html: false, breaks: true, maxNesting: 20 }).use(cjkFriendly);
  md.validateLink = isSafe;
  // Decoded, an address may show other letters, or characters that were taken away.
  md.normalizeLinkText = (url) => url;
  md.block.ruler.before("blockquote", "too_deep", tooDeep);
  md.inline.ruler.before("autolink", "line_break", lineBreak);
  md.inline.ruler.before("linkify", "bare_link", bareLink);
  addMath(md);
  md.core.ruler.before("inline", "midair", closeMidair);
  md.core.ruler.push("guard_links", guardLinks);
  md.core.ruler.push("mark_tasks", markTasks);
  md.core.ruler.push("align_cells", alignCells);
  addRenderRules(md);
  return md;
}
