// A plot of the last minutes: lines, or columns of layers that stand one upon the other, with axes,
// a legend that is also the readout, and a cursor that all plots share. All text goes in as text.
import { linearMarks, logarithmicMarks } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';
const TIME_DROP = 16; // of the time axis below the plot
const CLEARANCE = 60; // between the middles of two of its texts
const MARGIN = { top: 10, right: 12, bottom: 22, left: 58 };
const HEIGHT = 190;
const GAP_MS = 2500; // with no sample for longer, a line is cut
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const MARK_WIDTH = 64; // of the time axis, at least, with the gap to the next
const COLOURS = 10; // of lines; those behind are dashed

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function html(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

const fixed = (number) => number.toFixed(1);

export class Plot {
  /** `series` are {name, value(sample)}, where value may give null. `format` makes text of values.
   * `base` 1024 is for bytes. `spanMs` is the most that is shown; a plot that has less to show
   * begins with a minute. `onHover` is told the time under the pointer, or null. */
  constructor({ title, unit = '', series, format, base = 10, isLogarithmic = false,
    isStacked = false, spanMs, onHover }) {
    Object.assign(this, { format, base, isLogarithmic, isStacked, onHover });
    this.minutesMax = Math.round(spanMs / MINUTE_MS);
    this.samples = [];
    this.times = []; // the texts of the time axis
    this.hoverMs = null;
    this.node = html('figure', 'card');
    const caption = html('figcaption', '', title);
    if (unit !== '') caption.append(' ', html('small', '', unit));
    this.legend = html('ul', 'legend');
    this.svg = svg('svg', { role: 'img', height: HEIGHT });
    this.name = svg('title', {}, title);
    this.description = svg('desc');
    this.grid = svg('g', { class: 'grid' });
    this.shapes = svg('g', { class: isStacked ? 'layers' : 'lines' });
    this.dots = svg('g');
    this.cursor = svg('line', { class: 'cursor', y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
    this.cursorTime = svg('text', { class: 'cursor-time', y: HEIGHT - MARGIN.bottom + TIME_DROP, 'text-anchor': 'middle' });
    this.svg.append(this.name, this.description, this.grid, this.shapes, this.cursor, this.dots,
      this.cursorTime);
    this.node.append(caption, this.svg, this.legend);
    this.setSeries(series);
    this.svg.addEventListener('pointermove', (event) => this.point(event));
    this.svg.addEventListener('pointerdown', (event) => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.onHover(null));
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  setSeries(series) {
    this.series = series.map((one, i) => {
      const colour = `series-${i % COLOURS}${i < COLOURS ? '' : ' again'}`;
      const value = html('span', 'value');
      const item = html('li', colour);
      item.append(html('span', 'name', one.name), value);
      const shape = svg('path', { class: colour });
      const dot = svg('circle', { class: colour, r: 3.5 });
      return { ...one, item, valueNode: value, shape, dot };
    });
    this.legend.replaceChildren(...this.series.map(({ item }) => item));
    // The first layer is drawn last, so that it lies upon those that it is a part of.
    const shapes = this.series.map(({ shape }) => shape);
    this.shapes.replaceChildren(...(this.isStacked ? shapes.reverse() : shapes));
    this.dots.replaceChildren(...(this.isStacked ? [] : this.series.map(({ dot }) => dot)));
  }

  update(samples) {
    this.samples = samples;
    this.draw();
  }

  /** Shows the values of that time; null: the newest. */
  hover(ms) {
    this.hoverMs = ms;
    this.drawReadout();
  }

  point(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left;
    const { left, right } = this.frame();
    if (this.samples.length === 0 || x < left - 8 || x > right + 8) this.onHover(null);
    else this.onHover(this.endMs() - (right - x) / (right - left) * this.minutes() * MINUTE_MS);
  }

  // --- scales ---

  frame() {
    const width = Math.max(this.svg.clientWidth, 200);
    return { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top,
      bottom: HEIGHT - MARGIN.bottom };
  }

  endMs() {
    return this.samples.at(-1)?.at_ms ?? 0;
  }

  /** How many are shown. */
  minutes() {
    const age = this.endMs() - (this.samples[0]?.at_ms ?? 0);
    return Math.min(Math.max(Math.ceil(age / MINUTE_MS), 1), this.minutesMax);
  }

  x(ms) {
    const { left, right } = this.frame();
    const share = (this.endMs() - ms) / (this.minutes() * MINUTE_MS);
    return right - Math.min(share, 1) * (right - left);
  }

  /** What is drawn of each sample: one value for each series; in layers, the sums up to it. */
  columns() {
    return this.samples.map((sample) => {
      let sum = 0;
      return this.series.map(({ value }) => {
        const own = value(sample);
        if (!this.isStacked) return own;
        sum += own ?? 0;
        return sum;
      });
    });
  }

  fitScale(columns) {
    const values = columns.flat().filter((value) => value !== null);
    const max = values.reduce((most, value) => Math.max(most, value), 0);
    const { top, bottom } = this.frame();
    if (this.isLogarithmic) {
      const min = values.reduce((least, value) => Math.min(least, value), Infinity);
      this.marks = logarithmicMarks(values.length === 0 ? 1 : min, max);
      const [low, high] = [this.marks[0], this.marks.at(-1)].map(Math.log10);
      this.y = (value) => bottom
        - (Math.log10(Math.max(value, this.marks[0])) - low) / (high - low) * (bottom - top);
    } else {
      this.marks = linearMarks(max, this.base);
      this.y = (value) => bottom - value / this.marks.at(-1) * (bottom - top);
    }
  }

  // --- drawing ---

  draw() {
    const columns = this.columns();
    this.fitScale(columns);
    this.drawGrid();
    this.series.forEach(({ shape }, i) => {
      const values = columns.map((column) => column[i]);
      shape.setAttribute('d', this.isStacked ? this.layer(values) : this.line(values));
    });
    if (this.isStacked) this.hideEmptyLayers();
    this.drawReadout();
  }

  /** Marks of one axis have one unit, unless they are powers. */
  markText(mark) {
    return mark === 0 || this.isLogarithmic ? this.format(mark)
      : this.format(mark, this.marks.at(-1));
  }

  /** There may be many, of which few are ever seen; the first stays. */
  hideEmptyLayers() {
    this.series.forEach(({ item, value }, i) => {
      item.hidden = i > 0 && this.samples.every((sample) => !value(sample));
    });
  }

  /** How old what stands at each mark of the time axis is. */
  ages() {
    const { left, right } = this.frame();
    const minutes = this.minutes();
    const least = minutes * MINUTE_MS * MARK_WIDTH / (right - left);
    const step = [15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS]
      .find((ms) => ms >= least && (ms >= MINUTE_MS || minutes === 1)) ?? minutes * MINUTE_MS;
    return Array.from({ length: Math.floor(minutes * MINUTE_MS / step) + 1 }, (_, i) => i * step);
  }

  drawGrid() {
    const { left, right, bottom } = this.frame();
    this.svg.setAttribute('viewBox', `0 0 ${right + MARGIN.right} ${HEIGHT}`);
    const rows = this.marks.flatMap((mark) => {
      const y = fixed(this.y(mark));
      return [svg('line', { x1: left, x2: right, y1: y, y2: y }),
        svg('text', { x: left - 8, y, dy: '0.32em', 'text-anchor': 'end' }, this.markText(mark))];
    });
    this.times = this.ages().map((ms) => {
      const x = right - ms / (this.minutes() * MINUTE_MS) * (right - left);
      const text = ms % MINUTE_MS === 0 ? `−${ms / MINUTE_MS} min` : `−${ms / SECOND_MS} s`;
      const anchor = x - left < 1 ? 'start' : 'middle';
      return svg('text', { x: fixed(x), y: bottom + TIME_DROP,
        'text-anchor': ms === 0 ? 'end' : anchor }, ms === 0 ? 'now' : text);
    });
    this.grid.replaceChildren(...rows, ...this.times);
  }

  /** Each run of samples without a gap, as the indices [from, to). */
  runs(values) {
    const runs = [];
    let from = 0;
    for (let i = 0; i <= values.length; i++) {
      const isCut = i === values.length || values[i] === null
        || (i > from && this.samples[i].at_ms - this.samples[i - 1].at_ms > GAP_MS);
      if (!isCut) continue;
      if (i > from) runs.push([from, i]);
      from = values[i] === null ? i + 1 : i;
    }
    return runs;
  }

  pointAt(values, i) {
    return `${fixed(this.x(this.samples[i].at_ms))} ${fixed(this.y(values[i]))}`;
  }

  path(values, [from, to]) {
    const points = [];
    for (let i = from; i < to; i++) points.push(this.pointAt(values, i));
    return points.length === 1 ? `M${points[0]}h0.1` : `M${points.join('L')}`;
  }

  line(values) {
    return this.runs(values).map((run) => this.path(values, run)).join('');
  }

  /** Each sample is a column, as wide as the second that it is of. */
  layer(values) {
    const { bottom } = this.frame();
    return this.runs(values).map(([from, to]) => {
      let path = `M${fixed(this.x(this.samples[from].at_ms - SECOND_MS))} ${bottom}`;
      for (let i = from; i < to; i++) {
        path += `V${fixed(this.y(values[i]))}H${fixed(this.x(this.samples[i].at_ms))}`;
      }
      return `${path}V${bottom}Z`;
    }).join('');
  }

  /** The sample under the pointer, or the newest. */
  shown() {
    if (this.hoverMs === null || this.samples.length === 0) return this.samples.at(-1);
    return this.samples.reduce((best, sample) => (
      Math.abs(sample.at_ms - this.hoverMs) < Math.abs(best.at_ms - this.hoverMs) ? sample : best));
  }

  drawReadout() {
    const sample = this.shown();
    const isHovered = this.hoverMs !== null && sample !== undefined;
    this.svg.classList.toggle('hovered', isHovered);
    const said = [];
    for (const one of this.series) {
      const value = sample === undefined ? null : one.value(sample);
      const text = value === null ? '–' : this.format(value);
      one.valueNode.textContent = text;
      said.push(`${one.name}: ${text}`);
      one.dot.setAttribute('visibility', isHovered && value !== null ? 'visible' : 'hidden');
      if (isHovered && value !== null) {
        one.dot.setAttribute('cx', fixed(this.x(sample.at_ms)));
        one.dot.setAttribute('cy', fixed(this.y(value)));
      }
    }
    this.description.textContent = said.join(', ');
    if (isHovered) this.drawCursor(sample);
    this.clearWay(isHovered ? Number(this.cursorTime.getAttribute('x')) : null);
  }

  drawCursor(sample) {
    const { left, right } = this.frame();
    const x = this.x(sample.at_ms);
    this.cursor.setAttribute('x1', fixed(x));
    this.cursor.setAttribute('x2', fixed(x));
    this.cursorTime.setAttribute('x', fixed(Math.min(Math.max(x, left + 26), right - 26)));
    this.cursorTime.textContent = new Date(sample.at_ms)
      .toLocaleTimeString([], { hourCycle: 'h23' });
  }

  /** Marks of the time axis that the cursor's own time would stand upon; null: there is none. */
  clearWay(x) {
    for (const mark of this.times) {
      const isCovered = x !== null && Math.abs(Number(mark.getAttribute('x')) - x) < CLEARANCE;
      mark.setAttribute('visibility', isCovered ? 'hidden' : 'visible');
    }
  }
}
