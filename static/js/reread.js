// Reading messages again from the server, when what is shown may not be what is stored.

import { fetchNodes } from "./dom.js";
import * as messages from "./messages.js";

/** Read the messages of the conversation at `address` again. What is shown already stays, and so does what was read
 * above: somebody may be reading it, or writing in it. */
export async function reread(address) {
  const nodes = await fetchNodes(`${address}messages`);
  const fresh = nodes.filter((node) => node.matches?.(".message"));
  const first = fresh.length ? messages.find(fresh[0].dataset.id) : null;
  keepingFocus(() => {
    if (first) update(first, fresh);
    else list().replaceChildren(...nodes);
    messages.beginHistoryAt(historyStart(nodes));
  });
}

/** Read one message again. */
export async function rereadOne(address, id) {
  const nodes = await fetchNodes(`${address}messages?only=${id}`);
  keepingFocus(() => messages.find(id)?.replaceWith(...nodes));
}

const list = () => document.getElementById("messages");

/** Return the id of the message behind the line from which on the model sees the conversation. */
function historyStart(nodes) {
  const line = nodes.findIndex((node) => node.matches?.(".history-start"));
  return line < 0 ? null : nodes.slice(line).find((node) => node.matches?.(".message")).dataset.id;
}

/** Make what is shown from the message `shown` on the same as `fresh`. */
function update(shown, fresh) {
  messages.beginHistoryAt(null);
  let rest = shown;
  while (rest && rest.dataset.id === fresh[0]?.dataset.id) {
    const behind = rest.nextElementSibling;
    renew(rest, fresh.shift());
    rest = behind;
  }
  while (rest) {
    const behind = rest.nextElementSibling;
    rest.remove();
    rest = behind;
  }
  list().append(...fresh);
}

/** Bring a message up to date: a question never changes, and an answer of the same end has the same text. */
function renew(shown, fresh) {
  if (shown.dataset.role === "assistant" && shown.dataset.end !== fresh.dataset.end) {
    shown.replaceWith(fresh);
    return;
  }
  Object.assign(shown.dataset, fresh.dataset);
  if (shown.querySelector(".tools")) messages.refresh(shown);
}

/** Run `change`; a tool that had the focus and is gone gives it to that of the message in its place, and where there is
 * no version behind or before it, to the way back. */
function keepingFocus(change) {
  const { activeElement: focused } = document;
  const parent = focused.closest("#messages .message")?.dataset.parent;
  change();
  messages.decorateAll();
  if (parent === undefined || focused.isConnected) return;
  const inPlace = [...list().querySelectorAll(".message")].find((one) => one.dataset.parent === parent);
  const same = inPlace?.querySelector(`[data-action="${focused.dataset.action}"]:enabled`);
  (same ?? inPlace?.querySelector(".versions button:enabled"))?.focus();
}
