// The list of conversations read again: what was seen further down stays, and so do the reader's place and the focus.

import { readPart } from "./listing.js";
import { patch } from "./patch.js";

/** Read the list of `sidebar` again, as much of it as is there already, within the server's bounds. */
export async function relist(sidebar) {
  const { list } = sidebar;
  if (sidebar.isInUse()) return;
  const size = list.querySelectorAll(".entry").length;
  const nodes = await readPart(list, `${list.dataset.address}?size=${size}`);
  if (!nodes || sidebar.isInUse()) return;
  const fresh = list.cloneNode(false);
  fresh.append(...nodes);
  keepRest(sidebar, fresh);
  sidebar.mark(fresh);
  keepingPlace(sidebar, fresh, () => {
    keepingFocus(sidebar, () => patch(list, fresh));
    sidebar.watch();
  });
}

/** Put behind `fresh` what was read below it before. */
function keepRest(sidebar, fresh) {
  const end = fresh.querySelector(".more");
  if (!end) return;
  const known = new Set([...fresh.querySelectorAll(".entry")].map(({ dataset }) => dataset.id));
  const isBelow = (entry) => place(entry) < end.dataset.place && !known.has(entry.dataset.id);
  const rest = [...sidebar.list.querySelectorAll(".entry")].filter(isBelow);
  if (!rest.length) return;
  let last = [...fresh.querySelectorAll(".group")].at(-1);
  let piece = null;
  for (const entry of rest) {
    if (entry.parentElement !== piece) {
      piece = entry.parentElement;
      const group = piece.closest(".group");
      if (label(group) !== label(last)) {
        last = group.cloneNode(false);
        last.append(group.querySelector("h2").cloneNode(true));
        end.before(last);
      }
      last.append(piece.cloneNode(false));
    }
    last.lastElementChild.append(entry.cloneNode(true));
  }
  end.replaceWith(sidebar.list.querySelector(".more")?.cloneNode(true) ?? "");
}

/** Return where an entry stands, in the order of the texts: the server writes the list's places so. */
function place({ dataset }) {
  return `${dataset.pinned === undefined ? 0 : 1}.${dataset.at}`;
}

function label(group) {
  return group.querySelector("h2").textContent;
}

/** Run `change`; of what the reader sees, the first entry that has not moved in the list stays where it is. */
function keepingPlace(sidebar, fresh, change) {
  const { list } = sidebar;
  if (!list.scrollTop) {
    change();
    return;
  }
  const { top, bottom } = list.getBoundingClientRect();
  const isSeen = (part) => part.getBoundingClientRect().bottom > top && part.getBoundingClientRect().top < bottom;
  // Asked for their places, pieces out of sight would be laid out entry by entry.
  const entries = [...list.querySelectorAll("ul")].filter(isSeen).flatMap((piece) => [...piece.children]);
  const anchor = entries.filter(isSeen).find((entry) => {
    const same = sidebar.entry(entry.dataset.id, fresh);
    return same && place(same) === place(entry);
  });
  const before = anchor?.getBoundingClientRect().top;
  change();
  const after = anchor && sidebar.entry(anchor.dataset.id);
  if (after) list.scrollTop += after.getBoundingClientRect().top - before;
}

/** Run `change`; an entry that moves takes the focus along. */
function keepingFocus(sidebar, change) {
  const focused = document.activeElement;
  const id = sidebar.list.contains(focused) && focused.closest(".entry")?.dataset.id;
  const { action } = focused.dataset;
  change();
  if (!id || focused.isConnected) return;
  sidebar.entry(id)?.querySelector(action ? `[data-action=${action}]` : "a")?.focus({ preventScroll: true });
}
