// The input line: sending, a draft for each conversation, the history of what was typed (Up and
// Down), and completion (Tab).

import { byId, showText } from './dom.js';
import { foldCase } from './irc.js';

const HISTORY_MAX = 100;

/** What was typed, oldest first; the text being written is kept while looking back. */
export class History {
  #items = [];
  #index = 0;
  #draft = '';

  add(text) {
    if (this.#items.at(-1) !== text) this.#items.push(text);
    if (this.#items.length > HISTORY_MAX) this.#items.shift();
    this.#index = this.#items.length;
  }

  /** The text before (-1) or after (+1) the one shown; null at either end. */
  move(step, current) {
    const to = this.#index + step;
    if (to < 0 || to > this.#items.length) return null;
    if (this.#index === this.#items.length) this.#draft = current;
    this.#index = to;
    return this.#items[to] ?? this.#draft;
  }
}

/** Completes the word before the caret; asked again with its own result it gives the next match. */
export class Completion {
  #result = null; // {text, caret} given last
  #start = 0;
  #tail = '';
  #matches = [];
  #index = 0;

  /** Gives {text, caret}, or null when nothing begins like that. */
  next(text, caret, candidates) {
    const goesOn = text === this.#result?.text && caret === this.#result.caret;
    if (goesOn) this.#index = (this.#index + 1) % this.#matches.length;
    else if (!this.#begin(text, caret, candidates)) return null;

    const match = this.#matches[this.#index];
    const isAddress = this.#start === 0 && !'/#'.includes(match[0]);
    const head = text.slice(0, this.#start) + match + (isAddress ? ': ' : ' ');
    this.#result = { text: head + this.#tail, caret: head.length };
    return this.#result;
  }

  #begin(text, caret, candidates) {
    this.#result = null;
    this.#start = text.slice(0, caret).search(/\S*$/);
    this.#tail = text.slice(caret).trimStart();
    const word = foldCase(text.slice(this.#start, caret));
    if (word === '') return false;
    this.#matches = candidates.filter((candidate) => foldCase(candidate).startsWith(word));
    this.#index = 0;
    return this.#matches.length > 0;
  }
}

export class Composer {
  #input = byId('input');
  #history = new History();
  #completion = new Completion();
  #drafts = new WeakMap(); // buffer → text
  #buffer = null;

  /** `submit(text)` is true when the text was taken; `candidates()` lists what Tab may complete. */
  constructor({ submit, candidates }) {
    this.#input.addEventListener('keydown', (event) => this.#onKey(event, candidates));
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#input.value.trimEnd();
      if (text === '') return;
      this.#history.add(text);
      if (submit(text)) this.#set('');
      this.focus();
    });
  }

  focus() {
    this.#input.focus();
  }

  /** Follows the conversation looked at. */
  render(buffer, nick) {
    showText(byId('own-nick'), nick);
    this.#input.placeholder = buffer.kind === 'server'
      ? '/join #channel' : `Message ${buffer.name}`;
    if (buffer === this.#buffer) return;
    if (this.#buffer !== null) this.#drafts.set(this.#buffer, this.#input.value);
    this.#buffer = buffer;
    this.#set(this.#drafts.get(buffer) ?? '');
  }

  #onKey(event, candidates) {
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!plain || event.isComposing) return;
    const { value, selectionStart } = this.#input;
    if (event.key === 'Enter') {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === 'Tab') {
      const result = this.#completion.next(value, selectionStart, candidates());
      if (result === null) return; // the key moves the focus, as everywhere
      event.preventDefault();
      this.#set(result.text, result.caret);
    } else if (event.key === 'ArrowUp' && !value.slice(0, selectionStart).includes('\n')) {
      this.#recall(event, -1);
    } else if (event.key === 'ArrowDown' && !value.slice(selectionStart).includes('\n')) {
      this.#recall(event, +1);
    }
  }

  #recall(event, step) {
    const text = this.#history.move(step, this.#input.value);
    if (text === null) return;
    event.preventDefault();
    this.#set(text);
  }

  #set(text, caret = text.length) {
    this.#input.value = text;
    this.#input.setSelectionRange(caret, caret);
  }
}
