// Figures with their units, in the person's language.

import { number, t } from "./i18n.js";

/** Return a time given in milliseconds; `whole` seconds where it is counted up. */
export function seconds(ms, whole = false) {
  if (ms < 100 && !whole) return milliseconds(ms);
  return t("{seconds} s", { seconds: number(whole ? Math.floor(ms / 1000) : ms / 1000) });
}

/** Return a short time given in whole milliseconds. */
export function milliseconds(ms) {
  return t("{ms} ms", { ms: ms ? number(ms) : "<1" });
}

export function tokens(count) {
  return count === 1 ? t("1 token") : t("{count} tokens", { count: number(count) });
}

export function speed(perSecond) {
  return t("{speed} tokens/s", { speed: number(perSecond < 10 ? perSecond : Math.round(perSecond)) });
}
