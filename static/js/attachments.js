// Pictures and text files for the next question: uploaded as soon as they are chosen, each a chip above the field.
// Loaded with the first one.

import { unseenAbove } from "./attached.js";
import { clone } from "./dom.js";
import { number, t } from "./i18n.js";
import { nextModel } from "./model.js";

const KIB = 1024;

/** What goes along with the question in `composer`. */
export class Attachments {
  constructor(composer) {
    this.composer = composer;
    this.list = document.getElementById("files");
    this.note = composer.form.querySelector(".files-note");
    const { address, limit, mib } = document.getElementById("attach").dataset;
    Object.assign(this, { address, limit: Number(limit), mib: Number(mib), chips: [], uploads: Promise.resolve() });
    this.surplus = "";
    this.list.addEventListener("click", (event) => this.clicked(event));
    composer.main.addEventListener("settingschange", () => this.tell());
    composer.field.addEventListener("input", () => this.tell());
    // What the draft has may not have been shown for want of this module.
    if (composer.draft?.files?.length) this.restore(composer.draft.files);
    else this.tell();
  }

  get count() {
    return this.chips.length;
  }

  get isUploading() {
    return this.chips.some((chip) => chip.state === "uploading");
  }

  /** Return what is kept with a draft: the files that the server has. */
  stored() {
    return this.chips.filter((chip) => chip.state === "ready").map((chip) => chip.file);
  }

  /** Upload files, one after the other. */
  add(files) {
    if (!files.length) return;
    const room = this.limit - this.count;
    this.surplus = files.length > room ? t("A question takes {limit} files at most.", { limit: this.limit }) : "";
    for (const file of files.slice(0, room)) this.begin(file);
    this.tell();
    this.composer.focus();
  }

  begin(file) {
    const kind = file.type.startsWith("image/") ? "image" : "text";
    const chip = this.draw({ name: file.name, size: file.size, kind }, "uploading");
    this.changed();
    this.list.scrollTop = this.list.scrollHeight;
    if (file.size > this.mib * KIB * KIB) {
      this.fail(chip, t("This file is larger than {limit} MB.", { limit: this.mib }));
      return;
    }
    this.uploads = this.uploads.then(() => this.take(chip, file));
  }

  /** Upload a file that can be read and is still wanted. */
  async take(chip, file) {
    const isReadable = await file.slice(0, 1).arrayBuffer().then(() => true, () => false);
    if (!this.chips.includes(chip)) return;
    // Browsers give a folder that is dropped for a file.
    if (isReadable) await this.upload(chip, file);
    else this.fail(chip, t("This cannot be read. Folders cannot go along."));
  }

  /** Show the files of a draft, which stays the same question; one that is not there any more says so. */
  restore(files) {
    for (const file of files) {
      if (this.chips.some((chip) => chip.file.id === file.id)) continue;
      const chip = this.draw(file, "ready");
      fetch(this.address + file.id).then(({ status }) => {
        if (status === 404) this.fail(chip, t("This file is not kept any more. Remove it."));
      }, console.warn);
    }
    this.changed();
  }

  /** Send one file; resolves when that has ended in some way. */
  upload(chip, file) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const body = new FormData(document.getElementById("csrf"));
      body.append("file", file, file.name);
      request.upload.addEventListener("progress", ({ loaded, total }) => (chip.progress.value = loaded / total));
      request.addEventListener("loadend", () => resolve(this.uploaded(chip, request)));
      request.open("POST", this.address);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      chip.abort = () => request.abort();
      request.send(body);
    });
  }

  uploaded(chip, request) {
    if (!this.chips.includes(chip)) return;
    if (!request.response?.id) {
      this.fail(chip, this.problem(request));
      return;
    }
    const { address, ...file } = request.response;
    this.show(chip, file, "ready");
    this.changed();
  }

  /** Return why the server has not taken a file. */
  problem({ status, response, responseURL }) {
    if (!status) return t("There is no connection now. Try again in a moment.");
    // Who is not logged in any more is sent to the page for that.
    if (new URL(responseURL).pathname !== this.address) return t("You are logged out. Log in again to go on.");
    return response?.text ?? t("This did not work. Try again.");
  }

  fail(chip, sentence) {
    this.show(chip, chip.file, "failed");
    chip.element.querySelector(".chip-facts").textContent = sentence;
    document.getElementById("announcer").textContent = `${chip.file.name}: ${sentence}`;
    this.changed();
  }

  draw(file, state) {
    const element = clone("chip");
    const chip = { element, progress: element.querySelector("progress") };
    this.chips.push(chip);
    this.show(chip, file, state);
    this.list.append(element);
    return chip;
  }

  show(chip, file, state) {
    Object.assign(chip, { file, state });
    const { element } = chip;
    Object.assign(element.dataset, { state, kind: file.kind });
    chip.progress.hidden = state !== "uploading";
    element.querySelector(".chip-name").textContent = file.name;
    element.querySelector(".chip-facts").textContent = sizeOf(file);
    if (file.kind !== "image" || state !== "ready") return;
    const picture = Object.assign(new Image(), { src: this.address + file.id, alt: "" });
    element.querySelector(".chip-picture").replaceChildren(picture);
  }

  clicked(event) {
    if (!event.target.closest("[data-action=remove-file]")) return;
    const element = event.target.closest(".chip");
    const chip = this.chips.find((one) => one.element === element);
    this.chips = this.chips.filter((one) => one !== chip);
    this.surplus = "";
    chip.abort?.();
    element.remove();
    this.changed();
    this.composer.focus();
  }

  /** The question has gone out with those that were ready then; what came since is for the next one. */
  clear() {
    this.chips.filter((chip) => chip.state === "ready").forEach((chip) => chip.element.remove());
    this.chips = this.chips.filter((chip) => chip.state !== "ready");
    this.surplus = "";
    this.changed(false);
  }

  changed(isDraft = true) {
    this.list.hidden = !this.count;
    this.composer.form.toggleAttribute("data-files", this.count > 0);
    this.tell();
    if (isDraft) this.composer.changed();
  }

  /** Say before sending what does not go along, or is not seen by the model. */
  tell() {
    const unseen = this.unseen() || unseenAbove(this.composer.form, this.composer.settings().model);
    const notes = [this.surplus, unseen].filter(Boolean).join(" ");
    // What is written again is read out again.
    if (this.note.textContent !== notes) this.note.textContent = notes;
    this.note.hidden = !notes;
  }

  unseen() {
    if (!this.chips.some((chip) => chip.file.kind === "image")) return "";
    const { name: model, vision } = nextModel(this.composer.settings().model);
    return vision === "false" ? t("{model} cannot see pictures. Choose another model or remove them.", { model }) : "";
  }

  /** Return why they cannot go along, as {text, code}; null when they can. */
  objection() {
    const failed = this.chips.find((chip) => chip.state === "failed");
    if (failed) return { text: t("“{name}” cannot go along. Remove it first.", { name: failed.file.name }) };
    const text = this.unseen();
    return text ? { text, code: "not_capable" } : null;
  }
}

function sizeOf({ size, characters }) {
  if (characters !== undefined) return t("{count} characters", { count: number(characters) });
  if (size < KIB * KIB) return t("{size} KB", { size: number(Math.max(1, Math.round(size / KIB))) });
  return t("{size} MB", { size: number(size / KIB / KIB) });
}
