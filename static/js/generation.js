// What the frames of a generation do to the page: its answer begins, grows and ends. Loaded with the first letter of a
// question, or when a page joins an answer that is being written.

import { LiveAnswer } from "./live.js";
import * as messages from "./messages.js";
import { Title } from "./title.js";

const BEGUN = new Set(["thinking", "writing"]);

/** Draws the running answer of `conversation`; `live` while there is one. */
export class Generation {
  constructor(conversation) {
    Object.assign(this, { conversation, parts: conversation.parts });
    this.title = new Title(conversation);
    this.live = null;
  }

  /** Show the text so far of a generation that a snapshot tells of. */
  join(state) {
    const article = messages.find(state.message);
    article.dataset.model = state.model;
    if (this.live?.generation !== state.id) {
      this.drop();
      this.live = new LiveAnswer(article, state.id, state.options);
    }
    this.live.set(state.text, state.thinking, state.end);
    this.title.answering();
    messages.refresh(article);
    this.status({ ...state, generation: state.id, phase: state.phase || state.status });
  }

  started(frame) {
    const article = messages.find(frame.message);
    if (!article || this.live?.generation === frame.generation) return;
    article.dataset.model = frame.model;
    article.dataset.siblings = frame.siblings.join(" ");
    // More of an answer that is there already: the text so far comes with a snapshot, and stands here until then.
    if (frame.at?.some(Boolean)) {
      this.conversation.resync();
      return;
    }
    this.live = new LiveAnswer(article, frame.generation, frame.options);
    this.title.answering();
    messages.refresh(article);
  }

  status(frame) {
    if (this.live?.generation !== frame.generation) return;
    const { article, pace } = this.live;
    this.live.phase(frame);
    this.parts.status.phase(frame.phase, { ...frame, model: article.dataset.model, pace: () => pace.words() });
    beginHistory(frame);
  }

  delta(frame) {
    const { conversation, live } = this;
    if (!conversation.resyncing && (live?.generation !== frame.generation || !live.add(frame))) conversation.resync();
  }

  async finished(frame) {
    const { conversation, parts } = this;
    const live = this.live?.generation === frame.generation ? this.live : null;
    live?.finish(frame.stats.thinking_ms);
    if (conversation.coming === frame.generation) {
      this.live = null;
      conversation.idle();
    }
    conversation.stopWanted = false;
    this.title.ended(frame.status);
    parts.composer.answered(frame.status);
    const article = messages.find(frame.message);
    if (!article) return;
    const { options = {}, end } = live ?? {};
    const facts = { ...frame.stats, omitted: frame.omitted, options };
    const { model = article.dataset.model, repeat_penalty: penalty } = frame;
    messages.finished(article, { ...frame, model, penalty, facts });
    beginHistory(frame);
    if (!end || end[0] !== frame.end[0] || end[1] !== frame.end[1]) await conversation.reread(frame.message);
    if (!live) conversation.summarize();
    parts.status.announce(spoken(messages.find(frame.message)));
  }

  /** Let go of an answer of which something else became known than its end. */
  drop() {
    this.dropped = this.live?.article.dataset.id;
    this.live?.drop();
    this.live = null;
  }

  /** Nobody told of the end of the answer that was let go of; `article` shows the last one now. */
  missed(article) {
    if (this.dropped && article?.dataset.id === this.dropped) this.title.ended(article.dataset.status);
    else this.conversation.titled("");
  }
}

/** What went along is known as soon as it is sent, and that nothing was left out by the first word of the answer. */
function beginHistory({ history_start: start, phase }) {
  if (start || BEGUN.has(phase)) messages.beginHistoryAt(start);
}

/** Return what a screen reader says of an answer that has ended. */
function spoken(article) {
  const parts = article?.querySelectorAll(".markdown, .outcome-text") ?? [];
  return [...parts].map((part) => part.textContent).join(" ");
}
