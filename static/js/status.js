// The status line: what the page waits for, and for how long. The same words go to screen readers once.

import { t } from "./i18n.js";

const SENTENCES = {
  connecting: () => t("Connecting to Ollama"),
  loading: (model) => t("Loading {model}", { model }),
  reading: () => t("Reading the question"),
  thinking: () => t("Thinking"),
  writing: () => t("Writing"),
};

const FINAL = new Set(["ended", "gone"]);

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
    this.ahead = undefined;
  }

  /** Show the phase of an answer by `model`; `ahead` answers come before a queued one, and what is shown is `saved`
   * or not yet. */
  phase(phase, { model = this.model, ahead = undefined, saved = true } = {}) {
    this.model = model;
    this.ahead = ahead;
    this.main.toggleAttribute("data-unsaved", !saved);
    delete this.main.dataset.stopping;
    if (phase !== this.main.dataset.phase) this.since = Date.now();
    this.main.dataset.phase = phase;
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
    if (this.text.textContent !== sentence) {
      this.text.textContent = sentence;
      if (sentence) this.announce(sentence);
    }
    clearInterval(this.clock);
    this.time.textContent = "";
    if (sentence && this.main.dataset.phase !== "idle" && this.main.dataset.connection === "open") {
      this.clock = setInterval(() => this.tick(), 1000);
      this.tick();
    }
  }

  tick() {
    const seconds = Math.floor((Date.now() - this.since) / 1000);
    this.time.textContent = seconds ? t("{seconds} s", { seconds }) : "";
  }

  sentence() {
    const { connection, phase, stopping, unsaved } = this.main.dataset;
    if (connection === "lost") return t("Connection lost. Trying again…");
    if (connection === "ended") return t("You are logged out. Log in again to go on.");
    if (connection === "gone") return t("This conversation does not exist any more.");
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
