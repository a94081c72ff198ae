// The field for the question: keys, drafts, and sending until the server has it.

import { freshId } from "./dom.js";
import { t } from "./i18n.js";
import { refuse } from "./refusal.js";
import { codePoints } from "./text.js";

const PREFIX = "chatsite.draft.";
// The rest is counted when it gets short.
const COUNT_FROM = 0.9;
const LONGEST_ID = 64;

/** The composer of `main`. `ask(frame)` sends a frame and returns whether it went out; `settings()` are to go along
 * with the next question, `taken()` says that they did; `stop()` is for Esc. */
export class Composer {
  constructor(main, { ask, settings, taken, stop }) {
    this.main = main;
    this.form = document.getElementById("composer");
    this.field = document.getElementById("text");
    this.count = this.form.querySelector(".composer-count");
    this.refusal = main.querySelector(".refusal");
    this.limit = Number(main.dataset.limit);
    this.ask = ask;
    this.settings = settings;
    this.taken = taken;
    this.stop = stop;
    this.pending = null;
    this.key = PREFIX + (main.dataset.empty === undefined ? main.dataset.conversation : "new");
    this.restore();
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("keydown", (event) => this.escape(event));
    document.querySelector("form[action*=logout]")?.addEventListener("submit", forgetDrafts);
  }

  restore() {
    const draft = readDraft(this.key);
    // Firefox keeps a field's text over a reload; a draft of the same words adds its id.
    if (draft && (!this.field.value || this.field.value === draft.text)) {
      this.field.value = draft.text;
      this.draft = draft;
    }
    this.resize();
  }

  /** Return to the field, but for a touch screen, where that would bring up its keyboard. */
  focus() {
    if (matchMedia("(pointer: fine)").matches) this.field.focus();
  }

  /** Put `text` into the field, ready to be sent or changed. */
  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.changed();
  }

  changed() {
    this.refusal.hidden = true;
    const text = this.field.value;
    // Another text is another question, so it gets another id.
    if (text !== this.draft?.text) this.draft = { text, id: freshId().slice(0, LONGEST_ID) };
    writeDraft(this.key, text ? this.draft : null);
    this.resize();
    this.countRest();
  }

  resize() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  countRest() {
    const near = this.field.value.length > this.limit * COUNT_FROM;
    this.count.hidden = !near;
    if (!near) return;
    const rest = this.limit - codePoints(this.field.value);
    this.count.textContent = rest;
    this.count.title = t("{count} characters left", { count: rest });
    this.count.toggleAttribute("data-over", rest < 0);
  }

  pressed(event) {
    // Enter chooses a word while an input method composes; Safari tells of that by the key code only.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    this.submit(event);
  }

  escape(event) {
    if (event.key !== "Escape" || event.isComposing || event.keyCode === 229) return;
    if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
    this.stop();
  }

  submit(event) {
    event.preventDefault();
    const text = this.field.value;
    if (this.pending) return;
    const objection = this.objection(text);
    if (objection) {
      this.refuse(objection);
      return;
    }
    if (text !== this.draft?.text) this.changed();
    this.refusal.hidden = true;
    this.pending = { type: "message.send", client_id: this.draft.id, text, ...this.settings() };
    this.form.dataset.sending = "";
    this.ask(this.pending);
    this.focus();
  }

  /** Return why `text` cannot be asked now, as {text, code}; null when it can. */
  objection(text) {
    const { connection, phase } = this.main.dataset;
    if (!text.trim()) return { text: t("Write a question first."), code: "empty" };
    if (connection === "ended") return { text: t("You are logged out. Log in again to go on.") };
    if (connection === "gone") return { text: t("This conversation does not exist any more.") };
    if (phase !== "idle") {
      return { text: t("An answer is still being written. Wait for its end or stop it."), code: "busy" };
    }
    const count = codePoints(text) - this.limit;
    if (count <= 0) return null;
    return { text: t("Over the limit of characters by {count}. Shorten the text and send it again.", { count }), code: "too_long" };
  }

  /** The connection is there again: what the server has not confirmed goes out once more, under the same id. */
  reconnected() {
    if (this.pending) this.ask(this.pending);
  }

  /** The server has the question: it is a draft no longer. */
  accepted(client) {
    if (!this.pending || client !== this.pending.client_id) return;
    writeDraft(this.key, null);
    this.key = PREFIX + this.main.dataset.conversation;
    if (this.field.value === this.pending.text) this.field.value = "";
    this.settled();
    this.taken();
    this.draft = null;
    this.resize();
    this.countRest();
  }

  settled() {
    this.pending = null;
    delete this.form.dataset.sending;
  }

  /** The server refused something; the text stays where it is. */
  refused(frame) {
    const { client_id: client } = frame;
    if (!client || client === this.pending?.client_id) this.settled();
    this.refuse(frame);
  }

  refuse({ text, code }) {
    refuse(this.refusal, text, code);
  }
}

// A browser may keep its storage from pages, or be full: drafts are then kept as long as the page is.

function readDraft(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function writeDraft(key, draft) {
  try {
    if (draft) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // See above.
  }
}

function forgetDrafts() {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    keys.forEach((key) => localStorage.removeItem(key));
  } catch {
    // See above.
  }
}
