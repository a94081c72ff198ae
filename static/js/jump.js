// Showing one message of the conversation, wherever it lies.

import { Apart } from "./apart.js";
import { fetchNodes } from "./dom.js";
import * as messages from "./messages.js";
import { steady } from "./steady.js";

/** The page was opened away from the conversation's end. */
export function begin(parts) {
  const { at } = enter(parts);
  if (at) mark(messages.find(at), parts, { focus: true });
}

/**
 * Show the message `id` and mark it. With `focus` it gets the focus, and is marked for as long as it has it; else until
 * another one is. Rejects where it cannot be read, and leaves what is shown.
 */
export async function jumpTo(id, parts, { focus = false } = {}) {
  if (!messages.find(id)) await inTurn(parts.conversation, () => open(id, parts));
  const article = messages.find(id);
  // Another jump may have come before.
  if (article) mark(article, parts, { focus });
}

/** Run `step` when the frames that have come are dealt with, and before those that come. */
function inTurn(conversation, step) {
  return new Promise((done, failed) => conversation.run(() => step().then(done, failed)));
}

/** Show what stands around a message that is not there. */
async function open(id, parts) {
  const { conversation, earlier } = parts;
  const nodes = await fetchNodes(`${conversation.address}messages?m=${id}`);
  conversation.generation?.drop();
  earlier.opened = [];
  earlier.list.replaceChildren(...nodes);
  enter(parts);
}

/** Take what the server says of the messages that are shown now. */
function enter(parts) {
  const window = document.getElementById("window");
  const { apart, ...place } = window.dataset;
  window.remove();
  parts.follower.hold();
  messages.decorateAll();
  steady(parts.earlier.list, parts.follower);
  if (apart === undefined) parts.apart?.leave();
  else (parts.apart ??= new Apart(parts)).take(place);
  return place;
}

function mark(article, { follower }, { focus }) {
  follower.hold();
  unmark();
  article.setAttribute("aria-current", "true");
  if (focus) {
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
    article.addEventListener("blur", unmark, { once: true });
  }
  const fits = article.offsetHeight < follower.scroller.clientHeight / 2;
  article.scrollIntoView({ block: fits ? "center" : "start" });
}

function unmark() {
  const marked = document.querySelector("#messages > [aria-current]");
  marked?.removeAttribute("aria-current");
  marked?.removeAttribute("tabindex");
}
