"""RFC 6455 section 4, the opening handshake, as it binds the server."""
import base64
import contextlib
import hashlib
import os
import socket

import pytest

from http_raw import HttpConnection, get
from irc import Client, WebSocketLines
from simuld import TIMEOUT, wait_until
from ws_raw import ACCEPT, KEY, PING, TEXT, frame, handshake, upgrade

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ENDPOINTS = pytest.mark.parametrize("target", ["/echo", "/chat", "/"])
SERVICES = pytest.mark.parametrize("target", ["/echo", "/chat"])  # "/" is a page too


def without(name, target="/echo"):
    """A handshake without one of its headers."""
    lines = upgrade(target).split("\r\n")
    return "\r\n".join(line for line in lines if not line.startswith(f"{name}:"))


def with_changed(name, value, target="/echo"):
    lines = upgrade(target).split("\r\n")
    return "\r\n".join(f"{name}: {value}" if line.startswith(f"{name}:") else line
                       for line in lines)


# --- 4.2.1: what is read ---


@ENDPOINTS
def test_4_2_1_a_handshake_that_is_right_is_accepted(daemon, target):
    assert handshake(daemon, upgrade(target)).status == 101


@ENDPOINTS
@pytest.mark.parametrize("method, status", [
    *[(method, 405) for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")],
    ("BREW", 501), ("get", 501), ("CONNECT", 501)])
def test_4_2_1_a_method_that_is_not_get_is_refused(daemon, target, method, status):
    answer = handshake(daemon, upgrade(target).replace("GET", method, 1))
    assert answer.status == status
    if status == 405:
        assert "GET" in answer.get("Allow").split(", ")


@ENDPOINTS
def test_4_2_1_head_is_refused(daemon, target):
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(upgrade(target).replace("GET", "HEAD", 1), to_head=True).status == 405


@ENDPOINTS
@pytest.mark.parametrize("version, status", [("HTTP/1.0", 400), ("HTTP/0.9", 505),
                                             ("HTTP/1.2", 505), ("HTTP/2.0", 505)])
def test_4_2_1_a_version_of_http_that_is_not_spoken_is_refused(daemon, target, version, status):
    request = upgrade(target).replace("HTTP/1.1", version)
    assert handshake(daemon, request).status == status


def test_4_2_1_the_target_may_be_an_absolute_uri(daemon):
    assert handshake(daemon, upgrade("http://localhost/echo")).status == 101
    assert handshake(daemon, upgrade("http://localhost/nowhere")).status == 404


def test_4_2_1_the_target_may_have_a_query(daemon):
    assert handshake(daemon, upgrade("/echo?a=b&c")).status == 101


@ENDPOINTS
@pytest.mark.parametrize("request_of", [
    lambda target: without("Host", target),
    lambda target: with_changed("Host", "", target),
    lambda target: with_changed("Host", "local host", target),
    lambda target: upgrade(target, "Host: localhost"),
], ids=["none", "empty", "malformed", "two"])
def test_4_2_1_one_host_is_needed(daemon, target, request_of):
    assert handshake(daemon, request_of(target)).status == 400


@pytest.mark.parametrize("request_text", [
    without("Upgrade"), with_changed("Upgrade", "h2c"), with_changed("Upgrade", "web-socket"),
    with_changed("Upgrade", ""), with_changed("Upgrade", "websockets")])
def test_4_2_1_without_upgrade_to_websocket_it_is_no_handshake(daemon, request_text):
    assert handshake(daemon, request_text).status == 200  # /echo is a page of HTTP too
    assert handshake(daemon, request_text.replace("/echo", "/chat")).status == 426


@ENDPOINTS
@pytest.mark.parametrize("name, value", [
    ("Upgrade", "WebSocket"), ("Upgrade", "WEBSOCKET"), ("Upgrade", "h2c, websocket"),
    ("Connection", "upgrade"), ("Connection", "keep-alive, UPGRADE"),
    ("Connection", "keep-alive,Upgrade"), ("Connection", "keep-alive\r\nConnection: Upgrade")])
def test_4_2_1_tokens_are_compared_without_regard_to_case(daemon, target, name, value):
    assert handshake(daemon, with_changed(name, value, target)).status == 101


@SERVICES
@pytest.mark.parametrize("request_of", [
    lambda target: without("Connection", target),
    lambda target: with_changed("Connection", "", target),
    lambda target: with_changed("Connection", "keep-alive", target),
    lambda target: with_changed("Connection", "Upgraded", target),
    lambda target: with_changed("Connection", "keep alive Upgrade", target),
], ids=["none", "empty", "keep-alive", "longer", "no-list"])
def test_4_2_1_without_upgrade_in_connection_it_is_refused(daemon, target, request_of):
    answer = handshake(daemon, request_of(target))
    assert (answer.status, answer.get("Upgrade")) == (426, "websocket")


@ENDPOINTS
@pytest.mark.parametrize("key", [
    "", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=!", "dGhlIHNhbXBsZSBub25jZQ=",
    "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSBsb25n", "dGhlIHNhbXBsZSBub25jZR==",
    "dGhlIHNhbXBsZSBub25jZQ===", "dGhl IHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ-==",
    "dGhlIHNhbXBsZSBub25jZQ==,", "========================"])
def test_4_2_1_a_key_that_is_not_16_bytes_in_base64_is_refused(daemon, target, key):
    assert handshake(daemon, upgrade(target, key=key)).status == 400


@ENDPOINTS
def test_4_2_1_a_key_is_needed_once(daemon, target):
    assert handshake(daemon, without("Sec-WebSocket-Key", target)).status == 400
    again = upgrade(target, f"Sec-WebSocket-Key: {KEY}")
    assert handshake(daemon, again).status == 400


@ENDPOINTS
def test_4_2_1_a_version_is_needed_once(daemon, target):
    assert handshake(daemon, without("Sec-WebSocket-Version", target)).status == 400
    again = upgrade(target, "Sec-WebSocket-Version: 13")
    assert handshake(daemon, again).status == 400


@ENDPOINTS
def test_4_2_1_names_in_any_case_and_order(daemon, target):
    names = ["uPGRADE: websocket", "SEC-WEBSOCKET-VERSION: 13", "connection: Upgrade",
             f"sec-websocket-KEY: {KEY}"]
    for at in range(len(names)):
        request = get(target, *names[at:], *names[:at]).replace("Host:", "hOST:")
        answer = handshake(daemon, request)
        assert (answer.status, answer.get("Sec-WebSocket-Accept")) == (101, ACCEPT)


@ENDPOINTS
def test_4_2_1_space_around_values_is_no_part_of_them(daemon, target):
    request = get(target, "Upgrade:websocket", "Connection:  \t Upgrade \t",
                  f"Sec-WebSocket-Key:   {KEY}  \t", "Sec-WebSocket-Version:\t13 ")
    answer = handshake(daemon, request)
    assert (answer.status, answer.get("Sec-WebSocket-Accept")) == (101, ACCEPT)


@ENDPOINTS
@pytest.mark.parametrize("header", [
    "X-Folded: one\r\n two", "X-Space : x", "X Name: x", ": x", "no colon", "X-Nul: a\0b",
    "X-Bare: a\rb", "X-Line: a\nb"])
def test_4_2_1_what_is_not_http_is_refused(daemon, target, header):
    assert handshake(daemon, upgrade(target, header)).status == 400


@ENDPOINTS
def test_4_2_1_a_handshake_has_no_body(daemon, target):
    """Somebody in between could take a body for frames, or frames for a body."""
    assert handshake(daemon, upgrade(target, "Content-Length: 4") + "body").status == 400
    chunked = upgrade(target, "Transfer-Encoding: chunked") + "1\r\nx\r\n0\r\n\r\n"
    assert handshake(daemon, chunked).status == 400
    assert handshake(daemon, upgrade(target, "Content-Length: 0")).status == 101


@ENDPOINTS
def test_4_2_1_other_headers_are_ignored(daemon, target):
    answer = handshake(daemon, upgrade(target, "Cookie: a=b", "Authorization: Basic eDp5",
                                       "Sec-WebSocket-Accept: x", "Sec-WebSocket-New: x",
                                       "X-Name: z\xfcrich"))
    assert (answer.status, answer.get("Sec-WebSocket-Accept")) == (101, ACCEPT)


@SERVICES
def test_4_2_1_a_handshake_may_be_cut_anywhere(daemon, target):
    """All cuts at once, on a connection each. The second part is sent when all first ones have been
    read, which the server counts."""
    text = upgrade(target, "Sec-WebSocket-Protocol: text.ircv3.net").encode()
    before = daemon.metric("simul_reads_total")
    clients = [HttpConnection(daemon.connect("web")) for _ in range(1, len(text))]
    for cut, client in enumerate(clients, 1):
        client.send(text[:cut])
    wait_until(lambda: daemon.metric("simul_reads_total") >= before + len(clients), "the reads")
    for cut, client in enumerate(clients, 1):
        client.send(text[cut:])
    for cut, client in enumerate(clients, 1):
        assert (client.read().status, cut) == (101, cut)
        client.close()


def test_4_2_1_a_handshake_may_come_byte_by_byte(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        for byte in upgrade().encode():
            http.send(bytes([byte]))
        assert http.read_head().status == 101


@ENDPOINTS
@pytest.mark.parametrize("value", ["", ",", "a b", '"text.ircv3.net"', "text.ircv3.net; q=1", "a/b",
                                   "text.ircv3.net, b@d", "caf\xe9", "a=b"])
def test_4_2_1_a_malformed_list_of_subprotocols_is_refused(daemon, target, value):
    assert handshake(daemon, upgrade(target, f"Sec-WebSocket-Protocol: {value}")).status == 400


# --- 4.2.2: what is answered ---


@ENDPOINTS
@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_4_2_2_the_answer_has_what_it_must_have_and_once(daemon, target, listener):
    with HttpConnection(daemon.connect(listener)) as http:
        http.send(upgrade(target))
        assert http.input.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        lines = list(iter(http.read_line, ""))
    assert sorted(lines) == ["Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}",
                             "Upgrade: websocket"]


def test_4_2_2_accept_is_the_hash_of_the_key(daemon):
    for _ in range(100):
        key = base64.b64encode(os.urandom(16)).decode()
        expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert handshake(daemon, upgrade(key=key)).get("Sec-WebSocket-Accept") == expected


@ENDPOINTS
def test_4_2_2_the_key_may_be_any_16_bytes(daemon, target):
    for nonce in (bytes(16), b"\xff" * 16, b"\xfb\xef\xbe" * 5 + b"\xfb"):
        key = base64.b64encode(nonce).decode()
        assert handshake(daemon, upgrade(target, key=key)).status == 101


def test_4_2_2_on_a_port_of_tls_nothing_goes_on_without(daemon):
    """What is no TLS is told so, or closed; it is never a handshake of WebSocket."""
    assert handshake(daemon, upgrade(), "webtls").status == 101
    with HttpConnection(socket.create_connection(daemon.addresses["webtls"], TIMEOUT)) as http:
        http.send(upgrade())
        with contextlib.suppress(ConnectionResetError):
            assert b"101" not in http.input.read()


@pytest.mark.parametrize("target", ["/nowhere", "/echo/", "/echo/x", "/chat/x", "/Echo", "/%65cho",
                                    "/./echo", "//echo", "/jobs/none"])
def test_4_2_2_a_resource_that_is_not_there_is_an_error(daemon, target):
    assert handshake(daemon, upgrade(target)).status == 404


@pytest.mark.parametrize("asked, chosen", [
    ([], None),
    (["text.ircv3.net"], "text.ircv3.net"),
    (["binary.ircv3.net"], "binary.ircv3.net"),
    (["binary.ircv3.net, text.ircv3.net"], "binary.ircv3.net"),
    (["text.ircv3.net,binary.ircv3.net"], "text.ircv3.net"),
    (["mqtt, binary.ircv3.net, text.ircv3.net"], "binary.ircv3.net"),
    (["mqtt", "binary.ircv3.net", "text.ircv3.net"], "binary.ircv3.net"),
    ([" \t mqtt \t,\t text.ircv3.net \t"], "text.ircv3.net"),
    (["mqtt"], None),
    (["TEXT.ircv3.net"], None),
])
@pytest.mark.parametrize("target", ["/chat", "/"])
def test_4_2_2_the_clients_first_choice_of_a_subprotocol_is_taken(daemon, target, asked, chosen):
    headers = [f"Sec-WebSocket-Protocol: {value}" for value in asked]
    lines = WebSocketLines(daemon.connect("web"), target, *headers)
    assert lines.protocol == chosen
    with Client(lines) as client:  # which checks that frames are text, or binary where agreed
        assert client.register("webby")[0].command == "001"
        client.send("QUIT")
        client.expect("ERROR")


def test_4_2_2_no_subprotocol_is_named_that_is_not_spoken_there(daemon):
    answer = handshake(daemon, upgrade("/echo", "Sec-WebSocket-Protocol: text.ircv3.net"))
    assert (answer.status, answer.get("Sec-WebSocket-Protocol")) == (101, None)


@ENDPOINTS
@pytest.mark.parametrize("value", ["x-unknown", "x-unknown; a; b=1", "mux; max-channels=4, foo",
                                   'x; quoted="token"', "x-webkit-deflate-frame"])
def test_4_2_2_an_extension_that_is_not_known_is_not_named(daemon, target, value):
    answer = handshake(daemon, upgrade(target, f"Sec-WebSocket-Extensions: {value}"))
    assert (answer.status, answer.get("Sec-WebSocket-Extensions")) == (101, None)


@ENDPOINTS
@pytest.mark.parametrize("request_of, status", [
    (lambda target: upgrade(target, key="no"), 400),
    (lambda target: upgrade(target, version="8"), 426),
    (lambda target: upgrade(target, "Origin: https://elsewhere.example"), 403),
], ids=["key", "version", "origin"])
def test_4_2_2_who_is_refused_is_told_why_and_closed(daemon, target, request_of, status):
    with HttpConnection(daemon.connect("web")) as http:
        answer = http.ask(request_of(target).encode() + frame(TEXT, b"in good hope"))
        assert answer.status == status and answer.body.endswith(b"\n")
        assert answer.get("Sec-WebSocket-Accept") is None
        assert http.ends_cleanly()


@SERVICES
def test_4_2_2_frames_may_follow_in_the_same_segment(daemon, target):
    with HttpConnection(daemon.connect("web")) as http:
        http.send(upgrade(target).encode() + frame(PING, b"early"))
        assert http.read_head().status == 101
        assert http.input.read(7) == b"\x8a\x05early"


# --- 4.4: versions ---


@ENDPOINTS
@pytest.mark.parametrize("version", ["0", "7", "8", "12", "14", "25", "255", "256", "013", "x", "",
                                     "13, 8", "1 3", "-13"])
def test_4_4_a_version_that_is_not_spoken_is_answered_with_that_which_is(daemon, target, version):
    answer = handshake(daemon, upgrade(target, version=version))
    assert answer.status == 426
    assert answer.get("Sec-WebSocket-Version") == "13"
    assert answer.get("Upgrade") == "websocket"


def test_4_4_a_client_may_then_ask_for_that(daemon):
    offered = handshake(daemon, upgrade(version="25")).get("Sec-WebSocket-Version")
    assert handshake(daemon, upgrade(version=offered)).status == 101
