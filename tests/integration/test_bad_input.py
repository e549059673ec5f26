"""Bad input closes that one connection with the protocol's own error and one escaped log line;
nothing else notices, and no memory grows."""
import json
import os
import socket

import pytest

from http_raw import HttpConnection, get
from irc import Client
from simuld import MEASURED, TIMEOUT, wait_until
from ws_raw import PONG, TEXT, Frame, WebSocket, frame, upgrade

SETTINGS = ["listen.http.port=0", "listen.http.protocol=http"]

REQUEST_WITH_BODY = b"POST / HTTP/1.1\r\nHost: x\r\n\r\nNICK evil\r\n"
CHAT = upgrade("/chat").encode()
ECHO = upgrade("/echo").encode()

# Name: listener, what is sent, and what the last bytes of the answer contain.
BAD = {
    "http-binary": ("http", b"\x00\x01\x02\xff\xfe\r\n\r\n", b"HTTP/1.1 400 "),
    "http-control-bytes": ("http", b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 "),
    "http-endless-line": ("http", b"GET /" + b"x" * 30_000, b"HTTP/1.1 414 "),
    "http-endless-header": ("http", b"GET / HTTP/1.1\r\nX: " + b"x" * 30_000, b"HTTP/1.1 431 "),
    "http-smuggling": ("web", get("/echo", "Content-Length: 1", "Transfer-Encoding: chunked",
                                  method="POST").encode(), b"HTTP/1.1 400 "),
    "auto-endless-line": ("web", b"x" * 30_000, b"HTTP/1.1 4"),
    "echo-unmasked": ("web", ECHO + b"\x81\x01x", b"\x88"),
    "echo-not-utf8": ("web", ECHO + frame(TEXT, b"\xff"), b"\x03\xef"),
    "chat-reserved": ("web", CHAT + frame(3, b"x"), b"\x03\xea"),
    "chat-too-big": ("web", CHAT + b"\x81\xff" + b"\x00\x00\x00\x01" + b"\0" * 8, b"\x03\xf1"),
    "irc-http": ("irc", REQUEST_WITH_BODY, b"ERROR :"),
    "tls-plain-text": ("webtls", b"GET / HTTP/1.1\r\n\r\n", b""),
    "tls-binary": ("irctls", bytes(range(256)) * 10, b""),
}


def send_bad(daemon, name):
    """Sends it and returns all that is answered, up to the end, and from which address it came."""
    listener, data, _ = BAD[name]
    answer = b""
    with socket.create_connection(daemon.addresses[listener], timeout=TIMEOUT) as sock:
        try:
            sock.sendall(data)
            while part := sock.recv(1 << 16):
                answer += part
        except ConnectionResetError:
            pass
        return answer, sock.getsockname()


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_one_connection_with_one_log_line_and_nobody_notices(daemon, name):
    with WebSocket(daemon.connect("web")) as other:
        errors = daemon.metric("simul_connections_ended_total", reason="protocol")
        answer, address = send_bad(daemon, name)
        assert BAD[name][2] in answer
        assert daemon.log_of(address, "connection closed")["reason"]
        assert daemon.metric("simul_connections_ended_total", reason="protocol") == errors + 1
        other.send(frame(9, b"?"))
        assert other.read() == Frame(PONG, True, b"?")
        assert len(daemon.lines_of(address, "connection closed")) == 1


def test_log_lines_are_escaped(daemon):
    for name in BAD:
        send_bad(daemon, name)
    raw = os.pread(daemon.stderr_file.fileno(), 1 << 24, 0)
    assert all(byte == 10 or 32 <= byte for byte in raw)
    for line in raw.decode().splitlines():
        json.loads(line)


@pytest.mark.parametrize("data", [
    b"\x00\x01\x02\r\n", b"\xff\xfe\xfd\r\n", b":\r\n", b"@\r\n", b": : :\r\n", b"@a PRIVMSG\r\n",
    b"x" * 100_000 + b"\r\n", b" \r\n", b"@" + b"a" * 9000 + b" PING x\r\n",
    os.urandom(5000) + b"\r\n",
], ids=["nul", "not-utf8", "colon", "at", "colons", "tags-only", "endless", "space", "endless-tags",
        "random"])
def test_nonsense_in_irc_is_answered_and_the_session_goes_on(visitor, data):
    client = visitor()
    client.lines.sock.sendall(data)
    assert client.register("sensible")[-1].command == "422"
    client.send("QUIT")
    client.read_until("ERROR")


def test_random_bytes_on_every_listener_harm_nobody(daemon, channel, person):
    alice = person("alice")
    alice.join(channel)
    for listener in ("web", "http", "irc", "webtls", "irctls", "six", "admin"):
        for _ in range(20):
            with socket.create_connection(daemon.addresses[listener], timeout=TIMEOUT) as sock:
                try:
                    sock.sendall(os.urandom(3000))
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(1 << 16):
                        pass
                except (ConnectionResetError, BrokenPipeError, OSError):
                    pass
    alice.send("PING :fine")
    assert alice.expect("PONG").params[-1] == "fine"


def test_connections_that_break_off_anywhere_harm_nobody(daemon):
    """Every prefix of a session, then a reset."""
    session = upgrade("/chat").encode() + frame(TEXT, b"NICK broken") + frame(TEXT, b"JOIN #x")
    for cut in range(0, len(session), 3):
        sock = daemon.connect("web")
        sock.sendall(session[:cut])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/echo")).status == 200


def test_memory_stays_flat_over_2000_bad_connections(start):
    daemon = start(*SETTINGS, env=MEASURED)
    names = [name for name in BAD if not name.startswith("tls")]

    def misbehave(count):
        for number in range(count):
            send_bad(daemon, names[number % len(names)])

    misbehave(400)
    before = daemon.rss_kb()
    misbehave(2000)
    assert daemon.rss_kb() - before < 3 * 1024
    # The one that asks is itself a connection.
    wait_until(lambda: daemon.metric("simul_connections") == 1, "their end")
    with Client(daemon.connect("irc")) as client:
        client.register("still-here")
        client.send("QUIT")
        client.expect("ERROR")
