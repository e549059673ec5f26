// The page at / in a real browser against the real daemon: people join, talk, err and come back.
// SCREENSHOTS=DIRECTORY keeps pictures of it.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { startDaemon } from './daemon.mjs';
import { connect, conversation, launchBrowser, line, member, openPage, type } from './page.mjs';

let browser;
let daemon;
let complaints = [];

before(async () => {
  [browser, daemon] = await Promise.all([launchBrowser(), startDaemon()]);
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  assert.deepEqual(complaints.splice(0), [], 'the browser complained');
});

const open = (hash, options) => openPage(browser, daemon.address, { hash, complaints, ...options });

/** Opens a page and joins the channel. */
async function join(nick, channel, options) {
  const page = await open(channel, options);
  await connect(page, nick);
  await line(page, `${nick} joined`).waitFor();
  return page;
}

async function picture(page, name) {
  const directory = process.env.SCREENSHOTS;
  if (directory !== undefined) await page.screenshot({ path: path.join(directory, `${name}.png`) });
}

test('the page comes with a strict policy and is checked again by its tag', async () => {
  const url = `http://${daemon.address}/`;
  const response = await fetch(url);
  assert.equal(response.status, 200);
  const policy = response.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'"])
    assert.ok(policy.includes(part), policy);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  await response.text();
  const again = await fetch(url, { headers: { 'If-None-Match': response.headers.get('etag') } });
  assert.equal(again.status, 304);
});

test('two people join a channel, see each other and talk', async () => {
  const ada = await join('ada', '#talk');
  const bob = await join('bob', '#talk');
  await line(ada, 'bob joined').waitFor();
  for (const page of [ada, bob]) {
    await member(page, 'ada').waitFor();
    await member(page, 'bob').waitFor();
    await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
  }
  await member(bob, '@').waitFor(); // who made the channel is its operator

  await type(ada, 'Good evening, bob!');
  await line(ada, 'Good evening').and(ada.locator('.own')).waitFor();
  await line(bob, 'Good evening').and(bob.locator('.mention')).waitFor();
  await type(bob, '/me sits down');
  await line(ada, 'sits down').and(ada.locator('.action')).waitFor();
  await picture(ada, 'talk-light');
  await ada.emulateMedia({ colorScheme: 'dark' });
  await picture(ada, 'talk-dark');

  await bob.context().close();
  await line(ada, 'bob quit').waitFor();
  await member(ada, 'bob').waitFor({ state: 'detached' });
});

test('an operator changes the topic by clicking on it, and others see it', async () => {
  const ada = await join('ada', '#topics');
  const bob = await join('bob', '#topics');
  await ada.getByRole('button', { name: 'Set a topic' }).click();
  await ada.getByRole('textbox', { name: 'Topic' }).fill('Forty boards, one master');
  await ada.keyboard.press('Enter');
  await bob.getByRole('button', { name: 'Forty boards, one master' }).waitFor();
  await line(bob, 'ada changed the topic').waitFor();
  assert.equal(await bob.getByRole('button', { name: 'Forty boards' }).isDisabled(), true);
});

test('an error of a channel is said in the channel', async () => {
  await join('ada', '#errors');
  const bob = await join('bob', '#errors');
  await type(bob, '/topic mine');
  await line(bob, 'Only operators of #errors may do that.').and(bob.locator('.error')).waitFor();
  await type(bob, '/raw PRIVMSG nobody-here :hm');
  await line(bob, 'There is nobody called nobody-here here.').waitFor();
  await type(bob, '/frob');
  await line(bob, 'There is no command /frob.').waitFor();
  assert.equal(await bob.getByRole('textbox', { name: 'Message' }).inputValue(), '/frob');
});

test('a bad nickname is said at its field, and another one may be tried', async () => {
  const page = await open('#lobby');
  await connect(page, '9lives');
  await page.getByRole('alert').filter({ hasText: '“9lives” cannot be a nickname' }).waitFor();
  await picture(page, 'bad-nick');
  await connect(page, 'nine');
  await line(page, 'nine joined').waitFor();
});

test('a nickname that is taken gets an underscore', async () => {
  await join('ada', '#taken');
  const other = await open('#taken');
  await connect(other, 'ada');
  await line(other, 'ada_ joined').waitFor();
  await conversation(other, /^(?!#)/).first().getByRole('button').first().click();
  await line(other, 'The nickname ada is taken; you are ada_.').first().waitFor();
});

test('private talk is counted until it is read', async () => {
  const ada = await join('ada', '#private');
  const bob = await join('bob', '#private');
  await type(bob, '/msg ada psst');
  await conversation(ada, 'bob').getByText('1 unread').waitFor();
  assert.match(await ada.title(), /^\(1\)/);
  await conversation(ada, 'bob').getByRole('button', { name: /^bob/ }).click();
  await line(ada, 'psst').waitFor();
  await conversation(ada, 'bob').getByText('unread').waitFor({ state: 'detached' });
  await type(ada, 'yes?');
  await line(bob, 'yes?').waitFor();
});

test('what people write is text, and links lead out safely', async () => {
  const ada = await join('ada', '#safe');
  await type(ada, '<img src=x onerror=alert(1)> javascript:alert(1) https://a.example/?q=<b>');
  const said = line(ada, '<img src=x onerror=alert(1)>');
  await said.waitFor();
  assert.equal(await said.locator('img, b').count(), 0);
  const links = said.getByRole('link');
  assert.equal(await links.count(), 1);
  assert.equal(await links.getAttribute('href'), 'https://a.example/?q=');
  assert.match(await links.getAttribute('rel'), /noopener/);
});

test('the input completes names and brings back what was typed', async () => {
  const ada = await join('ada', '#input');
  await join('bobby', '#input');
  await member(ada, 'bobby').waitFor();
  const input = ada.getByRole('textbox', { name: 'Message' });
  await input.fill('bo');
  await input.press('Tab');
  assert.equal(await input.inputValue(), 'bobby: ');
  await input.pressSequentially('hi');
  await input.press('Enter');
  await line(ada, 'bobby: hi').waitFor();
  await input.press('ArrowUp');
  assert.equal(await input.inputValue(), 'bobby: hi');
});

test('the log stays at the bottom, unless somebody reads further up', async () => {
  const ada = await join('ada', '#scroll', { viewport: { width: 1100, height: 320 } });
  const bob = await join('bob', '#scroll');
  for (let i = 0; i < 4; i++) await type(bob, `line ${i} a\nb\nc`);
  await line(ada, 'line 3').waitFor();
  const atBottom = () => ada.waitForFunction(() => {
    const node = document.getElementById('log');
    return node.scrollTop > 0 && node.scrollHeight - node.scrollTop - node.clientHeight < 2;
  });
  await atBottom();
  await ada.getByRole('log').evaluate((node) => node.scrollTo(0, 0));
  await type(bob, 'one more');
  await ada.getByRole('button', { name: /New messages/ }).click();
  await atBottom();
});

test('a narrow page keeps the lists in drawers', async () => {
  const ada = await join('ada', '#narrow', { viewport: { width: 390, height: 780 } });
  await type(ada, 'Hello from the small screen');
  await line(ada, 'small screen').waitFor();
  await picture(ada, 'narrow');
  assert.equal(await member(ada, 'ada').isVisible(), false);
  await ada.getByRole('button', { name: /1 here/ }).click();
  await member(ada, 'ada').waitFor({ state: 'visible' });
  await ada.keyboard.press('Escape');
  await ada.getByRole('button', { name: 'Conversations' }).click();
  await conversation(ada, '#narrow').waitFor({ state: 'visible' });
});

test('leaving and quitting', async () => {
  const ada = await join('ada', '#leave');
  await type(ada, '/join #second');
  await ada.getByRole('heading', { name: '#second' }).waitFor();
  await ada.getByRole('button', { name: 'Leave #leave' }).click();
  await conversation(ada, '#leave').waitFor({ state: 'detached' });
  await type(ada, '/quit');
  await ada.getByRole('button', { name: 'Join the chat' }).waitFor();
  assert.equal(await ada.getByLabel('Nickname').inputValue(), 'ada');
});

// The last one, since it stops the daemon of the others.
test('when the server restarts the page comes back to its channels', async () => {
  const ada = await join('ada', '#again');
  const bob = await join('bob', '#again');
  const { port } = daemon;
  await daemon.stop();
  await ada.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
  await line(ada, 'The connection is lost').waitFor();
  await type(ada, 'anybody?');
  await line(ada, 'You are not connected. Nothing was sent.').waitFor();
  await picture(ada, 'lost');

  daemon = await startDaemon(port);
  for (const page of [ada, bob]) {
    await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
    await member(page, 'ada').waitFor();
    await member(page, 'bob').waitFor();
  }
  await type(ada, 'back again');
  await line(bob, 'back again').waitFor();
});
