// The page /echo/help in a real browser against the real daemon: people choose faults, send, and see
// what comes back. SCREENSHOTS=DIRECTORY keeps pictures of it.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { startDaemon } from './daemon.mjs';
import { launchBrowser, openPage } from './page.mjs';

// What Chromium says of answers that are no success, or are cut off: here they are wanted.
const provoked = /^Failed to load resource/;

let browser;
let daemon;
let complaints = [];

before(async () => {
  [browser, daemon] = await Promise.all([launchBrowser(),
    startDaemon(0, 'echo.faults=on', 'echo.commands=on')]);
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  assert.deepEqual(complaints.splice(0), [], 'the browser complained');
});

const open = (options, address = daemon.address) =>
  openPage(browser, address, { path: 'echo/help', complaints, provoked, ...options });

const button = (page, name) => page.getByRole('button', { name, exact: true });
const messageInput = (page) => page.getByLabel('Message', { exact: true });
const event = (page, text) =>
  page.getByRole('log').getByRole('listitem').filter({ hasText: text });
const figure = (page, name) =>
  page.locator('#figures div').filter({ has: page.getByText(name, { exact: true }) }).locator('dd');

/** Fills in faults: numbers and texts, or true for a checkbox. */
async function choose(page, faults) {
  for (const [name, value] of Object.entries(faults)) {
    const input = page.locator(`.fault input[name="${name}"]`);
    await (value === true ? input.check() : input.fill(String(value)));
  }
}

async function connect(page) {
  await button(page, 'Connect').click();
  await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
}

/** Sends that many at once, and waits until so many have come back. */
async function burst(page, count, back) {
  await page.getByLabel('Burst of').fill(String(count));
  await button(page, 'Send burst').click();
  await figure(page, 'back').filter({ hasText: new RegExp(`^${back}$`) }).waitFor();
}

async function picture(page, name) {
  const directory = process.env.SCREENSHOTS;
  if (directory !== undefined) await page.screenshot({ path: path.join(directory, `${name}.png`) });
}

// --- the table ---

test('the page has a row for every fault of the table', async () => {
  const text = await (await fetch(`http://${daemon.address}/echo/help`)).text();
  const names = [...text.matchAll(/^([a-z_0-9]+)(=.*)?  \[/gm)].map((match) => match[1]);
  const page = await open();
  assert.ok(names.length > 20);
  assert.deepEqual(await page.locator('.fault code').allTextContents(), names);
  await page.getByText('Faults are on here.').waitFor();
});

test('the page comes with a strict policy, and differs by what is accepted', async () => {
  const url = `http://${daemon.address}/echo/help`;
  const response = await fetch(url, { headers: { Accept: 'text/html' } });
  const policy = response.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'"]) assert.ok(policy.includes(part));
  assert.equal(response.headers.get('vary'), 'Accept');
  assert.match(response.headers.get('content-type'), /^text\/html/);
});

test('where faults are off the page says so, and what still works', async () => {
  const plain = await startDaemon();
  try {
    const page = await open({}, plain.address);
    await page.getByText('-o echo.faults=on').waitFor();
    await page.getByText('-o echo.commands=on').waitFor();
    assert.equal(await page.locator('.fault input:enabled').count(), 0);
    await picture(page, 'echo-off');
    await page.getByLabel('HTTP', { exact: true }).check();
    assert.deepEqual(await page.locator('.fault input:enabled')
      .evaluateAll((inputs) => inputs.map((input) => input.name)), ['delay_ms', 'status']);
    await page.getByLabel('WebSocket', { exact: true }).check();
    await connect(page);
    await button(page, 'Send').click();
    await figure(page, 'back').filter({ hasText: /^1$/ }).waitFor();
    await page.close();
  } finally {
    await plain.stop();
  }
});

test('the chat links to it, and it to the chat', async () => {
  const page = await openPage(browser, daemon.address, { complaints });
  await page.getByRole('link', { name: 'An echo that misbehaves' }).click();
  await page.getByRole('heading', { name: 'An echo that misbehaves' }).waitFor();
  await page.getByRole('link', { name: 'Chat' }).click();
  await page.getByLabel('Nickname').waitFor();
});

// --- WebSocket ---

test('a message comes back with its size and latency, and the end with its code', async () => {
  const page = await open();
  await choose(page, { delay_ms: 50 });
  await connect(page);
  await messageInput(page).fill('grüße');
  await messageInput(page).press('Enter');
  const back = page.locator('#event-list .back').filter({ hasText: 'grüße' });
  await back.waitFor();
  assert.equal(await back.locator('.bytes').textContent(), '7 B');
  assert.ok(Number.parseFloat(await back.locator('.latency').textContent()) >= 50);
  await button(page, 'Disconnect').click();
  await event(page, 'Closed with 1000 (normal)').waitFor();
  assert.equal(await button(page, 'Send').isDisabled(), true);
});

for (const [faults, back, expected] of [
  [{ drop: '1/1' }, 0, { missing: 20 }],
  [{ duplicate: '1/1' }, 40, { twice: 20, missing: 0 }],
  [{ corrupt: '1/1' }, 20, { altered: 20, missing: 20 }],
  [{ reorder: 20, seed: 3 }, 20, { missing: 0, altered: 0 }],
  [{ fragment: 5, chop: 7 }, 20, { missing: 0, altered: 0, overtaken: 0 }],
]) {
  test(`a burst through ${JSON.stringify(faults)} is judged`, async () => {
    const page = await open();
    await choose(page, faults);
    await page.getByLabel('binary').check(); // text that is corrupt would end the connection
    await connect(page);
    await burst(page, 20, back);
    assert.equal(await figure(page, 'sent').textContent(), '20');
    for (const [name, count] of Object.entries(expected))
      assert.equal(await figure(page, name).textContent(), String(count), name);
    if ('reorder' in faults) assert.notEqual(await figure(page, 'overtaken').textContent(), '0');
  });
}

for (const [faults, end] of [
  [{ close: 1013, after: 1 }, 'Closed with 1013 (try again later)'],
  [{ rst: true, after: 1 }, 'Closed with 1006'],
  [{ mask: true }, 'Closed with 1006'],
  [{ rsv: true }, 'Closed with 1006'],
  [{ bad_utf8: true }, 'Closed with 1006'],
]) {
  test(`the end by ${JSON.stringify(faults)} is seen`, async () => {
    const page = await open();
    await choose(page, faults);
    await connect(page);
    await button(page, 'Send').click();
    await event(page, end).waitFor();
    await page.getByRole('status').filter({ hasText: end }).waitFor();
    await button(page, 'Connect').waitFor();
  });
}

test('a handshake that fails is seen as an end', async () => {
  const page = await open();
  await choose(page, { handshake: 'status_503' });
  await button(page, 'Connect').click();
  await event(page, 'Closed with 1006').waitFor();
});

test('what is out of bounds is not sent', async () => {
  const page = await open();
  await choose(page, { chop: 70000 });
  await button(page, 'Connect').click();
  assert.equal(await page.locator('input[name="chop"]')
    .evaluate((input) => input.matches(':focus:invalid')), true);
  assert.equal(await event(page, '').count(), 0);
});

// --- HTTP ---

test('an HTTP answer is seen part by part', async () => {
  const page = await open();
  await page.getByLabel('HTTP', { exact: true }).check();
  await choose(page, { status: 418, chunked: true, stall_ms: 200, after: 5, header: 'X-Odd: yes' });
  await button(page, 'Send').click();
  await event(page, /^.*418.*no length promised.*x-odd: yes/).waitFor();
  await event(page, 'Answered in full: 12 bytes').waitFor();
  assert.equal(await figure(page, 'altered').textContent(), '0');
  assert.ok(await event(page, '5 B').count() === 1, 'the part before the stall');
  await picture(page, 'echo-http');
});

test('an HTTP answer that is cut off is seen as that', async () => {
  const page = await open();
  await page.getByLabel('HTTP', { exact: true }).check();
  await choose(page, { truncate: true, after: 4 });
  await button(page, 'Send').click();
  await event(page, /Cut off after \d+ bytes/).waitFor();
  assert.equal(await figure(page, 'missing').textContent(), '1');
});

test('a burst over HTTP is one request after the other', async () => {
  const page = await open();
  await page.getByLabel('HTTP', { exact: true }).check();
  await choose(page, { corrupt: '1/20' });
  await burst(page, 5, 5);
  await event(page, 'Answered in full').nth(4).waitFor();
});

test('no text is a GET', async () => {
  const page = await open();
  await page.getByLabel('HTTP', { exact: true }).check();
  await messageInput(page).fill('');
  await button(page, 'Send').click();
  await event(page, '"method":"GET"').waitFor();
});

// --- by hand, by keyboard, on small screens ---

test('for TCP the page gives the command', async () => {
  const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByLabel('TCP', { exact: true }).check();
  await choose(page, { drop: '1/20', rst: true, seed: 7 });
  const command = "printf '?rst&drop=1/20&seed=7\\nhello\\n' | nc 127.0.0.1 7007";
  assert.equal(await page.locator('#command').textContent(), command);
  await button(page, 'Copy').click();
  await button(page, 'Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  assert.equal(await button(page, 'Connect').isVisible(), false);
  await button(page, 'Clear faults').click();
  assert.match(await page.locator('#command').textContent(), /^printf 'hello/);
});

test('all of it can be done by keyboard', async () => {
  const page = await open();
  await page.getByLabel(/^delay_ms/).focus();
  await page.keyboard.type('5');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'jitter_ms');
  await page.keyboard.press('Enter'); // connects
  await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
  await messageInput(page).focus();
  await page.keyboard.press('Enter');
  await figure(page, 'back').filter({ hasText: /^1$/ }).waitFor();
  await page.getByLabel('WebSocket', { exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText(/^curl -i/).waitFor();
});

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { viewport: { width: 390, height: 780 }, colorScheme: 'dark' },
})) {
  test(`nothing sticks out of the ${name} page`, async () => {
    const page = await open(options);
    await choose(page, { delay_ms: 20, drop: '1/5', duplicate: '1/5', seed: 42 });
    await connect(page);
    await page.getByLabel('Burst of').fill('10');
    await button(page, 'Send burst').click();
    await page.locator('#event-list .back').first().waitFor();
    await button(page, 'Disconnect').click();
    await event(page, 'Closed with 1000').waitFor();
    await picture(page, `echo-${name}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });
}
