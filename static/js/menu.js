// What is done to a message now and then: copied as text, asked of another model, deleted. Loaded when it is opened.

import { hasPicturesAbove } from "./attached.js";
import { confirmOn, copyText } from "./clipboard.js";
import { fetchNodes } from "./dom.js";
import { t } from "./i18n.js";
import { entries, move, put } from "./menus.js";
import { isRead, toggleReading, voiceFor } from "./speech.js";

/** Open the menu of `article` at `button`. The browser closes it at a press outside of it and at Escape. */
export function openMenu(article, button, actions) {
  const menu = document.getElementById("message-menu");
  const own = article.dataset.role === "user";
  for (const part of menu.querySelectorAll("[data-of=answer]")) part.hidden = own;
  menu.onclick = (event) => chosen(event, menu, article, button, actions);
  menu.onkeydown = (event) => move(event, menu);
  if (!own) offerVoice(menu, article);
  menu.showPopover();
  put(menu, button);
  entries(menu)[0].focus();
  if (!own) offerModels(menu, article).then(() => put(menu, button), (error) => console.warn(error));
}

/** Offer to read `article` aloud, or to stop that. A browser may know its voices a moment after it was first asked. */
function offerVoice(menu, article) {
  const item = menu.querySelector("[data-action=listen]");
  const draw = () => {
    item.hidden = !voiceFor(article);
    item.lastElementChild.textContent = isRead(article) ? t("Stop reading") : t("Read aloud");
  };
  draw();
  if (window.speechSynthesis) speechSynthesis.onvoiceschanged = draw;
}

/** List the models that can answer now, the one that has answered last of all. */
async function offerModels(menu, article) {
  const options = (await fetchNodes(menu.dataset.models)).filter((node) => node.value);
  const others = options.filter((option) => option.value !== article.dataset.model);
  const hasPictures = hasPicturesAbove(article);
  menu.querySelector(".menu-models").replaceChildren(...others.map((option) => entry(option, hasPictures)));
  menu.querySelector(".menu-label").hidden = others.length === 0;
}

function entry(option, hasPictures) {
  const isBlind = hasPictures && option.dataset.vision === "false";
  const words = [option.textContent.trim(), ...(isBlind ? [t("cannot see pictures")] : [])];
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words.join(" · ") });
  button.setAttribute("role", "menuitem");
  Object.assign(button.dataset, { action: "ask-model", model: option.value });
  return button;
}

async function chosen(event, menu, article, button, actions) {
  const item = event.target.closest("[data-action]");
  if (!item) return;
  menu.hidePopover();
  button.focus();
  const { action, model } = item.dataset;
  if (action === "ask-model") actions.regenerate(article, button, { model });
  if (action === "listen") toggleReading(article);
  if (action === "copy-text" && (await copyText(plainText(article)))) confirmOn(button);
  if (action === "delete-message") askToDelete(article, actions).catch((error) => actions.failed(error));
}

/** Return a message as it is read: without Markdown's marks, with what lists show, formulas as they were written. */
function plainText(article) {
  const own = article.querySelector(".bubble");
  if (own) return own.textContent;
  const copy = article.querySelector(".markdown").cloneNode(true);
  copy.querySelectorAll("button").forEach((button) => button.remove());
  for (const formula of copy.querySelectorAll(".katex")) {
    formula.replaceWith(formula.querySelector("annotation").textContent);
  }
  writeLists(copy);
  // Only what stands in the document has lines.
  copy.classList.add("visually-hidden");
  article.append(copy);
  const text = copy.innerText.trim();
  copy.remove();
  return text;
}

/** Put into the text what lists show beside it: the boxes of tasks, and numbers. */
function writeLists(text) {
  for (const box of text.querySelectorAll(".task input")) box.replaceWith(box.checked ? "[x]" : "[ ]");
  for (const list of text.querySelectorAll("ol")) {
    [...list.children].forEach((item, index) => lineOf(item).prepend(`${list.start + index}. `));
  }
}

/** Return what holds the first line of an item in a list. */
function lineOf(item) {
  const first = item.firstElementChild;
  return first?.matches("p") ? first : item;
}

async function askToDelete(article, actions) {
  const { id, role } = article.dataset;
  const answer = await actions.read(`below=${id}`);
  const more = (await answer.json()).count - 1;
  const dialog = document.getElementById("delete-message");
  dialog.querySelector("h2").textContent = role === "user" ? t("Delete this question?") : t("Delete this answer?");
  dialog.querySelector(".delete-below").textContent = more
    ? t("Everything below it goes as well, in all its versions (messages: {count}). This cannot be undone.", { count: more })
    : t("This cannot be undone.");
  dialog.returnValue = "";
  dialog.onclose = () => dialog.returnValue === "delete" && actions.deliver({ type: "message.delete", message: id });
  dialog.showModal();
}
