// The conversation with the server: registration (Modern IRC "Connection Registration", IRCv3
// capability negotiation 302), nicknames that are taken, keeping alive, and coming back after a
// loss: the same channels again. Everything that is not about the session goes to the state.

import { cleanLine, foldCase, formatLine, parseLine } from './irc.js';
import { explainError } from './errors.js';

const WANTED_CAPS = ['server-time', 'message-tags', 'echo-message', 'multi-prefix'];
const NICK_TRIES = 3; // nick, nick_, nick__, then the person is asked
const NICK_TAKEN = ['433', '436', '437'];
const REFUSALS = [...NICK_TAKEN, '431', '432', '464', '465'];

export class Session {
  #connection;
  #state;
  #wish = null; // {nick, password, channels}: what the person asked for; null = not connected
  #offered = []; // capabilities listed so far
  #nick = ''; // the nickname tried last
  #nickTries = 0;
  #closingText = ''; // what the server's ERROR said

  /** 'off', 'connecting', 'online' or 'waiting' (for the next try). */
  phase = 'off';

  /** The owner sets these. onRefused gets {field: 'nick', 'password' or '', text}. */
  onPhase = () => {};
  onRefused = () => {};

  constructor(connection, state) {
    this.#connection = connection;
    this.#state = state;
    connection.onOpening = () => this.#setPhase('connecting');
    connection.onOpen = () => this.#register();
    connection.onLine = (line) => this.#receive(line);
    connection.onDown = (reason) => this.#down(reason);
  }

  /** Connects; from then on the session comes back by itself until quit(). */
  start({ nick, password, channels }) {
    this.#wish = { nick, password, channels };
    this.#connection.open();
  }

  /** Sends a command once registered; false when offline, then nothing was sent. */
  send(command, ...params) {
    return this.sendLine(formatLine(command, ...params));
  }

  sendLine(line) {
    return this.phase === 'online' && this.#connection.send(cleanLine(line));
  }

  /** Does not wait for the next try. */
  retryNow() {
    if (this.phase === 'waiting') this.#connection.open();
  }

  quit(reason) {
    this.send('QUIT', reason);
    this.#end();
    this.#state.reset();
  }

  #register() {
    this.#offered = [];
    this.#nickTries = 0;
    this.#closingText = '';
    const { nick, password } = this.#wish;
    this.#sendNow('CAP', 'LS', '302');
    if (password !== '') this.#sendNow('PASS', password);
    this.#tryNick(nick);
    this.#sendNow('USER', 'web', '0', '*', nick);
  }

  #tryNick(nick) {
    this.#nick = nick;
    this.#nickTries++;
    this.#sendNow('NICK', nick);
  }

  // For the handshake, before the session counts as online.
  #sendNow(command, ...params) {
    this.#connection.send(formatLine(command, ...params));
  }

  #receive(line) {
    const message = parseLine(line);
    if (message === null) return;
    const { command, params } = message;
    if (command === 'PING') this.#sendNow('PONG', ...params);
    else if (command === 'PONG') return;
    else if (command === 'CAP') this.#onCap(params);
    else if (command === 'ERROR') this.#closingText = params[0] ?? '';
    else if (this.phase !== 'online' && REFUSALS.includes(command)) this.#onRefusal(message);
    else {
      this.#state.receive(message);
      this.#after(message);
    }
  }

  #onCap([, subcommand, ...rest]) {
    if (subcommand === 'LS') {
      this.#offered.push(...(rest.at(-1) ?? '').split(' ').map((cap) => cap.split('=')[0]));
      if (rest[0] === '*' && rest.length > 1) return; // more lines follow
      const wanted = WANTED_CAPS.filter((cap) => this.#offered.includes(cap));
      if (wanted.length > 0) this.#sendNow('CAP', 'REQ', wanted.join(' '));
      else this.#sendNow('CAP', 'END');
    } else if (subcommand === 'ACK' || subcommand === 'NAK') {
      this.#sendNow('CAP', 'END');
    }
  }

  #onRefusal(message) {
    const isTaken = NICK_TAKEN.includes(message.command);
    if (isTaken && this.#nickTries < NICK_TRIES) {
      this.#tryNick(`${this.#nick}_`);
      return;
    }
    const field = { 464: 'password', 465: '' }[message.command] ?? 'nick';
    // With underscores a nickname may become too long; it was still the first that was taken.
    const wasTaken = isTaken || (field === 'nick' && this.#nickTries > 1);
    this.#refuse(field, wasTaken ? `The nickname ${this.#wish.nick} is taken. Choose another one.`
      : explainError(message).text);
  }

  // What follows from a message that the state has already taken in.
  #after({ command, nick, params }) {
    const wanted = this.#wish.nick;
    if (command === '001') this.#welcome();
    else if (command === 'JOIN' && this.#state.isMe(nick)) this.send('MODE', params[0]);
    else if (command === 'NICK' && this.#state.isMe(params[0])) this.#wish.nick = params[0];
    // Often it was our own session of before, which the server had not yet given up.
    else if (command === 'QUIT' && foldCase(nick) === foldCase(wanted)) this.send('NICK', wanted);
  }

  #welcome() {
    this.#connection.settled();
    this.#setPhase('online');
    const { nick, channels } = this.#wish;
    if (!this.#state.isMe(nick)) {
      const text = `The nickname ${nick} is taken; you are ${this.#state.nick}. /nick changes it.`;
      for (const buffer of new Set([this.#state.server, this.#state.active]))
        this.#state.note(buffer, text);
    }
    for (const channel of [...channels, ...this.#state.channelsToRejoin()])
      this.send('JOIN', channel);
    this.#wish.channels = []; // from now on the state knows which channels to come back to
  }

  #down(reason) {
    const wasWelcome = this.#state.nick !== '';
    if (wasWelcome) {
      const why = this.#closingText || reason;
      if (this.phase === 'online')
        this.#state.disconnected(`The connection is lost${why === '' ? '' : ` (${why})`}.`);
      this.#setPhase('waiting', this.#connection.openLater());
      return;
    }
    this.#refuse('', this.#closingText === ''
      ? 'The server cannot be reached. Please try again.'
      : `The server closed the connection: ${this.#closingText}`);
  }

  #refuse(field, text) {
    this.#end();
    this.onRefused({ field, text });
  }

  #end() {
    this.#connection.close();
    this.#wish = null;
    this.#setPhase('off');
  }

  #setPhase(phase, retryMs = 0) {
    this.phase = phase;
    this.onPhase(phase, retryMs);
  }
}
