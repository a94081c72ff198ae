// A conversation as an administrator reads it: code gets colours, formulas are drawn, and what is written appears.

import { fetchNodes } from "./dom.js";
import { enhance } from "./markdown/enhance.js";
import { patch } from "./patch.js";

const WHILE_WRITTEN = 1000;
const OTHERWISE = 3000;

const enhanceAll = (within) => within.querySelectorAll(".entry:not([data-live]) .markdown").forEach(enhance);

const entryIn = (part, { dataset }) => part.querySelector(`.entry[data-id="${dataset.id}"]`);

/** Leave unfolded what is so. */
function unfold(fresh, part) {
  for (const entry of part.querySelectorAll(".entry:has(details[open])")) {
    entryIn(fresh, entry)?.querySelector("details").setAttribute("open", "");
  }
}

/** Ask for what has changed: while an answer is written for that one, for the whole page when one came or ended. */
async function look() {
  const part = document.getElementById("transcript");
  const query = new URLSearchParams(location.search);
  query.set("state", part.dataset.state);
  const nodes = await fetchNodes(`${part.dataset.part}?${query}`);
  const fresh = nodes.find((node) => node.id === "transcript");
  unfold(fresh, part);
  if (fresh.dataset.state !== part.dataset.state) {
    part.replaceWith(fresh);
    enhanceAll(fresh);
    return;
  }
  for (const entry of fresh.querySelectorAll(".entry")) {
    const shown = entryIn(part, entry);
    if (shown) patch(shown, entry);
  }
}

async function watch() {
  try {
    if (!document.hidden) await look();
  } catch (error) {
    console.warn(error);
  }
  setTimeout(watch, document.querySelector(".entry[data-live]") ? WHILE_WRITTEN : OTHERWISE);
}

enhanceAll(document);
setTimeout(watch, WHILE_WRITTEN);
