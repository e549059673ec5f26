// What the echo page makes of answers, and of what was chosen: meter.js and target.js, under node.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Meter } from '../../server/web/client/echo/meter.js';
import { commandOf, queryOf, urlOf } from '../../server/web/client/echo/target.js';

const PAGE = 'https://echo.example:8443/echo/help';

test('an answer has the latency of what it answers', () => {
  const meter = new Meter();
  meter.send('a', 100);
  meter.send('b', 110);
  assert.deepEqual(meter.receive('a', 130), { verdict: '', latencyMs: 30 });
  assert.equal(meter.missing, 1);
  assert.deepEqual(meter.receive('b', 150), { verdict: '', latencyMs: 40 });
  assert.deepEqual([meter.sent, meter.received, meter.missing, meter.maxMs], [2, 2, 0, 40]);
});

test('messages that are alike are answered in turn', () => {
  const meter = new Meter();
  for (const ms of [0, 1]) meter.send('same', ms);
  assert.equal(meter.receive('same', 10).latencyMs, 10);
  assert.equal(meter.receive('same', 10).latencyMs, 9);
  assert.equal(meter.receive('same', 10).verdict, 'twice');
});

test('what is twice, altered or overtaken is told apart', () => {
  const meter = new Meter();
  for (const content of ['a', 'b', 'c']) meter.send(content, 0);
  assert.equal(meter.receive('b', 1).verdict, '');
  assert.equal(meter.receive('a', 2).verdict, 'overtaken');
  assert.equal(meter.receive('b', 3).verdict, 'twice');
  assert.equal(meter.receive('x', 4).verdict, 'altered');
  assert.deepEqual([meter.overtaken, meter.twice, meter.altered, meter.missing], [1, 1, 1, 1]);
});

test('the median is one of those that came', () => {
  const meter = new Meter();
  assert.equal(meter.medianMs, undefined);
  assert.equal(meter.maxMs, undefined);
  for (const [content, ms] of [['a', 5], ['b', 1], ['c', 9]]) {
    meter.send(content, 0);
    meter.receive(content, ms);
  }
  assert.equal(meter.medianMs, 5);
});

test('faults become a query, flags without a value', () => {
  assert.equal(queryOf([['drop', '1/20'], ['rst', ''], ['header', 'X: a&b']]),
    'drop=1/20&rst&header=X:%20a%26b');
  assert.equal(urlOf(PAGE, 'ws', [['chop', '1']]), 'wss://echo.example:8443/echo?chop=1');
  assert.equal(urlOf(PAGE, 'http', []), 'https://echo.example:8443/echo');
});

test('commands can be pasted into a shell', () => {
  assert.equal(commandOf(PAGE, 'http', [['header', "X: it's"]]),
    "curl -i 'https://echo.example:8443/echo?header=X:%20it%27s'");
  assert.equal(commandOf(PAGE, 'tcp', [['seed', '7']]),
    "printf '?seed=7\\nhello\\n' | nc echo.example 7007");
  assert.equal(commandOf(PAGE, 'tcp', []), "printf 'hello\\n' | nc echo.example 7007");
});
