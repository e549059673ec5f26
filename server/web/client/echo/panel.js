// The panel of /echo/help: chooses faults, sends, and shows what comes back. The faults themselves
// are the server's table, rendered into the page; here nothing is known of any of them. Start
// reading here; target.js makes the address, wire.js speaks, meter.js judges, events.js shows.

import { byId } from '../dom.js';
import { Events, preview } from './events.js';
import { Meter } from './meter.js';
import { commandOf, urlOf } from './target.js';
import { Request, Socket } from './wire.js';

const events = new Events(showFigures);
let meter = new Meter();
let wire; // the Socket or Request in use; undefined: there is none
let queue = []; // of HTTP: bodies whose turn comes when the request before them is answered

const endpoint = () => byId('target').elements.on.value;

function chosenFaults() {
  const isChosen = (input) => (input.type === 'checkbox' ? input.checked : input.value !== '');
  return [...byId('faults').elements].filter((input) => !input.disabled && isChosen(input))
    .map((input) => [input.name, input.type === 'checkbox' ? '' : input.value]);
}

// --- what is shown ---

function showTarget() {
  const on = endpoint();
  for (const fault of document.querySelectorAll('.fault')) {
    const isHere = fault.dataset.on.split(' ').includes(on);
    fault.classList.toggle('elsewhere', !isHere);
    fault.querySelector('input').disabled = !isHere;
  }
  byId('command').textContent = commandOf(location.href, on, chosenFaults());
  byId('by-hand').hidden = on !== 'tcp';
  byId('live').hidden = on === 'tcp';
  byId('connect').hidden = on !== 'ws';
  showButtons();
}

function showButtons() {
  byId('connect').textContent = wire === undefined ? 'Connect' : 'Disconnect';
  const canSend = endpoint() === 'ws' ? wire?.isOpen === true : wire === undefined;
  for (const id of ['send', 'send-burst']) byId(id).disabled = !canSend;
}

function showFigures() {
  const figures = {
    sent: meter.sent, back: meter.received, missing: meter.missing, twice: meter.twice,
    altered: meter.altered, overtaken: meter.overtaken,
    median: meter.medianMs?.toFixed(1) ?? '–', max: meter.maxMs?.toFixed(1) ?? '–',
  };
  for (const [name, value] of Object.entries(figures)) {
    byId(`figure-${name}`).textContent = value;
    byId(`figure-${name}`).toggleAttribute('data-zero', value === 0 || value === '–');
  }
}

// --- sending ---

/** Begins anew with the faults as they are chosen now. */
function begin() {
  meter = new Meter();
  events.begin();
}

function end(text, isGood) {
  events.add(isGood ? 'good' : 'bad', text);
  byId('status').textContent = text;
  wire = undefined;
  showButtons();
}

function received(data, text = preview(data)) {
  const { verdict, latencyMs } = meter.receive(contentOf(data), performance.now());
  events.add('back', text, { bytes: bytesOf(data).length, latencyMs, verdict });
}

function connect() {
  if (!byId('faults').reportValidity()) return;
  begin();
  const url = urlOf(location.href, 'ws', chosenFaults());
  byId('status').textContent = 'Connecting…';
  wire = new Socket(url, {
    open: () => {
      events.add('event', `connected to ${url}`);
      byId('status').textContent = 'Connected';
      showButtons();
    },
    message: received,
    end,
  });
  showButtons();
}

function sendAll(messages) {
  if (endpoint() === 'http') {
    if (!byId('faults').reportValidity()) return;
    queue = messages.map(bytesOf);
    begin();
    requestNext();
    return;
  }
  for (const message of messages) {
    meter.send(contentOf(message), performance.now());
    events.add('sent', preview(message), { bytes: bytesOf(message).length });
    wire.send(message);
  }
}

/** What is empty is a GET, and so cannot come back. */
function requestNext() {
  const body = queue.shift();
  const isPost = body.length > 0;
  if (isPost) meter.send(contentOf(body), performance.now());
  events.add('sent', isPost ? `POST ${preview(body)}` : 'GET', { bytes: body.length });
  byId('status').textContent = 'Waiting for the answer…';
  wire = new Request(urlOf(location.href, 'http', chosenFaults()), isPost ? body : undefined, {
    open: (text) => events.add('event', text),
    part: (bytes) => events.add('event', preview(bytes), { bytes: bytes.length }),
    message: (bytes) => isPost && received(bytes, 'the whole of it'),
    end: (text, isGood) => {
      end(text, isGood);
      if (queue.length > 0) requestNext();
    },
  });
  showButtons();
}

/** Each begins with its number, so that no two are alike. */
function burst(count, bytes, isBinary) {
  return Array.from({ length: count }, (_, i) => {
    const text = `#${i + 1} `.padEnd(bytes, '.').slice(0, bytes);
    return isBinary ? bytesOf(text) : text;
  });
}

function bytesOf(data) {
  return typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
}

/** A text that is the same for the same message only; text and bytes are never the same. */
function contentOf(data) {
  if (typeof data === 'string') return `t${data}`;
  return `b${new TextDecoder('latin1').decode(data)}`;
}

// --- what people do ---

function onSubmit(id, act) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}

byId('faults').addEventListener('input', showTarget);
byId('target').addEventListener('change', () => {
  wire?.close();
  queue = [];
  showTarget();
});
byId('clear').addEventListener('click', () => {
  byId('faults').reset();
  showTarget();
});
byId('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('command').textContent);
  byId('copy').textContent = 'Copied';
  setTimeout(() => { byId('copy').textContent = 'Copy'; }, 1500);
});
byId('connect').addEventListener('click', () => (wire === undefined ? connect() : wire.close()));
byId('faults').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  if (endpoint() === 'ws' && wire === undefined) connect();
});
onSubmit('message', () => {
  if (!byId('send').disabled) sendAll([byId('text').value]);
});
onSubmit('burst', () => sendAll(burst(byId('burst-count').valueAsNumber,
  byId('burst-bytes').valueAsNumber, byId('binary').checked)));

byId('self').textContent = location.href;
showTarget();
showFigures();
