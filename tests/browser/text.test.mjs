// Links, formatting codes, mentions, cutting of long texts, history and completion.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mentions, nickColour, splitLinks, splitText, stripFormatting } from
  '../../server/web/client/text.js';
import { Completion, History } from '../../server/web/client/composer.js';

const hrefs = (text) => splitLinks(text).filter((piece) => piece.href).map((piece) => piece.text);

test('links end where the sentence goes on', () => {
  assert.deepEqual(hrefs('see https://a.example/x, or (http://b.example/y).'),
    ['https://a.example/x', 'http://b.example/y']);
  assert.deepEqual(hrefs('https://a.example/Simul_(chess)!'), ['https://a.example/Simul_(chess)']);
});

test('only http and https become links', () => {
  assert.deepEqual(hrefs('javascript:alert(1) data:text/html,x file:///x ftp://a mailto:a@b'), []);
  assert.deepEqual(hrefs('https:// http://'), []);
});

test('pieces put together are the text', () => {
  const text = 'a https://a.example/?q=<b>"c" https://b.example. z';
  assert.equal(splitLinks(text).map((piece) => piece.text).join(''), text);
});

test('formatting codes are removed and nothing else', () => {
  assert.equal(stripFormatting('\x02bold\x02 \x0304,12red\x03 \x04ff0000x\x0f 3,4 \ttab'),
    'bold red x 3,4 \ttab');
});

test('a mention is a word of its own', () => {
  for (const text of ['bob: hi', 'hi BOB', '(bob)', 'say, bob!'])
    assert.equal(mentions(text, 'Bob'), true, text);
  for (const text of ['bobby', 'kbob', 'bob2', 'böbob', ''])
    assert.equal(mentions(text, 'bob'), false, text);
  assert.equal(mentions('a [x]^ b', '[x]^'), true);
  assert.equal(mentions('anything', ''), false);
});

test('long texts are cut at spaces, and never inside a character', () => {
  assert.deepEqual(splitText('aaa bbb ccc', 7), ['aaa bbb', 'ccc']);
  assert.deepEqual(splitText('aaaaaaaa', 3), ['aaa', 'aaa', 'aa']);
  assert.deepEqual(splitText('♞♞♞', 7), ['♞♞', '♞']);
  assert.deepEqual(splitText('😀😀', 5), ['😀', '😀']);
  assert.deepEqual(splitText('', 5), []);
});

test('a nick always has the same colour, in whatever case', () => {
  assert.equal(nickColour('Bob'), nickColour('bOB'));
  assert.ok(nickColour('x') >= 0 && nickColour('x') < 12);
});

test('history goes back and forth and keeps what was being written', () => {
  const history = new History();
  assert.equal(history.move(-1, 'x'), null);
  for (const text of ['one', 'two', 'two']) history.add(text);
  assert.equal(history.move(-1, 'draft'), 'two');
  assert.equal(history.move(-1, 'two'), 'one');
  assert.equal(history.move(-1, 'one'), null);
  assert.equal(history.move(+1, 'one'), 'two');
  assert.equal(history.move(+1, 'two'), 'draft');
  assert.equal(history.move(+1, 'draft'), null);
});

test('completion goes round, and addresses a person at the start of the line', () => {
  const completion = new Completion();
  const names = ['alice', 'Albert', 'bob', '#all', '/away'];
  const first = completion.next('AL', 2, names);
  assert.deepEqual(first, { text: 'alice: ', caret: 7 });
  const second = completion.next(first.text, first.caret, names);
  assert.deepEqual(second, { text: 'Albert: ', caret: 8 });
  assert.equal(completion.next(second.text, second.caret, names).text, 'alice: ');
});

test('completion in the middle of a line keeps the rest', () => {
  const completion = new Completion();
  assert.deepEqual(completion.next('hi bo there', 5, ['bob']), { text: 'hi bob there', caret: 7 });
  assert.deepEqual(completion.next('#a', 2, ['#all']), { text: '#all ', caret: 5 });
  assert.equal(completion.next('', 0, ['bob']), null);
  assert.equal(completion.next('zz', 2, ['bob']), null);
});
