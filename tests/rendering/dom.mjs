// Draws texts with the page's own modules in jsdom. Its argument is the path of the collected markdown module. Each line
// of standard input is the JSON of what is asked for and of a list of cases, each of which has a list of pieces; the
// answer to it, a line of standard output, is a JSON list of what each case came to.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";

const page = '<script type="application/json" id="page-data">{"strings": {}, "outcomes": {}}</script>';
const { window } = new JSDOM(`<!DOCTYPE html><html lang="en"><body>${page}</body></html>`);
Object.assign(globalThis, { window, document: window.document, Node: window.Node });

// No draw is slow then, so none is put off.
performance.now = () => 0;
const { LiveMarkdown } = await import(pathToFileURL(process.argv[2]));

const { document } = window;

/** Return a copy of what `element` shows, without what `enhance` added, and what it takes from code that does not scroll. */
function plain(element) {
  const copy = element.cloneNode(true);
  for (const button of copy.querySelectorAll("button")) button.remove();
  for (const code of copy.querySelectorAll("pre.code > code")) {
    code.replaceChildren(code.textContent);
    code.removeAttribute("tabindex");
  }
  copy.normalize();
  return copy;
}

// Looking at all of a long answer after every piece would take most of the time.
const MAX_WATCHED = 50;
const ACTIVE = "script, img, picture, iframe, object, embed, link, style, base, form, video, audio, math";

// Control characters and others that nobody sees, or that turn the direction of the text around them.
// eslint-disable-next-line no-control-regex
const UNFIT = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

/** Return what in `element` could run, load or change the page around it; empty when there is nothing. */
function problem(element) {
  const found = [...element.querySelectorAll(ACTIVE)].map((one) => one.outerHTML);
  if (UNFIT.test(element.textContent)) found.push(JSON.stringify(element.textContent));
  for (const one of element.querySelectorAll("*")) {
    for (const { name, value } of one.attributes) {
      if (UNFIT.test(value)) found.push(JSON.stringify(value));
      const isWorse = name === "href" && !/^(?:https?|mailto):/i.test(value) && one.localName !== "use";
      if (name === "style" || name === "src" || name.startsWith("on") || isWorse) found.push(one.outerHTML);
    }
  }
  return found.join("\n");
}

/** Return what all pieces come to, and how that compares with the stored `html`. */
function whole({ pieces, html }) {
  const live = document.createElement("div");
  const markdown = new LiveMarkdown(live);
  const problems = [];
  for (const piece of pieces) {
    markdown.append(piece);
    if (live.childElementCount < MAX_WATCHED) problems.push(problem(live));
  }
  markdown.finish();
  problems.push(problem(live));
  const stored = document.createElement("div");
  stored.innerHTML = html;
  const drawn = plain(live);
  return {
    equal: drawn.isEqualNode(plain(stored)),
    problem: problems.find(Boolean) ?? "",
    live: drawn.innerHTML,
    stored: stored.innerHTML,
  };
}

/** Return what is shown of a text that goes on. */
function open({ pieces }) {
  const live = document.createElement("div");
  const markdown = new LiveMarkdown(live);
  for (const piece of pieces) markdown.append(piece);
  return live.innerHTML;
}

const buttonsOf = (element) =>
  [...element.querySelectorAll("pre.code")].map((code) => code.querySelectorAll("button").length);

/** Return whether `live` shows what `fresh` shows, and no block of code has two buttons or lacks one that is there. */
function isLike(live, fresh) {
  const wanted = buttonsOf(fresh);
  return (
    plain(live).isEqualNode(plain(fresh)) &&
    buttonsOf(live).every((count, i) => count === 1 || (count === 0 && wanted[i] === 0))
  );
}

/** Return where, after which piece, a text that grew looks otherwise than one that came at once; null if nowhere. */
function steps({ pieces }) {
  const live = document.createElement("div");
  const markdown = new LiveMarkdown(live);
  let text = "";
  for (const piece of pieces) {
    text += piece;
    markdown.append(piece);
    const fresh = document.createElement("div");
    new LiveMarkdown(fresh).setText(text);
    if (!isLike(live, fresh)) {
      return { text, live: live.innerHTML, fresh: fresh.innerHTML };
    }
  }
  return null;
}

const ASKED = { whole, open, steps };

for await (const line of createInterface({ input: process.stdin })) {
  const { asked, cases } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(cases.map(ASKED[asked]))}\n`);
}
window.close();
