// The two ways to the server. Both take events = {open, message, end}: `open` once there is a
// connection or the head of an answer, `message(data)` for what comes back, and once, last of all,
// `end(text, isGood)`. Over HTTP, `part(bytes)` is what comes of an answer, as it comes.

const CLOSE_NAMES = {
  1000: 'normal', 1001: 'going away', 1002: 'protocol error', 1003: 'unsupported data',
  1005: 'no code was sent', 1006: 'no close frame came', 1007: 'not UTF-8', 1008: 'policy',
  1009: 'too big', 1011: 'internal error', 1012: 'restart', 1013: 'try again later',
};

/** A WebSocket, for as long as both sides want it. */
export class Socket {
  #socket;

  constructor(url, events) {
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => events.open();
    this.#socket.onmessage = ({ data }) => events.message(data);
    this.#socket.onclose = ({ code, reason }) => {
      const name = CLOSE_NAMES[code] === undefined ? '' : ` (${CLOSE_NAMES[code]})`;
      const said = reason === '' ? '' : `: ${reason}`;
      events.end(`Closed with ${code}${name}${said}`, code === 1000);
    };
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(data) {
    this.#socket.send(data);
  }

  close() {
    this.#socket.close(1000);
  }
}

/** One HTTP request, and the parts of its answer as they come. `body` undefined: GET. */
export class Request {
  isOpen = false;
  #abort = new AbortController();
  #parts = [];

  constructor(url, body, events) {
    this.#run(url, body, events);
  }

  close() {
    this.#abort.abort();
  }

  async #run(url, body, events) {
    const { signal } = this.#abort;
    try {
      const method = body === undefined ? 'GET' : 'POST';
      const response = await fetch(url, { method, body, cache: 'no-store', signal });
      events.open(headOf(response));
      for await (const part of partsOf(response)) {
        this.#parts.push(part);
        events.part(part);
      }
      const answer = new Uint8Array(await new Blob(this.#parts).arrayBuffer());
      events.message(answer);
      events.end(`Answered in full: ${answer.length} bytes`, true);
    } catch (error) {
      const bytes = this.#parts.reduce((sum, part) => sum + part.length, 0);
      const what = signal.aborted ? 'Given up' : 'Cut off';
      events.end(`${what} after ${bytes} bytes: ${error.message}`, false);
    }
  }
}

function headOf(response) {
  const length = response.headers.get('Content-Length');
  const promise = length === null ? 'no length promised' : `${length} bytes promised`;
  const fields = [...response.headers]
    .filter(([name]) => !/^(content-|date$|server$|x-content-)/.test(name))
    .map(([name, value]) => `, ${name}: ${value}`);
  return `${response.status} ${response.statusText}, ${promise}${fields.join('')}`;
}

async function* partsOf(response) {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = await (reader?.read() ?? { done: true });
    if (done) return;
    yield value;
  }
}
