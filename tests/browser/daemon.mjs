// Starts the real daemon for a test and stops it again. SIMULD is the path of the program.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';

/** Starts the daemon on the port (0: a free one); gives {address, admin, pid, port, stop} once it is
 * ready: `admin` is the address of the admin listener, the others are of the page. */
export async function startDaemon(port = 0, ...settings) {
  assert.ok(process.env.SIMULD, 'SIMULD names the daemon to test');
  const all = [`listen.web.port=${port}`, 'listen.irc.port=off', 'listen.echo.port=off',
    'admin.port=0', ...settings];
  // Where root runs the tests the daemon stays root: what the tests lay down is root's.
  const env = process.getuid() === 0 ? { ...process.env, SIMUL_DAEMON_USER: 'root' } : process.env;
  const child = spawn(process.env.SIMULD, all.flatMap((setting) => ['-o', setting]),
    { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const addresses = {};
  let ready = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, where] = /^listening (\S+) (.+)$/.exec(line) ?? [];
    if (name !== undefined) addresses[name] = where;
    ready = line === 'ready';
    if (ready) break;
  }
  const address = addresses.web;
  assert.ok(ready && address !== undefined, 'the daemon did not get ready');
  return {
    address,
    admin: addresses.admin,
    pid: child.pid,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      assert.equal(code, 0, 'the daemon did not leave in good order');
    },
  };
}
