// Saying what an answer was worth, and why: loaded with the first thumb.

import { clone, isComposing } from "./dom.js";

/** Rate an answer, or take the same rating back; a new one may be explained. */
export function rate(article, rating, actions) {
  const again = article.dataset.rating === String(rating);
  closeForm(article);
  // What was said of the other rating goes with it.
  const told = actions.deliver({ type: "message.rate", message: article.dataset.id, rating: again ? 0 : rating });
  if (told && !again) explain(article, rating, actions);
}

function explain(article, rating, actions) {
  const form = clone("rating");
  const field = form.elements.comment;
  article.querySelector(".tools").after(form);
  field.focus();
  const close = () => {
    closeForm(article);
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
    if (actions.deliver({ type: "message.rate", message: article.dataset.id, rating, comment })) close();
  });
}

function closeForm(article) {
  article.querySelector(".rating")?.remove();
}
