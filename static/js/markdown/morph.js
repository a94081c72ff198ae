// Brings nodes that are on the page to the state of freshly drawn ones, touching only what differs: what stays
// keeps its selection, its layout and its place under the reader's eyes.

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

function morphNode(old, fresh, isDrawn) {
  if (old.isEqualNode(fresh) || isDrawn(old, fresh)) return;
  if (old.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) morphText(old, fresh);
  else if (sameTag(old, fresh)) {
    morphAttributes(old, fresh);
    morphChildren(old, 0, [...fresh.childNodes], isDrawn);
  } else old.replaceWith(fresh);
}

/**
 * Make the children of `parent` from index `from` on equal to the array `fresh`, whose nodes are used up.
 * `isDrawn(old, fresh)` says of a pair that differs whether the old one shows the same in a richer form.
 */
export function morphChildren(parent, from, fresh, isDrawn) {
  let old = parent.childNodes[from] ?? null;
  for (const node of fresh) {
    const next = old?.nextSibling ?? null;
    if (old) morphNode(old, node, isDrawn);
    else parent.append(node);
    old = next;
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
}
