// The chat page: puts connection, session, state and view together. Start reading here; the
// order of a message is connection.js → session.js → state.js → view.js.

import { byId } from './dom.js';
import { Connection } from './connection.js';
import { Session } from './session.js';
import { State } from './state.js';
import { View } from './view.js';
import { Composer } from './composer.js';
import { Welcome, showChannelInHash } from './welcome.js';
import { COMMANDS, leave, runInput } from './commands.js';

const RENDER_MS = 16; // a burst of messages is drawn once

let renderTimer = 0;

const state = new State(scheduleRender);
const connection = new Connection(new URL('/chat', location.href.replace(/^http/, 'ws')));
const session = new Session(connection, state);
const context = { state, session };

const view = new View(state, {
  activate: (buffer) => {
    state.activate(buffer);
    composer.focus();
  },
  leave: (buffer) => leave(context, buffer),
  setTopic: (buffer, text) => {
    if (!session.send('TOPIC', buffer.name, text))
      state.note(buffer, 'You are not connected. The topic was not changed.', 'error');
  },
  talkTo: (nick) => {
    state.activate(state.open(nick));
    composer.focus();
  },
  retry: () => session.retryNow(),
});

const composer = new Composer({
  submit: (text) => {
    view.toBottom();
    return runInput(context, text);
  },
  candidates: () => [
    ...state.active.sortedMembers('').map((member) => member.nick),
    ...state.list().filter((buffer) => buffer.kind !== 'server').map((buffer) => buffer.name),
    ...Object.keys(COMMANDS).map((name) => `/${name}`),
  ],
});

const welcome = new Welcome((wish) => session.start(wish));

session.onRefused = (refusal) => welcome.refuse(refusal);
session.onPhase = (phase, retryMs) => {
  view.showPhase(phase, retryMs);
  // Before the first welcome of the server, and after /quit, the card is what one sees.
  const isOff = phase === 'off' || state.nick === '';
  welcome.setBusy(phase === 'connecting');
  const wasOff = !byId('welcome').hidden;
  byId('welcome').hidden = !isOff;
  byId('chat').hidden = isOff;
  if (isOff && !wasOff) welcome.focus();
  if (!isOff && wasOff) composer.focus();
};

// By a timer and not an animation frame: those stop in a page in the background, whose title
// still has to count.
function scheduleRender() {
  if (renderTimer === 0) renderTimer = setTimeout(render, RENDER_MS);
}

function render() {
  renderTimer = 0;
  view.render();
  composer.render(state.active, state.nick);
  if (state.active.kind === 'channel') showChannelInHash(state.active.name);
}

function step(offset) {
  const list = state.list();
  const index = list.indexOf(state.active) + offset;
  state.activate(list[(index + list.length) % list.length]);
}

document.addEventListener('keydown', (event) => {
  if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
  event.preventDefault();
  step(event.key === 'ArrowUp' ? -1 : 1);
});
document.addEventListener('visibilitychange', () => state.setVisible(!document.hidden));
window.addEventListener('online', () => session.retryNow());
