// What a person can do to a message that is shown. What is done seldom is loaded when it is first done.

import { confirmOn, copyText } from "./clipboard.js";
import { freshId } from "./dom.js";
import { t } from "./i18n.js";
import { refuse } from "./refusal.js";

const touch = matchMedia("(pointer: coarse)");

/** Listens to the tools of all messages. `send(command)` tells whether it went out; `address` is the conversation's
 * page; `settings()` is what was chosen for the next question; `hold()` keeps the page from following what grows at its
 * end; `objection(text)` tells why a text cannot be asked; `refuse({text, code})` is for what belongs to no message. */
export class Actions {
  constructor(list, { send, address, settings, hold, objection, refuse: refuseElsewhere }) {
    this.send = send;
    this.address = address;
    this.settings = settings;
    this.hold = hold;
    this.objection = objection;
    this.refuseElsewhere = refuseElsewhere;
    list.addEventListener("click", (event) => this.clicked(event));
  }

  clicked(event) {
    const button = event.target.closest("[data-action]");
    const article = button?.closest(".message");
    const act = article && this[button.dataset.action];
    if (!act) return;
    Promise.resolve(act.call(this, article, button)).catch((error) => this.failed(error));
  }

  /** A module or a text could not be loaded. */
  failed(error) {
    console.warn(error);
    this.refuseElsewhere(error.cause ?? offline());
  }

  async copy(article, button) {
    const own = article.querySelector(".bubble");
    if (await copyText(own ? own.textContent : this.source(article.dataset.id))) confirmOn(button);
  }

  async source(id) {
    return (await this.read(`source=${id}`)).text();
  }

  /** Return what the conversation's page answers to a question about its messages. */
  async read(query) {
    const response = await fetch(`${this.address}messages?${query}`);
    // Who is not logged in any more is sent to the page for that.
    const cause = response.redirected ? { text: t("You are logged out. Log in again to go on.") } : null;
    if (cause || !response.ok) throw new Error(`${response.status} for ${query}`, { cause });
    return response;
  }

  /** Ask for another answer, from `model` if one is named, else from the one chosen for the next answer. */
  regenerate(article, _button, { model = this.settings().model, ...more } = {}) {
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

  async edit(article) {
    const { openEdit } = await import("./edit.js");
    openEdit(article, this);
  }

  good(article) {
    return this.rate(article, 1);
  }

  bad(article) {
    return this.rate(article, -1);
  }

  async rate(article, rating) {
    const { rate } = await import("./rating.js");
    rate(article, rating, this);
  }

  async more(article, button) {
    const { openMenu } = await import("./menu.js");
    openMenu(article, button, this);
  }

  /** Show what the server refused beside the question that was edited; returns false when it was no edit. */
  refused({ client_id: client, text, code }) {
    const form = client && [...document.querySelectorAll(".edit")].find((one) => one.dataset.client === client);
    if (form) refuse(form.querySelector(".refusal"), text, code);
    return Boolean(form);
  }

  /** Send a command that is told by its id, which is returned. */
  ask(command, refusal = null) {
    const client = freshId();
    this.deliver({ ...command, client_id: client }, refusal);
    return client;
  }

  /** What has the focus may be taken away by what comes of a command: it goes to the field then, unless it has another
   * place already. On a touch screen that would bring up its keyboard. */
  watchFocus() {
    const { activeElement: focused } = document;
    this.watch?.disconnect();
    this.watch = new MutationObserver(() => {
      if (focused.isConnected) return;
      this.watch.disconnect();
      if (document.activeElement === document.body && !touch.matches) document.getElementById("text").focus();
    });
    this.watch.observe(document.getElementById("messages"), { childList: true, subtree: true });
  }

  /** Send a command; what keeps it from going out is shown in `refusal`, or where the page shows such things. Returns
   * whether it went out. */
  deliver(command, refusal = null) {
    this.watchFocus();
    if (this.send(command)) return true;
    const { text, code } = offline();
    if (refusal) refuse(refusal, text, code);
    else this.refuseElsewhere({ text, code });
    return false;
  }
}

function offline() {
  return { text: t("There is no connection now. Try again in a moment."), code: "offline" };
}
