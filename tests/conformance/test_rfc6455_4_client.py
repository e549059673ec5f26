"""RFC 6455 section 4, the opening handshake, as it binds the client: simul-load, before a server of
bare sockets."""
import base64
import contextlib
import re
import ssl

import pytest

from answers import accepted, refused, requests_of
from load import DONE, FAILED, USAGE, Run, load
from raw_server import (Peer, accept_of, listening, response, server_frame, server_tls,
                        upgraded)
from simuld import TIMEOUT
from ws_raw import BINARY, CLOSE, TEXT

UPGRADE, CONNECTION = "Upgrade: websocket", "Connection: Upgrade"
SILENCE_SECONDS = 0.3
NONCES = 300


# --- 4.1: the request ---


def test_4_1_the_request_has_what_it_must_have_and_once():
    request = requests_of()[0][0]
    assert request.line == "GET /a/b?c=d HTTP/1.1"
    assert request.values("Upgrade") == ["websocket"]
    assert request.values("Connection") == ["Upgrade"]
    assert request.values("Sec-WebSocket-Version") == ["13"]
    assert len(base64.b64decode(request.key, validate=True)) == 16 and len(request.key) == 24
    assert len(request.values("Sec-WebSocket-Key")) == 1
    for name in ("Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Content-Length",
                 "Transfer-Encoding"):
        assert request.values(name) == []


def test_4_1_without_a_path_it_is_the_root():
    assert requests_of(path="")[0][0].line == "GET / HTTP/1.1"


def test_4_1_what_is_wished_for_is_sent():
    request = requests_of("--origin", "http://chat.example", "--subprotocol", "text.ircv3.net",
                          "--subprotocol", "binary.ircv3.net", "-H", "Cookie: a=b",
                          "--deflate")[0][0]
    assert request.values("Origin") == ["http://chat.example"]
    assert request.values("Sec-WebSocket-Protocol") == ["text.ircv3.net, binary.ircv3.net"]
    assert request.values("Cookie") == ["a=b"]
    assert request.values("Sec-WebSocket-Extensions")[0].startswith("permessage-deflate")


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a/b", "caf\xe9"])
def test_4_1_a_subprotocol_is_a_token(name):
    assert Run("connect", "ws://127.0.0.1:1/", "-n", 1, "--subprotocol", name).status != DONE


def test_4_1_no_subprotocol_is_asked_for_twice():
    with listening(lambda sock: sock.close()) as address:
        run = load("connect", f"ws://{address}/", "-n", 1, "--subprotocol", "a", "--subprotocol",
                   "b", "--subprotocol", "a", status=FAILED)
    assert "cannot stand in a request" in run.err


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/a#b", "ws://127.0.0.1:0/", "ws://:1/", "ws:///",
                                 "ws://127.0.0.1:65536/", "wsx://127.0.0.1:1/",
                                 "ws://127.0.0.1:1/a b"])
def test_4_1_a_uri_that_is_none_is_refused(url):
    assert Run("connect", url, "-n", 1).status == USAGE


def test_4_1_each_connection_has_a_random_nonce():
    """None comes twice, within a run and in two of them, and no bit of them prefers a side."""
    runs = [requests_of(connections=NONCES)[0] for _ in range(2)]
    nonces = [base64.b64decode(request.key) for requests in runs for request in requests]
    assert len(nonces) == 2 * NONCES == len(set(nonces))
    for bit in range(128):
        ones = sum(nonce[bit // 8] >> bit % 8 & 1 for nonce in nonces)
        assert abs(ones - NONCES) < 150, f"bit {bit}"  # more than 12 standard deviations


def test_4_1_nothing_is_sent_before_the_answer():
    silent = []

    def serve(sock):
        with Peer(sock) as peer:
            key = peer.read_request().key
            sock.settimeout(SILENCE_SECONDS)
            with contextlib.suppress(TimeoutError):
                silent.append(sock.recv(1))
            sock.settimeout(TIMEOUT)
            peer.send(upgraded(key))
            first = peer.read()
            peer.send(server_frame(first.opcode, first.payload))
            peer.read_to_close()
            peer.send(server_frame(CLOSE))

    with listening(serve) as address:
        load("echo", f"ws://{address}/", "-c", 1, "-n", 1, "--expect", "errors=0")
    assert not silent


# --- 4.1: TLS ---


@contextlib.contextmanager
def listening_tls(directory, seen):
    """A server that has a certificate for "localhost": appends to `seen` the name that the client
    wanted and what it asked for, or nothing where TLS did not come about."""
    context, certificate = server_tls(directory)
    wanted = []
    context.sni_callback = lambda _, name, __: wanted.append(name)

    def serve(sock):
        with sock, contextlib.suppress(ssl.SSLError, ConnectionResetError):
            with Peer(context.wrap_socket(sock, server_side=True)) as peer:
                seen.append((wanted[-1], peer.read_request()))
                peer.send(upgraded(peer.request.key))
                peer.read_to_close()
                peer.send(server_frame(CLOSE))

    with listening(serve) as address:
        yield address.rpartition(":")[2], certificate


def test_4_1_wss_is_through_tls_with_the_name_of_the_server(tmp_path):
    seen = []
    with listening_tls(tmp_path, seen) as (port, certificate):
        load("connect", f"wss://localhost:{port}/x", "-n", 1, "-c", 1, "--ca", certificate,
             "--expect", "errors=0")
    assert [(name, request.line) for name, request in seen] == [("localhost", "GET /x HTTP/1.1")]


def test_4_1_a_certificate_that_is_not_trusted_fails_before_a_word_is_said(tmp_path):
    seen = []
    with listening_tls(tmp_path, seen) as (port, _):
        run = load("connect", f"wss://localhost:{port}/", "-n", 1, "-c", 1, status=FAILED)
    assert "certificate" in run.err and not seen


# --- 4.1: the answer ---


@pytest.mark.parametrize("answer", [
    upgraded,
    lambda key: response("upgrade: WebSocket", "CONNECTION: uPGRADE",
                         f"sec-websocket-ACCEPT: {accept_of(key)}"),
    lambda key: response("Upgrade:websocket", "Connection:  keep-alive ,\tUpgrade ",
                         f"Sec-WebSocket-Accept: \t {accept_of(key)} \t"),
    lambda key: response("Connection: keep-alive", CONNECTION, UPGRADE,
                         f"Sec-WebSocket-Accept: {accept_of(key)}"),
    lambda key: upgraded(key, "Server: x", "Set-Cookie: a=b", "Date: today", "X-Empty:"),
    lambda key: upgraded(key).replace(b"Switching Protocols", b""),
    lambda key: upgraded(key).replace(b"Switching Protocols", b"Whatever You Like"),
    lambda key: response("Link: </a>", status="103 Early Hints") + upgraded(key),
], ids=["usual", "case", "space", "two-connections", "more", "no-phrase", "phrase", "hints"])
def test_4_1_an_answer_that_is_right_is_taken(answer):
    accepted(answer)


@pytest.mark.parametrize("status", [
    "200 OK", "204 No Content", "400 Bad Request", "401 Unauthorized", "403 Forbidden",
    "404 Not Found", "426 Upgrade Required", "500 Internal Server Error",
    "503 Service Unavailable"])
def test_4_1_a_status_that_is_not_101_is_told(status):
    """Whatever else the answer says; nobody asks for a password here."""
    def answer(key):
        return upgraded(key, "Content-Length: 0", 'WWW-Authenticate: Basic realm="x"').replace(
            b"101 Switching Protocols", status.encode())

    refused(answer, f"the server answers {status}")


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect",
                                    "308 Permanent Redirect"])
def test_4_1_a_redirection_is_told_and_not_followed(status):
    """A measurement of somebody else's server would be no use."""
    elsewhere = []
    with listening(elsewhere.append) as address:
        where = f"Location: ws://{address}/"
        refused(lambda _: response(where, "Content-Length: 0", status=status),
                f"the server answers {status}")
    assert not elsewhere


WRONG = "the server's answer to the Upgrade is wrong"
BY_ITSELF = "the server chose a subprotocol or extension by itself"


def with_accept(accept):
    return response(UPGRADE, CONNECTION, f"Sec-WebSocket-Accept: {accept}")


@pytest.mark.parametrize("answer", [
    lambda key: response(CONNECTION, f"Sec-WebSocket-Accept: {accept_of(key)}"),
    lambda key: upgraded(key).replace(b"websocket", b"h2c"),
    lambda key: upgraded(key).replace(b"websocket", b"websockets"),
    lambda key: upgraded(key).replace(b"websocket", b""),
], ids=["none", "h2c", "longer", "empty"])
def test_4_1_an_answer_without_upgrade_to_websocket_fails(answer):
    refused(answer, WRONG)


@pytest.mark.parametrize("answer", [
    lambda key: response(UPGRADE, f"Sec-WebSocket-Accept: {accept_of(key)}"),
    lambda key: upgraded(key).replace(CONNECTION.encode(), b"Connection: keep-alive"),
    lambda key: upgraded(key).replace(CONNECTION.encode(), b"Connection: Upgraded"),
    lambda key: upgraded(key).replace(CONNECTION.encode(), b"Connection:"),
], ids=["none", "keep-alive", "longer", "empty"])
def test_4_1_an_answer_whose_connection_lacks_upgrade_fails(answer):
    refused(answer, WRONG)


@pytest.mark.parametrize("answer", [
    lambda key: response(UPGRADE, CONNECTION),
    lambda key: with_accept(""),
    lambda key: with_accept(key),
    lambda key: with_accept(accept_of(key[::-1])),
    lambda key: with_accept(accept_of(key).swapcase()),
    lambda key: with_accept(accept_of(key)[:-1]),
    lambda key: with_accept(accept_of(key) + "="),
    lambda key: with_accept(f'"{accept_of(key)}"'),
    lambda key: upgraded(key, f"Sec-WebSocket-Accept: {accept_of(key)}"),
    lambda key: upgraded(key, "Sec-WebSocket-Accept: x"),
], ids=["none", "empty", "the-key", "another-key's", "case", "shorter", "longer", "quoted", "twice",
        "two"])
def test_4_1_an_answer_whose_accept_is_not_that_of_the_key_fails(answer):
    refused(answer, WRONG)


@pytest.mark.parametrize("value", ["permessage-deflate", "x", "permessage-deflate; a=b, x", ""])
def test_4_1_an_extension_that_was_not_asked_for_fails(value):
    refused(lambda key: upgraded(key, f"Sec-WebSocket-Extensions: {value}"), BY_ITSELF)


@pytest.mark.parametrize("value", ["b", "A", "a, c", "", "aa"])
def test_4_1_a_subprotocol_that_was_not_asked_for_fails(value):
    def answer(key):
        return upgraded(key, f"Sec-WebSocket-Protocol: {value}")

    refused(answer, BY_ITSELF, "--subprotocol", "a", "--subprotocol", "c")
    refused(answer, BY_ITSELF)


def test_4_1_a_subprotocol_is_named_once():
    twice = ["Sec-WebSocket-Protocol: a"] * 2
    refused(lambda key: upgraded(key, *twice), WRONG, "--subprotocol", "a")


@pytest.mark.parametrize("answer", [
    lambda key: b"250 OK\r\n\r\n",
    lambda key: upgraded(key)[:-2],
    lambda key: upgraded(key, " folded"),
    lambda key: upgraded(key, "X Y: z"),
    lambda key: upgraded(key).replace(b"\r\n", b"\n"),
    lambda key: upgraded(key).replace(b"HTTP/1.1", b"HTTP/3.0"),
    lambda key: upgraded(key, "X: " + "y" * 100_000),
    lambda key: b"",
], ids=["smtp", "no-end", "folded", "name", "line-ends", "version", "long", "nothing"])
def test_4_1_an_answer_that_is_not_http_fails(answer):
    def serve(sock):
        with Peer(sock) as peer, contextlib.suppress(ConnectionError):
            peer.send(answer(peer.read_request().key))

    with listening(serve) as address:
        run = load("connect", f"ws://{address}/", "-c", 1, "-n", 1, status=FAILED)
    assert re.search("no WebSocket there|closed by the server before|the connection broke", run.err)


def test_4_1_an_answer_may_come_byte_by_byte_with_a_frame_behind_it():
    def serve(sock):
        with Peer(sock) as peer:
            for byte in upgraded(peer.read_request().key) + server_frame(BINARY, b"unasked"):
                peer.send(bytes([byte]))
            assert peer.read().opcode in (BINARY, TEXT)
            peer.read_to_close()
            peer.send(server_frame(CLOSE))

    with listening(serve) as address:
        load("echo", f"ws://{address}/", "-c", 1, "-n", 1, "--timeout", 0.2)
