// What a person can do to a message that is shown: copy, edit, ask again, continue, choose a version.

import { copyText } from "./clipboard.js";
import { clone, confirmOn, freshId } from "./dom.js";
import { t } from "./i18n.js";
import { refuse } from "./refusal.js";

/** Listens to the tools of all messages. `send(command)` tells whether it went out; `address` is the conversation's
 * page; `model()` is the one chosen for the next answer; `hold()` keeps the page from following what grows at its end;
 * `objection(text)` tells why a text cannot be asked; `refuse({text, code})` is for what belongs to no message. */
export class Actions {
  constructor(list, { send, address, model, hold, objection, refuse: refuseElsewhere }) {
    this.send = send;
    this.address = address;
    this.model = model;
    this.hold = hold;
    this.objection = objection;
    this.refuseElsewhere = refuseElsewhere;
    list.addEventListener("click", (event) => this.clicked(event));
  }

  clicked(event) {
    const button = event.target.closest("[data-action]");
    const article = button?.closest(".message");
    const act = article && this[button.dataset.action];
    if (act) act.call(this, article, button);
  }

  async copy(article, button) {
    const own = article.querySelector(".bubble");
    if (await copyText(own ? own.textContent : await this.source(article.dataset.id))) confirmOn(button);
  }

  async source(id) {
    const response = await fetch(`${this.address}messages?source=${id}`);
    return response.text();
  }

  regenerate(article, _button, more = {}) {
    const model = this.model();
    this.ask({ type: "answer.regenerate", message: article.dataset.id, ...(model ? { model } : {}), ...more });
  }

  /** Ask again with the higher repeat_penalty that the server names. */
  penalize(article, button) {
    this.regenerate(article, button, { options: { repeat_penalty: Number(article.dataset.penalty) } });
  }

  continue(article) {
    this.ask({ type: "answer.continue", message: article.dataset.id });
  }

  previous(article) {
    this.select(article, -1);
  }

  next(article) {
    this.select(article, 1);
  }

  select(article, step) {
    const versions = article.dataset.siblings.split(" ");
    const message = versions[versions.indexOf(article.dataset.id) + step];
    if (message) this.deliver({ type: "branch.select", message });
  }

  edit(article) {
    if (article.querySelector(".edit")) return;
    const form = clone("edit");
    const field = form.querySelector("textarea");
    const bubble = article.querySelector(".bubble");
    const close = () => {
      form.remove();
      delete article.dataset.editing;
    };
    field.value = bubble.textContent;
    article.dataset.editing = "";
    this.hold();
    bubble.after(form);
    field.style.height = `${Math.min(field.scrollHeight, innerHeight / 2)}px`;
    field.focus();
    form.querySelector("[data-action=cancel-edit]").addEventListener("click", close);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      close();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.askAgain(article.dataset.id, form, field.value);
    });
    field.addEventListener("input", () => (refusalOf(form).hidden = true));
  }

  /** Ask an edited question. The new one takes the place of the form; until it does, the text stays there. */
  askAgain(message, form, text) {
    const objection = this.objection(text);
    if (objection) {
      refuse(refusalOf(form), objection.text, objection.code);
      return;
    }
    refusalOf(form).hidden = true;
    form.dataset.client = this.ask({ type: "message.edit", message, text }, refusalOf(form));
  }

  /** Show what the server refused beside the question that was edited; returns false when it was no edit. */
  refused({ client_id: client, text, code }) {
    const form = client && [...document.querySelectorAll(".edit")].find((one) => one.dataset.client === client);
    if (form) refuse(refusalOf(form), text, code);
    return Boolean(form);
  }

  /** Send a command that is told by its id, which is returned. */
  ask(command, refusal = null) {
    const client = freshId();
    this.deliver({ ...command, client_id: client }, refusal);
    return client;
  }

  deliver(command, refusal = null) {
    if (this.send(command)) return;
    const offline = { text: t("There is no connection now. Try again in a moment."), code: "offline" };
    if (refusal) refuse(refusal, offline.text, offline.code);
    else this.refuseElsewhere(offline);
  }
}

function refusalOf(form) {
  return form.querySelector(".refusal");
}
