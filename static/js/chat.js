// The chat page: makes the parts and joins them.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation, loadGeneration } from "./conversation.js";
import { Earlier } from "./earlier.js";
import { t } from "./i18n.js";
import * as messages from "./messages.js";
import { ModelState } from "./model.js";
import { Follower } from "./scroll.js";
import { Settings } from "./settings.js";
import { Sidebar } from "./sidebar.js";
import { Status } from "./status.js";
import { ThinkChoice } from "./think.js";

// No window shows more messages at once.
const SEEN = 12;

const main = document.getElementById("chat");
const scroller = document.getElementById("scroller");
const list = document.getElementById("messages");
const { socket, new: signature, page: address, modelState } = main.dataset;

const parts = {};
// First of all: the server answers while the browser lays out the page, which the other parts ask for. Nothing arrives
// before all of them are there.
parts.connection = new Connection(signature ? `${socket}?new=${encodeURIComponent(signature)}` : socket, {
  onFrame: (frame) => conversation.take(frame),
  onState: (state) => {
    const wasLost = main.dataset.connection === "lost";
    parts.status.connection(state);
    // What is out of sight can wait until the page is usable.
    setTimeout(() => messages.decorateAll());
    // Nobody has told this page what became of other conversations meanwhile.
    if (wasLost && state === "open") parts.sidebar.reread();
  },
});
Object.assign(parts, {
  status: new Status(main),
  sidebar: new Sidebar(main.dataset.conversation),
  settings: new Settings(main),
  model: new ModelState(main, modelState),
  follower: new Follower(scroller, main.querySelector("[data-action=jump]")),
});
parts.earlier = new Earlier(list, parts);
const conversation = new Conversation(main, parts);
parts.conversation = conversation;
parts.think = new ThinkChoice(main, document.getElementById("think"), parts.settings);

parts.composer = new Composer(main, {
  ask: (frame) => parts.connection.send(frame),
  settings: () => parts.settings.changes(),
  choose: (settings) => parts.settings.choose(settings, settings.model),
  taken: () => parts.settings.taken(),
  stop: () => conversation.stop(),
});

/** Only browsers that may recognise speech on the device can tell whether they do. */
function offerDictation() {
  if (!(window.SpeechRecognition ?? window.webkitSpeechRecognition)?.available) return;
  import("./dictation.js").then(({ offer }) => offer(main, parts.composer)).catch(console.warn);
}

/** What is wanted cannot be loaded now. */
function offline(error) {
  console.warn(error);
  parts.composer.refuse({ text: t("There is no connection now. Try again in a moment."), code: "offline" });
}

/** Load what is done to messages, once: when somebody points at one, so that it is there when they press. */
async function loadActions() {
  const { Actions } = await import("./actions.js");
  parts.actions ??= new Actions(list, {
    address,
    send: (command) => parts.connection.send(command),
    settings: () => parts.settings.changes(),
    hold: () => parts.follower.hold(),
    objection: (text) => parts.composer.objection(text),
    refuse: (refusal) => parts.composer.refuse(refusal),
  });
  return parts.actions;
}

// What is wanted seldom, by the action of its button: a module each, whose `act` does it.
const SELDOM = {
  carry: () => import("./carry.js"),
  earlier: () => import("./further.js"),
  enlarge: () => import("./enlarged.js"),
  find: () => import("./find.js"),
  later: () => import("./further.js"),
  "open-panel": () => import("./panel.js"),
  "open-presets": () => import("./presets.js"),
  search: () => import("./search.js"),
  shortcuts: () => import("./shortcuts.js"),
};

// Who writes a question will see an answer: what draws it is there before the first word then. A failure shows, and
// is mended, when it is needed.
scroller.addEventListener("input", () => loadGeneration().catch(() => {}), { once: true });

if (document.activeElement.closest(".composer")) offerDictation();
else parts.composer.form.addEventListener("focusin", offerDictation, { once: true });

for (const type of ["pointerover", "focusin"]) {
  list.addEventListener(type, () => loadActions().catch(() => {}), { once: true });
}
// A press that was faster than what it is for.
list.addEventListener("click", (event) => {
  if (!parts.actions && event.target.closest(".message [data-action]")) loadActions().then((actions) => actions.clicked(event), offline);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  const load = SELDOM[button?.dataset.action];
  if (!load || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  load().then((module) => module.act(button, parts)).catch(offline);
});

// Keys that do what a button does. The browser must be kept from its own meaning at once; what they do comes with the
// first one. Single ones belong to whoever types, and can be switched off there.
document.addEventListener("keydown", (event) => {
  const { key, ctrlKey, metaKey, target } = event;
  const isCommand = /^(Mac|iP)/.test(navigator.platform) ? metaKey : ctrlKey;
  const isOff = ctrlKey || metaKey || target.closest("input, textarea, select") || document.cookie.includes("keys=off");
  const keys = isCommand ? "k/" : isOff ? "" : "?/nfcs";
  if (!keys.includes(key) || event.altKey || event.isComposing || document.querySelector(":modal")) return;
  event.preventDefault();
  SELDOM.shortcuts().then((sheet) => sheet.press(key, isCommand, parts)).catch(offline);
});

main.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button?.dataset.action === "stop") {
    conversation.stop();
    parts.composer.focus();
  }
  if (button?.dataset.action === "example") parts.composer.fill(button.dataset.text);
});

messages.decorateAll(-SEEN);
if (document.getElementById("window")) {
  parts.follower.hold();
  // Before anything is told of the conversation's end, which is somewhere else.
  conversation.run(async () => (await import("./jump.js")).begin(parts));
} else parts.follower.toEnd();
