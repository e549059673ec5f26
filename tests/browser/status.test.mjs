// The page /status in headless Chromium, with a real daemon under load: it draws what the server
// does, by day and by night, on a wide page and a narrow one, and finds its server again.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { startDaemon } from './daemon.mjs';
import { launchBrowser, openPage } from './page.mjs';

const PLOTS = ['Connections', 'Messages', 'Ticks', 'Lag', 'Traffic', 'Closes'];
const CHANNEL = '#<b>busy&amp;';

let browser;
let daemon;
const busy = []; // what makes the load, to be ended

/** Somebody who talks in a channel all the time. */
async function talk() {
  const socket = net.connect(daemon.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {}); // the daemon stops first
  socket.on('data', (data) => {
    const ping = /^PING (.*)\r$/m.exec(String(data));
    if (ping !== null) socket.write(`PONG ${ping[1]}\r\n`);
  });
  socket.write(`NICK talker\r\nUSER t 0 * :t\r\nJOIN ${CHANNEL},#quiet\r\n`);
  const timer = setInterval(() => socket.write(`PRIVMSG ${CHANNEL} :x\r\n`), 5);
  busy.push(() => {
    clearInterval(timer);
    socket.destroy();
  });
}

/** Somebody who comes, breaks the protocol, and goes, again and again. */
function offend() {
  const timer = setInterval(() => {
    const socket = net.connect(daemon.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.end('GET / HTTP/1.1\r\n\r\n'); // no Host
  }, 50);
  busy.push(() => clearInterval(timer));
}

before(async () => {
  [daemon, browser] = await Promise.all([
    startDaemon(0, 'loops=2', 'chat.flood_lines_per_second=0'), launchBrowser()]);
  await talk();
  offend();
});

after(async () => {
  for (const end of busy) end();
  await browser?.close();
  await daemon?.stop();
});

async function open(complaints, options = {}) {
  return openPage(browser, daemon.admin, { path: 'status', complaints, ...options });
}

const figure = (page, title) =>
  page.locator('figure', { has: page.locator('figcaption', { hasText: title }) });

/** The legend of a plot: {name: text of the value}. */
const readout = (page, title) => figure(page, title).locator('.legend li').evaluateAll((items) =>
  Object.fromEntries(items.map((item) => [item.querySelector('.name').textContent,
    item.querySelector('.value').textContent])));

const paths = (page, title) => figure(page, title).locator('.lines path, .layers path')
  .evaluateAll((all) => all.map((path) => path.getAttribute('d')));

async function until(what, condition) {
  const deadline = Date.now() + 20_000;
  while (!await condition()) {
    assert.ok(Date.now() < deadline, `${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('every plot is drawn, and drawn anew each second', async () => {
  const complaints = [];
  const page = await open(complaints);
  await page.getByText('Live', { exact: true }).waitFor();
  const all = () => Promise.all(PLOTS.map((title) => paths(page, title)));
  await until('a path of each', async () => (await all()).every(([path]) => path?.length > 20));
  const seen = await all();
  await until('another path of each', async () =>
    (await all()).every((now, i) => JSON.stringify(now) !== JSON.stringify(seen[i])));
  await page.getByText(/^up \d+ s/).waitFor();
  assert.match(await page.locator('#server').textContent(),
    /^version .*process \d+2 loops \+ hubup \d+ s$/);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the figures are those of the load', async () => {
  const complaints = [];
  const page = await open(complaints);
  await until('IRC lines', async () =>
    Number((await readout(page, 'Messages'))['IRC lines'] ?? 0) > 20);
  await until('protocol errors', async () =>
    Number((await readout(page, 'Closes'))['protocol error'] ?? 0) > 2);
  assert.ok(Number((await readout(page, 'Connections')).open) >= 2);
  assert.equal((await readout(page, 'Connections'))['chat sessions'], '1');
  assert.match((await readout(page, 'Ticks')).median, /^[\d.]+ (µs|ms)$/);
  assert.deepEqual(Object.keys(await readout(page, 'Lag')), ['loop 0', 'loop 1', 'hub']);
  await until('the tile', async () =>
    Number(await page.locator('#tiles dd').nth(0).textContent()) >= 2);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('the busiest channel is first, and its name is text', async () => {
  const complaints = [];
  const page = await open(complaints);
  const rows = page.locator('#channels tbody tr');
  await until('its messages', async () => await rows.count() === 2
    && Number(await rows.nth(0).locator('.value').textContent()) > 20);
  assert.equal(await rows.nth(0).locator('th').textContent(), CHANNEL);
  assert.equal(await rows.nth(1).locator('th').textContent(), '#quiet');
  assert.equal(await page.locator('#channels b').count(), 0);
  const widths = await rows.locator('.bar').evaluateAll((bars) =>
    bars.map((bar) => bar.getBoundingClientRect().width));
  assert.ok(widths[0] > 100 && widths[1] === 0, String(widths));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

/** What of the time axis stands where the cursor's time does. */
const textsUpon = (page, title) => figure(page, title).evaluate((plot) => {
  const own = plot.querySelector('.cursor-time').getBoundingClientRect();
  return [...plot.querySelectorAll('.grid text')].filter((text) => {
    const box = text.getBoundingClientRect();
    return getComputedStyle(text).visibility === 'visible' && box.left < own.right
      && own.left < box.right && box.top < own.bottom && own.top < box.bottom;
  }).map((text) => text.textContent);
});

test('a pointer on one plot shows that moment on all of them', async () => {
  const complaints = [];
  const page = await open(complaints);
  await until('samples', async () => (await paths(page, 'Traffic'))[0]?.split('L').length > 4);
  const box = await figure(page, 'Ticks').locator('svg').boundingBox();
  await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
  for (const title of PLOTS) {
    await figure(page, title).locator('svg.hovered').waitFor();
    const time = figure(page, title).locator('.cursor-time');
    assert.match(await time.textContent(), /\d+:\d\d:\d\d/);
  }
  const shown = await figure(page, 'Ticks').locator('.cursor-time').textContent();
  for (const title of PLOTS) assert.deepEqual(await textsUpon(page, title), []);
  await page.mouse.move(box.x + 10, box.y - 100);
  await figure(page, 'Ticks').locator('svg:not(.hovered)').waitFor();
  assert.ok(shown.length > 0);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('each plot says in words what it shows', async () => {
  const page = await open([]);
  await until('a value', async () => (await readout(page, 'Traffic')).sent?.endsWith('B'));
  const plot = page.getByRole('img', { name: 'Traffic' });
  await plot.waitFor();
  assert.match(await plot.locator('desc').textContent(), /^received: .*B, sent: .*B$/);
  await page.context().close();
});

test('before the first second it has its places, and no figures', async () => {
  const begin = { version: '1.2.3', pid: 42, started_ms: 0, loops: 13, hub_loop: true, keeps: 300,
    draining: false };
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route('**/status/events', (route) => route.fulfill({ contentType: 'text/event-stream',
    body: `event: begin\ndata: ${JSON.stringify(begin)}\n\n` }));
  await page.goto(`http://${daemon.admin}/status`);
  await page.getByText('12 loops + hub').waitFor();
  assert.deepEqual(await page.locator('#tiles dd').allTextContents(), Array(6).fill('–'));
  assert.equal(await page.locator('#channels').getByRole('table').count(), 0);
  assert.equal(await page.getByText('There is no channel').isVisible(), false);
  const dashes = await figure(page, 'Lag').locator('.lines path').evaluateAll((lines) =>
    lines.map((line) => `${getComputedStyle(line).stroke} ${getComputedStyle(line).strokeDasharray}`));
  assert.equal(new Set(dashes).size, begin.loops, 'no two loops look the same');
  await context.close();
});

const luminance = (colour) =>
  colour.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / (3 * 255);

test('it is light by day and dark by night, and every line stands out', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open([], { colorScheme });
    await until('a path', async () => (await paths(page, 'Ticks'))[0]?.length > 0);
    const { ground, card, ink, lines } = await page.evaluate(() => {
      const of = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
      return { ground: of('body', 'backgroundColor'), card: of('.card', 'backgroundColor'),
        ink: of('body', 'color'),
        lines: [...document.querySelectorAll('.lines path')].map((path) =>
          getComputedStyle(path).stroke) };
    });
    const isLight = colorScheme === 'light';
    assert.equal(luminance(ground) > 0.5, isLight);
    assert.equal(luminance(ink) < 0.5, isLight);
    for (const line of lines) {
      assert.ok(Math.abs(luminance(line) - luminance(card)) > 0.25, `${line} on ${card}`);
    }
    await page.context().close();
  }
});

test('on a phone nothing is cut off, and one card follows the other', async () => {
  const page = await open([], { viewport: { width: 360, height: 740 } });
  await until('a path', async () => (await paths(page, 'Closes'))[0]?.length > 0);
  const { overflow, lefts, widths } = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect());
    return { overflow: document.documentElement.scrollWidth - innerWidth,
      lefts: new Set(boxes.map((box) => box.left)).size,
      widths: boxes.map((box) => box.width) };
  });
  assert.equal(overflow, 0);
  assert.equal(lefts, 1);
  assert.ok(widths.every((width) => width > 300), String(widths));
  const gaps = await figure(page, 'Ticks').evaluate((plot) => {
    const times = [...plot.querySelectorAll('.grid text')].map((text) => text.getBoundingClientRect());
    const row = times.filter((box) => box.bottom === times.at(-1).bottom).sort((a, b) => a.x - b.x);
    return row.slice(1).map((box, i) => box.left - row[i].right);
  });
  assert.ok(gaps.length > 0 && gaps.every((gap) => gap > 6), String(gaps));
  await page.context().close();
});

test('it says when the server drains, when it is gone, and finds it again', async () => {
  const complaints = [];
  const first = await startDaemon(0, 'drain_seconds=3');
  const adminPort = first.admin.slice(first.admin.lastIndexOf(':') + 1);
  const lasting = net.connect({ port: first.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(lasting, 'connect');
  lasting.on('error', () => {});
  lasting.on('data', () => {});
  lasting.write('NICK lasting\r\nUSER l 0 * :l\r\n');
  const page = await openPage(browser, first.admin,
    { path: 'status', complaints, provoked: /net::ERR_/ });
  await page.getByText('Live', { exact: true }).waitFor();
  const stopped = first.stop(); // which takes its time, since somebody does not leave
  await page.getByText(/^Draining/).waitFor();
  await page.getByText('Connection lost, trying again …').waitFor();
  await stopped;
  lasting.destroy();
  const second = await startDaemon(0, `admin.port=${adminPort}`);
  try {
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText(`process ${second.pid}`).waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await page.context().close();
    await second.stop();
  }
});
