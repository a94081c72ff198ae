// What was chosen for the next question and has not gone out yet; panel.js is the dialog in which it is chosen.

import { page } from "./i18n.js";

/** The settings of the conversation as the server has them (`stored`) and as they are `chosen` here. */
export class Settings {
  constructor(main) {
    this.main = main;
    this.stored = { model: "", options: {}, system: "", think: "", ...page.settings };
    this.chosen = { ...this.stored };
  }

  /** Take what was chosen; `name` is that of the model that it means, where one was chosen. */
  choose(chosen, name) {
    this.chosen = { ...this.chosen, ...chosen };
    if (name) this.main.querySelector(".model-name").textContent = name;
    this.changed();
  }

  changed() {
    this.main.toggleAttribute("data-changed", Object.keys(this.changes()).length > 0);
    this.main.dispatchEvent(new Event("settingschange"));
  }

  /** Return what the next question is to change. */
  changes() {
    const names = Object.keys(this.stored);
    const changed = names.filter((name) => JSON.stringify(this.chosen[name]) !== JSON.stringify(this.stored[name]));
    return Object.fromEntries(changed.map((name) => [name, this.chosen[name]]));
  }

  /** What was chosen went out and is the conversation's now. */
  taken() {
    this.stored = { ...this.chosen };
    this.changed();
  }

  /** The server tells what the conversation has; what was chosen here and not sent stays. */
  told({ model = "", options = {}, system = "", think = "" }) {
    const own = this.changes();
    this.stored = { model, options, system, think };
    this.chosen = { ...this.stored, ...own };
    this.changed();
  }
}
