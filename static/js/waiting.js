// The question that waits for the end of the running answer: one, in the browser's storage under the id that it will
// be sent with, so that two tabs that send it make one of it. Loaded with the first one.

import { number, t } from "./i18n.js";
import { read, write } from "./storage.js";

const HELD = {
  stopped: () => t("The answer was stopped, so this waits until you send it."),
  away: () => t("The answer ended while this page was closed, so this waits until you send it."),
};
const FAILED = () => t("The answer did not come to its end, so this waits until you send it.");

/** The card above the composer and what is in it. */
export class Waiting {
  constructor(composer, key) {
    this.composer = composer;
    this.key = key;
    this.card = document.getElementById("waiting");
    this.card.addEventListener("click", (event) => this.clicked(event));
    this.read();
  }

  /** Take what is kept, also by another tab; what that has taken away does not go out from here any more. */
  read() {
    const { client_id: before } = this.kept?.frame ?? {};
    this.kept = read(this.key);
    if (this.kept?.frame.client_id !== before) this.composer.takeBack(before);
    this.draw();
  }

  keep(kept) {
    this.kept = kept;
    write(this.key, kept);
    this.draw();
  }

  /** Let a question wait with the files that belong to it. Returns false when another one does already. */
  put(frame, files) {
    // News of what another tab has kept may still be on its way.
    this.read();
    if (this.kept && this.kept.frame.client_id !== frame.client_id) return false;
    this.keep({ frame, files });
    return true;
  }

  /** The answer ended like `status`; somebody who stopped it, or got none, may want to ask something else now. */
  answered(status) {
    if (!this.kept || this.kept.held) return;
    if (status === "completed") this.send();
    else this.hold((HELD[status] ?? FAILED)());
  }

  hold(sentence) {
    this.keep({ ...this.kept, held: sentence });
  }

  /** Send it now, or at the end of the answer that is being written. */
  send() {
    if (this.kept.held) this.keep({ ...this.kept, held: "" });
    if (this.composer.isFree) this.composer.send(this.kept.frame);
  }

  /** The server has the question `client`. */
  accepted(client) {
    if (client === this.kept?.frame.client_id) this.keep(null);
  }

  /** The server refused the question `client`; returns whether it is the one that waits. */
  refused(client, { text, code }) {
    if (client !== this.kept?.frame.client_id) return false;
    // Another question was faster: this one's turn comes after its answer.
    if (code !== "busy") this.hold(text);
    return true;
  }

  clicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action === "send-waiting") this.send();
    if (action !== "edit-waiting" && action !== "remove-waiting") return;
    const { frame, files } = this.kept;
    this.composer.takeBack(frame.client_id);
    this.keep(null);
    if (action === "edit-waiting") this.edit(frame, files);
    else this.composer.focus();
  }

  /** Put a question back into the field, before what stands there by now, and what goes with it. */
  edit({ type, client_id: client, text, attachments, ...settings }, files) {
    const { composer } = this;
    composer.choose(settings);
    const all = [...files, ...(composer.draft?.files ?? [])];
    // They belong to the draft from now on, even if what shows them cannot be loaded.
    composer.draft = { ...composer.draft, files: all };
    composer.fill([text, composer.field.value].filter(Boolean).join("\n\n"));
    if (files.length) composer.withFiles((held) => held.restore(all));
  }

  draw() {
    const { frame, files = [], held = "" } = this.kept ?? {};
    this.card.hidden = !frame;
    this.card.toggleAttribute("data-held", Boolean(held));
    this.write(".waiting-text", frame?.text);
    this.write(".waiting-files", files.length ? t("Files: {count}", { count: number(files.length) }) : "");
    this.write(".waiting-held", held);
    // What has gone out cannot be taken back until the server has said what becomes of it.
    const { pending, isOut } = this.composer;
    const isGone = Boolean(frame && isOut && pending?.client_id === frame.client_id);
    this.card.querySelectorAll("button").forEach((button) => (button.disabled = isGone));
  }

  write(selector, text = "") {
    const element = this.card.querySelector(selector);
    element.textContent = text;
    element.hidden = !text;
  }
}
