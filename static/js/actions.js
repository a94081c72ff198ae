// What a person can do to a message that is shown: copy, edit, ask again, continue, choose a version.

import { copyText } from "./clipboard.js";
import { clone, confirmOn, freshId } from "./dom.js";

/** Listens to the tools of all messages. `send` takes a command; `address` is the conversation's page; `model()` is
 * the one chosen for the next answer; `hold()` keeps the page from following what grows at its end. */
export class Actions {
  constructor(list, { send, address, model, hold }) {
    this.send = send;
    this.address = address;
    this.model = model;
    this.hold = hold;
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

  regenerate(article) {
    const model = this.model();
    this.ask({ type: "answer.regenerate", message: article.dataset.id, ...(model ? { model } : {}) });
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
    if (message) this.send({ type: "branch.select", message });
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
      // The new question takes this one's place; until it does, the text stays here.
      if (field.value.trim()) this.ask({ type: "message.edit", message: article.dataset.id, text: field.value });
    });
  }

  ask(command) {
    return this.send({ ...command, client_id: freshId() });
  }
}
