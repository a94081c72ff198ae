// What keys do, and the sheet that lists them: loaded with the first of them.

import { icon } from "./icons.js";
import { t } from "./i18n.js";

const YEAR = 365 * 24 * 3600;
const COMMAND = /^(Mac|iP)/.test(navigator.platform) ? "⌘" : "Ctrl";
// The first that can be seen is pressed.
const BUTTONS = {
  k: "[data-action=search]",
  n: ".sidebar-new",
  f: "[data-action=find]",
  c: ".message[data-role=assistant]:last-of-type [data-action=copy]",
  s: "[data-action=open-sidebar], #sidebar [data-action=close-sidebar]",
};
const LISTED = () => [
  [[COMMAND, "K"], t("Search")],
  [["Esc"], t("Stop the answer, or close what is open")],
  [[COMMAND, "/"], t("These shortcuts")],
];
const LISTED_ALONE = () => [
  [["?"], t("These shortcuts")],
  [["/"], t("Go to the question")],
  [["N"], t("New conversation")],
  [["F"], t("Find in this conversation")],
  [["C"], t("Copy the last answer")],
  [["S"], t("Show or hide the list")],
];

/** Do what `key` is for, alone or with Ctrl or ⌘. */
export function press(key, isCommand, { composer }) {
  if (key === "/" && !isCommand) composer.field.focus();
  else if (BUTTONS[key]) seen(BUTTONS[key])?.click();
  else act();
}

/** Return the first element that can be seen, else the first: what is in a drawer works as well. */
function seen(selector) {
  const all = [...document.querySelectorAll(selector)];
  return all.find((one) => one.checkVisibility()) ?? all[0];
}

/** Show the sheet. */
export function act() {
  const dialog = make("dialog", { className: "ask keys" });
  const title = make("h2", { id: "keys-title", textContent: t("Keyboard shortcuts") });
  const head = make("header", { className: "panel-head" });
  const close = make("button", { type: "button", className: "icon-button", ariaLabel: t("Close") });
  close.append(icon("x"));
  close.addEventListener("click", () => dialog.close());
  dialog.setAttribute("aria-labelledby", title.id);
  const alone = make("p", { className: "help", textContent: t("While no field is in use, also single keys:") });
  head.append(title, close);
  dialog.append(head, table(LISTED()), alone, table(LISTED_ALONE()), choice());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function table(rows) {
  const list = make("dl", { className: "keys-list" });
  for (const [keys, meaning] of rows) {
    const names = make("dt");
    names.append(...keys.map((textContent) => make("kbd", { textContent })));
    list.append(names, make("dd", { textContent: meaning }));
  }
  return list;
}

/** Who speaks to the computer, or presses keys by mistake, can do without single ones (WCAG 2.1.4). */
function choice() {
  const button = make("button", { type: "button", className: "button" });
  const isOff = () => document.cookie.includes("keys=off");
  const draw = () => (button.textContent = isOff() ? t("Turn single keys on") : t("Turn single keys off"));
  button.addEventListener("click", () => {
    const path = new URL(document.querySelector(".brand").href).pathname;
    document.cookie = `keys=${isOff() ? "on" : "off"}; Path=${path}; Max-Age=${YEAR}; SameSite=Lax`;
    draw();
  });
  draw();
  return button;
}

function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
