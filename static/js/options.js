// Values of options as a person writes them, judged by the server's own rules; the server judges once more.

import { page, t } from "./i18n.js";
import { codePoints } from "./text.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export const EXAMPLE = '{"top_k": 40}';

/** What is wrong with what stands in `field`, as a sentence. */
export class Objection extends Error {
  constructor(field, sentence) {
    super(sentence);
    this.field = field;
  }
}

/** Return the number that `text` is, with a comma or a point; anything else stays the text. */
export function numberOf(text) {
  const written = text.replace(",", ".");
  return NUMBER.test(written) ? Number(written) : text;
}

/** Return the object that the JSON in `field` holds, without what is null. Throws an Objection. */
export function objectIn(field) {
  const text = field.value.trim();
  if (!text) return {};
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    // The same sentence tells of bad JSON and of JSON that is no object.
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Objection(field, t("Other options must be a JSON object, such as {example}.", { example: EXAMPLE }));
  }
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
}

/** Throw an Objection to `field` unless the option `name`, there called `label`, may have this value. */
export function check(field, name, value, label = name) {
  const expected = expectedOf(name, value);
  if (expected) throw new Objection(field, t("“{name}” has to be {expected}.", { name: label, expected }));
}

/** Throw an Objection to `field` when there are more options than a call takes. */
export function checkCount(field, options) {
  const { limits, expected } = page.rules;
  const name = Object.keys(options)[limits.options];
  if (name !== undefined) {
    throw new Objection(field, t("“{name}” has to be {expected}.", { name, expected: expected.options }));
  }
}

function expectedOf(name, value) {
  const { numbers, limits, expected } = page.rules;
  if (!isText(name)) return expected.name;
  if (Object.hasOwn(numbers, name)) {
    const { low, high, whole, expected: range } = numbers[name];
    return isBetween(value, low, high) && (!whole || Number.isInteger(value)) ? "" : range;
  }
  if (name === "stop") return isStops(value) ? "" : expected.stop;
  const fits = typeof value === "boolean" || isBetween(value, -limits.number, limits.number) || isText(value);
  return fits ? "" : expected.other;
}

function isBetween(value, low, high) {
  return typeof value === "number" && low <= value && value <= high;
}

function isStops(value) {
  return Array.isArray(value) && value.length <= page.rules.limits.stops && value.every(isText);
}

function isText(value) {
  return typeof value === "string" && value && codePoints(value) <= page.rules.limits.text && !value.includes("\0");
}
