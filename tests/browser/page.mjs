// Chromium and the pages of a test. Whatever a page complains about is kept and fails the test.
import { chromium } from 'playwright-core';

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function launchBrowser(...more) {
  // Without a profile of its own, each launch gets a fresh one in a temporary directory.
  const args = [...ARGUMENTS, ...more];
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args });
}

/** Opens the chat page, or another path, as somebody with a profile of their own. `complaints`
 * gathers errors, but for those that the test provokes: `provoked` is a RegExp. */
export async function openPage(browser, address,
  { path = '', hash = '', complaints, provoked = /^$/, ...options }) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('console', (message) => {
    // A refused connection is what a stopped server looks like; the browser reports it by itself.
    const isRefusal = /WebSocket connection to .* failed/.test(message.text());
    const isComplaint = ['error', 'warning'].includes(message.type());
    if (isComplaint && !isRefusal && !provoked.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(`http://${address}/${path}${hash}`);
  return page;
}

/** Fills in the card and presses its button. */
export async function connect(page, nick) {
  await page.getByLabel('Nickname').fill(nick);
  await page.getByRole('button', { name: 'Join the chat' }).click();
}

export async function type(page, text) {
  const input = page.getByRole('textbox', { name: 'Message' });
  await input.fill(text);
  await input.press('Enter');
}

/** The line of the log that contains the text. */
export function line(page, text) {
  return page.getByRole('log').getByRole('listitem').filter({ hasText: text });
}

export function member(page, nick) {
  return page.getByRole('complementary', { name: /^Members/ }).getByText(nick, { exact: true });
}

export function conversation(page, name) {
  return page.getByRole('navigation', { name: 'Conversations' }).getByRole('listitem')
    .filter({ hasText: name });
}
