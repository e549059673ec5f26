// What the client knows: who we are, the conversations, and which one is looked at. Messages
// from the server change it (receive); it knows neither the socket nor the page, and tells its
// owner by onChange() that something is different.

import { applyIsupport, foldCase, parseCtcp, parseModes, parsePrefixes } from './irc.js';
import { mentions, stripFormatting } from './text.js';
import { explainError } from './errors.js';
import { REPLIES, SILENT } from './replies.js';
import { Buffer } from './buffer.js';

const RANK_WORDS = {
  '+o': (by, nick) => `${by} made ${nick} an operator`,
  '-o': (by, nick) => `${by} took operator status from ${nick}`,
  '+v': (by, nick) => `${by} gave voice to ${nick}`,
  '-v': (by, nick) => `${by} took voice from ${nick}`,
};

export class State {
  constructor(onChange = () => {}) {
    this.onChange = onChange;
    this.visible = true; // whether the page is in front of somebody
    this.reset();
  }

  /** Forgets everything, as after /quit. */
  reset() {
    this.nick = '';
    this.source = ''; // our own nick!user@host as others see it, once known
    this.isupport = new Map([['PREFIX', '(ov)@+'], ['CHANTYPES', '#'], ['CHANMODES', ',,,']]);
    this.server = new Buffer('Server', 'server');
    this.buffers = new Map(); // folded name → Buffer, channels and queries
    this.active = this.server;
    this.onChange();
  }

  get symbols() {
    return parsePrefixes(this.isupport.get('PREFIX')).map((prefix) => prefix.symbol).join('');
  }

  /** A number that RPL_ISUPPORT gave, such as NICKLEN, or the fallback. */
  limit(name, fallback) {
    return Number(this.isupport.get(name)) || fallback;
  }

  isChannelName(name) {
    return name !== '' && this.isupport.get('CHANTYPES').includes(name[0]);
  }

  /** The channel of a target, also of "@#channel", its members of a rank; '' when it has none. */
  channelOf(target) {
    if (this.isChannelName(target)) return target;
    const toRank = (this.isupport.get('STATUSMSG') ?? '').includes(target[0]);
    return toRank && this.isChannelName(target.slice(1)) ? target.slice(1) : '';
  }

  isMe(nick) {
    return foldCase(nick) === foldCase(this.nick);
  }

  /** Whether we hold the channel's highest rank or the topic is free for all members. */
  canSetTopic(buffer) {
    return buffer.joined && (!buffer.modes.has('t') || buffer.prefixesOf(this.nick).includes('@'));
  }

  find(name) {
    return this.buffers.get(foldCase(name));
  }

  /** The server, then channels, then people, each by name. */
  list() {
    const order = (buffer) => (buffer.kind === 'channel' ? '0' : '1') + foldCase(buffer.name);
    const others = [...this.buffers.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
    return [this.server, ...others];
  }

  /** Finds the conversation of that name or begins it. */
  open(name) {
    let buffer = this.find(name);
    if (buffer === undefined) {
      buffer = new Buffer(name, this.isChannelName(name) ? 'channel' : 'query');
      this.buffers.set(foldCase(name), buffer);
      this.onChange();
    }
    return buffer;
  }

  close(buffer) {
    const before = this.list();
    if (!this.buffers.delete(foldCase(buffer.name))) return;
    if (buffer === this.active) {
      const after = this.list();
      this.activate(after[Math.min(before.indexOf(buffer), after.length - 1)]);
    }
    this.onChange();
  }

  activate(buffer) {
    if (buffer !== this.active) this.active.markerId = 0;
    this.active = buffer;
    if (this.visible) buffer.markRead();
    this.onChange();
  }

  setVisible(visible) {
    this.visible = visible;
    if (visible) this.active.markRead();
    this.onChange();
  }

  /** Something that the client itself has to say. */
  note(buffer, text, kind = 'info') {
    buffer.addLine({ time: new Date(), kind, text });
    this.onChange();
  }

  /** The connection is gone. What was known stays to be looked at, until we are back. */
  disconnected(text) {
    for (const buffer of this.list()) {
      if (buffer.kind === 'query') continue;
      buffer.rejoin ||= buffer.joined;
      buffer.joined = false;
      this.note(buffer, text, 'error');
    }
  }

  channelsToRejoin() {
    return this.list().filter((buffer) => buffer.rejoin).map((buffer) => buffer.name);
  }

  /** Applies one parsed message. */
  receive(message) {
    const stamp = message.tags.get('time');
    const time = stamp === undefined ? new Date() : new Date(stamp);
    const context = { ...message, time: Number.isNaN(time.getTime()) ? new Date() : time };
    const handler = HANDLERS[message.command];
    if (handler !== undefined) handler(this, context);
    else if (/^[45]\d\d$/.test(message.command)) onError(this, context);
    else if (/^\d{3}$/.test(message.command)) onOther(this, context);
    this.onChange();
  }
}

function addTalk(state, buffer, { time, nick }, kind, text) {
  const own = state.isMe(nick);
  const plain = stripFormatting(text);
  const mention = !own && mentions(plain, state.nick);
  const line = buffer.addLine({ time, kind, from: nick, text: plain, own, mention });
  if (own) buffer.markerId = 0;
  else if (buffer !== state.active || !state.visible) buffer.markUnread(line);
}

function addEvent(buffer, { time }, text, kind = 'event') {
  buffer.addLine({ time, kind, text: stripFormatting(text) });
}

/** Where a message with that target belongs; what a server says belongs to the server's page. */
function bufferOf(state, { isUser, nick, params: [target] }) {
  if (!isUser) return state.server;
  const channel = state.channelOf(target);
  if (channel !== '') return state.open(channel);
  return state.open(state.isMe(nick) ? target : nick);
}

function onTalk(state, message, kind) {
  const text = message.params[1] ?? '';
  const ctcp = parseCtcp(text);
  const buffer = bufferOf(state, message);
  if (!message.isUser) addEvent(buffer, message, text, 'info');
  else if (ctcp === null) addTalk(state, buffer, message, kind, text);
  else if (ctcp.command === 'ACTION') addTalk(state, buffer, message, 'action', ctcp.text);
  else addEvent(buffer, message, `${message.nick} sent a CTCP ${ctcp.command}`);
}

function onJoin(state, message) {
  const [channel] = message.params;
  const isMe = state.isMe(message.nick);
  const isNew = state.find(channel) === undefined;
  if (isNew && !isMe) return;
  const buffer = state.open(channel);
  if (isMe) {
    state.source = message.source;
    buffer.name = channel;
    buffer.joined = true;
    buffer.rejoin = false;
    buffer.clearMembers();
    if (isNew) state.activate(buffer);
  }
  buffer.addMember(message.nick);
  addEvent(buffer, message, `${message.nick} joined`);
}

function onPart(state, message) {
  const [channel, reason = ''] = message.params;
  const buffer = state.find(channel);
  if (buffer === undefined) return;
  if (state.isMe(message.nick)) {
    state.close(buffer);
    return;
  }
  buffer.removeMember(message.nick);
  addEvent(buffer, message, `${message.nick} left${because(reason)}`);
}

function onKick(state, message) {
  const [channel, nick, reason = ''] = message.params;
  const buffer = state.find(channel);
  if (buffer === undefined) return;
  if (state.isMe(nick)) {
    buffer.joined = false;
    buffer.clearMembers();
    addEvent(buffer, message, `${message.nick} removed you${because(reason)}`, 'error');
    return;
  }
  buffer.removeMember(nick);
  addEvent(buffer, message, `${message.nick} removed ${nick}${because(reason)}`);
}

function onInvite(state, message) {
  const [nick, channel] = message.params;
  const whom = state.isMe(nick) ? 'you' : nick;
  addEvent(state.find(channel) ?? state.active, message,
    `${message.nick} invites ${whom} to ${channel}`, 'info');
}

function onQuit(state, message) {
  const [reason = ''] = message.params;
  for (const buffer of state.buffers.values()) {
    const isQuery = buffer.kind === 'query' && foldCase(buffer.name) === foldCase(message.nick);
    if (!isQuery && !buffer.hasMember(message.nick)) continue;
    buffer.removeMember(message.nick);
    addEvent(buffer, message, `${message.nick} quit${because(reason)}`);
  }
}

function onNick(state, message) {
  const [to] = message.params;
  const isMe = state.isMe(message.nick);
  const text = isMe ? `You are now ${to}` : `${message.nick} is now ${to}`;
  if (isMe) {
    state.nick = to;
    state.source = state.source.replace(/^[^!]*/, to);
    addEvent(state.server, message, text);
  }
  for (const buffer of state.buffers.values()) {
    if (!buffer.hasMember(message.nick)) continue;
    buffer.renameMember(message.nick, to);
    addEvent(buffer, message, text);
  }
  const query = state.find(message.nick);
  if (query?.kind !== 'query' || (state.find(to) ?? query) !== query) return;
  state.buffers.delete(foldCase(message.nick));
  query.name = to;
  state.buffers.set(foldCase(to), query);
  addEvent(query, message, text);
}

function onTopic(state, message) {
  const [channel, topic] = message.params;
  const buffer = state.find(channel);
  if (buffer === undefined) return;
  buffer.topic = stripFormatting(topic);
  addEvent(buffer, message, topic === '' ? `${message.nick} removed the topic`
    : `${message.nick} changed the topic to: ${topic}`);
}

function onMode(state, message) {
  const [target, modes, ...params] = message.params;
  const buffer = state.find(target);
  if (buffer === undefined) {
    addEvent(state.server, message, `Your modes: ${modes}`);
    return;
  }
  for (const { add, mode, param } of parseModes(modes, params, state.isupport)) {
    const sign = add ? '+' : '-';
    const rank = parsePrefixes(state.isupport.get('PREFIX')).find((entry) => entry.mode === mode);
    if (rank !== undefined) buffer.setPrefix(param, rank.symbol, add, state.symbols);
    else if (add) buffer.modes.add(mode);
    else buffer.modes.delete(mode);
    const words = RANK_WORDS[sign + mode];
    addEvent(buffer, message, words !== undefined ? words(message.nick, param)
      : `${message.nick} set mode ${[sign + mode, param].join(' ').trimEnd()}`);
  }
}

function onNames(state, message) {
  const [, , channel, names] = message.params;
  const buffer = state.find(channel);
  if (buffer === undefined) {
    addEvent(state.active, message, `In ${channel}: ${names}`, 'info');
    return;
  }
  const symbols = state.symbols;
  for (const name of names.split(' ').filter((word) => word !== '')) {
    let start = 0;
    while (symbols.includes(name[start])) start++;
    const nick = name.slice(start).split('!')[0];
    buffer.addName(nick, name.slice(0, start));
  }
}

function onNamesEnd(state, message) {
  const buffer = state.find(message.params[1]);
  if (buffer === undefined) return;
  buffer.endNames();
  if (!buffer.namesAsked) return;
  buffer.namesAsked = false;
  const names = buffer.sortedMembers(state.symbols)
    .map((member) => member.prefixes.slice(0, 1) + member.nick);
  addEvent(buffer, message, `${names.length} here: ${names.join(' ')}`, 'info');
}

/** The error is shown where it belongs: in the conversation it is about, or the one looked at. */
function onError(state, message) {
  const { about, text } = explainError(message);
  addEvent(state.find(about) ?? state.active, message, text, 'error');
}

/** The numbers before the text of these are in the text as well. */
function onCount(state, message) {
  addEvent(state.server, message, message.params.at(-1), 'info');
}

function onOther(state, message) {
  addEvent(state.server, message, message.params.slice(1).join(' '), 'info');
}

/** An answer to what was asked, where it was asked. */
function onReply(state, message) {
  addEvent(state.active, message, REPLIES[Number(message.command)](...message.params.slice(1)),
    'info');
}

function because(reason) {
  return reason === '' ? '' : ` (${reason})`;
}

function ignore() {}

const HANDLERS = {
  PRIVMSG: (state, message) => onTalk(state, message, 'message'),
  NOTICE: (state, message) => onTalk(state, message, 'notice'),
  JOIN: onJoin,
  PART: onPart,
  KICK: onKick,
  INVITE: onInvite,
  QUIT: onQuit,
  NICK: onNick,
  TOPIC: onTopic,
  MODE: onMode,
  FAIL: (state, message) => addEvent(state.active, message, message.params.at(-1), 'error'),
  '001': (state, message) => {
    state.nick = message.params[0];
    onOther(state, message);
  },
  '004': ignore, // versions and letters of modes, for programs
  '005': (state, message) => {
    applyIsupport(state.isupport, message.params.slice(1, -1));
    state.server.name = state.isupport.get('NETWORK') || state.server.name;
  },
  265: onCount,
  266: onCount,
  324: (state, { params: [, channel, modes = ''] }) => {
    const buffer = state.find(channel);
    if (buffer !== undefined) buffer.modes = new Set(modes.replaceAll('+', ''));
  },
  329: ignore, // when the channel was made
  331: ignore, // no topic: that is how a channel begins
  332: (state, message) => {
    const [, channel, topic] = message.params;
    const buffer = state.find(channel);
    if (buffer !== undefined) buffer.topic = stripFormatting(topic);
    else addEvent(state.active, message, `Topic of ${channel}: ${topic}`, 'info');
  },
  333: ignore, // who set the topic
  353: onNames,
  366: onNamesEnd,
  372: (state, message) => {
    addEvent(state.server, message, message.params[1].replace(/^- ?/, ''), 'info');
  },
  375: ignore, // the frame around the message of the day
  376: ignore,
  422: ignore, // there is no message of the day
  ...Object.fromEntries(Object.keys(REPLIES).map((number) => [number, onReply])),
  ...Object.fromEntries(SILENT.map((number) => [number, ignore])),
};
