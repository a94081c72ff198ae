// Brings nodes that are on the page to the state of freshly drawn ones, touching only what differs: what stays
// keeps its selection, its layout and its place under the reader's eyes.

import { isEnhanced, showsTheSame } from "./enhance.js";

function sameTag(old, fresh) {
  return old.nodeType === Node.ELEMENT_NODE && old.nodeName === fresh.nodeName;
}

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphText(old, fresh) {
  if (fresh.data.startsWith(old.data)) old.appendData(fresh.data.slice(old.data.length));
  else old.data = fresh.data;
}

function morphNode(old, fresh) {
  if (old.isEqualNode(fresh) || showsTheSame(old, fresh)) return;
  if (old.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) morphText(old, fresh);
  // What was added to a node is not part of another one: a button would go, never to come again.
  else if (sameTag(old, fresh) && !isEnhanced(old)) {
    morphAttributes(old, fresh);
    morphChildren(old, 0, [...fresh.childNodes]);
  } else old.replaceWith(fresh);
}

/** Make the children of `parent` from index `from` on equal to the array `fresh`, whose nodes are used up. */
export function morphChildren(parent, from, fresh) {
  let old = parent.childNodes[from] ?? null;
  for (const node of fresh) {
    const next = old?.nextSibling ?? null;
    if (old) morphNode(old, node);
    else parent.append(node);
    old = next;
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
}
