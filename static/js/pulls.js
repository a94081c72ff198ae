// Models on their way: their progress, until each has come or failed; then the page tells what Ollama holds.

import { fetchNodes } from "./dom.js";
import { patch } from "./patch.js";

const AGAIN_AFTER = 1000;
const part = document.getElementById("pulls");

async function look() {
  if (!part.querySelector("[data-running]")) return;
  try {
    const fresh = document.createElement("div");
    fresh.append(...(await fetchNodes(part.dataset.address)));
    patch(part, fresh);
    if (!part.querySelector("[data-running]")) location.reload();
  } catch (error) {
    console.warn(error);
  }
  setTimeout(look, AGAIN_AFTER);
}

setTimeout(look, AGAIN_AFTER);
