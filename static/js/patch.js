// Brings a part of the page up to date without touching what stays as it is.

/**
 * Make the children of `old` equal those of `fresh`. What is there in both stays the same element, for it may have the
 * focus, or a finger on it; what has changed its place is made anew there.
 */
export function patch(old, fresh) {
  const after = [...fresh.childNodes];
  let at = old.firstChild;
  after.forEach((node, index) => {
    while (at && !matches(at, node) && !after.slice(index).some((one) => matches(at, one))) at = removed(at);
    if (!at || !matches(at, node)) {
      old.insertBefore(node, at);
      return;
    }
    if (!at.isEqualNode(node)) update(at, node);
    at = at.nextSibling;
  });
  while (at) at = removed(at);
}

/** Tell whether two nodes stand for the same: of elements, those that share a `data-id`, or have none at all. */
function matches(one, other) {
  const areElements = one.nodeType === Node.ELEMENT_NODE && other.nodeType === Node.ELEMENT_NODE;
  if (!areElements || one.localName !== other.localName) return one.isEqualNode(other);
  const [ids, others] = [one, other].map(idsOf);
  return ids.length || others.length ? ids.some((id) => others.includes(id)) : true;
}

function idsOf(element) {
  return element.dataset.id ? [element.dataset.id] : [...element.querySelectorAll("[data-id]")].map(({ dataset }) => dataset.id);
}

// The server sends no styles: those that are there are the page's own.
function update(old, fresh) {
  for (const { name } of [...old.attributes]) if (name !== "style" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  patch(old, fresh);
}

/** Remove a node and return the next one. */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
