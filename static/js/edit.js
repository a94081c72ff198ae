// Asking a question again in other words: loaded with the first edit.

import { noteUnseen } from "./attached.js";
import { clone, isComposing } from "./dom.js";
import { refuse } from "./refusal.js";

/** Put a form in the place of a question's words. `actions` sends what comes of it. */
export function openEdit(article, actions) {
  if (article.querySelector(".edit")) return;
  const form = clone("edit");
  const field = form.querySelector("textarea");
  const bubble = article.querySelector(".bubble");
  field.value = bubble.textContent;
  article.dataset.editing = "";
  actions.hold();
  bubble.after(form);
  noteUnseen(form, () => actions.settings().model);
  field.style.height = `${Math.min(field.scrollHeight, innerHeight / 2)}px`;
  field.focus();
  const close = () => {
    form.remove();
    delete article.dataset.editing;
    article.querySelector("[data-action=edit]").focus();
  };
  form.querySelector("[data-action=cancel-edit]").addEventListener("click", close);
  field.addEventListener("keydown", (event) => pressed(event, form, close));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    askAgain(article, form, field.value, actions);
  });
  field.addEventListener("input", () => (refusalOf(form).hidden = true));
}

function pressed(event, form, close) {
  if (isComposing(event)) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  if (event.key !== "Escape") return;
  event.preventDefault();
  close();
}

/** Ask. The new question takes the place of the form; until it does, the text stays there. */
function askAgain(article, form, text, actions) {
  const refusal = refusalOf(form);
  const objection = actions.objection(text);
  // A question may consist of its files alone.
  if (objection && !(objection.code === "empty" && article.querySelector(".attached"))) {
    refuse(refusal, objection.text, objection.code);
    return;
  }
  refusal.hidden = true;
  const command = { type: "message.edit", message: article.dataset.id, text, ...actions.settings() };
  form.dataset.client = actions.ask(command, refusal);
}

function refusalOf(form) {
  return form.querySelector(".refusal");
}
