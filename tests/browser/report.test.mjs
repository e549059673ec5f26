// The pages that simul-load writes, in headless Chromium: they load nothing, complain of nothing, and
// can be read on a phone, in the dark and on paper.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { startDaemon } from './daemon.mjs';
import { launchBrowser } from './page.mjs';

let browser;
let folder;

async function runLoad(...args) {
  const program = join(dirname(process.env.SIMULD), 'simul-load');
  await promisify(execFile)(program, args, { timeout: 60_000 });
}

/** A run where all goes well, one with errors, and both compared. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simul-report-'));
  const daemon = await startDaemon(0);
  const url = `ws://${daemon.address}/echo`;
  const common = ['-q', '-c', '5', '-d', '2', '--warm-up', '0.3', '--pid', String(daemon.pid)];
  await Promise.all([
    runLoad('echo', url, ...common, '--rate', '500', '--json', join(folder, 'a.json'),
      '--html', join(folder, 'run.html'), '--expect', 'errors=0'),
    runLoad('echo', url, `ws://${daemon.address}/nothing`, ...common, '--rate', '400', '--json',
      join(folder, 'b.json'), '--html', join(folder, 'errors.html')),
  ]);
  await daemon.stop();
  await runLoad('compare', join(folder, 'a.json'), join(folder, 'b.json'), '--html',
    join(folder, 'compare.html'));
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const PAGES = {
  'run.html': ['Time by percentile', 'Messages a second', 'Latency over time', 'Open connections',
    'Memory of the server', 'Cores that the server keeps busy'],
  'errors.html': ['Time by percentile', 'Messages a second', 'Errors over time'],
  'compare.html': ['Messages received a second', 'Latency over time: p99', 'Errors over time'],
};

/** Opens a page; `complaints` gathers what it says, and all that it loads but itself. */
async function open(name, complaints, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const address = String(pathToFileURL(join(folder, name)));
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => {
    if (request.url() !== address) complaints.push(`loads ${request.url()}`);
  });
  await page.goto(address, { waitUntil: 'load' });
  return page;
}

/** What each plot consists of. */
const figuresOf = (page) => page.locator('figure').evaluateAll((figures) =>
  figures.map((figure) => {
    const { width, height } = figure.querySelector('svg').getBoundingClientRect();
    const lines = [...figure.querySelectorAll('path.line')].map((path) =>
      ({ d: path.getAttribute('d'), length: path.getTotalLength() }));
    return { caption: figure.querySelector('figcaption').textContent, width, height, lines };
  }));

const luminance = (colour) =>
  colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / (3 * 255);

/** How light the page and its text are, from 0 to 1. */
async function lightness(page) {
  const [ground, ink] = await page.evaluate(() => {
    const style = getComputedStyle(document.body);
    return [style.backgroundColor, style.color];
  });
  return { ground: luminance(ground), ink: luminance(ink) };
}

/** By how many pixels the page is wider than its window. */
const overflow = (page) => page.evaluate(() =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [name, plots] of Object.entries(PAGES)) {
  test(`${name} loads nothing, and shows its plots`, async () => {
    const complaints = [];
    const page = await open(name, complaints);
    for (const title of plots)
      assert.ok(await page.locator('figure', { hasText: title }).count() > 0, title);
    for (const figure of await figuresOf(page)) {
      assert.ok(figure.lines.length > 0, figure.caption);
      assert.ok(figure.width > 200 && figure.height > 100, figure.caption);
      for (const line of figure.lines) {
        assert.doesNotMatch(line.d, /nan|inf/i, figure.caption);
        assert.ok(line.length > 1, `${figure.caption}: ${line.d}`);
      }
    }
    assert.equal(await page.locator('script, link, img, iframe').count(), 0);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test(`${name} fits a phone, the dark and paper`, async () => {
    const complaints = [];
    const page = await open(name, complaints, { colorScheme: 'light' });
    for (const width of [320, 400, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await overflow(page), 0, `at ${width} pixels`);
    }
    const light = await lightness(page);
    assert.ok(light.ground > 0.85 && light.ink < 0.3, JSON.stringify(light));
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await lightness(page);
    assert.ok(dark.ground < 0.2 && dark.ink > 0.8, JSON.stringify(dark));
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const printed = await lightness(page);
    assert.ok(printed.ground === 1 && printed.ink === 0, JSON.stringify(printed));
    assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
}

test('a run says what came out', async () => {
  const page = await open('run.html', []);
  await page.getByText('No errors.').waitFor();
  await page.getByText('✓ holds').waitFor();
  assert.match(await page.locator('.tiles').innerText(), /rate\n[\d,]+\/s/);
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.context().close();
});

test('errors are loud', async () => {
  const page = await open('errors.html', []);
  await page.getByRole('alert').getByText(/^\d+ errors?$/).waitFor();
  await page.getByText(/404/).first().waitFor();
  await page.context().close();
});
