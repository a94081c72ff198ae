// An answer while it is written.

import { Language } from "./language.js";
import { LiveMarkdown } from "./markdown.js";
import { Pace } from "./pace.js";
import { Thoughts } from "./thoughts.js";

// Between two draws. However little came, each one costs layout, paint and compositing of the window, about 4 ms.
const PAUSE_MS = 80;

/** The running answer of `article`, which shows what it showed until text comes. `end` is the position behind what has
 * arrived. */
export class LiveAnswer {
  constructor(article, generation, options) {
    this.article = article;
    this.generation = generation;
    this.options = options;
    const body = article.querySelector(".markdown");
    this.language = new Language(body);
    this.thoughts = new Thoughts(article.querySelector(".thinking"), PAUSE_MS);
    this.markdown = new LiveMarkdown(body, PAUSE_MS);
    this.pace = new Pace(options?.num_predict);
    this.end = [0, 0];
    Object.assign(article.dataset, { generation, status: "running", reason: "", end: "" });
  }

  /** Show the text so far; of what stands there already, whatever belongs to it stays. */
  set(text, thinking, end) {
    this.end = end;
    this.language.restart();
    this.language.take(text);
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
      this.language.take(text);
      this.markdown.append(text);
    }
    return true;
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
    this.thoughts.finish();
    this.thoughts.time(thought, false);
  }
}
