// Draws Markdown that is still being written. The open part, from `#cut` on, is parsed and drawn again with each
// piece of text; what comes before is complete and stays untouched. The open part is the last block, or the last
// item of a list at top level, so that a piece costs the same early and late in an answer.
//
// Four things reach back over the cut, and each is seen to: a blank line that makes a whole list loose, a link
// definition that gives meaning to brackets far above, a half line that becomes something else, and the end of a
// fence (while one is open, text is only appended to its text node).

import { findCut, itemParagraphs, openFence, takeProbe } from "./boundaries.js";
import { withoutUnfit } from "./characters.js";
import { plainCode } from "./code.js";
import { createParser } from "./dialect.js";
import { enhance } from "./enhance.js";
import { morphChildren } from "./morph.js";

const parser = createParser();
const template = document.createElement("template");

// Every block, and every item of a list, is drawn as one element and one line end.
const NODES_PER_BLOCK = 2;
// Whatever a line may begin with that closes a fence.
const FENCE_PREFIX = /^ {0,3}(?:`*|~*)$/;

/** Return the nodes of `html`, which the parser made: it escapes all text and has raw HTML off. */
function nodesOf(html) {
  // The one place where the page parses HTML; the content of a template is inert. Entities may have made characters
  // that were taken away before.
  // eslint-disable-next-line no-unsanitized/property -- see above
  template.innerHTML = withoutUnfit(html); // the parser's own output, which escapes all text
  return [...template.content.childNodes];
}

function lineOffset(text, line) {
  let offset = 0;
  for (let i = 0; i < line; i++) offset = text.indexOf("\n", offset) + 1;
  return offset;
}

/** A text in Markdown that is being written, drawn as the children of `element`. */
export class Blocks {
  #element;
  #source = "";
  #cut = 0;
  #drawn = 0; // child nodes before the cut
  #list = null; // the list that the cut is in: `element`, `start` in the source, `drawn` child nodes, `loose`, `probe`
  #fence = null; // the fence that is open: text `node`, `closing`, offsets `line` of its last line and `shown`
  #references = {}; // link definitions before the cut
  #isWhole = false; // nothing follows

  constructor(element) {
    this.#element = element;
  }

  /** Add text and draw it. */
  append(text) {
    this.#source += text;
    if (!this.#drawFence()) this.#draw();
  }

  /** Draw what is there as the whole text. */
  finish() {
    this.#fence = null;
    this.#isWhole = true;
    const { references } = this.#draw();
    this.#define(references);
    enhance(this.#element);
  }

  /** Draw the open part, move the cut, and return markdown-it's environment of what was drawn. */
  #draw() {
    // The probe is an item before the open ones that shows whether they make the list loose.
    const probe = this.#list?.probe ?? "";
    const text = probe + this.#source.slice(this.#cut);
    const env = { references: Object.create(this.#references), isMidair: !this.#isWhole };
    const tokens = parser.parse(text, env);
    if (this.#list && !this.#fitList(tokens)) return this.#draw();
    this.#place(nodesOf(parser.renderer.render(tokens, parser.options, env)));
    const cut = findCut(tokens, text);
    if (cut) this.#advance(text, probe.length, cut);
    if (!this.#list && !this.#isWhole) this.#watchFence(tokens.at(-1));
    return env;
  }

  /** Draw again from the beginning; nodes that come out the same stay. */
  #redraw() {
    this.#cut = this.#drawn = 0;
    this.#list = null;
    this.#draw();
  }

  /** Make the open items as loose as their list; false when the list became loose and must be drawn again. */
  #fitList(tokens) {
    const loose = takeProbe(tokens);
    if (loose && !this.#list.loose) {
      this.#cut = this.#list.start;
      this.#list = null;
      return false;
    }
    for (const token of itemParagraphs(tokens)) token.hidden = !this.#list.loose;
    return true;
  }

  #place(nodes) {
    let from = this.#drawn;
    if (this.#list) {
      const [, ...items] = nodes.shift().childNodes;
      morphChildren(this.#list.element, this.#list.drawn, items);
      from += 1;
    }
    morphChildren(this.#element, from, nodes);
  }

  /** Move the cut within `text`, of which the first `skip` characters are not in the source. */
  #advance(text, skip, cut) {
    if (cut.blocks > 0) {
      const end = this.#drawn + cut.blocks * NODES_PER_BLOCK;
      this.#enhance(this.#element, this.#drawn, end);
      this.#drawn = end;
      this.#list = null;
    }
    if (cut.items > 0) {
      this.#list ??= this.#openList(this.#cut + lineOffset(text, cut.listLine) - skip, cut.probe);
      const end = this.#list.drawn + cut.items * NODES_PER_BLOCK;
      this.#enhance(this.#list.element, this.#list.drawn, end);
      this.#list.drawn = end;
      this.#list.loose ||= cut.loose;
    }
    const offset = lineOffset(text, cut.line);
    this.#cut += offset - skip;
    this.#collectDefinitions(text.slice(skip, offset));
  }

  #openList(start, probe) {
    // A list begins with a line end before its first item.
    return { element: this.#element.childNodes[this.#drawn], start, drawn: 1, loose: false, probe };
  }

  #enhance(parent, from, end) {
    for (let i = from; i < end; i += 1) {
      if (parent.childNodes[i].nodeType === Node.ELEMENT_NODE) enhance(parent.childNodes[i]);
    }
  }

  #collectDefinitions(text) {
    if (!text.includes("]:")) return;
    const references = Object.create(this.#references);
    parser.block.parse(text, parser, { references }, []);
    this.#define(references);
  }

  /** Keep the own properties of `references`, and draw again what may use them. */
  #define(references) {
    if (Object.keys(references).length === 0) return;
    this.#references = { ...references, ...this.#references };
    if (this.#source.lastIndexOf("[", this.#cut - 1) >= 0) this.#redraw();
  }

  /** Take over from the parser if `token`, the last one, is a fence that is open. */
  #watchFence(token) {
    const closing = openFence(token, this.#source.slice(this.#cut));
    if (!closing) return;
    // Stored text that goes on may have had its last block coloured already.
    const node = plainCode(this.#element.childNodes[this.#drawn]).querySelector("code");
    const start = this.#source.indexOf("\n", this.#cut) + 1;
    const end = this.#codeEnd();
    node.replaceChildren(this.#source.slice(start, end));
    this.#fence = { node: node.firstChild, closing, line: this.#lastLine(), shown: end };
  }

  /** Append what is new to the open fence; false when there is none, or it may have been closed. */
  #drawFence() {
    const fence = this.#fence;
    if (!fence) return false;
    if (fence.closing.test(this.#source.slice(fence.line))) {
      this.#fence = null;
      return false;
    }
    const end = this.#codeEnd();
    fence.node.appendData(this.#source.slice(fence.shown, end));
    fence.shown = end;
    fence.line = this.#lastLine();
    return true;
  }

  #lastLine() {
    return this.#source.lastIndexOf("\n") + 1;
  }

  /** Return where the code of an open fence ends: half of the closing line is not code. */
  #codeEnd() {
    const line = this.#lastLine();
    return FENCE_PREFIX.test(this.#source.slice(line)) ? line : this.#source.length;
  }
}
