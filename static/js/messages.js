// The messages in the document: made from the templates that the server draws with, and given their tools.

import { clone, fetchNodes } from "./dom.js";
import { number, outcome, t } from "./i18n.js";
import { enhance } from "./markdown.js";
import { inOrder } from "./options.js";
import { languageOf } from "./text.js";

const CAN_CONTINUE = new Set([
  "length",
  "cut_off",
  "user_stop",
  "limit",
  "stalled",
  "ollama_broke",
  "process_died",
  "restart",
]);

const FACTS = [
  ["first_token_ms", () => t("First token"), (ms) => t("{seconds} s", { seconds: number(ms / 1000) })],
  ["total_ms", () => t("In all"), (ms) => t("{seconds} s", { seconds: number(ms / 1000) })],
  ["prompt_tokens", () => t("Tokens read"), number],
  ["output_tokens", () => t("Tokens written"), number],
  ["tokens_per_s", () => t("Speed"), (speed) => t("{speed} tokens/s", { speed: number(speed) })],
  ["omitted", () => t("Messages left out"), number],
];

/** Return the article of a message, if it is shown. */
export function find(id) {
  return document.getElementById(`m-${id}`);
}

/** Return the last article shown. */
export function last() {
  return document.getElementById("messages").querySelector(".message:last-of-type");
}

/** Add an article for a message behind `parent`, taking away what stood behind it. Returns null when the parent
 * is not shown. */
export function place({ id, parent, role, siblings = [], text = "" }) {
  const above = parent ? find(parent) : null;
  if (parent && !above) return null;
  const list = document.getElementById("messages");
  while (above ? above.nextElementSibling : list.firstElementChild) {
    (above ? above.nextElementSibling : list.firstElementChild).remove();
  }
  const article = clone(`message-${role}`);
  article.id = `m-${id}`;
  Object.assign(article.dataset, { id, parent: parent ?? "", siblings: siblings.join(" ") });
  if (role === "user") {
    const bubble = article.querySelector(".bubble");
    bubble.textContent = text;
    bubble.lang = languageOf(text);
  }
  list.append(article);
  decorate(article);
  return article;
}

/** Give an article, made here or by the server, its tools, and its stored text colours and copy buttons. */
export function decorate(article) {
  if (article.querySelector(".tools")) return;
  const tools = clone("tools");
  article.append(tools);
  const own = article.dataset.role === "user";
  const facts = tools.querySelector(".facts");
  facts.addEventListener("toggle", () => facts.open && drawFacts(article, facts));
  tools.querySelectorAll(own ? "[data-action=regenerate], .facts" : "[data-action=edit]").forEach((tool) => tool.remove());
  if (!own) article.querySelector(".outcome").append(clone("outcome-actions"));
  refresh(article);
  if (!own && article.dataset.status !== "running") enhance(article.querySelector(".markdown"));
}

/** Draw what the article's attributes say: versions, model, how it ended. */
export function refresh(article) {
  const { id, role, siblings, model, status, penalty } = article.dataset;
  const versions = siblings.split(" ");
  const place = versions.indexOf(id);
  article.querySelector(".versions").hidden = versions.length < 2;
  article.querySelector(".versions-count").textContent = `${place + 1}/${versions.length}`;
  article.querySelector("[data-action=previous]").disabled = place <= 0;
  article.querySelector("[data-action=next]").disabled = place === versions.length - 1;
  if (role === "user") return;
  article.querySelector(".facts").hidden = !model;
  article.querySelector(".facts-summary").textContent = model ? summary(model, factsOf(article).options) : "";
  const ended = status === "running" ? "" : article.dataset.outcome;
  const sentence = outcome(ended, model, article.dataset.detail);
  article.querySelector(".outcome").hidden = !sentence;
  article.querySelector(".outcome-text").textContent = sentence;
  article.querySelector("[data-action=continue]").hidden =
    !CAN_CONTINUE.has(ended) || article.querySelector(".markdown").childElementCount === 0;
  const penalize = article.querySelector("[data-action=penalize]");
  penalize.hidden = !penalty;
  penalize.textContent = t("Ask again with repeat_penalty {value}", { value: penalty });
}

/** Say of an article how it ended. `facts`: stats, options and omitted, as the server's `data-facts` has them. */
export function finished(article, { status, reason, outcome = "", detail = "", penalty = "", model, end, facts }) {
  const attributes = { status, reason, outcome, detail, penalty, model };
  Object.assign(article.dataset, attributes, { end: end.join(","), facts: JSON.stringify(facts) });
  const open = article.querySelector(".facts");
  if (open.open) drawFacts(article, open);
  refresh(article);
}

function factsOf(article) {
  return JSON.parse(article.dataset.facts || "{}");
}

/** Return the model's name and the options it was called with, the profile's among them. */
function summary(model, options = {}) {
  return [model, ...inOrder(options).map(([name, value]) => `${name} ${written(value)}`)].join(" · ");
}

function written(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function drawFacts(article, element) {
  const facts = factsOf(article);
  const rows = FACTS.filter(([name]) => facts[name]).map(([name, label, draw]) => [label(), draw(facts[name])]);
  for (const [name, value] of inOrder(facts.options ?? {})) {
    rows.push([name, written(value)]);
  }
  element.querySelector("dl").replaceChildren(
    ...rows.map(([label, value]) => {
      const row = document.createElement("div");
      for (const [tag, text] of [["dt", label], ["dd", value]]) {
        row.append(Object.assign(document.createElement(tag), { textContent: text }));
      }
      return row;
    }),
  );
}

/** Draw the line before the message from which on the model sees the conversation; without one it sees all of it. */
export function beginHistoryAt(id) {
  document.querySelectorAll(".history-start").forEach((line) => line.remove());
  if (id) find(id)?.before(clone("history-start"));
}

/** Read the shown messages again from the server. */
export async function reload(address) {
  const nodes = await fetchNodes(`${address}messages`);
  document.getElementById("messages").replaceChildren(...nodes);
  decorateAll();
}

/** Read one message again from the server. */
export async function reloadOne(address, id) {
  const nodes = await fetchNodes(`${address}messages?only=${id}`);
  find(id)?.replaceWith(...nodes);
  decorateAll();
}

/** Give every message its tools. */
export function decorateAll() {
  document.querySelectorAll("#messages .message").forEach(decorate);
}
