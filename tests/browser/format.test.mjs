// How /status writes figures and divides its axes: format.js, under node.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { bytes, count, duration, linearMarks, logarithmicMarks, uptime }
  from '../../server/web/admin/status/format.js';

test('figures have three digits at most, and a unit', () => {
  assert.deepEqual([0, 1, 0.123456, 9.999, 812, 1234, 9990, 56_700, 3.2e6, 4e9].map((n) => count(n)),
    ['0', '1', '0.12', '10', '812', '1234', '9990', '56.7 k', '3.2 M', '4 G']);
  assert.deepEqual([0, 900, 1024, 1536, 10 * 2 ** 20, 2 ** 31].map((n) => bytes(n)),
    ['0 B', '900 B', '1 KiB', '1.5 KiB', '10 MiB', '2 GiB']);
  assert.deepEqual([0, 0.5, 870, 1250, 61_000, 2e6].map((n) => duration(n)),
    ['0 µs', '0.5 µs', '870 µs', '1.25 ms', '61 ms', '2 s']);
});

test('what is all but a unit is one', () => {
  assert.equal(duration(999.9), '1 ms');
  assert.equal(bytes(1023.9), '1 KiB');
});

test('the marks of an axis have one unit', () => {
  assert.deepEqual([0, 5000, 10_000].map((n) => count(n, 10_000)), ['0 k', '5 k', '10 k']);
});

test('times have two parts, and the second is none when it is nought', () => {
  assert.deepEqual([0, 42, 65, 120, 7505, 90_000, 86_400 * 400 + 59].map(uptime),
    ['0 s', '42 s', '1 min 5 s', '2 min', '2 h 5 min', '1 d 1 h', '400 d']);
});

test('a linear axis has two to six round marks that hold all', () => {
  for (const max of [0, 0.3, 1, 2, 3, 7, 10, 11, 99, 101, 1234, 5e6, 7.7e9]) {
    for (const base of [10, 1024]) {
      const marks = linearMarks(max, base);
      assert.equal(marks[0], 0);
      assert.ok(marks.length >= 2 && marks.length <= 6, `${max}: ${marks}`);
      assert.ok(marks.at(-1) >= max && marks.at(-1) < 2.5 * Math.max(max, 1), `${max}: ${marks}`);
      assert.ok(marks.every((mark) => Number.isInteger(mark)), `${max}: ${marks}`);
    }
  }
  assert.deepEqual(linearMarks(23), [0, 10, 20, 30]);
  assert.deepEqual(linearMarks(3 * 2 ** 20, 1024), [0, 1, 2, 3].map((n) => n * 2 ** 20));
});

test('a logarithmic axis has the powers of ten around', () => {
  assert.deepEqual(logarithmicMarks(3, 450), [1, 10, 100, 1000]);
  assert.deepEqual(logarithmicMarks(10, 10), [10, 100]);
  assert.deepEqual(logarithmicMarks(0.2, 0), [1, 10]);
});
