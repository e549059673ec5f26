// npm's irc-framework, driven from outside: HOST PORT NICK tls|plain. A line of input is a call,
// ["say", "#channel", "text"]; a line of output is an event and what came with it, as JSON.
'use strict';
const {Client} = require('irc-framework');
const readline = require('readline');

const EVENTS = ['registered', 'join', 'userlist', 'topic', 'privmsg', 'notice', 'nick', 'mode',
  'part', 'quit', 'kick', 'invite', 'invited', 'away', 'back', 'whois', 'wholist', 'channel list', 'banlist',
  'user updated', 'users online', 'users offline', 'irc error', 'unknown command'];

const [host, port, nick, transport] = process.argv.slice(2);
const client = new Client();
for (const name of EVENTS)
  client.on(name, (event) => console.log(`${name} ${JSON.stringify(event)}`));
client.on('close', () => process.exit(0));
readline.createInterface({input: process.stdin}).on('line', (line) => {
  const [method, ...words] = JSON.parse(line);
  client[method](...words);
});
client.connect({host, port: Number(port), nick, username: nick, gecos: nick,
  tls: transport === 'tls', rejectUnauthorized: false, auto_reconnect: false});
