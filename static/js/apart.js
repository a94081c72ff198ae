// A page that shows a part of the conversation away from its end: what happens at the end changes nothing there.

import { isAskedNow } from "./conversation.js";
import * as messages from "./messages.js";

/** Stands between the frames and the page until its reader goes to the end; `parts.apart` while it does. */
export class Apart {
  constructor(parts) {
    const { conversation } = parts;
    Object.assign(this, { parts, conversation });
    this.usual = conversation.handlers;
    this.jump = parts.follower.jump;
    this.jumped = (event) => this.toEnd(event);
    conversation.main.dataset.apart = "";
    parts.follower.isApart = true;
    conversation.handlers = {
      ...this.usual,
      snapshot: (frame) => this.snapshot(frame),
      "message.created": (frame) => this.created(frame),
      "generation.started": (frame) => this.started(frame),
      "generation.status": (frame) => this.status(frame),
      "generation.delta": () => {},
      "conversation.updated": (frame) => this.updated(frame.conversation),
      error: (frame) => this.refused(frame),
    };
    // Whoever reads the end again shows it.
    conversation.reread = (id) => {
      if (!id) this.leave();
      return Object.getPrototypeOf(conversation).reread.call(conversation, id);
    };
    conversation.summarize = () => {};
    this.jump.addEventListener("click", this.jumped, { capture: true });
  }

  /** The page shows what `window` (an element of the server's) describes. */
  take({ at, leaf, elsewhere }) {
    this.leaf = leaf;
    // A branch is chosen by showing it, but not while an answer is written on another one.
    this.wanted = elsewhere === undefined ? null : at;
    if (this.conversation.main.dataset.connection === "open") this.choose();
  }

  choose() {
    if (this.wanted && !this.conversation.coming) this.parts.connection.send({ type: "branch.select", message: this.wanted });
  }

  refused(frame) {
    // It has been tried too early, and is tried again when the answer has ended.
    if (!this.wanted || frame.code !== "busy") this.usual.error(frame);
  }

  async snapshot(frame) {
    const { generation, conversation } = frame;
    this.leaf = conversation.leaf ?? "";
    const { id, end = "0,0" } = messages.last().dataset;
    const shown = { ...conversation, leaf: id, end: end.split(",").map(Number) };
    await this.usual.snapshot({ ...frame, conversation: shown, generation: undefined });
    if (generation) this.conversation.wait({ ...generation, generation: generation.id, phase: generation.phase || generation.status });
    this.choose();
    this.arrived();
  }

  /** A question of this page's own leads to the end; so does what follows on a message that is shown. */
  async created(frame) {
    const { client_id: client, message } = frame;
    const { composer } = this.parts;
    if (isAskedNow(composer, client) || messages.find(message.parent)) {
      this.leave();
      await this.usual["message.created"](frame);
    } else composer.accepted(client);
  }

  async started(frame) {
    if (messages.find(frame.message) || messages.find(frame.parent)) {
      this.leave();
      await this.usual["generation.started"](frame);
    } else this.conversation.wait({ ...frame, phase: "connecting" });
  }

  status(frame) {
    if (this.conversation.coming === frame.generation) this.parts.status.phase(frame.phase, frame);
  }

  updated(state) {
    this.parts.sidebar.updated(state);
    if (state.id !== this.conversation.id) return;
    this.conversation.describe(state);
    const { leaf = "", running } = state;
    // Whichever branch is shown from now on, somebody has chosen it.
    if (leaf !== this.leaf) this.wanted = null;
    this.leaf = leaf;
    if (!running) this.choose();
    this.arrived();
  }

  /** What is shown may have come to the conversation's end: from here on it follows it. */
  arrived() {
    if (document.querySelector("#messages > .later") || messages.last()?.dataset.id !== this.leaf) return;
    this.leave();
    this.conversation.summarize();
    this.conversation.resync();
  }

  toEnd(event) {
    event.stopImmediatePropagation();
    const { conversation } = this;
    conversation.run(async () => {
      await conversation.reread();
      this.parts.follower.toEnd();
      conversation.resync();
    });
  }

  leave() {
    if (this.parts.apart !== this) return;
    const { conversation } = this;
    const { follower } = this.parts;
    this.parts.apart = null;
    follower.isApart = false;
    follower.last = follower.scroller.scrollTop;
    conversation.handlers = this.usual;
    delete conversation.reread;
    delete conversation.summarize;
    delete conversation.main.dataset.apart;
    this.jump.removeEventListener("click", this.jumped, { capture: true });
    history.replaceState(null, "", conversation.address);
  }
}
