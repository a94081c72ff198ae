// How the next answer's model is to think, where it lets itself be told.

import { nextModel } from "./model.js";

/** The choice in `field`; each of its options names the kind of model that it is for, or none: it is for all. */
export class ThinkChoice {
  constructor(main, field, settings) {
    this.field = field;
    this.settings = settings;
    field.addEventListener("change", () => settings.choose({ think: field.value }));
    main.addEventListener("settingschange", () => this.show());
    this.show();
  }

  show() {
    const { thinking: kind } = nextModel(this.settings.changes().model);
    this.field.parentElement.hidden = !kind;
    const [usual, ...choices] = this.field.options;
    for (const choice of choices) choice.hidden = choice.disabled = choice.dataset.for !== kind;
    const { think } = this.settings.chosen;
    const fitting = choices.find((choice) => !choice.disabled && choice.value === think);
    // A model that can only think or not takes any level for yes.
    const on = kind === "switch" && think && choices.find((choice) => choice.value === "on");
    this.field.value = (fitting ?? (on || usual)).value;
  }
}
