// An answer while it is written.

import { LiveMarkdown } from "./markdown.js";
import { Pace } from "./pace.js";
import { languageOf } from "./text.js";
import { Thoughts } from "./thoughts.js";

// The first characters tell the language; asking again with each piece would cost the more the longer it gets.
const LANGUAGE_KNOWN_AFTER = 200;

// Between two draws. However little came, each one costs layout, paint and compositing of the window, about 4 ms.
const PAUSE_MS = 80;

/** The running answer of `article`. `end` is the position behind what has arrived. */
export class LiveAnswer {
  constructor(article, generation, options) {
    this.article = article;
    this.generation = generation;
    this.options = options;
    this.body = article.querySelector(".markdown");
    this.thoughts = new Thoughts(article.querySelector(".thinking"));
    this.markdown = new LiveMarkdown(this.body, PAUSE_MS);
    this.pace = new Pace(options?.num_predict);
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
    this.thoughts.set(thinking);
  }

  /** Take a delta; returns false when text between what is here and the delta is missing. */
  add({ at, end, text = "", thinking = "" }) {
    if (end[0] <= this.end[0] && end[1] <= this.end[1]) return true;
    if (at[0] !== this.end[0] || at[1] !== this.end[1]) return false;
    this.end = end;
    if (thinking) this.thoughts.append(thinking);
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

  /** The server tells the phase, how many tokens have come and for how many milliseconds the model has thought. */
  phase({ phase, tokens, thinking_ms: thought = 0 }) {
    this.pace.take(phase, tokens);
    this.thoughts.time(thought, phase === "thinking");
  }

  /** Let go of an answer of which something else became known than its end. */
  drop() {
    this.thoughts.time(0, false);
  }

  /** Draw the rest and close what is open; the model `thought` for so many milliseconds. */
  finish(thought = 0) {
    this.markdown.finish();
    this.thoughts.time(thought, false);
  }
}
