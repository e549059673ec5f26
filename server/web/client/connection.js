// The WebSocket to /chat, which is opened again whenever it is lost: after 1 s, then twice as
// long each time up to a minute, each wait cut by up to half at random, so that a restarted
// server does not meet all its clients at once. A connection that says nothing is asked
// (PING) and, if it stays silent, given up.

const SUBPROTOCOL = 'text.ircv3.net';
const BACKOFF_FIRST_MS = 1000;
const BACKOFF_MAX_MS = 60_000;
const SILENCE_MS = 60_000;
const ANSWER_MS = 20_000;

/** How long to wait before attempt number `attempt` (0, 1, …); `random` is in [0, 1). */
export function backoffMs(attempt, random) {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(full * (1 - random / 2));
}

export class Connection {
  #url;
  #socket = null;
  #attempt = 0;
  #retryTimer = 0;
  #silenceTimer = 0;

  /**
   * The owner sets these: a socket is being opened, it is open, a line came, the connection is
   * lost (with the server's reason, or '').
   */
  onOpening = () => {};
  onOpen = () => {};
  onLine = () => {};
  onDown = () => {};

  constructor(url) {
    this.#url = url;
  }

  /** Opens the socket now, also when a retry is waiting. */
  open() {
    clearTimeout(this.#retryTimer);
    this.#drop();
    const socket = new WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    this.onOpening();
    socket.onopen = () => {
      this.#listen();
      this.onOpen();
    };
    socket.onmessage = (event) => {
      this.#listen();
      this.onLine(event.data);
    };
    socket.onclose = (event) => this.#lost(event.reason);
  }

  /** Opens the socket after the next back-off; gives the wait in milliseconds. */
  openLater() {
    const wait = backoffMs(this.#attempt++, Math.random());
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.open(), wait);
    return wait;
  }

  /** All went well: the next loss waits the shortest time again. */
  settled() {
    this.#attempt = 0;
  }

  /** Closes for good; onDown is not called. */
  close() {
    clearTimeout(this.#retryTimer);
    this.#attempt = 0;
    this.#drop();
  }

  /** Sends one line without CR LF; false if there is no open socket. */
  send(line) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(line);
    return true;
  }

  #lost(reason) {
    this.#drop();
    this.onDown(reason);
  }

  #drop() {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // Something was heard: wait for the next, then ask, then give up.
  #listen() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.send('PING silence');
      this.#silenceTimer = setTimeout(() => this.#lost('no answer'), ANSWER_MS);
    }, SILENCE_MS);
  }
}
