"""Clients that were not written here, besides those of IRC, which are in test_clients.py.

Debian's websockets and openssl have their tests in test_websocket.py and test_tls.py; the page in
Chromium has them in tests/browser.
"""
import json
import os
import subprocess

import pytest

from simuld import TIMEOUT
from tools import TESTS, tool


def run(*command, text=None, **options):
    done = subprocess.run([tool(command[0]), *command[1:]], input=text, capture_output=True,
                          timeout=TIMEOUT, check=False, **options)
    assert done.returncode == 0, done
    return done.stdout


# --- curl ---


def test_curl_asks_echo_who_it_is(daemon):
    told = json.loads(run("curl", "-sS", "-H", "X-Test: yes", daemon.url("web", "/echo?a=b")))
    assert told["target"] == "/echo?a=b"
    assert ["X-Test", "yes"] in told["headers"]


def test_curl_speaks_over_ipv6(daemon):
    assert json.loads(run("curl", "-sSg", daemon.url("six", "/echo")))["method"] == "GET"


@pytest.mark.parametrize("options", [
    ["--data-binary", "@-"],
    ["-T", "-"],
    ["-T", "-", "-X", "POST"],
    ["--data-binary", "@-", "-H", "Expect: 100-continue"],
    ["--data-binary", "@-", "-H", "Transfer-Encoding: chunked"],
    ["--data-binary", "@-", "--http1.0"],
], ids=" ".join)
def test_curl_gets_its_body_back(daemon, options):
    data = os.urandom(700_000)
    assert run("curl", "-sS", *options, daemon.url("web", "/echo"), text=data) == data


def test_curl_uses_its_connection_again(daemon):
    urls = [daemon.url("web", path) for path in ("/", "/echo", "/style.css", "/nothing", "/echo")]
    output = run("curl", "-sS", "-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-o",
                 "/dev/null", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", *urls)
    assert output.decode().split("\n")[:5] == ["200 1", "200 0", "200 0", "404 0", "200 0"]


def test_curl_makes_a_head_request(daemon):
    assert run("curl", "-sSI", daemon.url("web", "/")).startswith(b"HTTP/1.1 200 OK\r\n")


# --- nc ---


@pytest.mark.parametrize("listener", ["echo", "echosix"])
def test_netcat_gets_its_bytes_back(daemon, listener):
    host, port = daemon.addresses[listener]
    data = os.urandom(500_000)
    assert run("nc", "-N", host, str(port), text=data) == data


def test_netcat_talks(daemon):
    host, port = daemon.addresses["irc"]
    lines = b"NICK nc\r\nUSER nc 0 * :by hand\r\nJOIN #nc\r\nPRIVMSG #nc :hello\r\nQUIT :bye\r\n"
    output = run("nc", host, str(port), text=lines).decode()
    assert " 001 nc " in output and " 366 nc #nc " in output and "ERROR :" in output


# --- ws, of npm ---

NODE = """
const WebSocket = require('ws');
const assert = require('assert');
const [url, ...protocols] = process.argv.slice(1);
const ws = new WebSocket(url, protocols, {rejectUnauthorized: false});
const read = () => new Promise((done, fail) => {
  ws.once('message', (data, isBinary) => done(isBinary ? data : data.toString()));
  ws.once('close', (code) => fail(new Error('closed with ' + code)));
});
const open = new Promise((done, fail) => { ws.once('open', done); ws.once('error', fail); });
const closed = new Promise((done) => ws.once('close', done));
"""


def node(script, *arguments):
    assert (TESTS / "node_modules" / "ws").is_dir(), "npm's ws is not installed"
    program = NODE + "(async () => { await open; " + script + " })().catch((error) => " \
        "{ console.error(error); process.exit(1); });"
    return run("node", "-e", program, *arguments, cwd=TESTS).decode()


@pytest.mark.parametrize("listener, scheme", [("web", "ws"), ("six", "ws"), ("webtls", "wss")])
def test_ws_of_npm_gets_its_messages_back(daemon, listener, scheme):
    node("""
        for (const message of ['', 'hello', 'żółw'.repeat(10000), Buffer.alloc(0),
                               Buffer.from([0, 255]), Buffer.alloc(1000000, 7)]) {
          const answer = read();
          ws.send(message);
          assert.deepStrictEqual(await answer, message);
        }
        const answer = read();
        ws.send('frag', {fin: false});
        ws.send('ments', {fin: true});
        assert.strictEqual(await answer, 'fragments');
        const pong = new Promise((done) => ws.once('pong', done));
        ws.ping('there?');
        assert.strictEqual((await pong).toString(), 'there?');
        ws.close(4001, 'done');
        assert.strictEqual(await closed, 4001);
    """, daemon.url(listener, "/echo", scheme))


@pytest.mark.parametrize("protocols, chosen", [
    ([], ""),
    (["text.ircv3.net", "binary.ircv3.net"], "text.ircv3.net"),
    (["binary.ircv3.net", "text.ircv3.net"], "binary.ircv3.net"),
])
def test_ws_of_npm_talks(daemon, protocols, chosen):
    output = node("""
        console.log(ws.protocol);
        ws.send('NICK npm');
        ws.send('USER npm 0 * :npm');
        console.log((await read()).toString());
        ws.close();
        await closed;
    """, daemon.url("web", "/chat", "ws"), *protocols)
    assert output.split("\n")[0] == chosen
    assert " 001 npm " in output
