// Formulas, drawn by KaTeX in place of their source. KaTeX and its style come when a page first shows a formula.

import { withoutUnfit } from "./characters.js";

const MAX_FORMULA = 2048; // characters; 40,000 were measured to take 1.6 s
const BUSY_MS = 24;

let loading = null;

function loadStyle() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("../../css/math.css", import.meta.url).href;
  return new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => {
      link.remove();
      reject(new TypeError("The style of formulas could not be loaded."));
    });
    document.head.append(link);
  });
}

/** Make KaTeX set the styles of its pictures (arrows, tall brackets) in the way that the policy allows. */
function keepPolicy({ SvgNode }) {
  const { toNode } = SvgNode.prototype;
  SvgNode.prototype.toNode = function () {
    const { style, ...attributes } = this.attributes;
    const node = toNode.call({ children: this.children, attributes });
    if (style) node.style.cssText = style;
    return node;
  };
}

async function load() {
  try {
    await Promise.all([import("../../vendor/katex/katex.js"), loadStyle()]);
    const { katex } = globalThis; // it is no module: it leaves its name there
    keepPolicy(katex.__domTree);
    return katex;
  } catch (error) {
    loading = null;
    throw error;
  }
}

const nothingOf = (count) => (context) => {
  context.consumeArgs(count);
  return "";
};

const MACROS = {
  // These two come with style attributes.
  "\\pmb": "\\boldsymbol{#1}",
  "\\fcolorbox": "\\boxed{\\colorbox{#2}{#3}}",
  // These write to the console.
  "\\message": nothingOf(1),
  "\\errmessage": nothingOf(1),
  "\\show": nothingOf(1),
};

/** Return KaTeX's options. They are made anew for each formula, as one may define macros in them. */
const optionsFor = (displayMode) => ({
  displayMode,
  output: "htmlAndMathml",
  trust: false,
  maxSize: 10,
  maxExpand: 200,
  strict: "ignore",
  // KaTeX's own picture of an error has a style attribute, which the policy refuses: the source stays instead.
  throwOnError: true,
  errorColor: "currentcolor",
  macros: { ...MACROS },
});

/** Return `source` drawn; null where KaTeX cannot, or where what it draws has characters that a page must not show. */
function drawn(katex, source, displayMode) {
  const place = document.createElement("span");
  try {
    katex.render(source, place, optionsFor(displayMode));
  } catch {
    // It says so of what is wrong, stumbles over what is wrong in other ways, and groups within groups end its stack.
    return null;
  }
  const shown = place.textContent;
  return withoutUnfit(shown) === shown ? place : null;
}

/** Draw the formula of `element`, unless it is drawn, longer than is safe, or wrong. */
function draw(katex, element) {
  const code = element.querySelector(":scope > code");
  const source = code?.textContent ?? "";
  if (source.length === 0 || source.length > MAX_FORMULA) return;
  const place = drawn(katex, source, "display" in element.dataset);
  if (place) code.replaceWith(...place.childNodes);
}

/** Draw the formulas in `elements`. Rejects with a TypeError when KaTeX cannot be loaded. */
export async function drawFormulas(elements) {
  loading ??= load();
  const katex = await loading;
  let start = performance.now();
  for (const element of elements) {
    draw(katex, element);
    if (performance.now() - start > BUSY_MS) {
      // A long page of formulas leaves room for the rest of the page.
      await new Promise((resolve) => setTimeout(resolve));
      start = performance.now();
    }
  }
}
