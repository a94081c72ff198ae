// Why something was refused, shown where it was asked for, for as long as its cause lasts.

/** Show `sentence` in `element`; `code` names the cause, as the protocol does. */
export function refuse(element, sentence, code = "") {
  element.textContent = sentence;
  element.dataset.code = code;
  element.hidden = false;
}

/** These causes are over: take away what they refused, wherever it stands. */
export function relieve(...codes) {
  for (const element of document.querySelectorAll(".refusal")) {
    if (codes.includes(element.dataset.code)) element.hidden = true;
  }
}
