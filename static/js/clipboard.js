// Copying text, also on pages served over plain http, where browsers offer no clipboard to scripts.

import { t } from "./i18n.js";
import { refuse } from "./refusal.js";

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  // A modal dialog makes everything outside of it inert.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

async function copyByClipboard(text) {
  if (!window.ClipboardItem) return navigator.clipboard.writeText(await text);
  // Safari allows it while a press is handled only, but waits for the text. Not all browsers take a string here.
  const blob = Promise.resolve(text).then((words) => new Blob([words], { type: "text/plain" }));
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** Copy `text`, or what it is to become, and return whether that worked; where it did not, the page says so. Rejects
 * as `text` does. */
export async function copyText(text) {
  try {
    await copyByClipboard(text);
    return true;
  } catch {
    // not allowed here: the older way may be
  }
  const copied = copyBySelection(await text);
  const place = document.querySelector(".dock .refusal");
  if (!copied && place) refuse(place, t("Copying did not work. Select the text and copy it."));
  return copied;
}

/** Show for a moment on `button`, and say, that it has copied. */
export function confirmOn(button) {
  button.dataset.done = "";
  document.getElementById("announcer").textContent = t("Copied");
  setTimeout(() => delete button.dataset.done, 1500);
}
