// The settings of the conversation: what is chosen here goes along with the next question.

import { fetchNodes } from "./dom.js";
import { page, t } from "./i18n.js";

/** Return what this site's profiles say for `model`: those of its family under those of its tag. */
export function profileOf(model) {
  return { ...page.profiles[model.split(":")[0]], ...page.profiles[model] };
}

/** The dialog. `settings()` is what differs from what the conversation has. */
export class Panel {
  constructor(main) {
    this.main = main;
    this.dialog = document.getElementById("panel");
    this.form = this.dialog.querySelector("form");
    this.fields = this.form.elements;
    this.error = this.form.querySelector(".panel-error");
    this.options = [...this.form.querySelectorAll("[data-option]")];
    this.stored = { model: "", options: {}, system: "", ...page.settings };
    this.chosen = { ...this.stored };
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.fields.model.addEventListener("change", () => this.showDefaults());
    this.form.querySelector("[data-action=reset-options]").addEventListener("click", () => this.empty());
    main.querySelector("[data-action=open-panel]").addEventListener("click", () => this.open());
  }

  open() {
    this.fill(this.chosen);
    this.error.hidden = true;
    this.dialog.showModal();
    this.refreshModels();
  }

  /** Other models may be there than when the page was loaded. */
  async refreshModels() {
    const list = this.fields.model;
    const nodes = await fetchNodes(list.dataset.address).catch(() => null);
    if (!nodes) return;
    const { value } = list;
    list.replaceChildren(...nodes);
    this.chooseModel(value);
  }

  chooseModel(model) {
    const list = this.fields.model;
    if (model && ![...list.options].some((option) => option.value === model)) {
      list.add(new Option(t("{model} (not pulled)", { model }), model));
    }
    list.value = model;
  }

  fill({ model, options, system }) {
    this.chooseModel(model);
    this.fields.system.value = system;
    const { stop = [], ...rest } = options;
    for (const field of this.options) {
      field.value = rest[field.name] ?? "";
      delete rest[field.name];
    }
    this.fields.stop.value = stop.join("\n");
    this.fields.other.value = Object.keys(rest).length ? JSON.stringify(rest) : "";
    this.showDefaults();
  }

  empty() {
    this.fill({ model: this.fields.model.value, options: {}, system: "" });
  }

  /** Show in the empty fields what this site's profile of the model says. */
  showDefaults() {
    const model = this.fields.model.value || this.main.querySelector(".model-name").textContent;
    const profile = profileOf(model);
    for (const field of this.options) field.placeholder = profile[field.name] ?? this.unset(field.name);
  }

  unset(name) {
    return name === "history_turns" ? t("all that fit") : t("model's own");
  }

  submit(event) {
    if (event.submitter?.value !== "use") return;
    try {
      this.chosen = { model: this.fields.model.value, options: this.read(), system: this.fields.system.value.trim() };
    } catch (error) {
      event.preventDefault();
      this.error.textContent = error.message;
      this.error.hidden = false;
      return;
    }
    if (this.chosen.model) this.main.querySelector(".model-name").textContent = this.chosen.model;
    this.main.toggleAttribute("data-changed", Object.keys(this.settings()).length > 0);
  }

  read() {
    const options = { ...this.other() };
    for (const field of this.options) {
      const value = field.value.trim().replace(",", ".");
      if (!value) continue;
      if (!Number.isFinite(Number(value))) throw new Error(t("{name} must be a number.", { name: field.name }));
      options[field.name] = Number(value);
    }
    const stop = this.fields.stop.value.split("\n").filter(Boolean);
    if (stop.length) options.stop = stop;
    return options;
  }

  other() {
    const text = this.fields.other.value.trim();
    if (!text) return {};
    let value = null;
    try {
      value = JSON.parse(text);
    } catch {
      // The same sentence tells of bad JSON and of JSON that is no object.
    }
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new Error(t("Other options must be a JSON object, such as {example}.", { example: '{"top_k": 40}' }));
    }
    return value;
  }

  /** Return what the next question is to change. */
  settings() {
    const names = Object.keys(this.stored);
    const changed = names.filter((name) => JSON.stringify(this.chosen[name]) !== JSON.stringify(this.stored[name]));
    return Object.fromEntries(changed.map((name) => [name, this.chosen[name]]));
  }

  /** Return the model chosen for the next answer, where it is another one. */
  model() {
    return this.chosen.model === this.stored.model ? "" : this.chosen.model;
  }

  /** What was chosen went out and is the conversation's now. */
  taken() {
    this.stored = { ...this.chosen };
    this.main.removeAttribute("data-changed");
  }

  /** The server tells what the conversation has; what was chosen here and not sent stays. */
  told({ model = "", options = {}, system = "" }) {
    const own = this.settings();
    this.stored = { model, options, system };
    this.chosen = { ...this.stored, ...own };
  }
}
