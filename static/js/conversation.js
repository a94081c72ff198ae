// The conversation as the protocol tells it: each kind of frame, and what it changes on the page.

import * as messages from "./messages.js";
import { relieve } from "./refusal.js";

// A change told by one frame is mostly shown by the next one; only what is still different then is read again.
const SETTLE = 150;
const AGAIN_AFTER = 5000;
// The server sends no second snapshot before the first one has arrived.
const REFUSED_FOR = 1000;

/** Load what draws an answer while it is written: no page needs it before the first question. */
export const loadGeneration = () => import("./generation.js");

/** Draws the frames of one conversation. `parts`: connection, status, composer, actions, settings, sidebar, model,
 * follower. */
export class Conversation {
  constructor(main, parts) {
    this.main = main;
    this.parts = parts;
    this.queue = Promise.resolve();
    this.id = main.dataset.conversation;
    this.address = main.dataset.page;
    this.handlers = {
      snapshot: (frame) => this.snapshot(frame),
      "message.created": (frame) => this.created(frame),
      "generation.started": (frame) => this.started(frame),
      "generation.status": (frame) => this.tell("status", frame),
      "generation.delta": (frame) => this.resyncing || this.tell("delta", frame),
      "generation.finished": (frame) => this.tell("finished", frame),
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
    this.resyncing = true;
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

  async join(state) {
    if (!messages.find(state.message)) await this.reread();
    if (!messages.find(state.message)) return;
    // A stop that was asked for before the connection broke is asked for again.
    delete this.main.dataset.stopping;
    this.wait({ ...state, generation: state.id, phase: state.phase || state.status });
    await this.tell("join", state);
    this.begun();
  }

  /** Have the module that draws a running answer do what a frame tells. */
  async tell(what, frame) {
    this.generation ??= new (await loadGeneration()).Generation(this);
    await this.generation[what](frame);
  }

  /** An answer is on its way; what draws it may have to be loaded first, and Stop is there meanwhile. */
  wait(frame) {
    this.coming = frame.generation;
    this.parts.status.phase(frame.phase, frame);
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
      if (this.coming) return;
      this.parts.status.ended(ending(messages.last()));
      showWindow(meter, [...this.main.querySelectorAll("#messages .message")]);
    } catch (error) {
      console.warn(error);
      this.parts.status.ended("");
    }
  }

  /** Nothing is being written: what is shown must be what is stored. */
  async compare({ leaf = "", end = [0, 0] }) {
    this.generation?.drop();
    this.idle();
    const shown = messages.last();
    const same = (shown?.dataset.id ?? "") === leaf && (shown?.dataset.end ?? "0,0") === end.join(",");
    if (same && shown?.dataset.status !== "running") return;
    await this.reread();
    if (leaf) this.begun();
    this.generation?.missed(messages.last());
    this.summarize();
  }

  /** Read the shown messages again, or only the one that `id` names. */
  async reread(id) {
    const { reread, rereadOne } = await import("./reread.js");
    await (id ? rereadOne(this.address, id) : reread(this.address));
  }

  async created({ client_id: client, message }) {
    const { composer, follower } = this.parts;
    const wasAskedNow = isAskedNow(composer, client);
    composer.accepted(client);
    this.begun();
    if (messages.find(message.id)) return;
    if (!messages.place(message)) await this.reread();
    if (message.siblings.length > 1) this.versions(message.siblings);
    // Who reads something else meanwhile stays there.
    if (wasAskedNow || follower.following) follower.toEnd();
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
    if (this.generation?.live?.generation === frame.generation) return;
    if (!messages.find(frame.message) && !messages.place({ ...frame, id: frame.message, role: "assistant" })) {
      await this.reread();
    }
    if (!messages.find(frame.message)) return;
    this.wait({ ...frame, phase: "connecting" });
    await this.tell("started", frame);
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
    if (this.parts.actions?.refused(frame)) return;
    this.parts.composer.refused(frame);
    // What is shown here may have been deleted elsewhere.
    if (frame.code === "not_found") this.run(() => this.reread());
  }

  /** One of this person's conversations changed. */
  updated(conversation) {
    this.parts.sidebar.updated(conversation);
    if (conversation.id !== this.id) return;
    this.describe(conversation);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.coming || this.compareLater(conversation), SETTLE);
  }

  compareLater({ leaf = "" }) {
    if ((messages.last()?.dataset.id ?? "") === leaf) return;
    this.run(async () => {
      if (this.coming) return;
      await this.reread();
      this.summarize();
    });
  }

  describe(conversation) {
    this.parts.settings.told(conversation);
    this.parts.model.wanted(conversation.model ?? "");
    this.main.toggleAttribute("data-archived", conversation.archived ?? false);
    if (!conversation.title) return;
    this.main.querySelector(".chat-title").textContent = conversation.title;
    this.titled();
  }

  /** Write the title of the page, with a `mark` before it that says what is going on. */
  titled(mark = this.mark) {
    this.mark = mark;
    const { textContent: title } = this.main.querySelector(".chat-title");
    document.title = [mark, title, "chatsite"].filter(Boolean).join(" · ");
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

/** Whether the question `client` has just been asked on this page: not by another tab, and not put down for later. */
export function isAskedNow({ pending, waiting }, client) {
  if (pending?.client_id === client) return waiting?.kept?.frame.client_id !== client;
  return [...document.querySelectorAll(".edit")].some(({ dataset }) => dataset.client === client);
}
