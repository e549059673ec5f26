// Figures as people read them, and the steps of an axis. No DOM.

const rounded = (value) => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
};

/** Text of a value in the largest of the units that `like` reaches; a unit is [its name, the least
 * value that it is for, its size], the largest first. */
function inUnits(units, value, like) {
  const [name, , size] = units.find(([, least]) => Math.abs(like) >= least * 0.9995) ?? units.at(-1);
  return `${rounded(value / size)}${name}`;
}

const unit = (name, least, size = least) => [name, least, size];
const COUNT = [unit(' G', 1e9), unit(' M', 1e6), unit(' k', 1e4, 1e3), unit('', 1)];
const BYTES = [unit(' GiB', 2 ** 30), unit(' MiB', 2 ** 20), unit(' KiB', 2 ** 10), unit(' B', 1)];
const MICROSECONDS = [unit(' s', 1e6), unit(' ms', 1e3), unit(' µs', 1)];

/** "812", "1234", "56.7 k". All three: in the unit that would be right for `like`. */
export const count = (value, like = value) => inUnits(COUNT, value, like);
export const bytes = (value, like = value) => inUnits(BYTES, value, like);
/** Of microseconds: "870 µs", "1.25 ms". */
export const duration = (value, like = value) => inUnits(MICROSECONDS, value, like);

/** Of seconds: "3 d 4 h", "2 h 5 min", "1 min 5 s", "42 s". */
export function uptime(seconds) {
  const parts = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0 s';
  let rest = seconds;
  return parts.slice(first, first + 2).map(([name, size]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return `${n} ${name}`;
  }).filter((text, i) => i === 0 || !text.startsWith('0 ')).join(' ');
}

/** The marks of an axis from 0 that holds `max`: at most five steps of 1, 2 or 5 times a power of
 * ten (of `base` 1024: of two). The last mark is the axis's end. */
export function linearMarks(max, base = 10) {
  const least = Math.max(max, 1) / 4.5;
  const size = base === 10 ? 10 ** Math.floor(Math.log10(least)) : 2 ** Math.floor(Math.log2(least));
  const factors = base === 10 ? [1, 2, 5, 10] : [1, 2];
  const step = Math.max(1, factors.map((f) => f * size).find((s) => s >= least * 0.999));
  const marks = [];
  for (let i = 0; i < 2 || marks.at(-1) < max; i++) marks.push(i * step);
  return marks;
}

/** The powers of ten around [min, max], two at least. */
export function logarithmicMarks(min, max) {
  const first = Math.floor(Math.log10(Math.max(min, 1)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(max, 1))));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
