"""What is wrong with how a page looks, as far as a program can tell."""

from .chat import Chat

# Overlaps are looked for among what can be used and what is read, as far as it can be seen: not what is scrolled out
# of a box or below the dock, nor what a dialog, a menu or the drawer covers. Inside a formula boxes overlap by design;
# the button that jumps to the end and the meter's words lie above the text. Links in running text are as high as its
# lines.
_FAULTS = """
() => {
  const USED = "button, a, summary, select, input:enabled, textarea, [role=meter]";
  const FINGER = 43.5, LEAST = 2, FAINT = 0.4;
  const ABOVE = ".jump, .katex, .meter-text";
  const OPENED = ":popover-open, dialog[open]";
  const COVERS = `${OPENED}, .dock, [data-drawer] #sidebar, .toast, .drop-hint, .find`;
  const IN_TEXT = ".markdown :is(p, li, td) a, .model-state p a";
  const DOCK_FADES = 16;
  const dock = document.querySelector(".dock").getBoundingClientRect();
  const name = (element) => element.outerHTML.slice(0, 90);
  const unseen = (element) => element.closest(".visually-hidden, .skip-link, template") ||
    [...element.querySelectorAll(":scope > .visually-hidden")].length && !element.innerText.trim();

  function visible(element) {
    const box = element.getBoundingClientRect();
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let above = element.parentElement; above; above = above.parentElement) {
      if (getComputedStyle(above).overflow === "visible") continue;
      const edge = above.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    const end = element.closest("#messages") ? dock.top + DOCK_FADES : innerHeight;
    return { left, top, right: Math.min(right, innerWidth), bottom: Math.min(bottom, end) };
  }
  const drawn = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const drawer = document.body.matches("[data-drawer]") ? document.getElementById("sidebar") : null;
  function onTop(element, { left, top, right, bottom }) {
    if (right - left < LEAST || bottom - top < LEAST) return false;
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!hit || element.contains(hit) || hit.contains(element)) return Boolean(hit);
    const isFree = document.querySelector("dialog[open]") || drawer || hit.closest(COVERS) || hit.closest(ABOVE);
    if (!isFree) faults.push(`${name(element)} is covered by ${name(hit)}`);
    return false;
  }

  const all = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !unseen(one));
  const used = all.filter((one) => one.matches(USED));
  const read = all.filter((one) => !one.closest(USED) &&
    [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()));
  const faults = [];
  const seen = [...used, ...read].filter((one) => drawn(one) && !one.closest(ABOVE))
    .map((one) => ({ one, box: visible(one) })).filter(({ one, box }) => onTop(one, box));

  const { scrollHeight, clientHeight } = document.scrollingElement;
  if (scrollHeight > clientHeight) faults.push(`the window scrolls by ${scrollHeight - clientHeight}`);
  seen.forEach(({ one, box }, i) => {
    for (const { one: other, box: its } of seen.slice(i + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      if (one.closest(OPENED) !== other.closest(OPENED)) continue;
      const width = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const height = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (width > LEAST && height > LEAST) faults.push(`${name(one)} overlaps ${name(other)} by ${width}x${height}`);
    }
  });
  for (const one of used) {
    const { width, height } = one.getBoundingClientRect();
    const { overflowX, textOverflow } = getComputedStyle(one);
    const label = one.matches("button, summary, a:not(.markdown a)");
    if (!one.closest("[data-status=running]") && (!drawn(one) || getComputedStyle(one).opacity < FAINT))
      faults.push(`${name(one)} is not drawn`);
    if (matchMedia("(pointer: coarse)").matches && !one.matches(IN_TEXT) && Math.min(width, height) < FINGER)
      faults.push(`${name(one)} is ${width}x${height}`);
    if (label && one.scrollWidth > one.clientWidth + 1 && !(overflowX === "hidden" && textOverflow === "ellipsis"))
      faults.push(`${name(one)} is cut: ${one.scrollWidth} in ${one.clientWidth}`);
  }
  return faults;
}
"""


def faults(chat: Chat) -> list[str]:
    """Return what does not fit, overlaps, is cut off, is too small for a finger, or is drawn under the mouse only."""
    return [*(f"{element} is too wide" for element in chat.too_wide()), *chat.page.evaluate(_FAULTS)]
