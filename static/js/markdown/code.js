// Code in answers: a button that copies it, and colours. Both are added once a block is complete, to live answers
// and to those that came from the server alike.

import { copyText } from "../clipboard.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";

const COPIED_MS = 1500;
const enhanced = new WeakSet();

/** Return whether `node` is a code block with a button. */
export function isEnhancedCode(node) {
  return enhanced.has(node);
}

/** Return whether `old` is code with colours and a button that shows the same text as `fresh`. */
export function showsSameCode(old, fresh) {
  return (
    enhanced.has(old) &&
    old.dataset.language === fresh.dataset?.language &&
    old.querySelector("code").textContent === fresh.textContent
  );
}

/** Return the code block that stands in place of `block` without what was added, and gets it when it is complete. */
export function plainCode(block) {
  if (!enhanced.has(block)) return block;
  const plain = block.cloneNode(true);
  plain.querySelector("button").remove();
  const code = plain.querySelector("code");
  code.replaceChildren(code.textContent);
  code.tabIndex = 0;
  block.replaceWith(plain);
  return plain;
}

function copyButton(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-copy";
  const show = (name, label) => {
    button.replaceChildren(icon(name));
    button.title = label;
    button.setAttribute("aria-label", label);
  };
  show("copy", t("Copy code"));
  button.addEventListener("click", async () => {
    if (!(await copyText(code.textContent))) return;
    show("check", t("Copied"));
    setTimeout(() => show("copy", t("Copy code")), COPIED_MS);
  });
  return button;
}

async function colour(code, language) {
  try {
    const { highlight } = await import("./highlight.js");
    await highlight(code, language);
  } catch (error) {
    // A module could not be loaded, as the server cannot be reached just now: the code stays plain.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Add colours and a copy button to `block`, a code block, unless it has them. */
export function enhanceCode(block) {
  if (enhanced.has(block)) return;
  enhanced.add(block);
  const code = block.querySelector("code");
  block.append(copyButton(code));
  if (block.dataset.language) colour(code, block.dataset.language);
}
