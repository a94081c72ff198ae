// A new API token, on the one page that shows it: a press copies it.

import { confirmOn, copyText } from "./clipboard.js";

const field = document.querySelector("[data-new-token]");
const button = document.querySelector("[data-copy-token]");

button.addEventListener("click", async () => {
  if (await copyText(field.value)) confirmOn(button);
  // Where no browser copies, the keys for it do.
  else field.select();
});
button.hidden = false;
