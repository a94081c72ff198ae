// What complete blocks of Markdown get on the page, live ones and those that came from the server alike.

import { enhanceCode, isEnhancedCode, showsSameCode } from "./code.js";

const FORMULA = ".math:not([data-open])";
// What scrolls sideways where it is wider than the column.
const WIDE = "pre.code > code, table, .math[data-display]";

async function enhanceMath(formulas) {
  try {
    const { drawFormulas } = await import("./formulas.js");
    await drawFormulas(formulas);
    formulas.forEach(reach);
  } catch (error) {
    // A file could not be loaded, as the server cannot be reached just now: the source stays.
    if (!(error instanceof TypeError)) throw error;
  }
}

const select = (element, selector) =>
  element.matches(selector) ? [element] : [...element.querySelectorAll(selector)];

/** Let the keyboard into what scrolls, and past what does not: Safari alone does not do so by itself. */
function reach(element) {
  for (const box of select(element, WIDE)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else if (box !== document.activeElement) box.removeAttribute("tabindex");
  }
}

/** Add colours and a copy button to the code blocks in `element`, draw the formulas and let the keyboard scroll what is
 * too wide, or do so with itself. */
export function enhance(element) {
  select(element, "pre.code").forEach(enhanceCode);
  reach(element);
  const formulas = select(element, FORMULA);
  if (formulas.length > 0) enhanceMath(formulas);
}

const isFormula = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches(FORMULA);

function showsSameFormula(old, fresh) {
  if (old.nodeName !== fresh.nodeName || !isFormula(old) || !isFormula(fresh)) return false;
  const source = old.querySelector("annotation");
  const isSameMode = old.hasAttribute("data-display") === fresh.hasAttribute("data-display");
  return isSameMode && source?.textContent === fresh.textContent;
}

/** Return whether `enhance` has seen the node itself, and made it another one than the parser writes. */
export function isEnhanced(node) {
  return isEnhancedCode(node) || (isFormula(node) && node.querySelector("annotation") !== null);
}

/** Return whether `old`, which `enhance` has seen, shows what `fresh` would show once it has seen that too. */
export function showsTheSame(old, fresh) {
  return showsSameCode(old, fresh) || showsSameFormula(old, fresh);
}
