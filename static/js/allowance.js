// What may still be asked today: read again whenever an answer has ended.

import { fetchNodes } from "./dom.js";

const part = document.getElementById("allowance");
const main = document.getElementById("chat");

new MutationObserver(async () => {
  if (main.dataset.phase !== "idle") return;
  const nodes = await fetchNodes(part.dataset.address).catch(() => null);
  if (nodes) part.replaceChildren(...nodes);
}).observe(main, { attributeFilter: ["data-phase"] });
