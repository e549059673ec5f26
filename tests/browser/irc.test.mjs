// The client's IRC lines, names, modes and tokens.
import test from 'node:test';
import assert from 'node:assert/strict';
import {
  applyIsupport, cleanLine, foldCase, formatLine, parseCtcp, parseLine, parseModes, parsePrefixes,
} from '../../server/web/client/irc.js';

test('parses tags, source, command and parameters', () => {
  const message =
    parseLine('@time=2024-01-02T03:04:05.678Z;+draft/x :bob!b@host PRIVMSG #a :hi there');
  assert.equal(message.tags.get('time'), '2024-01-02T03:04:05.678Z');
  assert.equal(message.tags.get('+draft/x'), '');
  assert.equal(message.source, 'bob!b@host');
  assert.equal(message.nick, 'bob');
  assert.equal(message.isUser, true);
  assert.equal(message.command, 'PRIVMSG');
  assert.deepEqual(message.params, ['#a', 'hi there']);
});

test('tells a server from a person', () => {
  const message = parseLine(':irc.example NOTICE * :hello');
  assert.equal(message.isUser, false);
  assert.equal(message.nick, 'irc.example');
});

test('takes a last parameter that is empty, begins with a colon or has none', () => {
  assert.deepEqual(parseLine('TOPIC #a :').params, ['#a', '']);
  assert.deepEqual(parseLine('PRIVMSG #a ::-)').params, ['#a', ':-)']);
  assert.deepEqual(parseLine('MODE #a +o bob').params, ['#a', '+o', 'bob']);
  assert.deepEqual(parseLine('PING').params, []);
});

test('skips runs of spaces, folds the command and drops a line end', () => {
  const message = parseLine(':s  join   #a  \r\n');
  assert.equal(message.command, 'JOIN');
  assert.deepEqual(message.params, ['#a']);
});

test('gives null for a line without a command', () => {
  for (const line of ['', '@a=b', ':source', '@a :b ']) assert.equal(parseLine(line), null);
});

test('unescapes tag values, also broken ones', () => {
  const tags = parseLine('@a=\\:\\s\\\\\\r\\n;b=x\\yz\\;c=1=2;; PING').tags;
  assert.equal(tags.get('a'), '; \\\r\n');
  assert.equal(tags.get('b'), 'xyz');
  assert.equal(tags.get('c'), '1=2');
  assert.equal(tags.size, 3);
});

test('formats what it parses', () => {
  assert.equal(formatLine('PRIVMSG', '#a', 'hi there'), 'PRIVMSG #a :hi there');
  assert.equal(formatLine('PRIVMSG', '#a', ':-)'), 'PRIVMSG #a ::-)');
  assert.equal(formatLine('TOPIC', '#a', ''), 'TOPIC #a :');
  assert.equal(formatLine('JOIN', '#a'), 'JOIN #a');
});

test('never makes two lines of one, nor a parameter that is not one', () => {
  assert.equal(formatLine('PRIVMSG', '#a', 'x\r\nQUIT\0'), 'PRIVMSG #a :x QUIT ');
  assert.equal(cleanLine('a\r\n\0b'), 'a b');
  for (const middle of ['', ':x', 'a b'])
    assert.throws(() => formatLine('PRIVMSG', middle, 'x'), RangeError);
});

test('folds ASCII letters only', () => {
  assert.equal(foldCase('#ÄbC[]'), '#Äbc[]');
});

test('takes over and takes back ISUPPORT tokens', () => {
  const isupport = new Map();
  applyIsupport(isupport, ['NICKLEN=30', 'UTF8ONLY', 'NETWORK=A\\x20B']);
  applyIsupport(isupport, ['-UTF8ONLY']);
  assert.deepEqual([...isupport], [['NICKLEN', '30'], ['NETWORK', 'A B']]);
});

test('reads prefixes', () => {
  assert.deepEqual(parsePrefixes('(ov)@+'),
    [{ mode: 'o', symbol: '@' }, { mode: 'v', symbol: '+' }]);
  assert.deepEqual(parsePrefixes(''), []);
});

test('gives each mode its parameter', () => {
  const isupport = new Map([['PREFIX', '(ov)@+'], ['CHANMODES', 'b,k,l,nt']]);
  assert.deepEqual(parseModes('+ol-nlk+v', ['a', '5', 'key'], isupport), [
    { add: true, mode: 'o', param: 'a' },
    { add: true, mode: 'l', param: '5' },
    { add: false, mode: 'n', param: '' },
    { add: false, mode: 'l', param: '' },
    { add: false, mode: 'k', param: 'key' },
    { add: true, mode: 'v', param: '' },
  ]);
});

test('reads CTCP, also without its end', () => {
  assert.deepEqual(parseCtcp('\x01ACTION waves at us\x01'), { command: 'ACTION', text: 'waves at us' });
  assert.deepEqual(parseCtcp('\x01version'), { command: 'VERSION', text: '' });
  assert.equal(parseCtcp('plain \x01'), null);
});
