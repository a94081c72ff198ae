// What an answer took and was given, one by one: loaded when somebody asks for it.

import { factsOf } from "./figures.js";
import { number, t } from "./i18n.js";
import { inOrder, written } from "./pairs.js";
import { milliseconds, seconds, speed } from "./units.js";

const FACTS = [
  ["first_token_ms", () => t("First token"), seconds],
  ["thinking_ms", () => t("Thinking time"), seconds],
  ["total_ms", () => t("In all"), seconds],
  ["released_ms", () => t("Model released in"), milliseconds],
  ["prompt_tokens", () => t("Tokens read"), number],
  ["output_tokens", () => t("Tokens written"), number],
  ["tokens_per_s", () => t("Speed"), speed],
  ["window", () => t("Window in tokens"), number],
  ["omitted", () => t("Messages left out"), number],
  ["unseen", () => t("Pictures not shown to the model"), number],
];

/** Write the facts of `article` into its list. */
export function drawFacts(article) {
  const facts = factsOf(article);
  const rows = FACTS.filter(([name]) => facts[name] !== undefined).map(([name, label, draw]) => [label(), draw(facts[name])]);
  for (const [name, value] of inOrder(facts.options ?? {})) rows.push([name, written(value)]);
  article.querySelector(".facts dl").replaceChildren(...rows.map(drawRow));
}

function drawRow([label, value]) {
  const row = document.createElement("div");
  for (const [tag, text] of [["dt", label], ["dd", value]]) {
    row.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  return row;
}
