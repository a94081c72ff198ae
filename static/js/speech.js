// Reading an answer aloud, by a voice of this machine: what other voices read goes to somebody's server. Loaded with the
// menu of a message.

import { languageOf } from "./text.js";

// What is not for ears: code, and the boxes of tasks.
const SILENT = "pre, button, .task input";
let reading = "";

/** Return a voice of this machine for the language of `article`, the system's own before others; undefined if none. */
export function voiceFor(article) {
  const language = mainTag(article.querySelector(".markdown").lang || languageOf(article.textContent));
  const own = window.speechSynthesis?.getVoices().filter((voice) => voice.localService && mainTag(voice.lang) === language);
  return own?.find((voice) => voice.default) ?? own?.[0];
}

/** Android writes zh_CN. */
function mainTag(tag) {
  return tag.split(/[-_]/)[0].toLowerCase();
}

/** Tell whether `article` is being read. */
export function isRead(article) {
  return reading === article.dataset.id && speechSynthesis.speaking;
}

/** Read `article`, or stop when it is being read. */
export function toggleReading(article) {
  const wasRead = isRead(article);
  speechSynthesis.cancel();
  reading = wasRead ? "" : article.dataset.id;
  if (wasRead) return;
  const voice = voiceFor(article);
  // Engines break off long texts.
  for (const line of linesOf(article)) {
    speechSynthesis.speak(Object.assign(new SpeechSynthesisUtterance(line), { voice, lang: voice.lang }));
  }
}

function linesOf(article) {
  const copy = article.querySelector(".markdown").cloneNode(true);
  copy.querySelectorAll(SILENT).forEach((one) => one.remove());
  for (const formula of copy.querySelectorAll(".katex")) {
    formula.replaceWith(formula.querySelector("annotation").textContent);
  }
  // Only what stands in the document has lines.
  copy.classList.add("visually-hidden");
  article.append(copy);
  const lines = copy.innerText.split("\n").filter((line) => line.trim());
  copy.remove();
  return lines;
}

addEventListener("pagehide", () => window.speechSynthesis?.cancel());
