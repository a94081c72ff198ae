// What menus have in common: where they open, and how keys move in them.

const EDGE = 8;

/** Put `menu` below `button`, or above it where there is more room. */
export function put(menu, button) {
  const { left, top, bottom } = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + height + EDGE <= innerHeight || top < innerHeight - bottom;
  menu.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, below ? Math.min(bottom, innerHeight - height - EDGE) : top - height)}px`;
}

/** Return what can be chosen in `menu`. */
export function entries(menu) {
  return [...menu.querySelectorAll("[role^=menuitem]")].filter((item) => item.checkVisibility());
}

/** Move with the arrow keys; Escape closes the menu, and stops no answer. */
export function move(event, menu) {
  if (event.key === "Escape") event.stopPropagation();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = entries(menu);
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}
