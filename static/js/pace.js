// How fast an answer comes, by the counts of its tokens that the server tells once a second.

import { number, t } from "./i18n.js";
import { seconds, speed, tokens } from "./units.js";

// The speed is that between the last few counts. When none has come for so many milliseconds, nothing comes.
const COUNTS = 4;
const LATE = 2500;
// Counts that come together, as after a break of the connection, say nothing of the speed.
const APART = 500;

/** The counts of an answer that may have `most` tokens, where there is a limit. */
export class Pace {
  constructor(most) {
    this.most = most;
  }

  /** So many tokens have come by now; each phase is measured by itself. */
  take(phase, count = 0) {
    const before = phase === this.phase ? this.counts : [];
    this.phase = phase;
    this.counts = [...before, { count, at: performance.now() }].slice(-COUNTS);
  }

  /** Return how fast tokens come, or for how long none has, and how many there are; empty before the first. */
  words() {
    const [first, last] = [this.counts[0], this.counts.at(-1)];
    if (this.phase !== "writing" || !last.count) return "";
    const since = performance.now() - last.at;
    if (since > LATE) return `${this.sum(last)} · ${t("none for {time}", { time: seconds(since, true) })}`;
    const lasted = last.at - first.at;
    if (lasted < APART) return this.sum(last);
    return `${speed(((last.count - first.count) * 1000) / lasted)} · ${this.sum(last)}`;
  }

  sum({ count }) {
    if (!(this.most > 0)) return tokens(count);
    return t("{count} of {most} tokens", { count: number(count), most: number(this.most) });
  }
}
