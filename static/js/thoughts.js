// What a model thinks before it answers: folded away, with the time that it takes.

import { t } from "./i18n.js";
import { Language } from "./language.js";
import { Cleaner } from "./markdown/characters.js";
import { Pacer } from "./markdown/pacer.js";
import { seconds } from "./units.js";

// Whoever reads at the end, within so many pixels, goes on to do so.
const NEAR = 24;

/** The thoughts in `element`, a `<details>`, while they come, drawn not again within `pause` milliseconds. */
export class Thoughts {
  constructor(element, pause) {
    this.element = element;
    this.title = element.querySelector(".thinking-title");
    this.ticking = element.querySelector(".thinking-time");
    this.text = element.querySelector(".thinking-text");
    this.given = null; // all that came; null before the first
    this.language = new Language(this.text);
    this.pacer = new Pacer(() => this.draw(), pause);
    element.addEventListener("toggle", () => this.toEnd(this.clock));
  }

  /** Show `thinking` instead of what is there; more may follow. */
  set(thinking) {
    if (this.given === null || !thinking.startsWith(this.given)) this.start();
    this.take(thinking.slice(this.given.length));
    this.pacer.now();
    this.element.hidden = !thinking;
  }

  append(thinking) {
    if (this.given === null) this.start();
    this.take(thinking);
    this.element.hidden = false;
    this.pacer.soon();
  }

  /** Draw what is left. */
  finish() {
    if (this.given === null) return;
    this.waiting += this.cleaner.rest();
    this.pacer.now();
  }

  start() {
    this.cleaner = new Cleaner();
    this.language.restart();
    this.given = this.waiting = "";
    this.node = null;
  }

  take(thinking) {
    this.given += thinking;
    this.waiting += this.cleaner.next(thinking);
    this.language.take(thinking);
  }

  draw() {
    const { scrollHeight, scrollTop, clientHeight } = this.element.open ? this.text : {};
    if (this.node) this.node.appendData(this.waiting);
    else {
      this.node = document.createTextNode(this.waiting);
      this.text.replaceChildren(this.node);
    }
    this.waiting = "";
    this.toEnd(scrollHeight - scrollTop - clientHeight < NEAR);
  }

  toEnd(wanted) {
    if (wanted) this.text.scrollTop = this.text.scrollHeight;
  }

  /** Say that the model has thought for so many milliseconds, and count on while it `goesOn`. */
  time(ms, goesOn) {
    clearInterval(this.clock);
    this.clock = null;
    this.ticking.textContent = "";
    if (!goesOn) {
      this.title.textContent = duration(ms);
      return;
    }
    this.title.textContent = t("Thinking");
    const began = performance.now() - ms;
    const tick = () => {
      const lasts = performance.now() - began;
      this.ticking.textContent = lasts < 1000 ? "" : seconds(lasts, true);
    };
    this.clock = setInterval(tick, 1000);
    tick();
  }
}

/** Return for how long a model thought; views/transcript.py says the same. */
function duration(ms) {
  if (!ms) return t("Thoughts");
  return ms < 1000 ? t("Thought for a moment") : t("Thought for {time}", { time: seconds(ms, true) });
}
