// The card that asks for a nickname and a channel before there is a connection. The nickname
// is remembered in this browser, the channel comes from the address (…/#lobby).

import { byId, showText } from './dom.js';

const DEFAULT_CHANNEL = '#lobby';
const NICK_KEY = 'nick';

export class Welcome {
  #fields = { nick: byId('nick'), channel: byId('channel'), password: byId('password') };

  constructor(onSubmit) {
    this.#fields.nick.value = rememberedNick();
    this.#fields.channel.value = channelFromHash() || DEFAULT_CHANNEL;
    byId('connect-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit(onSubmit);
    });
    window.addEventListener('hashchange', () => {
      this.#fields.channel.value = channelFromHash() || DEFAULT_CHANNEL;
    });
    this.focus();
  }

  focus() {
    this.#fields[this.#fields.nick.value === '' ? 'nick' : 'channel'].focus();
  }

  setBusy(busy) {
    const button = byId('connect');
    button.disabled = busy;
    button.textContent = busy ? 'Connecting…' : 'Join the chat';
  }

  /** Shows why the server refused, at the field it is about: 'nick', 'password' or ''. */
  refuse({ field, text }) {
    this.#clearErrors();
    if (field === 'password') byId('password-field').hidden = false;
    showText(byId(field === '' ? 'connect-error' : `${field}-error`), text);
    const input = this.#fields[field];
    if (input === undefined) return;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    input.select();
  }

  #submit(onSubmit) {
    this.#clearErrors();
    const nick = this.#fields.nick.value.trim();
    if (nick === '' || nick.includes(' ')) {
      const text = nick === '' ? 'Please choose a nickname.' : 'A nickname has no spaces in it.';
      this.refuse({ field: 'nick', text });
      return;
    }
    rememberNick(nick);
    const channels = this.#fields.channel.value.split(/[\s,]+/).filter((name) => name !== '')
      .map((name) => (name.startsWith('#') ? name : `#${name}`));
    onSubmit({ nick, channels, password: this.#fields.password.value });
  }

  #clearErrors() {
    for (const id of ['connect-error', 'nick-error', 'password-error']) showText(byId(id), '');
    for (const input of Object.values(this.#fields)) input.removeAttribute('aria-invalid');
  }
}

/** Writes the channel into the address, so that it can be shared and survives a reload. */
export function showChannelInHash(name) {
  if (channelFromHash() === name) return;
  history.replaceState(null, '', `#${encodeURIComponent(name.slice(1))}`);
}

function channelFromHash() {
  const hash = location.hash.slice(1);
  if (hash === '') return '';
  try {
    return `#${decodeURIComponent(hash)}`;
  } catch {
    return ''; // a % that encodes nothing
  }
}

// Storage may be switched off; then the name is not remembered.
function rememberedNick() {
  try {
    return localStorage.getItem(NICK_KEY) ?? '';
  } catch {
    return '';
  }
}

function rememberNick(nick) {
  try {
    localStorage.setItem(NICK_KEY, nick);
  } catch {
    // as above
  }
}
