// Brings a part of the page up to date without touching what stays as it is.

/**
 * Make the children of `old` equal those of `fresh`. What is equal already stays the same element, for it may have the
 * focus, or a finger on it.
 */
export function patch(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  let next = null;
  while (before.length && before[0].isEqualNode(after[0] ?? null)) [before, after].forEach((nodes) => nodes.shift());
  while (before.length && before.at(-1).isEqualNode(after.at(-1) ?? null)) {
    next = before.pop();
    after.pop();
  }
  const isSame = (node, index) => node.cloneNode(false).isEqualNode(after[index].cloneNode(false));
  if (before.length === after.length && before.every(isSame)) {
    before.forEach((node, index) => patch(node, after[index]));
    return;
  }
  before.forEach((node) => node.remove());
  after.forEach((node) => old.insertBefore(node, next));
}
