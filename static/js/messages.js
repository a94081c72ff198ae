// The messages in the document: made from the templates that the server draws with, and given their tools.

import { clone } from "./dom.js";
import { outcome, t } from "./i18n.js";
import { inOrder, written } from "./pairs.js";
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

const OF_ANSWERS = "[data-action=regenerate], [data-action=good], [data-action=bad], .facts";

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
export function place({ id, parent, role, siblings = [], text = "", attachments = [] }) {
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
    if (attachments.length) import("./attached.js").then((module) => module.drawAttached(article, attachments)).catch(console.warn);
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
  facts.addEventListener("toggle", () => facts.open && drawFacts(article));
  tools.querySelectorAll(own ? OF_ANSWERS : "[data-action=edit]").forEach((tool) => tool.remove());
  if (!own) article.querySelector(".outcome").append(clone("outcome-actions"));
  refresh(article);
  if (own || article.dataset.status === "running") return;
  const text = article.querySelector(".markdown");
  if (text.querySelector(".math")) complete(text);
  else if (text.querySelector(".code, table")) near.observe(text);
}

// Most code of a history is never looked at, so it gets its colours, which change no height, when it comes near; and
// the keyboard a way into a table that is too wide.
const near = new IntersectionObserver(
  (seen) => {
    for (const { target } of seen.filter(({ isIntersecting }) => isIntersecting)) {
      near.unobserve(target);
      const tables = [...target.querySelectorAll("table")];
      if (target.querySelector(".code") || tables.some((one) => one.scrollWidth > one.clientWidth)) complete(target);
    }
  },
  { root: document.getElementById("scroller"), rootMargin: "50%" },
);

/** Give stored text what its code and formulas get on the page. */
async function complete(text) {
  try {
    const { enhance } = await import("./markdown/enhance.js");
    enhance(text);
  } catch (error) {
    // The server cannot be reached just now: code and formulas stay as they are written.
    if (!(error instanceof TypeError)) throw error;
  }
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
  for (const [action, rating] of [["good", "1"], ["bad", "-1"]]) {
    article.querySelector(`[data-action=${action}]`).ariaPressed = article.dataset.rating === rating;
  }
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
  if (article.querySelector(".facts").open) drawFacts(article);
  refresh(article);
}

function factsOf(article) {
  return JSON.parse(article.dataset.facts || "{}");
}

function drawFacts(article) {
  // Without a connection they come when they are opened again.
  import("./facts.js").then((facts) => facts.drawFacts(article)).catch(console.warn);
}

/** Return the model's name and the options it was called with, the profile's among them. */
function summary(model, options = {}) {
  return [model, ...inOrder(options).map(([name, value]) => `${name} ${written(value)}`)].join(" · ");
}

/** Show what the person said of an answer, here or in another tab. */
export function rated({ message, rating, comment }) {
  const article = find(message);
  if (!article) return;
  Object.assign(article.dataset, { rating, ratingComment: comment });
  refresh(article);
}

/** Draw the line before the message from which on the model sees the conversation; without one it sees all of it. */
export function beginHistoryAt(id) {
  document.querySelectorAll(".history-start").forEach((line) => line.remove());
  if (id) find(id)?.before(clone("history-start"));
}

/** Give messages their tools: all of them, or those from the index `from` on, as `slice` counts. */
export function decorateAll(from = 0) {
  [...document.querySelectorAll("#messages .message")].slice(from).forEach(decorate);
}
