// The page /status: listens to the server's events, one each second, and draws what they say.
import { bytes, count, duration, uptime } from './format.js';
import { Plot } from './plot.js';

const REFUSED_RETRY_MS = 5000; // an EventSource that was refused does not try again by itself

const byId = (id) => document.getElementById(id);

let server = null; // what the server said of itself
let samples = [];
let plots = [];

function node(tag, className = '', text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// --- plots ---

const rate = (name, key) => ({ name, value: (sample) => sample[key] });

const ENDS = [
  ['in good order', 'ended_done'],
  ['not let in', 'ended_refused'],
  ['protocol error', 'protocol_errors'],
  ['silent for too long', 'timeouts'],
  ['broken off', 'ended_broken'],
  ['did not take its output', 'evicted'],
  ['took its output too slowly', 'evicted_slow'],
  ['memory was short', 'evicted_memory'],
  ['out of memory', 'out_of_memory'],
  ['the server stops', 'ended_server'],
];

function loopName(i) {
  return server.hub_loop && i === server.loops - 1 ? 'hub' : `loop ${i}`;
}

function makePlots() {
  const common = { spanMs: server.keeps * 1000, onHover: hover };
  const loops = Array.from({ length: server.loops }, (_, i) => i);
  return [
    new Plot({ ...common, title: 'Connections', format: count,
      series: [rate('open', 'connections'), rate('chat sessions', 'sessions')] }),
    new Plot({ ...common, title: 'Messages', unit: 'a second', format: count,
      series: [rate('IRC lines', 'irc_lines'), rate('WebSocket', 'ws_messages'),
        rate('HTTP requests', 'http_requests'), rate('chat, delivered', 'messages_delivered')] }),
    new Plot({ ...common, title: 'Ticks', unit: 'how long one takes, all loops', format: duration,
      isLogarithmic: true,
      series: [0, 1, 2].map((i) => ({ name: ['median', '99 %', 'longest'][i],
        value: (sample) => sample.tick_us[i] })) }),
    new Plot({ ...common, title: 'Lag', unit: 'how late a loop comes to its timers and mail',
      format: duration, isLogarithmic: true,
      series: loops.map((i) => ({ name: loopName(i), value: (sample) => sample.lag_us[i] })) }),
    new Plot({ ...common, title: 'Traffic', unit: 'a second', format: bytes, base: 1024,
      series: [rate('received', 'in_bytes'), rate('sent', 'out_bytes')] }),
    new Plot({ ...common, title: 'Closes', unit: 'a second, by reason', format: count,
      isStacked: true,
      series: ENDS.map(([name, key]) => rate(name, key)) }),
  ];
}

function hover(ms) {
  for (const plot of plots) plot.hover(ms);
}

// --- figures ---

const TILES = [
  ['Connections', (sample) => count(sample.connections)],
  ['Accepted a second', (sample) => count(sample.accepted)],
  ['Received a second', (sample) => count(sample.irc_lines + sample.ws_messages
    + sample.http_requests)],
  ['Delivered a second', (sample) => count(sample.messages_delivered)],
  ['99 % of ticks within', (sample) => (sample.tick_us[1] === null ? '–'
    : duration(sample.tick_us[1]))],
  ['Resident memory', (sample) => bytes(sample.resident_bytes)],
];

function makeTiles() {
  byId('tiles').replaceChildren(...TILES.map(([name]) => {
    const tile = node('div');
    tile.append(node('dt', '', name), node('dd', '', '–'));
    return tile;
  }));
}

function showTiles(sample) {
  const values = byId('tiles').querySelectorAll('dd');
  TILES.forEach(([, text], i) => { values[i].textContent = text(sample); });
}

/** What is true of it for as long as it runs, and for how long it does; null: nobody knows yet. */
function showServer(sample) {
  const own = server.loops - server.hub_loop;
  const facts = [`version ${server.version}`, `process ${server.pid}`,
    `${own} ${own === 1 ? 'loop' : 'loops'}${server.hub_loop ? ' + hub' : ''}`];
  if (sample !== null) {
    facts.push(`up ${uptime(Math.max(0, Math.floor((sample.at_ms - server.started_ms) / 1000)))}`);
  }
  byId('server').replaceChildren(...facts.map((fact) => node('span', '', fact)));
}

/** Names are strangers' words: they go in as text. */
function showChannels({ count: all, busiest }) {
  byId('channel-count').textContent = all === 0 ? '' : `${count(all)} in all`;
  byId('no-channels').hidden = busiest.length > 0;
  const most = busiest.reduce((max, { messages }) => Math.max(max, messages), 0);
  document.querySelector('#channels table').hidden = busiest.length === 0;
  document.querySelector('#channels tbody').replaceChildren(
    ...busiest.map(({ name, members, messages }) => {
      const row = node('tr');
      const said = node('td', 'number');
      const bar = node('span', 'bar');
      bar.style.width = `${most === 0 ? 0 : messages / most * 100}%`;
      const title = node('th', '', name);
      title.scope = 'row';
      title.title = name;
      said.append(bar, node('span', 'value', count(messages)));
      row.append(title, node('td', 'number', count(members)), said);
      return row;
    }));
}

// --- events ---

function show(phase, text) {
  document.body.dataset.phase = phase;
  byId('phase').textContent = text;
}

function showPhase(isDraining) {
  if (isDraining) show('draining', 'Draining: it stops when its clients have left');
  else show('live', 'Live');
}

function onBegin(event) {
  server = JSON.parse(event.data);
  samples = [];
  plots = makePlots();
  for (const figure of byId('plots').querySelectorAll('figure')) figure.remove();
  byId('channels').before(...plots.map((plot) => plot.node));
  makeTiles();
  showServer(null);
  showPhase(server.draining);
  redraw();
}

function keep(more) {
  samples.push(...more);
  samples.splice(0, samples.length - server.keeps);
}

/** What there was before the page was opened, or while it took nothing, comes in slices. The sample
 * that is behind them is the one to draw. */
function onPast(event) {
  keep(JSON.parse(event.data).samples);
}

function onSample(event) {
  const { draining, sample, channels } = JSON.parse(event.data);
  keep([sample]);
  showPhase(draining);
  redraw();
  if (channels !== null) showChannels(channels);
}

function redraw() {
  for (const plot of plots) plot.update(samples);
  if (samples.length === 0) return;
  showServer(samples.at(-1));
  showTiles(samples.at(-1));
}

function listen() {
  const events = new EventSource('/status/events');
  events.addEventListener('begin', onBegin);
  events.addEventListener('past', onPast);
  events.addEventListener('sample', onSample);
  events.addEventListener('error', () => {
    show('lost', 'Connection lost, trying again …');
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, REFUSED_RETRY_MS);
  });
}

listen();
