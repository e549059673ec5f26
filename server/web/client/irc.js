// One IRC message as text, and the small grammars inside it: Modern IRC "Message Format",
// IRCv3 message-tags, RPL_ISUPPORT tokens, MODE strings and CTCP. Nothing here knows a
// socket or the page. Over WebSocket a message carries no CR LF.

const TAG_ESCAPES = { ':': ';', s: ' ', r: '\r', n: '\n', '\\': '\\' };

function unescapeTagValue(value) {
  // An unknown escape stands for the character itself, a lone backslash at the end for nothing.
  return value.replace(/\\(.?)/gs, (_, char) => TAG_ESCAPES[char] ?? char);
}

function parseTags(text) {
  const tags = new Map();
  for (const tag of text.split(';')) {
    const equals = tag.indexOf('=');
    if (equals < 0) tags.set(tag, '');
    else tags.set(tag.slice(0, equals), unescapeTagValue(tag.slice(equals + 1)));
  }
  tags.delete('');
  return tags;
}

/**
 * Parses one line. Gives {tags: Map, source, nick, isUser, command, params}, or null when there
 * is no command. `nick` is the source up to "!"; `isUser` tells a person from a server.
 */
export function parseLine(line) {
  let rest = line.replace(/[\r\n]+$/, '');
  const takeWord = () => {
    const [, word, after] = /^([^ ]*) *(.*)$/s.exec(rest);
    rest = after;
    return word;
  };
  const tags = rest.startsWith('@') ? parseTags(takeWord().slice(1)) : new Map();
  const source = rest.startsWith(':') ? takeWord().slice(1) : '';
  const command = takeWord().toUpperCase();
  if (command === '') return null;

  const params = [];
  while (rest !== '') {
    if (rest.startsWith(':')) {
      params.push(rest.slice(1));
      break;
    }
    params.push(takeWord());
  }
  const bang = source.indexOf('!');
  const nick = bang < 0 ? source : source.slice(0, bang);
  return { tags, source, nick, isUser: bang >= 0, command, params };
}

/** What may never be inside a line is made a space, so that one call is always one line. */
export function cleanLine(text) {
  return text.replace(/[\r\n\0]+/g, ' ');
}

/**
 * Formats a line without CR LF. Only the last parameter may be empty, contain spaces or begin
 * with ":".
 */
export function formatLine(command, ...params) {
  const words = params.map((param, index) => {
    const text = cleanLine(String(param));
    const plain = text !== '' && !text.startsWith(':') && !text.includes(' ');
    if (plain) return text;
    if (index < params.length - 1) throw new RangeError(`not a middle parameter: "${text}"`);
    return `:${text}`;
  });
  return [command, ...words].join(' ');
}

/** Folds a nick or channel name for comparison: CASEMAPPING=ascii. */
export function foldCase(name) {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Takes over the tokens of one RPL_ISUPPORT (005) into the map; "-NAME" takes a token back. */
export function applyIsupport(isupport, tokens) {
  for (const token of tokens) {
    if (token.startsWith('-')) {
      isupport.delete(token.slice(1));
      continue;
    }
    const equals = token.indexOf('=');
    const name = equals < 0 ? token : token.slice(0, equals);
    const value = equals < 0 ? '' : token.slice(equals + 1);
    isupport.set(name, value.replace(/\\x([0-9a-fA-F]{2})/g,
      (_, hex) => String.fromCharCode(parseInt(hex, 16))));
  }
}

/** PREFIX=(ov)@+ as [{mode: 'o', symbol: '@'}, …], the highest rank first. */
export function parsePrefixes(value) {
  const [, modes, symbols] = /^\(([^)]*)\)(.*)$/.exec(value) ?? ['', '', ''];
  return [...modes].map((mode, index) => ({ mode, symbol: symbols[index] }));
}

/** "+o-v" and its parameters as [{add, mode, param}, …]; param is '' for a mode without one. */
export function parseModes(modes, params, isupport) {
  const [lists = '', always = '', whenSet = ''] = (isupport.get('CHANMODES') ?? '').split(',');
  const ranks = parsePrefixes(isupport.get('PREFIX') ?? '').map((prefix) => prefix.mode);
  const queue = [...params];
  const changes = [];
  let add = true;
  for (const mode of modes) {
    if (mode === '+' || mode === '-') {
      add = mode === '+';
      continue;
    }
    const takesParam = ranks.includes(mode) || lists.includes(mode) || always.includes(mode) ||
      (add && whenSet.includes(mode));
    changes.push({ add, mode, param: takesParam ? (queue.shift() ?? '') : '' });
  }
  return changes;
}

/** A CTCP text as {command, text}; null when it is plain. The closing \x01 may be missing. */
export function parseCtcp(text) {
  const [, command, rest] = /^\x01([^ \x01]+) ?([^\x01]*)\x01?$/s.exec(text) ?? [];
  return command === undefined ? null : { command: command.toUpperCase(), text: rest };
}
