// What is typed into the input: plain text for the conversation looked at, or a /command. One
// table holds the commands, and /help prints it.

import { formatLine } from './irc.js';
import { splitText } from './text.js';

const LINE_BYTES = 510; // a message without its CR LF
const SOURCE_BYTES = 100; // nick!user@host, as long as our own is not known

export const COMMANDS = {
  join: {
    usage: '/join #channel [key]',
    help: 'joins a channel',
    run({ state, session }, words) {
      const [name, ...key] = words;
      const channel = state.isChannelName(name) ? name : `#${name}`;
      const open = state.find(channel);
      if (open !== undefined) state.activate(open);
      return open?.joined || session.send('JOIN', channel, ...key.slice(0, 1));
    },
    needs: 1,
  },
  part: {
    usage: '/part [#channel] [reason]',
    help: 'leaves a channel, or closes a conversation',
    run({ state, session }, words) {
      const named = words.length > 0 && state.isChannelName(words[0]);
      const name = named ? words[0] : state.active.name;
      const buffer = state.find(name);
      const reason = words.slice(named ? 1 : 0).join(' ');
      if (buffer === undefined) return complain(state, `You are not in ${name}.`);
      return leave({ state, session }, buffer, reason);
    },
  },
  nick: {
    usage: '/nick name',
    help: 'changes your nickname',
    run: ({ session }, [name]) => session.send('NICK', name),
    needs: 1,
  },
  me: {
    usage: '/me does something',
    help: 'says what you do',
    run: (context, words) => say(context, words.join(' '), (part) => `\x01ACTION ${part}\x01`),
    needs: 1,
  },
  msg: {
    usage: '/msg name [text]',
    help: 'talks to one person',
    run({ state, session }, [name, ...words]) {
      if (name.startsWith(':')) return complain(state, `“${name}” cannot be a nickname.`);
      if (!state.isChannelName(name)) state.activate(state.open(name));
      return sayTo({ state, session }, name, words.join(' '));
    },
    needs: 1,
  },
  topic: {
    usage: '/topic [text]',
    help: 'shows or sets the topic of this channel',
    run({ state, session }, words) {
      const { kind, name } = state.active;
      if (kind !== 'channel') return complain(state, 'Only channels have a topic.');
      if (words.length > 0) return session.send('TOPIC', name, words.join(' '));
      state.note(state.active, state.active.topic || 'There is no topic.');
      return true;
    },
  },
  names: {
    usage: '/names [#channel]',
    help: 'lists who is there',
    run({ state, session }, [name = state.active.name]) {
      if (!state.isChannelName(name)) return complain(state, 'Only channels have members.');
      const buffer = state.find(name);
      if (buffer !== undefined) buffer.namesAsked = true;
      return session.send('NAMES', name);
    },
  },
  whois: {
    usage: '/whois name',
    help: 'tells about a person',
    run: ({ session }, [name]) => session.send('WHOIS', name),
    needs: 1,
  },
  away: {
    usage: '/away [text]',
    help: 'tells others that you are away; without a text, that you are back',
    run: ({ session }, words) =>
      session.send('AWAY', ...(words.length > 0 ? [words.join(' ')] : [])),
  },
  invite: {
    usage: '/invite name',
    help: 'invites somebody to this channel',
    run: (context, [name]) => here(context, (channel) => ['INVITE', name, channel]),
    needs: 1,
  },
  kick: {
    usage: '/kick name [reason]',
    help: 'makes somebody leave this channel',
    run: (context, [name, ...reason]) => here(context, (channel) => ['KICK', channel, name,
      ...(reason.length > 0 ? [reason.join(' ')] : [])]),
    needs: 1,
  },
  mode: {
    usage: '/mode [#channel] +|-letters [what …]',
    help: 'changes a channel: +m only voices talk, +o name, +b mask bans, b lists the banned',
    run(context, words) {
      if (context.state.isChannelName(words[0])) return context.session.send('MODE', ...words);
      return here(context, (channel) => ['MODE', channel, ...words]);
    },
    needs: 1,
  },
  quit: {
    usage: '/quit [reason]',
    help: 'disconnects',
    run({ session }, words) {
      session.quit(words.join(' '));
      return true;
    },
  },
  help: {
    usage: '/help',
    help: 'shows this list',
    run({ state }) {
      for (const { usage, help } of Object.values(COMMANDS))
        state.note(state.active, `${usage} – ${help}`);
      state.note(state.active, 'Tab completes names, Up and Down bring back what you typed, ' +
        'Alt+Up and Alt+Down change the conversation.');
      return true;
    },
  },
  raw: {
    usage: '/raw COMMAND …',
    help: 'sends a line of IRC as it is',
    run: ({ session }, words) => session.sendLine(words.join(' ')),
    needs: 1,
  },
};

/**
 * Runs what was typed. True when it is done and the input may be emptied; otherwise the
 * conversation has been told why not.
 */
export function runInput(context, input) {
  const { state, session } = context;
  const isCommand = input.startsWith('/') && !input.startsWith('//');
  const done = isCommand ? runCommand(context, input.slice(1))
    : say(context, input.replace(/^\/\//, '/'), (part) => part);
  if (!done && session.phase !== 'online')
    complain(state, 'You are not connected. Nothing was sent.');
  return done;
}

/** Leaves a channel or closes the conversation with a person; true when that was possible. */
export function leave({ state, session }, buffer, reason = '') {
  // Being out of it already, as after a kick or offline, there is nobody to tell.
  if (buffer.joined) return session.send('PART', buffer.name, ...(reason === '' ? [] : [reason]));
  state.close(buffer);
  return true;
}

function runCommand(context, input) {
  const [name, ...words] = input.trim().split(/ +/);
  const command = Object.hasOwn(COMMANDS, name.toLowerCase()) && COMMANDS[name.toLowerCase()];
  if (!command) return complain(context.state, `There is no command /${name}. /help lists them.`);
  if (words.length < (command.needs ?? 0))
    return complain(context.state, `Usage: ${command.usage}`);
  return command.run(context, words);
}

/** Sends what `line` makes of the channel looked at. */
function here({ state, session }, line) {
  const { kind, name } = state.active;
  if (kind !== 'channel') return complain(state, 'This is no channel. Look at one first.');
  return session.send(...line(name));
}

function say(context, text, wrap) {
  const { state } = context;
  if (state.active.kind === 'server')
    return complain(state, 'Nobody reads this page. Join a channel first: /join #lobby');
  if (state.active.kind === 'channel' && !state.active.joined && context.session.phase === 'online')
    return complain(state, `You are not in ${state.active.name}. /join ${state.active.name}`);
  return sayTo(context, state.active.name, text, wrap);
}

/** Sends each line of the text, long ones in parts that fit into a message with our source. */
function sayTo({ state, session }, target, text, wrap = (part) => part) {
  const frame = formatLine('PRIVMSG', target, wrap(''));
  const sourceBytes = new TextEncoder().encode(state.source).length || SOURCE_BYTES;
  const room = LINE_BYTES - new TextEncoder().encode(frame).length - sourceBytes - ': '.length;
  for (const line of text.split('\n')) {
    for (const part of splitText(line, Math.max(room, 64)))
      if (!session.send('PRIVMSG', target, wrap(part))) return false;
  }
  return true;
}

function complain(state, text) {
  state.note(state.active, text, 'error');
  return false;
}
