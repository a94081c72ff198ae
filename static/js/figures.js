// What an answer took: in the status line after its end, and as the part of the model's window that is full.

import { number, outcome, t } from "./i18n.js";
import { milliseconds, seconds, speed, tokens } from "./units.js";

const STOPPED = new Set(["user_stop", "thoughts_stopped"]);
// Of the window; beyond it the next question may well push the first ones out.
const NEARLY_FULL = 0.8;

/** Return the facts of an answer as the server has them (names of `events.Stats`, and `omitted` messages). */
export function factsOf(article) {
  return JSON.parse(article?.dataset.facts || "{}");
}

/** Return in words how the answer of `article` ended, and what it took; empty while that is open. */
export function ending(article) {
  const { role, status, outcome: code, model, detail } = article?.dataset ?? {};
  if (role !== "assistant" || !code || status === "running") return "";
  const facts = factsOf(article);
  if (STOPPED.has(code)) return stopped(facts);
  if (code === "length") return done(t("Ended at its limit of tokens"), facts);
  return outcome(code, model, detail) || done(t("Done"), facts);
}

function stopped({ output_tokens: count, released_ms: released, total_ms: called }) {
  if (called === undefined) return t("Taken out of the queue");
  const when = count ? t("Stopped after {tokens}", { tokens: tokens(count) }) : t("Stopped before the first word");
  return released === undefined ? when : t("{stopped}, model released in {time}", { stopped: when, time: milliseconds(released) });
}

function done(how, { first_token_ms: first, output_tokens: count, tokens_per_s: pace, total_ms: total }) {
  const parts = [
    how,
    first !== undefined && t("first token {time}", { time: seconds(first) }),
    count && tokens(count),
    pace && speed(pace),
    total !== undefined && t("{time} in all", { time: seconds(total) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Show on `meter` how much of the model's window was full at the end of the last of `articles`; where nobody knows,
 * nothing. After a stop Ollama tells no figures: then it is as much at least as at the end before. */
export function showWindow(meter, articles) {
  const answers = articles.filter(({ dataset }) => dataset.role === "assistant");
  const { window: size, omitted } = factsOf(answers.at(-1));
  const counted = answers.findLast((article) => factsOf(article).prompt_tokens);
  meter.hidden = !(counted && size);
  if (meter.hidden) return;
  const { prompt_tokens: read, output_tokens: written = 0 } = factsOf(counted);
  const used = read + written;
  const share = Math.min(used / size, 1);
  const params = { used: number(used), size: number(size), count: number(omitted ?? 0) };
  const text =
    counted === answers.at(-1)
      ? t("{used} of {size} tokens of the model's window", params)
      : t("At least {used} of {size} tokens of the model's window", params);
  const whole = omitted ? t("{full}. Messages left out at the beginning: {count}.", { ...params, full: text }) : text;
  const [ring, percent, words] = meter.children;
  ring.style.setProperty("--share", share);
  Object.assign(ring, { ariaValueNow: used, ariaValueMax: size, ariaValueText: whole });
  percent.textContent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(share);
  words.textContent = whole;
  meter.toggleAttribute("data-nearly-full", share >= NEARLY_FULL || Boolean(omitted));
}
