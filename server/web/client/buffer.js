// One conversation: a channel, a person, or the server itself, with its lines and members.
// The number of lines is bounded: the oldest go first.

import { foldCase } from './irc.js';

export const SCROLLBACK_MAX = 1000;

let nextLineId = 1;

export class Buffer {
  /** `kind` is 'channel', 'query' or 'server'. */
  constructor(name, kind) {
    this.name = name;
    this.kind = kind;
    this.lines = [];
    this.unread = 0;
    this.mentioned = false;
    this.markerId = 0; // the first unread line, above which "new" is shown; 0 = none
    this.joined = false;
    this.rejoin = false; // was joined when the connection broke
    this.namesAsked = false; // /names was typed: the next list is shown as a line
    this.clearMembers();
  }

  /** Forgets what only a member knows. */
  clearMembers() {
    this.topic = '';
    this.modes = new Set();
    this.members = new Map(); // folded nick → {nick, prefixes: string of symbols, highest first}
    this.namesPending = null; // the list that RPL_NAMREPLY is building, until RPL_ENDOFNAMES
    this.membersVersion = (this.membersVersion ?? 0) + 1;
  }

  /**
   * Adds {time: Date, kind, from, text, own, mention}; `kind` is 'message', 'action', 'notice',
   * 'event', 'info' or 'error'.
   */
  addLine(line) {
    const added = { id: nextLineId++, from: '', own: false, mention: false, ...line };
    this.lines.push(added);
    if (this.lines.length > SCROLLBACK_MAX) this.lines.shift();
    return added;
  }

  markUnread(line) {
    if (this.unread === 0) this.markerId = line.id;
    this.unread++;
    if (line.mention || this.kind === 'query') this.mentioned = true;
  }

  markRead() {
    this.unread = 0;
    this.mentioned = false;
  }

  hasMember(nick) {
    return this.members.has(foldCase(nick));
  }

  prefixesOf(nick) {
    return this.members.get(foldCase(nick))?.prefixes ?? '';
  }

  addMember(nick, prefixes = '') {
    this.#change((list) => list.set(foldCase(nick), { nick, prefixes }));
  }

  removeMember(nick) {
    this.#change((list) => list.delete(foldCase(nick)));
  }

  renameMember(from, to) {
    this.#change((list) => {
      const member = list.get(foldCase(from));
      if (member === undefined) return;
      list.delete(foldCase(from));
      list.set(foldCase(to), { ...member, nick: to });
    });
  }

  /** Gives or takes a rank; `symbols` is all of them, the highest first, to keep their order. */
  setPrefix(nick, symbol, add, symbols) {
    this.#change((list) => {
      const member = list.get(foldCase(nick));
      if (member === undefined) return;
      const has = (candidate) => candidate === symbol ? add : member.prefixes.includes(candidate);
      list.set(foldCase(nick), { ...member, prefixes: [...symbols].filter(has).join('') });
    });
  }

  /** One member of a RPL_NAMREPLY. The list shown stays as it is until endNames(). */
  addName(nick, prefixes) {
    this.namesPending ??= new Map();
    this.namesPending.set(foldCase(nick), { nick, prefixes });
  }

  endNames() {
    if (this.namesPending === null) return;
    this.members = this.namesPending;
    this.namesPending = null;
    this.membersVersion++;
  }

  /** Members by rank, then by name. */
  sortedMembers(symbols) {
    const rank = (member) => {
      const index = member.prefixes === '' ? -1 : symbols.indexOf(member.prefixes[0]);
      return index < 0 ? symbols.length : index;
    };
    return [...this.members].sort(([aKey, a], [bKey, b]) =>
      rank(a) - rank(b) || (aKey < bKey ? -1 : 1)).map(([, member]) => member);
  }

  // While a NAMES reply is under way both lists must learn of a change.
  #change(apply) {
    apply(this.members);
    if (this.namesPending !== null) apply(this.namesPending);
    this.membersVersion++;
  }
}
