// The socket: opens, reopens, acknowledges. It knows frames, not what they mean.

// Two hundred pages that lose their server in the same moment come back over more than two seconds.
const LEAST_WAIT = 100;
const FIRST_WAIT = 2_500;
const LONGEST_WAIT = 15_000;
const PING_AFTER = 25_000;
const PONG_WITHIN = 10_000;
// Somebody looks at the page again: whether its socket outlived the pause has to be known soon.
const PONG_SOON = 2_500;
const ACK_EVERY = 900;
const ACK_LEAST = 100;
const ACK_CHARACTERS = 8192;

// Close codes of the protocol (conversations/events.py).
const LOGGED_OUT = 4001;
const NOT_FOUND = 4004;
const TOO_MANY = 4029;
// No close code: the socket looked open, and nothing came.
const SILENT = 0;

/** A lasting connection. `onFrame(frame)` gets every frame in order; `onState(state)` connecting, open, lost, ended
 * (not logged in any more) or gone (no such conversation). It counts as open from the first snapshot on. */
export class Connection {
  constructor(address, { onFrame, onState }) {
    this.address = new URL(address, location.href);
    this.address.protocol = this.address.protocol.replace("http", "ws");
    this.onFrame = onFrame;
    this.onState = onState;
    this.failures = 0;
    this.acks = new Acks((frame) => this.send(frame));
    addEventListener("online", () => this.hurry());
    addEventListener("pageshow", ({ persisted }) => persisted && this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.open();
  }

  /** Use the address without the permission to create, for the conversation exists now. */
  forgetNew() {
    this.address.searchParams.delete("new");
  }

  open() {
    clearTimeout(this.retry);
    this.isOpen = false;
    this.expect(PING_AFTER);
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => socket === this.socket && this.receive(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => socket === this.socket && this.closed(code));
  }

  receive(frame) {
    this.watch();
    if (frame.type === "snapshot" && !this.isOpen) {
      this.isOpen = true;
      this.failures = 0;
      this.onState("open");
    }
    this.acks.note(frame);
    this.onFrame(frame);
  }

  /** Send a frame; returns whether there was a connection to send it by. */
  send(frame) {
    if (!this.isOpen || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ask for a sign of life after a while of silence. */
  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.ask(PONG_WITHIN), PING_AFTER);
  }

  ask(within) {
    this.send({ type: "ping" });
    this.expect(within);
  }

  /** Give up on a socket by which nothing comes `within` so many ms. */
  expect(within) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.reopen(), within);
  }

  reopen() {
    const silent = this.socket;
    this.closed(SILENT);
    silent.close();
  }

  closed(code) {
    clearTimeout(this.silence);
    this.socket = null;
    this.retry = 0;
    this.isOpen = false;
    if (code === LOGGED_OUT) return this.onState("ended");
    if (code === NOT_FOUND) return this.onState("gone");
    this.onState("lost");
    this.failures += 1;
    this.retry = setTimeout(() => this.open(), this.wait(code));
    // A refused handshake looks like a server that is away; a page tells the two apart.
    if (this.failures % 3 === 0) this.checkLogin();
    return undefined;
  }

  /** Milliseconds until the next attempt, drawn anew each time: many pages may have lost the same server. */
  wait(code) {
    if (code === SILENT && this.failures === 1) return 0;
    if (code === TOO_MANY) return LONGEST_WAIT * (0.5 + Math.random() / 2);
    const spread = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.failures - 1));
    return LEAST_WAIT + spread * Math.random();
  }

  /** The page is looked at again, or the network is back: try at once, and ask a socket that seems to be open, for a
   * phone that slept or changed its network keeps sockets that lead nowhere. */
  hurry() {
    if (this.socket) this.ask(PONG_SOON);
    else if (this.retry) this.open();
  }

  async checkLogin() {
    try {
      const list = document.getElementById("conversations").dataset.address;
      const response = await fetch(list, { redirect: "manual" });
      if (response.type !== "opaqueredirect") return;
      this.end();
    } catch {
      // The server is away; the next attempt will tell.
    }
  }

  /** Connect no more: the person is not logged in. */
  end() {
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.retry = 0;
    this.isOpen = false;
    this.socket?.close();
    this.socket = null;
    this.onState("ended");
  }
}

/** Tells the server what has arrived: at once, then every ACK_EVERY ms, after much text every ACK_LEAST, for more often
 * than the server takes frames is no use. Hidden tabs run timers late; frames themselves arrive there in time. */
class Acks {
  constructor(send) {
    this.send = send;
    this.sentAt = 0;
    this.sentEnd = 0;
  }

  note(frame) {
    if (frame.type === "snapshot" && frame.generation) {
      this.next = { type: "ack", generation: frame.generation.id, end: frame.generation.end };
      this.flush();
    } else if (frame.type === "generation.delta") {
      this.next = { type: "ack", generation: frame.generation, end: frame.end };
      const characters = frame.end[0] + frame.end[1] - this.sentEnd;
      const since = performance.now() - this.sentAt;
      const wait = (characters > ACK_CHARACTERS ? ACK_LEAST : ACK_EVERY) - since;
      clearTimeout(this.timer);
      if (wait <= 0) this.flush();
      else this.timer = setTimeout(() => this.flush(), wait);
    } else if (frame.type === "generation.finished") {
      this.next = null;
    }
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.next) return;
    this.send(this.next);
    this.sentEnd = this.next.end[0] + this.next.end[1];
    this.next = null;
    this.sentAt = performance.now();
  }
}
