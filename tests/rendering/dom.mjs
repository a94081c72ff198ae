// Draws texts with the page's own modules in jsdom. Standard input: JSON with the path of the collected
// markdown module and the cases, each a list of pieces. It also names the
// file for the results: JSON with what each case came to.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";

const input = JSON.parse(readFileSync(0, "utf8"));
const page = '<script type="application/json" id="page-data">{"strings": {}, "outcomes": {}}</script>';
const { window } = new JSDOM(`<!DOCTYPE html><html lang="en"><body>${page}</body></html>`);
Object.assign(globalThis, { window, document: window.document, Node: window.Node });

const { LiveMarkdown } = await import(pathToFileURL(input.module));

/** Return a copy of what `element` shows, without what `enhance` added. */
function plain(element) {
  const copy = element.cloneNode(true);
  for (const button of copy.querySelectorAll("button")) button.remove();
  for (const code of copy.querySelectorAll("pre.code > code")) code.textContent = code.textContent;
  copy.normalize();
  return copy;
}

function draw({ pieces, html }) {
  const live = document.createElement("div");
  const markdown = new LiveMarkdown(live);
  for (const piece of pieces) markdown.append(piece);
  markdown.finish();
  const stored = document.createElement("div");
  stored.innerHTML = html;
  const drawn = plain(live);
  return { equal: drawn.isEqualNode(plain(stored)), live: drawn.innerHTML, stored: stored.innerHTML };
}

writeFileSync(input.output, JSON.stringify(input.cases.map(draw)));
window.close();
