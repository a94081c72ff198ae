// The status line: what the page waits for, and for how long; afterwards, what came of it. Screen readers hear each
// state once.

import { number, t } from "./i18n.js";

const SENTENCES = {
  connecting: () => t("Connecting to Ollama"),
  loading: (model) => t("Loading {model}", { model }),
  reading: () => t("Reading the question"),
  thinking: () => t("Thinking"),
  writing: () => t("Writing"),
};

const FINAL = new Set(["ended", "gone"]);
// A phase that is over sooner is not put into words.
const BRIEF = 150;

/** Keeps the line, `data-phase` and `data-connection` of `main`. */
export class Status {
  constructor(main) {
    this.main = main;
    this.line = main.querySelector(".status");
    this.text = this.line.querySelector(".status-text");
    this.time = this.line.querySelector(".status-time");
    this.login = this.line.querySelector(".status-login");
    this.announcer = document.getElementById("announcer");
    this.model = "";
    this.past = "";
  }

  /** Show the phase of an answer by `model`, as the server tells it: `ahead` answers come before a queued one, what is
   * shown is `saved` or not yet, the phase has lasted `phase_ms`. `pace()` tells in words how fast the answer comes.
   * After the last one, "idle", the line stays until `ended` is told: a dock that shrinks for a moment moves the page. */
  phase(phase, { model = this.model, ahead, saved = true, phase_ms: lasted = 0, pace } = {}) {
    const { dataset } = this.main;
    const isNew = phase !== dataset.phase;
    Object.assign(this, { model, ahead, pace });
    if (isNew) this.since = performance.now() - lasted;
    this.main.toggleAttribute("data-unsaved", !saved);
    dataset.phase = phase;
    clearTimeout(this.soon);
    if (phase === "idle") {
      delete dataset.stopping;
      return;
    }
    this.past = "";
    if (isNew) this.soon = setTimeout(() => this.draw(), BRIEF);
    else this.draw();
  }

  /** Show in the words of `past` what came of the last answer, until there is another one. */
  ended(past) {
    this.past = past;
    this.draw();
  }

  connection(state) {
    // What has ended does not come back.
    if (!FINAL.has(this.main.dataset.connection)) this.main.dataset.connection = state;
    if (state === "ended") this.login.search = new URLSearchParams({ next: location.pathname });
    this.draw();
  }

  /** Show that Stop was asked for, until the server confirms it. */
  stopping() {
    this.main.dataset.stopping = "";
    this.draw();
  }

  draw() {
    const sentence = this.sentence();
    this.line.hidden = !sentence;
    this.line.toggleAttribute("data-past", sentence === this.past);
    if (this.text.textContent !== sentence) {
      this.text.textContent = sentence;
      // What came of an answer is said together with it.
      if (sentence && sentence !== this.past) this.announce(sentence);
    }
    clearInterval(this.clock);
    this.time.textContent = "";
    if (sentence && this.main.dataset.phase !== "idle" && this.main.dataset.connection === "open") {
      this.clock = setInterval(() => this.tick(), 1000);
      this.tick();
    }
  }

  tick() {
    const seconds = Math.floor((performance.now() - this.since) / 1000);
    this.time.textContent = this.pace?.() || (seconds ? t("{seconds} s", { seconds: number(seconds) }) : "");
  }

  sentence() {
    const { connection, phase, stopping, unsaved } = this.main.dataset;
    if (connection === "lost") return t("Connection lost. Trying again…");
    if (connection === "ended") return t("You are logged out. Log in again to go on.");
    if (connection === "gone") return t("This conversation does not exist any more.");
    if (phase === "idle") return this.past;
    const sentence = stopping === undefined ? this.doing(phase) : t("Stopping");
    return unsaved === undefined ? sentence : t("{doing}. Not saved yet: the database does not answer", { doing: sentence });
  }

  doing(phase) {
    if (phase === "queued") {
      return this.ahead ? t("Waiting in the queue, {ahead} ahead", { ahead: this.ahead }) : t("Waiting in the queue");
    }
    return SENTENCES[phase]?.(this.model) ?? "";
  }

  /** Have a screen reader say `text`. */
  announce(text) {
    this.announcer.textContent = text;
  }
}
