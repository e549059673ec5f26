// What messages from the server do to the state.
import test from 'node:test';
import assert from 'node:assert/strict';
import { parseLine } from '../../server/web/client/irc.js';
import { State } from '../../server/web/client/state.js';
import { SCROLLBACK_MAX } from '../../server/web/client/buffer.js';

const ME = ':me!web@host';

/** A state that is registered as "me" and has received the lines. */
function stateAfter(...lines) {
  const state = new State();
  const feed = (...more) => more.forEach((line) => state.receive(parseLine(line)));
  feed(':s 001 me :Welcome',
    ':s 005 me PREFIX=(ov)@+ CHANMODES=b,k,l,nt CHANTYPES=# NETWORK=Test NICKLEN=20 :are supported',
    ...lines);
  return Object.assign(state, { feed });
}

const LOBBY = [`${ME} JOIN #lobby`, ':s 332 me #lobby :The topic',
  ':s 353 me = #lobby :@alice @+bob me', ':s 353 me = #lobby :Carl', ':s 366 me #lobby :End',
  ':s 324 me #lobby +nt'];

const names = (buffer, state) =>
  buffer.sortedMembers(state.symbols).map((member) => member.prefixes + member.nick);
const texts = (buffer, kind) =>
  buffer.lines.filter((line) => line.kind === kind).map((line) => line.text);

test('joining opens the channel with topic, modes and members by rank and name', () => {
  const state = stateAfter(...LOBBY);
  assert.equal(state.active.name, '#lobby');
  assert.equal(state.active.topic, 'The topic');
  assert.deepEqual(names(state.active, state), ['@alice', '@+bob', 'Carl', 'me']);
  assert.equal(state.server.name, 'Test');
  assert.equal(state.limit('NICKLEN', 9), 20);
  assert.equal(state.limit('TOPICLEN', 390), 390);
});

test('a list of names replaces the one before, with joins and parts that happen meanwhile', () => {
  const state = stateAfter(...LOBBY, ':s 353 me = #lobby :alice me', ':dora!d@h JOIN #lobby',
    ':alice!a@h PART #lobby', ':s 366 me #lobby :End');
  assert.deepEqual(names(state.active, state), ['dora', 'me']);
});

test('talk has its time, sender and mention, and ours is known by its echo', () => {
  const state = stateAfter(...LOBBY,
    '@time=2024-01-02T03:04:05.678Z :alice!a@h PRIVMSG #lobby :Me: hello',
    `${ME} PRIVMSG #lobby :me too`, ':bob!b@h NOTICE #LOBBY :\x01ACTION waves\x01');
  const [hello, own, wave] = state.active.lines.slice(-3);
  assert.equal(hello.time.toISOString(), '2024-01-02T03:04:05.678Z');
  assert.deepEqual([hello.from, hello.mention, hello.own], ['alice', true, false]);
  assert.deepEqual([own.own, own.mention], [true, false]);
  assert.deepEqual([wave.kind, wave.text], ['action', 'waves']);
});

test('what is not looked at counts as unread, and the first of it is marked', () => {
  const state = stateAfter(...LOBBY, `${ME} JOIN #other`);
  const lobby = state.find('#lobby');
  state.feed(':alice!a@h PRIVMSG #lobby :one', ':alice!a@h PRIVMSG #lobby :two',
    ':x!x@h JOIN #lobby');
  assert.deepEqual([lobby.unread, lobby.mentioned], [2, false]);
  state.feed(':alice!a@h PRIVMSG #lobby :me?');
  assert.equal(lobby.mentioned, true);
  state.activate(lobby);
  assert.equal(lobby.unread, 0);
  assert.equal(lobby.lines.find((line) => line.id === lobby.markerId).text, 'one');
  state.activate(state.server);
  assert.equal(lobby.markerId, 0);
});

test('a page that nobody sees counts the conversation looked at', () => {
  const state = stateAfter(...LOBBY);
  state.setVisible(false);
  state.feed(':alice!a@h PRIVMSG #lobby :anyone?');
  assert.equal(state.active.unread, 1);
  state.setVisible(true);
  assert.equal(state.active.unread, 0);
});

test('private talk has a conversation by the other person, whoever spoke', () => {
  const state = stateAfter(':alice!a@h PRIVMSG me :psst', `${ME} PRIVMSG Alice :what?`);
  const query = state.find('ALICE');
  assert.equal(query.kind, 'query');
  assert.deepEqual(texts(query, 'message'), ['psst', 'what?']);
  assert.equal(query.mentioned, true);
  assert.equal(state.active, state.server);
});

test('a nick that changes changes everywhere', () => {
  const state = stateAfter(...LOBBY, ':alice!a@h PRIVMSG me :psst', ':alice!a@h NICK alicia',
    `${ME} NICK myself`);
  assert.equal(state.nick, 'myself');
  assert.equal(state.source, 'myself!web@host');
  assert.equal(state.find('alice'), undefined);
  assert.equal(state.find('alicia').name, 'alicia');
  assert.equal(names(state.find('#lobby'), state)[0], '@alicia');
});

test('leaving, being removed and quitting', () => {
  const state = stateAfter(...LOBBY, ':Carl!c@h QUIT :gone', ':bob!b@h PART #lobby :bye');
  const lobby = state.active;
  assert.deepEqual(texts(lobby, 'event').slice(-2), ['Carl quit (gone)', 'bob left (bye)']);
  state.feed(':alice!a@h KICK #lobby me :rules');
  assert.equal(lobby.joined, false);
  assert.equal(state.find('#lobby'), lobby);
  state.feed(`${ME} JOIN #lobby`, `${ME} PART #lobby`);
  assert.equal(state.find('#lobby'), undefined);
  assert.equal(state.active, state.server);
});

test('modes change ranks and who may set the topic', () => {
  const state = stateAfter(...LOBBY);
  const lobby = state.active;
  assert.equal(state.canSetTopic(lobby), false);
  state.feed(':alice!a@h MODE #lobby +vo-o me me alice');
  assert.equal(lobby.prefixesOf('me'), '@+');
  assert.equal(lobby.prefixesOf('alice'), '');
  assert.equal(state.canSetTopic(lobby), true);
  state.feed(`${ME} MODE #lobby -ot me`);
  assert.equal(lobby.prefixesOf('me'), '+');
  assert.equal(state.canSetTopic(lobby), true);
  assert.deepEqual(texts(lobby, 'event').slice(-2),
    ['me took operator status from me', 'me set mode -t']);
});

test('topics are set and removed', () => {
  const state = stateAfter(...LOBBY, ':alice!a@h TOPIC #lobby :\x02New\x02');
  assert.equal(state.active.topic, 'New');
  state.feed(':alice!a@h TOPIC #lobby :');
  assert.equal(state.active.topic, '');
  assert.deepEqual(texts(state.active, 'event').slice(-2),
    ['alice changed the topic to: New', 'alice removed the topic']);
});

test('errors stand where they belong, in plain words', () => {
  const state = stateAfter(...LOBBY, `${ME} JOIN #other`);
  const lobby = state.find('#lobby');
  state.feed(":s 482 me #lobby :You're not channel operator", ':s 441 me bob #lobby :no',
    ':s 401 me nobody :No such nick', ':s 433 me #lobby :in use', ':s 599 me x :Something new');
  assert.deepEqual(texts(lobby, 'error'),
    ['Only operators of #lobby may do that.', 'bob is not in #lobby.']);
  assert.deepEqual(texts(state.active, 'error'), ['There is nobody called nobody here.',
    'The nickname #lobby is taken. Choose another one.', 'x Something new']);
});

test('scrollback is bounded', () => {
  const state = stateAfter(...LOBBY);
  for (let i = 0; i < SCROLLBACK_MAX + 10; i++) state.feed(`:alice!a@h PRIVMSG #lobby :${i}`);
  assert.equal(state.active.lines.length, SCROLLBACK_MAX);
  assert.equal(state.active.lines.at(-1).text, String(SCROLLBACK_MAX + 9));
});

test('a lost connection leaves the channels to come back to', () => {
  const state = stateAfter(...LOBBY, ':alice!a@h PRIVMSG me :psst');
  state.disconnected('lost');
  state.disconnected('lost again');
  assert.deepEqual(state.channelsToRejoin(), ['#lobby']);
  assert.deepEqual(texts(state.find('alice'), 'error'), []);
  state.feed(`${ME} JOIN #lobby`);
  assert.deepEqual(state.channelsToRejoin(), []);
});

test('what is said to those with a rank is said in their channel', () => {
  const state = stateAfter(':s 005 me STATUSMSG=@+ :are supported', ...LOBBY,
    ':bob!b@h PRIVMSG @#lobby :help', ':bob!b@h PRIVMSG +#LOBBY :please');
  assert.deepEqual(texts(state.find('#lobby'), 'message'), ['help', 'please']);
  assert.equal(state.buffers.size, 1);
});

test('an invitation is told in the channel, if we are there, or where we look', () => {
  const state = stateAfter(...LOBBY, ':alice!a@h INVITE carl #lobby',
    ':alice!a@h INVITE me #other');
  assert.deepEqual(texts(state.find('#lobby'), 'info').slice(-2),
    ['alice invites carl to #lobby', 'alice invites you to #other']);
  assert.equal(state.find('#other'), undefined);
});

test('what is not known or not for us does no harm', () => {
  const state = stateAfter(':s 999 me :hm', ':s WHATEVER', ':bob!b@h JOIN #elsewhere',
    ':bob!b@h PART #elsewhere', ':bob!b@h TOPIC #elsewhere :x', '@time=x :bob!b@h PRIVMSG me :x',
    ':s 353 me = #elsewhere :a b', ':s 366 me #elsewhere :End', ':s MODE me :+i', 'NOTICE * :hm');
  assert.equal(state.buffers.size, 1); // bob
  assert.equal(state.server.lines.length, 5);
});

test('answers stand where they were asked for, in plain words', () => {
  const state = stateAfter(...LOBBY);
  const said = (...lines) => {
    const before = state.active.lines.length;
    state.feed(...lines);
    return state.active.lines.slice(before).map((line) => line.text);
  };
  assert.deepEqual(said(':s 311 me alice a h * :Alice A', ':s 319 me alice :@#lobby #b',
    ':s 312 me alice s :a server', ':s 313 me alice :is an IRC operator',
    ':s 301 me alice :lunch', ':s 318 me alice :End of /WHOIS list'),
  ['alice is Alice A (a@h)', 'alice is in @#lobby #b', 'alice is an operator of this server.',
    'alice is away: lunch']);
  assert.match(said(':s 317 me alice 7300 1700000000 :seconds idle, signon time')[0],
    /^alice has said nothing for 2 h, and came /);
  assert.deepEqual(said(':s 367 me #lobby *!*@h bob!b@h 1', ':s 367 me #lobby x!*@*',
    ':s 368 me #lobby :End of channel ban list'),
  ['Banned from #lobby: *!*@h, by bob', 'Banned from #lobby: x!*@*']);
  assert.deepEqual(said(':s 341 me bob #lobby', ':s 306 me :You have been marked'),
    ['bob is invited to #lobby.', 'You are away.']);
});
