// Sharing and exporting a conversation: the page for that, as a dialog above the chat.

import { confirmOn, copyText } from "./clipboard.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

/** Show the dialog that stands on the page of `link`. */
export async function act(link) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "ask carry-dialog" });
  dialog.setAttribute("aria-labelledby", "carry-title");
  dialog.append(await read(fetch(link.href)), closer());
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    send(dialog, event).catch(() => event.target.submit());
  });
  dialog.addEventListener("click", (event) => clicked(dialog, event));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Return what a page of the site has for the dialog. Rejects when it has nothing, as the page of a login. */
async function read(answer) {
  const response = await answer;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("carry");
  if (!found) throw new Error(`${response.status} for ${response.url}`);
  found.querySelector("h1").id = "carry-title";
  return document.adoptNode(found);
}

/** Send a form of the dialog, and show what it leads to. */
async function send(dialog, { target }) {
  const fresh = await read(fetch(target.action, { method: "POST", body: new FormData(target) }));
  dialog.querySelector("#carry").replaceWith(fresh);
  dialog.querySelector("[data-focus], .dialog-close").focus();
}

async function clicked(dialog, { target }) {
  if (target === dialog || target.closest(".dialog-close")) dialog.close();
  const button = target.closest("[data-copy-link]");
  if (button && (await copyText(dialog.querySelector("[readonly]").value))) confirmOn(button);
}

function closer() {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "icon-button dialog-close" });
  button.ariaLabel = t("Close");
  button.append(icon("x"));
  return button;
}
