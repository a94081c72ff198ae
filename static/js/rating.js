// Saying what an answer was worth, and why: loaded with the first thumb.

import { clone, isComposing } from "./dom.js";

/** Rate an answer, or take the same rating back; it may be explained. What was said goes along to another rating, and is
 * taken back only while it is in view. */
export function rate(article, rating, actions) {
  const again = article.dataset.rating === String(rating);
  const { ratingComment: comment = "" } = article.dataset;
  const form = article.querySelector(".rating");
  if (again && comment && !form) {
    explain(article, rating, actions);
    return;
  }
  form?.remove();
  const told = send(article, again ? { rating: 0 } : { rating, comment }, actions);
  if (told && !again) explain(article, rating, actions);
}

function send(article, said, actions) {
  return actions.deliver({ type: "message.rate", message: article.dataset.id, ...said });
}

function explain(article, rating, actions) {
  const form = clone("rating");
  const field = form.elements.comment;
  field.value = article.dataset.ratingComment ?? "";
  article.querySelector(".tools").after(form);
  field.focus();
  const close = () => {
    form.remove();
    article.querySelector(`[data-action=${rating > 0 ? "good" : "bad"}]`).focus();
  };
  form.querySelector("[data-action=skip]").addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || isComposing(event)) return;
    event.preventDefault();
    close();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const comment = field.value.trim();
    if (!send(article, { rating, comment }, actions)) return;
    // Until then the connection may break, and more may be written.
    whenKept(article, comment, () => form.isConnected && field.value.trim() === comment && close());
  });
}

/** Call `act` once the server has told that it has `comment`. */
function whenKept(article, comment, act) {
  const observer = new MutationObserver(() => {
    if (article.dataset.ratingComment !== comment) return;
    observer.disconnect();
    act();
  });
  observer.observe(article, { attributeFilter: ["data-rating-comment"] });
}
