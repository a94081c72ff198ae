// A picture of a question in full size, above the page.

import { icon } from "./icons.js";
import { t } from "./i18n.js";

/** Show the picture that is in `link` until it is closed by a press anywhere or Esc. */
export function act(link) {
  const picture = link.querySelector("img").cloneNode();
  const dialog = Object.assign(document.createElement("dialog"), { className: "enlarged", ariaLabel: picture.alt });
  const close = Object.assign(document.createElement("button"), { type: "button", className: "icon-button" });
  close.ariaLabel = t("Close");
  close.append(icon("x"));
  dialog.append(close, picture);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
