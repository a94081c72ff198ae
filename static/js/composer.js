// The field for the question: keys, drafts, and sending until the server has it.

import { freshId, isComposing } from "./dom.js";
import { t } from "./i18n.js";
import { listenForFiles } from "./incoming.js";
import { refuse } from "./refusal.js";
import { read, TAB, whenChanged, write } from "./storage.js";
import { codePoints } from "./text.js";

// The rest is counted when it gets short.
const COUNT_FROM = 0.9;
const LONGEST_ID = 64;
// What is kept as the draft of a conversation that does not exist yet.
const NEW = "draft.new";

const touch = matchMedia("(pointer: coarse)");

/** The composer of `main`. `ask(frame)` sends a frame and returns whether it went out; `settings()` are to go along
 * with the next question, `choose(settings)` takes such back, `taken()` says that they went; `stop()` is for Esc. */
export class Composer {
  constructor(main, { ask, settings, choose, taken, stop }) {
    this.main = main;
    this.form = document.getElementById("composer");
    this.field = document.getElementById("text");
    this.count = this.form.querySelector(".composer-count");
    this.refusal = main.querySelector(".refusal");
    this.limit = Number(main.dataset.limit);
    Object.assign(this, { ask, settings, choose, taken, stop });
    this.pending = null;
    this.isOut = false;
    this.key = main.dataset.empty === undefined ? `draft.${main.dataset.conversation}` : NEW;
    this.waitingKey = `waiting.${main.dataset.conversation}`;
    this.listen();
    this.restore();
  }

  listen() {
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("keydown", (event) => this.escape(event));
    listenForFiles(this.main, this.field, (files) => this.withFiles((held) => held.add(files)));
    whenChanged(this.waitingKey, () => this.withWaiting((waiting) => waiting.read()));
    if (!touch.matches) return;
    // Enter breaks the line there.
    this.field.enterKeyHint = "enter";
    import("./keyboard.js").then(({ followKeyboard }) => followKeyboard()).catch(console.warn);
  }

  restore() {
    const draft = read(this.key, TAB) ?? read(this.key);
    // Firefox keeps a field's text over a reload; a draft of the same words adds its id.
    if (draft && (!this.field.value || this.field.value === draft.text)) {
      this.field.value = draft.text;
      this.draft = draft;
      this.keptId = draft.id;
    }
    const { files = [] } = this.draft ?? {};
    if (files.length) this.withFiles((held) => held.restore(files));
    if (read(this.waitingKey)) this.withWaiting(() => {});
    this.resize();
    this.countRest();
  }

  /** Call `act` with what holds the files of the question, which is loaded with the first one. No question goes out
   * before. */
  withFiles(act) {
    this.taking = this.load(async () => {
      const { Attachments } = await import("./attachments.js");
      this.files ??= new Attachments(this);
      act(this.files);
    });
  }

  /** Call `act` with what holds the question that waits, which is loaded with the first one. */
  withWaiting(act) {
    return this.load(async () => {
      const { Waiting } = await import("./waiting.js");
      this.waiting ??= new Waiting(this, this.waitingKey);
      act(this.waiting);
    });
  }

  /** Return whether `part` could be loaded; where not, the page says so. */
  async load(part) {
    try {
      await part();
      return true;
    } catch (error) {
      console.warn(error);
      this.refuse({ text: t("There is no connection now. Try again in a moment."), code: "offline" });
      return false;
    }
  }

  /** Return to the field, but for a touch screen, where that would bring up its keyboard. */
  focus() {
    if (!touch.matches) this.field.focus();
  }

  /** Put `text` into the field, ready to be sent or changed. */
  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.changed();
  }

  /** The text is another one, or the files. */
  changed() {
    const { id } = this.draft ?? {};
    this.refusal.hidden = true;
    this.describe();
    if (id !== this.draft?.id) this.takeBack(id);
    this.keep();
    this.resize();
    this.countRest();
  }

  /** Keep `draft`, that of a new conversation for this tab too: others may have one as well. What another tab has kept
   * since is not taken away. */
  keep(draft = this.draft) {
    if (this.key === NEW) write(NEW, draft, TAB);
    if (draft || read(this.key)?.id === this.keptId) write(this.key, draft);
    this.keptId = draft?.id;
  }

  /** Keep the draft in step with what is there. Another text is another question, so it gets another id. */
  describe() {
    const text = this.field.value;
    const files = this.files?.stored() ?? this.draft?.files ?? [];
    const same = this.draft?.text === text && JSON.stringify(this.draft.files ?? []) === JSON.stringify(files);
    if (!text && !files.length) this.draft = null;
    else if (!same) this.draft = { text, id: freshId().slice(0, LONGEST_ID), files };
  }

  resize() {
    // Browsers that size a field by its text need no help.
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  countRest() {
    const near = this.field.value.length > this.limit * COUNT_FROM;
    this.count.hidden = !near;
    if (!near) return;
    const rest = this.limit - codePoints(this.field.value);
    this.count.textContent = rest;
    this.count.title = rest < 0 ? this.tooLong(-rest).text : t("Characters left: {count}", { count: rest });
    this.count.toggleAttribute("data-over", rest < 0);
  }

  pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event) || touch.matches) return;
    // The key is held down.
    if (event.repeat) event.preventDefault();
    else this.submit(event);
  }

  escape(event) {
    if (event.key !== "Escape" || isComposing(event)) return;
    if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
    this.stop();
  }

  /** Whether a question could be sent now. */
  get isFree() {
    return this.main.dataset.phase === "idle" && !this.pending;
  }

  /** Send what is there once its files are uploaded, or let it wait for the end of the running answer. */
  async submit(event) {
    event.preventDefault();
    const { pending, draft } = this;
    const isAnother = pending && pending.client_id !== draft?.id;
    if (this.form.dataset.sending !== undefined && !isAnother) return;
    if (!(await this.filesAreThere())) return;
    const objection = this.fault(this.field.value, this.files?.count) ?? this.files?.objection();
    if (objection) {
      this.refuse(objection);
      return;
    }
    this.describe();
    this.refusal.hidden = true;
    if (this.isFree) this.send(this.question());
    // The answer may have ended while what lets a question wait was loaded.
    else this.wait(this.question(), this.draft.files).then(() => this.isFree && this.answered());
    this.focus();
  }

  /** Wait until the files of the question are uploaded; false where what uploads them could not be loaded. */
  async filesAreThere() {
    this.form.dataset.sending = "";
    this.field.readOnly = Boolean(this.taking || this.files?.isUploading);
    const areTaken = (await this.taking) ?? true;
    this.taking = null;
    while (this.files?.isUploading) await this.files.uploads;
    this.field.readOnly = false;
    delete this.form.dataset.sending;
    return areTaken;
  }

  /** Return what the field, its files and the settings make. */
  question() {
    const { id, text, files } = this.draft;
    const attachments = files.length ? { attachments: files.map((file) => file.id) } : {};
    return { type: "message.send", client_id: id, text, ...attachments, ...this.settings() };
  }

  /** Send a question until the server has it or refuses it. */
  send(frame) {
    this.pending = frame;
    this.form.dataset.sending = "";
    this.deliver();
  }

  /** Without a connection it goes out as soon as there is one. */
  deliver() {
    this.isOut = this.ask(this.pending) || this.isOut;
    this.waiting?.draw();
  }

  /** Take back the question `client` if it has not gone out yet. */
  takeBack(client) {
    const { pending, isOut } = this;
    if (pending && !isOut && client === pending.client_id) this.settled();
  }

  /** Let a question wait; one that has no room stays in the field. */
  wait(frame, files) {
    return this.withWaiting((waiting) => {
      if (!waiting.put(frame, files)) {
        this.refuse({ text: t("One question waits already. Edit or remove it first."), code: "busy" });
        return;
      }
      if (frame.client_id === this.draft?.id) this.empty();
    });
  }

  /** Return why `text` cannot be asked, also in a while, as {text, code}; null when it can. */
  fault(text, files = 0) {
    const { connection } = this.main.dataset;
    if (!text.trim() && !files) return { text: t("Write a question first."), code: "empty" };
    if (connection === "ended") return { text: t("You are logged out. Log in again to go on.") };
    if (connection === "gone") return { text: t("This conversation does not exist any more.") };
    const over = codePoints(text) - this.limit;
    return over > 0 ? this.tooLong(over) : null;
  }

  tooLong(count) {
    return { text: t("Over the limit of characters by {count}. Shorten the text and send it again.", { count }), code: "too_long" };
  }

  /** Return why `text`, of a question with so many `files`, cannot be asked now. */
  objection(text, files = 0) {
    const fault = this.fault(text, files);
    if (fault || this.main.dataset.phase === "idle") return fault;
    return { text: t("An answer is still being written. Wait for its end or stop it."), code: "busy" };
  }

  /** The connection is there again: what the server has not confirmed goes out once more, under the same id. */
  reconnected() {
    if (this.pending) this.deliver();
    if (this.isFree) this.answered();
    this.wasHere = true;
  }

  /** Nothing is being written any more: what waits may be sent. `status`: how the answer ended. */
  answered(status = document.querySelector("#messages .message:last-of-type")?.dataset.status) {
    const how = this.wasHere ? status : "away";
    if (this.waiting || read(this.waitingKey)) this.withWaiting((waiting) => waiting.answered(how));
  }

  /** The server has the question: it is a draft no longer. */
  accepted(client) {
    this.waiting?.accepted(client);
    if (client === this.pending?.client_id) {
      const { type, client_id: id, text, attachments, ...went } = this.pending;
      this.settled();
      if (JSON.stringify(went) === JSON.stringify(this.settings())) this.taken();
    }
    if (this.key === NEW) this.keep(null);
    this.key = `draft.${this.main.dataset.conversation}`;
    if (client === this.draft?.id) this.empty();
    else if (this.draft) this.keep();
  }

  /** Nothing stands in the field any more. */
  empty() {
    this.field.value = "";
    this.draft = null;
    this.files?.clear();
    this.changed();
  }

  settled() {
    this.pending = null;
    this.isOut = false;
    delete this.form.dataset.sending;
    this.waiting?.draw();
  }

  /** The server refused something; the text stays where it is. */
  refused(frame) {
    const { pending } = this;
    const mine = pending && (!frame.client_id || frame.client_id === pending.client_id);
    if (mine) this.settled();
    if (mine && this.waiting?.refused(pending.client_id, frame)) return;
    // Another tab was faster.
    if (mine && frame.code === "busy") this.wait(pending, this.draft?.files ?? []);
    else this.refuse(frame);
  }

  refuse({ text, code }) {
    refuse(this.refusal, text, code);
  }
}
