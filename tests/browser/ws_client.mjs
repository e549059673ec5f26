// Chromium's WebSocket, driven from outside, in an empty page of an origin that need not be there:
// ORIGIN. Lines of input and output are as tests/integration/ws_clients.py has them; what is offered
// cannot be chosen.
import { createInterface } from 'node:readline';

import { launchBrowser } from './page.mjs';

// The page does not come from this machine, and may connect to it nevertheless.
const browser = await launchBrowser('--ignore-certificate-errors',
  '--disable-features=LocalNetworkAccessChecks');
const page = await browser.newPage();
await page.route('**', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
await page.goto(process.argv[2]);
await page.exposeFunction('say', (...words) => process.stdout.write(`${words.join(' ')}\n`));

const IN_PAGE = {
  open: ([url, , protocol]) => {
    const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const ws = new WebSocket(url, protocol === '-' ? [] : [protocol]);
    ws.binaryType = 'arraybuffer';
    ws.onopen = () => say('open', ws.protocol || '-', ws.extensions || '-');
    ws.onmessage = ({ data }) => (typeof data === 'string'
      ? say('text', hex(new TextEncoder().encode(data))) : say('binary', hex(new Uint8Array(data))));
    ws.onclose = ({ code }) => say('close', code);
    window.ws = ws;
    window.unhex = (digits) =>
      Uint8Array.from(digits.match(/../g) ?? [], (two) => parseInt(two, 16));
  },
  text: ([hex]) => window.ws.send(new TextDecoder().decode(window.unhex(hex))),
  binary: ([hex]) => window.ws.send(window.unhex(hex)),
  close: ([code]) => window.ws.close(Number(code), 'done'),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  if (command in IN_PAGE) await page.evaluate(IN_PAGE[command], words);
}
await browser.close();
