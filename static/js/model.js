// What is known of the model that answers next: in the header, above the composer, in the examples offered.

import { fetchNodes } from "./dom.js";

const AGAIN_AFTER = 5000;

/** Return what is known of the model that answers next, as `data-name`, `-vision` and `-thinking` have it; `chosen` is
 * the one that stands in the dialog of the settings and has not gone out yet, if there is one, "" for the site's. */
export function nextModel(chosen) {
  const option = chosen !== undefined && [...document.getElementById("panel-model").options].find(({ value }) => value === chosen);
  return option ? { name: chosen, ...option.dataset } : (document.querySelector("#model-state .state")?.dataset ?? {});
}

/** Shows the state that the server tells; its words are the server's own fragment. */
export class ModelState {
  constructor(main, address) {
    this.main = main;
    this.address = address;
    this.element = document.getElementById("model-state");
    this.name = main.querySelector(".model-name");
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.show();
  }

  get shown() {
    return this.element.querySelector(".state")?.dataset ?? {};
  }

  /** The conversation wants `model`, empty for any. */
  wanted(model) {
    if (model) this.name.textContent = model;
    if (model === this.element.dataset.model) return;
    this.element.dataset.model = model;
    this.read();
  }

  /** The server tells of another state: read its words, unless they stand here already. */
  told({ state, model = "", wanted = "", demonstration = false, vision = "", thinking = "", since }) {
    const seconds = since ? Math.floor(Date.parse(since) / 1000) : "";
    const told = { state, name: model, wanted, vision, thinking, since: seconds };
    const { shown } = this;
    const same = Object.entries(told).every(([name, value]) => shown[name] === String(value));
    if (!same || (shown.demonstration !== undefined) !== demonstration) this.read();
  }

  async read() {
    clearTimeout(this.again);
    const query = new URLSearchParams({ model: this.element.dataset.model });
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const nodes = await fetchNodes(`${this.address}?${query}`).catch(() => null);
    // An answer that was overtaken is out of date.
    if (turn !== this.turn) return;
    if (nodes) {
      this.element.replaceChildren(...nodes);
      this.show();
    } else if (this.main.dataset.connection !== "ended") {
      this.again = setTimeout(() => this.read(), AGAIN_AFTER);
    }
  }

  show() {
    const { state = "", name = "", demonstration } = this.shown;
    this.main.dataset.model = state;
    this.main.toggleAttribute("data-demonstration", demonstration !== undefined);
    if (name) this.name.textContent = name;
    // There before it is pressed, for browsers let a press copy for a moment only.
    if (this.element.querySelector("[data-action=copy-command]")) this.copying = import("./clipboard.js");
    for (const list of document.querySelectorAll(".examples")) {
      list.hidden = (list.dataset.for === "demonstration") !== (demonstration !== undefined);
    }
    this.main.dispatchEvent(new Event("settingschange"));
  }

  async clicked(event) {
    const button = event.target.closest("[data-action=copy-command]");
    if (!button) return;
    const { confirmOn, copyText } = await this.copying;
    if (await copyText(button.previousElementSibling.textContent)) confirmOn(button);
  }
}
