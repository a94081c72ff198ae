// The conversation as the protocol tells it: each kind of frame, and what it changes on the page.

import * as messages from "./messages.js";
import { relieve } from "./refusal.js";

// A change told by one frame is mostly shown by the next one; only what is still different then is read again.
const SETTLE = 150;
const AGAIN_AFTER = 5000;
// The server sends no second snapshot before the first one has arrived.
const REFUSED_FOR = 1000;
const BEGUN = new Set(["thinking", "writing"]);

/** Load what draws an answer while it is written: no page needs it before the first question. */
export const loadLive = () => import("./live.js");

/** Draws the frames of one conversation. `parts`: connection, status, composer, actions, settings, sidebar, model,
 * follower. */
export class Conversation {
  constructor(main, parts) {
    this.main = main;
    this.parts = parts;
    this.live = null;
    this.queue = Promise.resolve();
    this.id = main.dataset.conversation;
    this.address = main.dataset.page;
    this.handlers = {
      snapshot: (frame) => this.snapshot(frame),
      "message.created": (frame) => this.created(frame),
      "generation.started": (frame) => this.started(frame),
      "generation.status": (frame) => this.phase(frame),
      "generation.delta": (frame) => this.delta(frame),
      "generation.finished": (frame) => this.finished(frame),
      "message.rated": (frame) => messages.rated(frame),
      "conversation.updated": (frame) => this.updated(frame.conversation),
      "conversation.deleted": (frame) => this.deleted(frame),
      "ollama.status": (frame) => this.parts.model.told(frame),
      "session.ended": () => this.parts.connection.end(),
      error: (frame) => this.refused(frame),
      pong: () => {},
    };
  }

  /** Take a frame; one that needs something from the server first holds back those behind it. */
  take(frame) {
    this.run(() => this.handlers[frame.type]?.(frame));
  }

  run(step) {
    this.queue = this.queue.then(step).catch((error) => this.failed(error));
  }

  /** A page of messages could not be read, so what is shown may be out of date: ask for everything, later. */
  failed(error) {
    console.warn(error);
    this.later(AGAIN_AFTER);
  }

  later(wait) {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.resync(), wait);
  }

  async snapshot({ conversation, generation, ollama }) {
    this.resyncing = false;
    relieve("offline");
    this.parts.model.told(ollama);
    this.describe(conversation);
    if (generation) await this.join(generation);
    else await this.compare(conversation);
    this.parts.composer.reconnected();
    if (this.stopWanted) this.stop();
  }

  async join(generation) {
    if (!messages.find(generation.message)) await messages.reload(this.address);
    const article = messages.find(generation.message);
    if (!article) return;
    article.dataset.model = generation.model;
    const phase = { ...generation, generation: generation.id, phase: generation.phase || generation.status };
    this.wait(phase);
    const { LiveAnswer } = await loadLive();
    if (this.live?.generation !== generation.id) {
      this.live?.drop();
      this.live = new LiveAnswer(article, generation.id, generation.options);
    }
    this.live.set(generation.text, generation.thinking, generation.end);
    messages.refresh(article);
    this.begun();
    // A stop that was asked for before the connection broke is asked for again.
    delete this.main.dataset.stopping;
    this.phase(phase);
  }

  /** An answer is on its way; what draws it may have to be loaded first, and Stop is there meanwhile. */
  wait(frame) {
    this.coming = frame.generation;
    this.parts.status.phase(frame.phase, frame);
  }

  /** What went along is known as soon as it is sent, and that nothing was left out by the first word of the answer. */
  history({ history_start: start, phase }) {
    if (start || BEGUN.has(phase)) messages.beginHistoryAt(start);
  }

  idle() {
    this.coming = null;
    this.parts.status.phase("idle");
    relieve("busy");
    this.summarize();
  }

  /** Say what came of the last answer shown, and how full the model's window is now. */
  async summarize() {
    const meter = this.main.querySelector(".meter");
    if (!messages.last()) {
      this.parts.status.ended("");
      meter.hidden = true;
      return;
    }
    try {
      const { ending, showWindow } = await import("./figures.js");
      if (this.live) return;
      this.parts.status.ended(ending(messages.last()));
      showWindow(meter, [...this.main.querySelectorAll("#messages .message")]);
    } catch (error) {
      console.warn(error);
    }
  }

  /** Nothing is being written: what is shown must be what is stored. */
  async compare({ leaf = "", end = [0, 0] }) {
    this.live?.drop();
    this.live = null;
    this.idle();
    const shown = messages.last();
    const same = (shown?.dataset.id ?? "") === leaf && (shown?.dataset.end ?? "0,0") === end.join(",");
    if (same && shown?.dataset.status !== "running") return;
    await messages.reload(this.address);
    if (leaf) this.begun();
    this.summarize();
  }

  async created({ client_id: client, message }) {
    this.parts.composer.accepted(client);
    this.begun();
    if (messages.find(message.id)) return;
    if (!messages.place(message)) await messages.reload(this.address);
    if (message.siblings.length > 1) this.versions(message.siblings);
    this.parts.follower.toEnd();
  }

  /** The conversation exists: its page has an address of its own. */
  begun() {
    if (this.main.dataset.empty === undefined) return;
    delete this.main.dataset.empty;
    document.querySelector(".greeting")?.remove();
    this.parts.connection.forgetNew();
    history.replaceState(null, "", this.address);
  }

  versions(siblings) {
    for (const id of siblings) {
      const article = messages.find(id);
      if (!article) continue;
      article.dataset.siblings = siblings.join(" ");
      messages.refresh(article);
    }
  }

  async started(frame) {
    if (this.live?.generation === frame.generation) return;
    if (!messages.find(frame.message) && !messages.place({ ...frame, id: frame.message, role: "assistant" })) {
      await messages.reload(this.address);
    }
    const article = messages.find(frame.message);
    if (!article) return;
    article.dataset.model = frame.model;
    article.dataset.siblings = frame.siblings.join(" ");
    this.wait({ ...frame, phase: "connecting" });
    const { LiveAnswer } = await loadLive();
    this.live = new LiveAnswer(article, frame.generation, frame.options);
    messages.refresh(article);
    // More of an answer that is there already: the text so far comes with a snapshot.
    if (frame.at?.some(Boolean)) this.resync();
  }

  phase(frame) {
    if (this.live?.generation !== frame.generation) return;
    const { article, pace } = this.live;
    this.live.phase(frame);
    this.parts.status.phase(frame.phase, { ...frame, model: article.dataset.model, pace: () => pace.words() });
    this.history(frame);
  }

  delta(frame) {
    if (this.resyncing) return;
    if (this.live?.generation !== frame.generation || !this.live.add(frame)) this.resync();
  }

  resync() {
    this.resyncing = true;
    this.parts.connection.send({ type: "resync" });
  }

  refused(frame) {
    if (this.resyncing && frame.code === "rate" && !frame.client_id) {
      this.later(REFUSED_FOR);
      return;
    }
    if (!this.parts.actions.refused(frame)) this.parts.composer.refused(frame);
  }

  async finished(frame) {
    const live = this.live?.generation === frame.generation ? this.live : null;
    live?.finish(frame.stats.thinking_ms);
    if (this.coming === frame.generation) {
      this.live = null;
      this.idle();
    }
    this.stopWanted = false;
    this.parts.composer.answered(frame.status);
    const article = messages.find(frame.message);
    if (!article) return;
    const { options = {}, end } = live ?? {};
    const facts = { ...frame.stats, omitted: frame.omitted, options };
    const { model = article.dataset.model, repeat_penalty: penalty } = frame;
    messages.finished(article, { ...frame, model, penalty, facts });
    this.history(frame);
    if (!end || end[0] !== frame.end[0] || end[1] !== frame.end[1]) await messages.reloadOne(this.address, frame.message);
    if (!live) this.summarize();
    const answer = messages.find(frame.message)?.querySelector(".markdown").textContent ?? "";
    const how = messages.find(frame.message)?.querySelector(".outcome-text").textContent ?? "";
    this.parts.status.announce(`${answer} ${how}`);
  }

  /** One of this person's conversations changed. */
  updated(conversation) {
    this.parts.sidebar.updated(conversation);
    if (conversation.id !== this.id) return;
    this.describe(conversation);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.live || this.compareLater(conversation), SETTLE);
  }

  compareLater({ leaf = "" }) {
    if ((messages.last()?.dataset.id ?? "") === leaf) return;
    this.run(async () => {
      if (this.live) return;
      await messages.reload(this.address);
      this.summarize();
    });
  }

  describe(conversation) {
    this.parts.settings.told(conversation);
    this.parts.model.wanted(conversation.model ?? "");
    if (!conversation.title) return;
    document.title = `${conversation.title} · chatsite`;
    this.main.querySelector(".chat-title").textContent = conversation.title;
  }

  deleted({ id }) {
    this.parts.sidebar.removed(id);
    if (id === this.id) this.parts.status.connection("gone");
  }

  /** Stop the running answer; without a connection, as soon as there is one. */
  stop() {
    if (!this.coming) {
      this.stopWanted = false;
      return;
    }
    this.stopWanted = !this.parts.connection.send({ type: "generation.stop", generation: this.coming });
    this.parts.status.stopping();
  }
}
