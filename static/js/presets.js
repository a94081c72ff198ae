// The menu of presets: one press gives this conversation another model, prompt and parameters. Loaded when it is opened.

import { fetchNodes } from "./dom.js";
import { t } from "./i18n.js";
import { entries, move, put } from "./menus.js";
import { nextModel } from "./model.js";
import { relieve } from "./refusal.js";

/** Open the menu at `button`, with the presets that there are now. */
export async function act(button, { settings }) {
  const menu = document.getElementById("preset-menu");
  menu.replaceChildren(...(await fetchNodes(menu.dataset.address)));
  for (const item of menu.querySelectorAll("[data-settings]")) {
    item.setAttribute("aria-checked", String(isChosen(JSON.parse(item.dataset.settings), settings.chosen)));
  }
  menu.onclick = (event) => choose(event, menu, button, settings);
  menu.onkeydown = (event) => move(event, menu);
  menu.showPopover();
  put(menu, button);
  entries(menu)[0].focus();
}

function isChosen(preset, chosen) {
  return Object.entries(preset).every(([name, value]) => sorted(value) === sorted(chosen[name]));
}

/** Options are the same in any order. */
function sorted(value) {
  return JSON.stringify(typeof value === "object" ? Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)) : value);
}

function choose(event, menu, button, settings) {
  const item = event.target.closest("[data-settings]");
  if (!item) return;
  const preset = JSON.parse(item.dataset.settings);
  settings.choose(preset, nextModel(preset.model).name);
  relieve("bad_option", "unknown_model");
  menu.hidePopover();
  button.focus();
  const name = item.firstElementChild.textContent;
  document.getElementById("announcer").textContent = t("“{name}” holds from your next message on.", { name });
}
