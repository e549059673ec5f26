// The page around the log: conversations, heading with the topic, members, connection state.
// It draws what the state says and reports what the person does; it decides nothing.

import { byId, element, showText } from './dom.js';
import { foldCase } from './irc.js';
import { nickColour } from './text.js';
import { Log } from './log.js';

const MEMBERS_SHOWN_MAX = 500;
const RANK_NAMES = { '@': 'operator', '+': 'has voice' };

export class View {
  #state;
  #actions;
  #log = new Log();
  #members = { buffer: null, version: -1 };
  #conversations = ''; // what the list was drawn from last
  #countdown = 0;

  /** `actions`: activate(buffer), leave(buffer), setTopic(text), talkTo(nick), retry(). */
  constructor(state, actions) {
    this.#state = state;
    this.#actions = actions;
    byId('retry').addEventListener('click', actions.retry);
    this.#wireDrawers();
    this.#wireTopic();
  }

  render() {
    this.#renderBuffers();
    this.#renderHeading();
    this.#renderMembers();
    this.#log.render(this.#state.active);
  }

  /** `phase` as in Session; a wait counts down, as text for eyes only. */
  showPhase(phase, retryMs) {
    clearInterval(this.#countdown);
    byId('chat').dataset.phase = phase;
    byId('retry').hidden = phase !== 'waiting';
    const texts = { connecting: 'Connecting…', online: 'Connected', off: 'Not connected' };
    byId('status').textContent = texts[phase] ?? 'Connection lost';
    if (phase !== 'waiting') return;

    const until = Date.now() + retryMs;
    const rest = element('small', { 'aria-hidden': 'true' });
    const tick = () => {
      rest.textContent = `Next try in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s`;
    };
    tick();
    byId('status').append(rest);
    this.#countdown = setInterval(tick, 1000);
  }

  toBottom() {
    this.#log.toBottom();
  }

  #renderBuffers() {
    const buffers = this.#state.list();
    const { active } = this.#state;
    const drawn = JSON.stringify(buffers.map((buffer) => [buffer.name, buffer.kind, buffer.joined,
      buffer.unread, buffer.mentioned, buffer === active]));
    if (drawn === this.#conversations) return; // the keyboard's focus stays where it is
    this.#conversations = drawn;

    const list = byId('buffers');
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...buffers.map((buffer) => this.#bufferNode(buffer)));
    if (focused) list.querySelector('[aria-current] .open')?.focus();

    const unread = buffers.reduce((sum, buffer) => sum + buffer.unread, 0);
    const elsewhere = byId('elsewhere');
    showText(elsewhere, unread === 0 ? '' : shortCount(unread));
    elsewhere.classList.toggle('mention', buffers.some((buffer) => buffer.mentioned));
    const where = active.kind === 'server' ? '' : `${active.name} – `;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${where}simul chat`;
  }

  #bufferNode(buffer) {
    const open = element('button', { className: 'open' },
      element('span', { className: 'name' }, buffer.name));
    if (buffer.unread > 0) {
      open.append(element('span', { className: buffer.mentioned ? 'badge mention' : 'badge' },
        shortCount(buffer.unread), element('span', { className: 'hidden-text' }, ' unread')));
    }
    open.addEventListener('click', () => {
      this.#actions.activate(buffer);
      this.#openDrawer('none');
    });
    const node = element('li', { className: buffer.kind }, open);
    if (buffer === this.#state.active) node.setAttribute('aria-current', 'true');
    if (buffer.kind === 'channel' && !buffer.joined) node.classList.add('away');
    if (buffer.kind !== 'server') {
      const label = `${buffer.kind === 'channel' ? 'Leave' : 'Close'} ${buffer.name}`;
      const leave = element('button', { className: 'leave', title: label, ariaLabel: label }, '×');
      leave.addEventListener('click', () => this.#actions.leave(buffer));
      node.append(leave);
    }
    return node;
  }

  #renderHeading() {
    const { active } = this.#state;
    const canSet = this.#state.canSetTopic(active);
    const topic = byId('topic');
    byId('title').textContent = active.name;
    topic.textContent = active.topic || (canSet ? 'Set a topic' : '');
    topic.classList.toggle('empty', active.topic === '');
    topic.disabled = !canSet;
    topic.title = active.topic + (canSet ? ' (click to change)' : '');
    topic.hidden = active.kind !== 'channel' || !byId('topic-form').hidden;
    byId('chat').dataset.kind = active.kind;
  }

  #renderMembers() {
    const { active } = this.#state;
    const drawn = this.#members;
    if (drawn.buffer === active && drawn.version === active.membersVersion) return;
    this.#members = { buffer: active, version: active.membersVersion };

    const count = String(active.members.size);
    byId('member-count').textContent = count;
    byId('member-count-short').textContent = `${count} here`;
    const members = active.sortedMembers(this.#state.symbols);
    byId('member-list').replaceChildren(
      ...members.slice(0, MEMBERS_SHOWN_MAX).map((member) => this.#memberNode(member)));
    const more = members.length - MEMBERS_SHOWN_MAX;
    showText(byId('members-more'), more > 0 ? `and ${more} more` : '');
  }

  #memberNode({ nick, prefixes }) {
    const symbol = prefixes.slice(0, 1);
    const rank = RANK_NAMES[symbol];
    const button = element('button', { title: `Talk to ${nick}` },
      element('span', { className: 'prefix', 'aria-hidden': 'true' }, symbol),
      element('bdi', { className: `nick nick-${nickColour(nick)}` }, nick));
    if (rank !== undefined)
      button.append(element('span', { className: 'hidden-text' }, `, ${rank}`));
    if (foldCase(nick) === foldCase(this.#state.nick)) button.disabled = true;
    button.addEventListener('click', () => {
      this.#actions.talkTo(nick);
      this.#openDrawer('none');
    });
    return element('li', {}, button);
  }

  #wireTopic() {
    const [topic, form, input] = ['topic', 'topic-form', 'topic-input'].map(byId);
    let edited = null; // the channel, should another one be looked at meanwhile
    const close = () => {
      form.hidden = true;
      edited = null;
      this.#renderHeading();
    };
    topic.addEventListener('click', () => {
      edited = this.#state.active;
      input.maxLength = this.#state.limit('TOPICLEN', 390);
      input.value = edited.topic;
      form.hidden = false;
      topic.hidden = true;
      input.focus();
      input.select();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (input.value !== edited.topic) this.#actions.setTopic(edited, input.value);
      close();
      topic.focus();
    });
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      close();
      topic.focus();
    });
    input.addEventListener('blur', () => {
      if (!form.hidden) close();
    });
  }

  // On a narrow page the lists are drawers over the conversation.
  #wireDrawers() {
    byId('show-sidebar').addEventListener('click', () => this.#openDrawer('sidebar'));
    byId('show-members').addEventListener('click', () => this.#openDrawer('members'));
    byId('scrim').addEventListener('click', () => this.#openDrawer('none'));
    byId('chat').addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#openDrawer('none');
    });
  }

  #openDrawer(name) {
    const before = byId('chat').dataset.drawer;
    byId('chat').dataset.drawer = name;
    for (const drawer of ['sidebar', 'members'])
      byId(`show-${drawer}`).setAttribute('aria-expanded', String(drawer === name));
    if (name !== 'none') byId(name).querySelector('button:enabled')?.focus();
    else if (before !== 'none') byId(`show-${before}`).focus();
  }
}

function shortCount(count) {
  return count > 99 ? '99+' : String(count);
}
