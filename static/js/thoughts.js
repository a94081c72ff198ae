// What a model thinks before it answers: folded away, with the time that it takes.

import { t } from "./i18n.js";
import { languageOf } from "./text.js";
import { seconds } from "./units.js";

// Whoever reads at the end, within so many pixels, goes on to do so.
const NEAR = 24;
const LANGUAGE_KNOWN_AFTER = 200;

/** The thoughts in `element`, a `<details>`, while they come. */
export class Thoughts {
  constructor(element) {
    this.element = element;
    this.title = element.querySelector(".thinking-title");
    this.ticking = element.querySelector(".thinking-time");
    this.text = element.querySelector(".thinking-text");
    element.addEventListener("toggle", () => this.toEnd(this.clock));
  }

  /** Replace everything by the thoughts so far. */
  set(thinking) {
    this.text.textContent = "";
    this.length = 0;
    this.element.hidden = true;
    if (thinking) this.append(thinking);
  }

  append(thinking) {
    const { scrollHeight, scrollTop, clientHeight } = this.element.open ? this.text : {};
    this.element.hidden = false;
    this.text.append(thinking);
    if (this.length < LANGUAGE_KNOWN_AFTER) this.text.lang = languageOf(this.text.textContent);
    this.length += thinking.length;
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
