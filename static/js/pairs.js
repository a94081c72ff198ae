// Options as people read them below an answer.

import { page } from "./i18n.js";

/** Return the options as pairs, the usual ones first: databases keep them in orders of their own. */
export function inOrder(options) {
  const { numbers } = page.rules;
  const usual = Object.keys(numbers).filter((name) => Object.hasOwn(options, name));
  const others = Object.keys(options).filter((name) => !Object.hasOwn(numbers, name));
  return [...usual, ...others].map((name) => [name, options[name]]);
}

/** Return the value of an option as it is shown. */
export function written(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
