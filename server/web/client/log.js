// The lines of the conversation looked at. New lines are added and old ones removed one by one;
// only another conversation (or a moved "new" mark) draws everything again. While the reader is
// at the bottom the log stays there; otherwise it stands still and a button leads down.

import { byId, element } from './dom.js';
import { nickColour, splitLinks } from './text.js';

const SAME_SPEAKER_MS = 5 * 60_000;
const BOTTOM_PX = 40;
const OUTWARD = { target: '_blank', rel: 'noopener noreferrer nofollow' };

const clock = new Intl.DateTimeFormat(undefined,
  { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined,
  { weekday: 'long', day: 'numeric', month: 'long' });

const isTalk = (line) => ['message', 'action', 'notice'].includes(line.kind);

export class Log {
  #scroller = byId('log');
  #list = byId('lines');
  #jump = byId('jump');
  #buffer = null;
  #markerId = 0;
  #last = null; // the last line drawn
  #atBottom = true;

  constructor() {
    this.#scroller.addEventListener('scroll', () => {
      this.#atBottom = this.#distance() < BOTTOM_PX;
      if (this.#atBottom) this.#jump.hidden = true;
    });
    new ResizeObserver(() => this.#stick()).observe(this.#scroller);
    this.#jump.addEventListener('click', () => this.toBottom());
  }

  toBottom() {
    this.#atBottom = true;
    this.#stick();
  }

  render(buffer) {
    const isOther = buffer !== this.#buffer;
    if (isOther || buffer.markerId !== this.#markerId) this.#restart(buffer, isOther);
    const firstId = buffer.lines[0]?.id ?? Infinity;
    while (this.#list.firstChild !== null && this.#list.firstChild.lineId < firstId)
      this.#list.firstChild.remove();

    const lastId = this.#last?.id ?? 0;
    const fresh = buffer.lines.filter((line) => line.id > lastId);
    if (fresh.length === 0) return;
    const nodes = document.createDocumentFragment();
    for (const line of fresh) this.#draw(nodes, line);
    this.#list.append(nodes);
    if (this.#atBottom) this.#stick();
    else if (fresh.some(isTalk)) this.#jump.hidden = false;
  }

  // A whole conversation that appears is not read out; what comes after it is.
  #restart(buffer, isOther) {
    this.#scroller.setAttribute('aria-live', 'off');
    setTimeout(() => this.#scroller.setAttribute('aria-live', 'polite'), 500);
    this.#buffer = buffer;
    this.#markerId = buffer.markerId;
    this.#last = null;
    this.#list.replaceChildren();
    if (isOther) {
      this.#atBottom = true;
      this.#jump.hidden = true;
    }
  }

  #draw(nodes, line) {
    const before = this.#last;
    const isNewDay = before !== null && before.time.toDateString() !== line.time.toDateString();
    const isMarked = line.id === this.#markerId;
    const add = (node) => nodes.append(Object.assign(node, { lineId: line.id }));
    if (isNewDay) add(element('li', { className: 'divider' }, day.format(line.time)));
    if (isMarked) add(element('li', { className: 'divider unread' }, 'New'));
    const continues = !isNewDay && !isMarked && before?.kind === 'message' &&
      line.kind === 'message' && before.from === line.from &&
      line.time - before.time < SAME_SPEAKER_MS;
    add(lineNode(line, continues));
    this.#last = line;
  }

  #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #stick() {
    if (!this.#atBottom) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#jump.hidden = true;
  }
}

function lineNode(line, continues) {
  const classes = ['line', line.kind];
  if (line.own) classes.push('own');
  if (line.mention) classes.push('mention');
  if (continues) classes.push('continued');
  const time = element('time', {
    dateTime: line.time.toISOString(),
    title: fullTime.format(line.time),
  }, clock.format(line.time));
  const from = element('span', { className: 'from' });
  if (isTalk(line)) {
    from.append(element('bdi', { className: `nick nick-${nickColour(line.from)}` }, line.from));
    if (line.kind === 'notice') from.append(element('span', { className: 'tag' }, 'notice'));
  }
  return element('li', { className: classes.join(' ') }, time, from, textNode(line.text));
}

function textNode(text) {
  const node = element('span', { className: 'text', dir: 'auto' });
  for (const { text: piece, href } of splitLinks(text)) {
    if (href === undefined) node.append(piece);
    else node.append(element('a', { href, ...OUTWARD }, piece));
  }
  return node;
}
