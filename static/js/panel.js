// The dialog of the conversation's settings, loaded when it is first opened.

import { fetchNodes, isComposing } from "./dom.js";
import { page, t } from "./i18n.js";
import { EXAMPLE, Objection, check, checkCount, numberOf, objectIn } from "./options.js";
import { relieve } from "./refusal.js";

/** Return what this site's profiles say for `model`: those of its family under those of its tag. */
function profileOf(model) {
  return { ...page.profiles[model.split(":")[0]], ...page.profiles[model] };
}

/** The dialog; what is chosen in it goes to `settings`. */
class Panel {
  constructor(settings) {
    this.settings = settings;
    this.dialog = document.getElementById("panel");
    this.form = this.dialog.querySelector("form");
    this.fields = this.form.elements;
    this.error = this.form.querySelector(".panel-error");
    this.options = [...this.form.querySelectorAll("[data-option]")];
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.addEventListener("input", () => this.complain(null));
    this.form.querySelector("[data-action=close-panel]").addEventListener("click", () => this.dialog.close());
    this.fields.model.addEventListener("change", () => this.showDefaults());
    this.form.querySelector("[data-action=reset-options]").addEventListener("click", () => this.empty());
    this.saver = this.form.querySelector("[data-action=save-preset]");
    this.saved = this.form.querySelector(".panel-saved");
    this.saver.addEventListener("click", () => this.savePreset());
    this.fields.name.addEventListener("keydown", (event) => this.pressedInName(event));
  }

  /** Show what is chosen now. */
  open() {
    this.fill(this.settings.chosen);
    this.dialog.returnValue = "";
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
    this.complain(null);
    this.saved.textContent = "";
    this.chooseModel(model);
    this.fields.system.value = system;
    const rest = { ...options };
    for (const field of this.options) {
      field.value = rest[field.name] ?? "";
      delete rest[field.name];
    }
    // The field takes a text a line; one that breaks the line itself can stand in JSON only.
    const inField = rest.stop && !rest.stop.some((text) => text.includes("\n"));
    this.fields.stop.value = inField ? rest.stop.join("\n") : "";
    if (inField) delete rest.stop;
    this.fields.other.value = Object.keys(rest).length ? JSON.stringify(rest) : "";
    this.showDefaults();
  }

  empty() {
    this.fill({ model: this.fields.model.value, options: {}, system: "" });
  }

  /** Return the name of the model in the list; where the site chooses, that of its choice. */
  modelName() {
    const [option] = this.fields.model.selectedOptions;
    return option?.dataset.name || this.fields.model.value;
  }

  /** Show in the empty fields what this site's profile of the model says. */
  showDefaults() {
    const { stop, ...rest } = profileOf(this.modelName());
    for (const field of this.options) {
      field.placeholder = field.name in rest ? ownValue(rest[field.name]) : field.dataset.unset;
      delete rest[field.name];
    }
    this.fields.stop.placeholder = stop ? ownValue(stop.join(" ")) : "";
    this.fields.other.placeholder = Object.keys(rest).length ? ownValue(JSON.stringify(rest)) : EXAMPLE;
  }

  submit(event) {
    if (event.submitter?.value !== "use") return;
    const options = this.judged();
    if (!options) {
      event.preventDefault();
      return;
    }
    const { model, system } = this.fields;
    this.settings.choose({ model: model.value, options, system: system.value.trim() }, this.modelName());
    relieve("bad_option", "unknown_model");
  }

  /** Return the options in the fields; null where one is wrong, which the page then says. */
  judged() {
    try {
      return this.read();
    } catch (error) {
      if (!(error instanceof Objection)) throw error;
      this.complain(error);
      return null;
    }
  }

  pressedInName(event) {
    if (event.key !== "Enter" || isComposing(event)) return;
    event.preventDefault();
    this.savePreset();
  }

  /** Keep what stands in the fields, and how the model is to think, as a preset of that name. */
  async savePreset() {
    if (!this.judged()) return;
    this.saver.disabled = true;
    try {
      const told = await this.post();
      if (told.text) {
        this.complain(new Objection(this.fields[told.field] ?? this.fields.name, told.text));
        return;
      }
      this.fields.name.value = "";
      this.saved.textContent = t("“{name}” is saved.", { name: told.name });
    } catch (error) {
      console.warn(error);
      this.complain(new Objection(this.fields.name, t("This did not work. Try again.")));
    } finally {
      this.saver.disabled = false;
    }
  }

  async post() {
    const body = new FormData(document.getElementById("csrf"));
    for (const [name, value] of new FormData(this.form)) body.set(name, value);
    body.set("think", this.settings.chosen.think);
    const answer = await fetch(this.saver.dataset.address, { method: "POST", body, headers: { Accept: "application/json" } });
    return answer.json();
  }

  /** Show an Objection beside its field and go there; null takes the last one away. */
  complain(objection) {
    this.form.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
    this.error.hidden = !objection;
    if (!objection) return;
    const { field, message } = objection;
    field.closest(".field").after(this.error);
    this.error.textContent = message;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  /** Return the options in the fields. Throws an Objection. */
  read() {
    const options = this.others();
    for (const field of this.options) {
      const text = field.value.trim();
      if (text) this.take(options, field, numberOf(text));
    }
    const stop = this.fields.stop.value.split("\n").filter(Boolean);
    if (stop.length) this.take(options, this.fields.stop, stop);
    checkCount(this.fields.other, options);
    return options;
  }

  take(options, field, value) {
    const { name } = field;
    if (Object.hasOwn(options, name)) {
      throw new Objection(field, t("“{name}” stands here and in the JSON. Empty one of the two.", { name }));
    }
    const label = field.labels[0].firstChild.textContent.trim();
    check(field, name, value, label === name ? name : t("{label} ({name})", { label, name }));
    options[name] = value;
  }

  others() {
    const field = this.fields.other;
    const options = objectIn(field);
    if (typeof options.stop === "string") options.stop = [options.stop];
    for (const [name, value] of Object.entries(options)) check(field, name, value);
    return options;
  }
}

function ownValue(value) {
  return t("site's: {value}", { value });
}

/** Show the dialog, made when it is first wanted. */
export function act(button, parts) {
  parts.panel ??= new Panel(parts.settings);
  parts.panel.open();
}
