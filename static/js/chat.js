// The chat page: makes the parts and joins them.

import { Actions } from "./actions.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { fetchNodes } from "./dom.js";
import * as messages from "./messages.js";
import { ModelState } from "./model.js";
import { Panel } from "./panel.js";
import { Follower } from "./scroll.js";
import { Sidebar } from "./sidebar.js";
import { Status } from "./status.js";

const main = document.getElementById("chat");
const scroller = document.getElementById("scroller");
const list = document.getElementById("messages");
const { socket, new: signature, page: address, modelState } = main.dataset;

const parts = {
  status: new Status(main),
  sidebar: new Sidebar(main.dataset.conversation),
  panel: new Panel(main),
  model: new ModelState(main, modelState),
  follower: new Follower(scroller, main.querySelector("[data-action=jump]")),
};
const conversation = new Conversation(main, parts);

parts.composer = new Composer(main, {
  ask: (frame) => parts.connection.send(frame),
  settings: () => parts.panel.settings(),
  taken: () => parts.panel.taken(),
  stop: () => conversation.stop(),
});
parts.connection = new Connection(signature ? `${socket}?new=${encodeURIComponent(signature)}` : socket, {
  onFrame: (frame) => conversation.take(frame),
  onState: (state) => {
    const wasLost = main.dataset.connection === "lost";
    parts.status.connection(state);
    // Nobody has told this page what became of other conversations meanwhile.
    if (wasLost && state === "open") parts.sidebar.reread();
  },
});

parts.actions = new Actions(list, {
  address,
  send: (command) => parts.connection.send(command),
  model: () => parts.panel.model(),
  hold: () => parts.follower.hold(),
  objection: (text) => parts.composer.objection(text),
  refuse: (refusal) => parts.composer.refuse(refusal),
});

/** Read the page of messages before the first one shown, and leave the reader where they are. */
async function showEarlier(link) {
  const first = list.querySelector(".message");
  const query = new URL(link.href).search;
  const nodes = await fetchNodes(`${address}messages${query}`);
  parts.follower.keeping(first, () => link.closest(".earlier").replaceWith(...nodes));
  messages.decorateAll();
}

main.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button?.dataset.action === "stop") {
    conversation.stop();
    parts.composer.focus();
  }
  if (button?.dataset.action === "example") parts.composer.fill(button.dataset.text);
  if (button?.dataset.action !== "earlier") return;
  event.preventDefault();
  showEarlier(button).catch(() => location.assign(button.href));
});

messages.decorateAll();
parts.follower.toEnd();
