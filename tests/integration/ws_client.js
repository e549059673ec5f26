// npm's ws or faye-websocket, driven from outside: the library's name. Lines of input and output are
// as ws_clients.py has them.
'use strict';
const readline = require('readline');

const LIBRARIES = {
  ws: {
    offers: {
      none: false,
      usual: true,
      small: {clientMaxWindowBits: 10, serverMaxWindowBits: 10},
    },
    connect(url, offer, protocols) {
      const WebSocket = require('ws');
      const ws = new WebSocket(url, protocols,
        {perMessageDeflate: this.offers[offer], rejectUnauthorized: false});
      let extensions;
      ws.on('upgrade', ({headers}) => { extensions = headers['sec-websocket-extensions']; });
      ws.on('open', () => say('open', ws.protocol || '-', extensions || '-'));
      ws.on('message', (data, isBinary) => hear(isBinary, data));
      ws.on('close', (code) => say('close', code));
      ws.on('error', (error) => say('error', error.message));
      return ws;
    },
  },
  'faye-websocket': {
    offers: {
      none: null,
      usual: {},
      small: {maxWindowBits: 10, requestMaxWindowBits: 10},
    },
    connect(url, offer, protocols) {
      const {Client} = require('faye-websocket');
      const deflate = require('permessage-deflate');
      const extensions = offer === 'none' ? [] : [deflate.configure(this.offers[offer])];
      const ws = new Client(url, protocols, {extensions, tls: {rejectUnauthorized: false}});
      ws.on('open', () =>
        say('open', ws.protocol || '-', ws.headers['sec-websocket-extensions'] || '-'));
      ws.on('message', ({data}) => hear(typeof data !== 'string', data));
      ws.on('close', ({code}) => say('close', code));
      ws.on('error', ({message}) => say('error', message));
      return ws;
    },
  },
};

function say(...words) {
  process.stdout.write(`${words.join(' ')}\n`);
}

function hear(isBinary, data) {
  say(isBinary ? 'binary' : 'text', Buffer.from(data).toString('hex'));
}

const library = LIBRARIES[process.argv[2]];
let ws;
const COMMANDS = {
  open(url, offer, protocol) {
    ws = library.connect(url, offer, protocol === '-' ? [] : [protocol]);
  },
  text: (hex = '') => ws.send(Buffer.from(hex, 'hex').toString()),
  binary: (hex = '') => ws.send(Buffer.from(hex, 'hex')),
  read: () => {}, // what comes is told as it comes
  close: (code) => ws.close(Number(code), 'done'),
};
const input = readline.createInterface({input: process.stdin});
input.on('line', (line) => {
  const [command, ...words] = line.split(' ');
  COMMANDS[command](...words);
});
input.on('close', () => process.exit());
