// The list of what happened, newest below: time, direction, what it was, size, latency. A burst is
// drawn at once, so that drawing does not add to latency, and only the newest are kept.

import { byId, element } from '../dom.js';

const KEPT = 1000;
const RENDER_MS = 16;
const PREVIEW_CHARS = 120;
const PREVIEW_BYTES = 24;

const ARROWS = { sent: '→', back: '←', event: '·', good: '·', bad: '×' };
const SPOKEN = { sent: 'sent', back: 'back', event: 'event', good: 'event', bad: 'failure' };

export class Events {
  #onRender;
  #waiting = [];
  #timer = 0;
  #beganMs = 0;
  #isFirst = true;
  #list = byId('event-list');
  #view = byId('events');

  /** `onRender` is called whenever something is drawn. */
  constructor(onRender) {
    this.#onRender = onRender;
  }

  /** Time is counted from here on; what is listed already stays. */
  begin() {
    this.#beganMs = performance.now();
    this.#isFirst = true;
  }

  /** `kind`: 'sent', 'back', 'event', 'good' or 'bad'. `bytes`, `latencyMs` and `verdict` may be
   * undefined. */
  add(kind, text, { bytes, latencyMs, verdict = '' } = {}) {
    const ms = performance.now() - this.#beganMs;
    this.#waiting.push({ kind, text, bytes, latencyMs, verdict, ms, isFirst: this.#isFirst });
    this.#isFirst = false;
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#render(), RENDER_MS);
  }

  #render() {
    this.#timer = 0;
    byId('nothing').hidden = true;
    const wasAtEnd = this.#view.scrollHeight - this.#view.scrollTop - this.#view.clientHeight < 40;
    this.#list.append(...this.#waiting.splice(0).slice(-KEPT).map(row));
    while (this.#list.childElementCount > KEPT) this.#list.firstElementChild.remove();
    if (wasAtEnd) this.#view.scrollTop = this.#view.scrollHeight;
    this.#onRender();
  }
}

function row({ kind, text, bytes, latencyMs, verdict, ms, isFirst }) {
  return element('li', { className: isFirst ? `${kind} first` : kind },
    element('time', {}, (ms / 1000).toFixed(3)),
    element('span', { className: 'arrow', 'aria-hidden': 'true' }, ARROWS[kind]),
    element('span', { className: 'hidden-text' }, `${SPOKEN[kind]}: `),
    element('span', { className: 'what' },
      ...(verdict === '' ? [] : [element('em', {}, verdict), ' ']), text),
    element('span', { className: 'bytes' }, bytes === undefined ? '' : `${bytes} B`),
    element('span', { className: 'latency' },
      latencyMs === undefined ? '' : `${latencyMs.toFixed(1)} ms`));
}

/** What one can show of a message: its text, or its first bytes in hexadecimal. */
export function preview(data) {
  const text = typeof data === 'string' ? data : textOf(data);
  if (text !== undefined)
    return text.length <= PREVIEW_CHARS ? text : `${text.slice(0, PREVIEW_CHARS)}…`;
  const bytes = new Uint8Array(data);
  const start = [...bytes.subarray(0, PREVIEW_BYTES)]
    .map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > PREVIEW_BYTES ? `${start} …` : start;
}

/** Undefined when the bytes are none that one can read. */
function textOf(data) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
