// What the browser's tab says before the title of a conversation: that an answer is being written and, to somebody who
// looks at something else meanwhile, what came of it. Loaded with what draws answers.

import { t } from "./i18n.js";

const ENDED = {
  completed: () => t("Answer ready"),
  stopped: () => "",
};
const FAILED = () => t("Answer failed");

/** Keeps the mark of `conversation`, which writes the title. */
export class Title {
  constructor(conversation) {
    this.conversation = conversation;
    addEventListener("focus", () => this.seen());
    document.addEventListener("visibilitychange", () => this.seen());
  }

  answering() {
    this.news = false;
    this.conversation.titled(t("Answering…"));
  }

  /** The answer ended like `status`. */
  ended(status) {
    this.news = true;
    this.conversation.titled((ENDED[status] ?? FAILED)());
    this.seen();
  }

  /** Whoever sees the page needs no news of it. */
  seen() {
    if (!this.news || document.hidden || !document.hasFocus()) return;
    this.news = false;
    this.conversation.titled("");
  }
}
