// Registration, taken nicknames, coming back; and what is typed. The connection is a double
// that keeps the lines sent.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Session } from '../../server/web/client/session.js';
import { State } from '../../server/web/client/state.js';
import { runInput } from '../../server/web/client/commands.js';
import { backoffMs } from '../../server/web/client/connection.js';

class Wire {
  sent = [];
  retries = 0;
  closed = false;
  open() {
    this.onOpening();
    this.onOpen();
  }
  send(line) {
    this.sent.push(line);
    return true;
  }
  openLater() {
    this.retries++;
    return 1000;
  }
  settled() {}
  close() {
    this.closed = true;
  }
  /** What was sent since the last call. */
  take() {
    return this.sent.splice(0);
  }
}

function start({ nick = 'me', password = '', channels = ['#lobby'] } = {}) {
  const wire = new Wire();
  const state = new State();
  const session = new Session(wire, state);
  const refused = [];
  session.onRefused = (refusal) => refused.push(refusal);
  session.start({ nick, password, channels });
  const feed = (...lines) => lines.forEach((line) => wire.onLine(line));
  const type = (text) => runInput({ state, session }, text);
  return { wire, state, session, refused, feed, type };
}

function online() {
  const client = start();
  client.feed(':s CAP * LS :echo-message', ':s CAP * ACK :echo-message', ':s 001 me :Welcome',
    ':me!web@host JOIN #lobby');
  client.wire.take();
  return client;
}

test('registers with the capabilities that both know', () => {
  const { wire, session, feed } = start({ password: 'secret' });
  assert.deepEqual(wire.take(),
    ['CAP LS 302', 'PASS secret', 'NICK me', 'USER web 0 * me']);
  feed(':s CAP * LS * :sasl=PLAIN server-time', ':s CAP * LS :message-tags echo-message');
  assert.deepEqual(wire.take(), ['CAP REQ :server-time message-tags echo-message']);
  feed(':s CAP * ACK :server-time message-tags echo-message');
  assert.deepEqual(wire.take(), ['CAP END']);
  assert.equal(session.phase, 'connecting');
  feed(':s 001 me :Welcome');
  assert.equal(session.phase, 'online');
  assert.deepEqual(wire.take(), ['JOIN #lobby']);
});

test('does without capabilities', () => {
  const { wire, feed } = start();
  wire.take();
  feed(':s CAP * LS :');
  assert.deepEqual(wire.take(), ['CAP END']);
});

test('answers PING at any time', () => {
  const { wire, feed } = start();
  wire.take();
  feed('PING :a b');
  assert.deepEqual(wire.take(), ['PONG :a b']);
});

test('tries two other nicknames, then asks', () => {
  const { wire, session, feed, refused } = start({ nick: 'bob' });
  wire.take();
  feed(':s 433 * bob :taken', ':s 433 * bob_ :taken');
  assert.deepEqual(wire.take(), ['NICK bob_', 'NICK bob__']);
  feed(':s 433 * bob__ :taken');
  assert.deepEqual(refused,
    [{ field: 'nick', text: 'The nickname bob is taken. Choose another one.' }]);
  assert.equal(session.phase, 'off');
  assert.equal(wire.closed, true);
});

test('says so when it is somebody_ now', () => {
  const { state, feed } = start({ nick: 'bob' });
  feed(':s 433 * bob :taken', ':s 001 bob_ :Welcome');
  assert.equal(state.nick, 'bob_');
  assert.match(state.active.lines.at(-1).text, /bob is taken; you are bob_/);
});

test('takes its nickname back when the one who had it quits', () => {
  const { wire, feed } = start({ nick: 'bob' });
  feed(':s 433 * bob :taken', ':s 001 bob_ :Welcome', ':bob_!web@host JOIN #lobby');
  wire.take();
  feed(':carl!c@h QUIT :bye', ':Bob!web@host QUIT :no answer');
  assert.deepEqual(wire.take(), ['NICK bob']);
});

test('asks again for a bad nickname and for a password', () => {
  const bad = start({ nick: '9' });
  bad.feed(':s 432 * 9 :Erroneous');
  assert.equal(bad.refused[0].field, 'nick');
  const secret = start();
  secret.feed(':s 464 me :Password incorrect');
  assert.equal(secret.refused[0].field, 'password');
});

test('a server that is not there is no reason to try for ever at first', () => {
  const { wire, session, refused, feed } = start();
  feed('ERROR :full');
  wire.onDown('');
  assert.equal(session.phase, 'off');
  assert.deepEqual(refused, [{ field: '', text: 'The server closed the connection: full' }]);
});

test('comes back to the channels it was in', () => {
  const { wire, session, state, feed } = online();
  feed(':me!web@host JOIN #other', ':me!web@host PART #lobby', 'ERROR :restarting');
  wire.onDown('');
  assert.equal(session.phase, 'waiting');
  assert.match(state.active.lines.at(-1).text, /restarting/);
  wire.onDown('');
  assert.equal(wire.retries, 2);
  wire.take();
  session.retryNow();
  feed(':s CAP * LS :', ':s 001 me :Welcome');
  assert.equal(wire.take().at(-1), 'JOIN #other');
});

test('waits longer each time, up to a minute, and never the same', () => {
  assert.equal(backoffMs(0, 0), 1000);
  assert.equal(backoffMs(0, 0.5), 750);
  assert.equal(backoffMs(3, 0), 8000);
  assert.equal(backoffMs(1000, 0), 60_000);
});

test('commands become lines', () => {
  const { wire, type } = online();
  const sent = (text) => {
    assert.equal(type(text), true, text);
    return wire.take();
  };
  assert.deepEqual(sent('hello there'), ['PRIVMSG #lobby :hello there']);
  assert.deepEqual(sent('one\ntwo'), ['PRIVMSG #lobby one', 'PRIVMSG #lobby two']);
  assert.deepEqual(sent('//home'), ['PRIVMSG #lobby /home']);
  assert.deepEqual(sent('/me waves'), ['PRIVMSG #lobby :\x01ACTION waves\x01']);
  assert.deepEqual(sent('/JOIN chess'), ['JOIN #chess']);
  assert.deepEqual(sent('/join #chess key'), ['JOIN #chess key']);
  assert.deepEqual(sent('/topic a new one'), ['TOPIC #lobby :a new one']);
  assert.deepEqual(sent('/names'), ['NAMES #lobby']);
  assert.deepEqual(sent('/nick you'), ['NICK you']);
  assert.deepEqual(sent('/whois bob'), ['WHOIS bob']);
  assert.deepEqual(sent('/away'), ['AWAY']);
  assert.deepEqual(sent('/away for lunch'), ['AWAY :for lunch']);
  assert.deepEqual(sent('/invite bob'), ['INVITE bob #lobby']);
  assert.deepEqual(sent('/kick bob'), ['KICK #lobby bob']);
  assert.deepEqual(sent('/kick bob that is enough'), ['KICK #lobby bob :that is enough']);
  assert.deepEqual(sent('/mode +ov bob ann'), ['MODE #lobby +ov bob ann']);
  assert.deepEqual(sent('/mode #chess +m'), ['MODE #chess +m']);
  assert.deepEqual(sent('/raw MODE #lobby +o x'), ['MODE #lobby +o x']);
  assert.deepEqual(sent('/part see you'), ['PART #lobby :see you']);
  assert.deepEqual(sent('/msg bob psst you'), ['PRIVMSG bob :psst you']);
  assert.deepEqual(sent('/quit bye'), ['QUIT bye']);
});

test('what cannot be done is said where it was typed, and nothing is sent', () => {
  const { wire, state, type } = online();
  for (const text of ['/frob', '/constructor', '/join', '/msg :x hi', '/part #nowhere']) {
    assert.equal(type(text), false, text);
    assert.equal(state.active.lines.at(-1).kind, 'error', text);
  }
  state.activate(state.server);
  assert.equal(type('hello?'), false);
  assert.equal(type('/kick bob'), false);
  assert.deepEqual(wire.take(), []);
});

test('offline the text stays in the input', () => {
  const { wire, state, type } = online();
  wire.onDown('');
  wire.take();
  assert.equal(type('hello'), false);
  assert.match(state.active.lines.at(-1).text, /not connected/);
  assert.deepEqual(wire.take(), []);
});

test('a long text becomes messages that fit with our source', () => {
  const { wire, type } = online();
  const text = 'wort '.repeat(300).trim();
  type(text);
  const lines = wire.take();
  assert.ok(lines.length > 2);
  for (const line of lines) assert.ok(`:me!web@host ${line}`.length <= 510);
  assert.equal(lines.map((line) => line.slice('PRIVMSG #lobby :'.length)).join(' '), text);
});

test('quitting forgets everything', () => {
  const { session, state } = online();
  session.quit('');
  assert.equal(session.phase, 'off');
  assert.equal(state.buffers.size, 0);
  assert.equal(state.nick, '');
});
