// An answer while it is written.

import { LiveMarkdown } from "./markdown.js";
import { languageOf } from "./text.js";

// The first characters tell the language; asking again with each piece would cost the more the longer it gets.
const LANGUAGE_KNOWN_AFTER = 200;

/** The running answer of `article`. `end` is the position behind what has arrived. */
export class LiveAnswer {
  constructor(article, generation, options) {
    this.article = article;
    this.generation = generation;
    this.options = options;
    this.body = article.querySelector(".markdown");
    this.thoughts = article.querySelector(".thinking");
    this.thinkingText = article.querySelector(".thinking-text");
    this.markdown = new LiveMarkdown(this.body);
    this.end = [0, 0];
    this.start = "";
    Object.assign(article.dataset, { generation, status: "running", reason: "", end: "" });
  }

  /** Replace everything by the text so far. */
  set(text, thinking, end) {
    this.end = end;
    this.start = "";
    this.know(text);
    this.markdown.setText(text);
    this.thinkingText.textContent = thinking;
    this.thoughts.hidden = !thinking;
  }

  /** Take a delta; returns false when text between what is here and the delta is missing. */
  add({ at, end, text = "", thinking = "" }) {
    if (end[0] <= this.end[0] && end[1] <= this.end[1]) return true;
    if (at[0] !== this.end[0] || at[1] !== this.end[1]) return false;
    this.end = end;
    if (thinking) {
      this.thoughts.hidden = false;
      this.thinkingText.append(thinking);
    }
    if (text) {
      this.know(text);
      this.markdown.append(text);
    }
    return true;
  }

  know(text) {
    if (this.start.length >= LANGUAGE_KNOWN_AFTER) return;
    this.start += text.slice(0, LANGUAGE_KNOWN_AFTER);
    this.body.lang = languageOf(this.start);
  }

  /** Draw the rest and close what is open. */
  finish() {
    this.markdown.finish();
  }
}
