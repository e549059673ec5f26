"""WebSocket (RFC 6455): the handshake, the rules of frames and messages, and /echo."""
import asyncio
import os
import socket
import struct
import threading

import pytest
import websockets

from http_raw import HttpConnection, get
from simuld import MEASURED, TIMEOUT
from ws_raw import (ACCEPT, BINARY, CLOSE, CONTINUATION, KEY, PING, PONG, TEXT, Frame, WebSocket,
                    close_frame, frame, frame_header, mask, upgrade)

SETTINGS = ["ws.origins=https://chat.example,http://other.example:8000",
            "ws.message_bytes_max=4096"]
HUGE_MIB = 1024


@pytest.fixture
def ws(daemon):
    with WebSocket(daemon.connect("web")) as socket:
        yield socket


def handshake(daemon, request, listener="web"):
    with HttpConnection(daemon.connect(listener)) as http:
        return http.ask(request)


# --- the handshake ---


@pytest.mark.short
def test_the_handshake_is_answered_with_the_hash_of_its_key(daemon):
    answer = handshake(daemon, upgrade())
    assert answer.status == 101
    assert answer.get("Upgrade") == "websocket"
    assert answer.get("Connection") == "Upgrade"
    assert answer.get("Sec-WebSocket-Accept") == ACCEPT
    assert answer.get("Sec-WebSocket-Extensions") is None


def test_tokens_are_compared_without_regard_to_case(daemon):
    answer = handshake(daemon, get("/echo", "UPGRADE: WebSocket", "connection: keep-alive, uPGRADE",
                                   f"sec-websocket-KEY: {KEY}", "SEC-WEBSOCKET-VERSION: 13"))
    assert answer.status == 101


@pytest.mark.parametrize("version", ["12", "8", "14", "x"])
def test_other_versions_are_426_with_ours(daemon, version):
    answer = handshake(daemon, upgrade(version=version))
    assert answer.status == 426
    assert answer.get("Sec-WebSocket-Version") == "13"
    assert answer.get("Upgrade") == "websocket"


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=!",
                                 "dGhlIHNhbXBsZSBub25jZSBsb25n", "dGhlIHNhbXBsZSBub25jZR=="])
def test_a_key_that_is_not_16_bytes_is_400(daemon, key):
    assert handshake(daemon, upgrade(key=key)).status == 400


@pytest.mark.parametrize("status, request_text", [
    (400, get("/echo", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")),
    (400, get("/echo", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {KEY}")),
    (400, upgrade("/echo", f"Sec-WebSocket-Key: {KEY}")),
    (426, get("/echo", "Upgrade: websocket", f"Sec-WebSocket-Key: {KEY}",
              "Sec-WebSocket-Version: 13")),
    (426, get("/chat")),
    (400, upgrade().replace("HTTP/1.1", "HTTP/1.0")),
    (400, upgrade().replace("Host: localhost\r\n", "")),
    (405, upgrade("/chat").replace("GET", "POST")),
    (400, upgrade("/echo", "Content-Length: 4") + "body"),
    (400, upgrade("/chat", "Transfer-Encoding: chunked") + "1\r\nx\r\n0\r\n\r\n"),
    (404, upgrade("/nowhere")),
], ids=["no-key", "no-version", "two-keys", "no-connection", "chat-without-upgrade", "http-1.0",
        "no-host", "post", "body", "chunks", "unknown-path"])
def test_a_handshake_that_is_not_right_is_refused(daemon, status, request_text):
    assert handshake(daemon, request_text).status == status


def test_frames_behind_the_handshake_in_one_segment_are_answered(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        http.send(upgrade().encode() + frame(TEXT, b"early"))
        assert http.read_head().status == 101
        assert http.input.read(7) == b"\x81\x05early"


@pytest.mark.parametrize("origin, host, status", [
    ("http://localhost", "localhost", 101),
    ("http://LOCALHOST:80", "localhost", 101),
    ("http://127.0.0.1:8080", "127.0.0.1:8080", 101),
    ("https://chat.example", "localhost", 101),
    ("https://chat.example:443", "localhost", 101),
    ("http://other.example:8000", "localhost", 101),
    ("http://other.example", "localhost", 403),
    ("http://chat.example", "localhost", 403),
    ("https://chat.example.evil", "localhost", 403),
    ("http://localhost:81", "localhost", 403),
    ("https://localhost", "localhost", 403),
    ("null", "localhost", 403),
    ("", "localhost", 403),
    # On a loopback address a Host of another name is somebody's DNS (rebinding).
    ("http://evil.example", "evil.example", 403),
    ("http://127.evil.example", "127.evil.example", 403),
])
@pytest.mark.parametrize("target", ["/echo", "/chat", "/"])
def test_browsers_of_other_origins_are_refused(daemon, origin, host, status, target):
    request = upgrade(target, f"Origin: {origin}").replace("Host: localhost", f"Host: {host}")
    assert handshake(daemon, request).status == status


def test_over_tls_our_own_origin_is_https(daemon):
    assert handshake(daemon, upgrade("/echo", "Origin: https://localhost"), "webtls").status == 101
    assert handshake(daemon, upgrade("/echo", "Origin: http://localhost"), "webtls").status == 403


# --- echo ---


@pytest.mark.short
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 16_000])
def test_a_frame_that_is_whole_comes_back_as_that_frame(ws, opcode, size):
    data = b"a" * size if opcode == TEXT else os.urandom(size)
    ws.send(frame(opcode, data))
    assert ws.read() == Frame(opcode, True, data)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [65535, 65536, 65537, 1_000_000])
def test_a_message_of_any_length_comes_back(ws, opcode, size):
    data = b"a" * size if opcode == TEXT else os.urandom(size)
    sender = threading.Thread(target=ws.send, args=[frame(opcode, data)])
    sender.start()
    assert ws.read_message() == (opcode, data)
    sender.join()


def test_fragments_come_back_as_those_fragments(ws):
    ws.send(frame(TEXT, b"one", fin=False), frame(CONTINUATION, b"", fin=False),
            frame(CONTINUATION, b"two", fin=False), frame(CONTINUATION, b"three"))
    assert [ws.read() for _ in range(4)] == [
        Frame(TEXT, False, b"one"), Frame(CONTINUATION, False, b""),
        Frame(CONTINUATION, False, b"two"), Frame(CONTINUATION, True, b"three")]


def test_control_frames_may_stand_between_fragments(ws):
    ws.send(frame(BINARY, b"one", fin=False), frame(PING, b"ping"), frame(PONG, b"unasked"),
            frame(CONTINUATION, b"two"), frame(PING))
    assert [ws.read() for _ in range(4)] == [
        Frame(BINARY, False, b"one"), Frame(PONG, True, b"ping"), Frame(CONTINUATION, True, b"two"),
        Frame(PONG, True, b"")]


def test_a_frame_that_is_not_whole_comes_back_as_fragments_while_it_arrives(ws):
    key = b"\x01\x02\x03\x04"
    data = bytes(range(256)) * 4
    masked = mask(data, key)
    ws.send(frame_header(BINARY, len(data), key=key) + masked[:500])
    opcode, fin, length = ws.read_header()
    assert (opcode, fin) == (BINARY, False)
    assert length <= 500, "the header promises bytes that have not arrived"
    got = ws.read_exactly(length)
    ws.send(masked[500:])
    while not fin:
        opcode, fin, length = ws.read_header()
        assert opcode == CONTINUATION
        got += ws.read_exactly(length)
    assert got == data


def test_a_message_may_come_byte_by_byte(ws):
    for byte in frame(TEXT, "żółw".encode()) + frame(PING, b"?"):
        ws.send(bytes([byte]))
    opcode, payload = ws.read_message()
    assert (opcode, payload.decode()) == (TEXT, "żółw")
    assert ws.read() == Frame(PONG, True, b"?")


def test_many_messages_in_one_segment_come_back_in_order(ws):
    ws.send(*[frame(TEXT, b"%d" % number) for number in range(5000)])
    for number in range(5000):
        assert ws.read_message() == (TEXT, b"%d" % number)


def test_the_limit_of_messages_does_not_bind_echo(ws):
    data = os.urandom(50_000)  # ws.message_bytes_max is 4,096 here
    ws.send(frame(BINARY, data))
    assert ws.read_message() == (BINARY, data)


def test_a_message_of_a_gibibyte_is_echoed_in_constant_memory(start):
    daemon = start(env=MEASURED)
    block = os.urandom(1 << 20)
    key = os.urandom(4)
    masked = mask(block, key)
    with WebSocket(daemon.connect("web")) as ws:
        before = daemon.rss_kb()

        def send():
            ws.send(frame_header(BINARY, HUGE_MIB << 20, key=key))
            for _ in range(HUGE_MIB):
                ws.send(masked)

        sender = threading.Thread(target=send)
        sender.start()
        total, highest, fin = 0, 0, False
        while not fin:
            _, fin, length = ws.read_header()
            while length > 0:  # up to the end of the frame or of a block
                at = total % len(block)
                part = ws.read_exactly(min(length, len(block) - at))
                assert part == block[at:at + len(part)]
                total, length = total + len(part), length - len(part)
                if total % len(block) == 0:
                    highest = max(highest, daemon.rss_kb())
        sender.join()
        assert total == HUGE_MIB << 20
        assert highest - before < 24 * 1024


def test_messages_that_come_in_one_segment_are_read_and_written_at_once(daemon, ws):
    """One recv and one send for each connection and tick; the admin connections have theirs."""
    before = [daemon.metric(f"simul_{name}_total") for name in ("reads", "writes")]
    ws.send(*[frame(TEXT, b"x") for _ in range(500)])
    for _ in range(500):
        assert ws.read() == Frame(TEXT, True, b"x")
    after = [daemon.metric(f"simul_{name}_total") for name in ("reads", "writes")]
    assert all(late - early <= 10 for early, late in zip(before, after))


def test_a_flood_does_not_starve_another(daemon, ws):
    flood = frame(TEXT, b"flood") * 10_000
    stop = threading.Event()

    def pour(sock):
        with sock:
            while not stop.is_set():
                try:
                    sock.sendall(flood)
                except (OSError, ValueError):
                    return

    flooders = [WebSocket(daemon.connect("web")) for _ in range(4)]
    threads = [threading.Thread(target=pour, args=[one.sock]) for one in flooders]
    threads += [threading.Thread(target=drink, args=[one.sock]) for one in flooders]
    for thread in threads:
        thread.start()
    for number in range(100):
        ws.send(frame(TEXT, b"%d" % number))
        assert ws.read() == Frame(TEXT, True, b"%d" % number)
    stop.set()
    for one in flooders:
        one.sock.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()


def drink(sock):
    """Reads until the end, whatever kind of end it is."""
    try:
        while sock.recv(1 << 20):
            pass
    except OSError:
        pass


# --- closing ---


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999])
def test_a_close_is_answered_with_its_code(ws, code):
    ws.send(close_frame(code, "bye".encode()))
    ws.expect_close(code)


def test_a_close_without_a_code_is_answered_without(ws):
    ws.send(close_frame())
    ws.expect_close(None)


def test_nothing_behind_a_close_is_answered(ws):
    ws.send(frame(TEXT, b"before"), close_frame(1000), frame(TEXT, b"behind"), frame(PING))
    assert ws.read() == Frame(TEXT, True, b"before")
    ws.expect_close(1000)


def bad_text(*parts):
    return [frame(TEXT if number == 0 else CONTINUATION, part, fin=number == len(parts) - 1)
            for number, part in enumerate(parts)]


@pytest.mark.parametrize("code, frames", [
    (1002, [frame(TEXT, b"x", rsv=4)]),
    (1002, [frame(TEXT, b"x", rsv=2)]),
    (1002, [frame(PING, b"x", rsv=1)]),
    *[(1002, [frame(opcode, b"x")]) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    (1002, [frame(TEXT, b"x", masked=False)]),
    (1002, [frame(PING, b"x", masked=False)]),
    (1002, [frame(PING, b"x", fin=False)]),
    (1002, [frame(PING, b"x" * 126)]),
    (1002, [frame(CLOSE, b"x")]),
    (1002, [frame(CONTINUATION, b"x")]),
    (1002, [frame(TEXT, b"x", fin=False), frame(TEXT, b"x")]),
    (1002, [frame(TEXT, b"x"), frame(CONTINUATION, b"x")]),
    (1002, [b"\x81\xfe\x00\x05" + b"\0" * 9]),
    (1002, [b"\x81\xff" + b"\0" * 6 + b"\x00\x05" + b"\0" * 9]),
    (1002, [b"\x82\xff" + b"\xff" * 8 + b"\0" * 4]),
    *[(1002, [close_frame(code)]) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)],
    (1007, [close_frame(1000, b"\xff")]),
    (1007, bad_text(b"\xc0\x80")),
    (1007, bad_text(b"\xed\xa0\x80")),
    (1007, bad_text(b"\xf4\x90\x80\x80")),
    (1007, bad_text(b"\xf8")),
    (1007, bad_text(b"caf\xc3")),
    (1007, bad_text("ż".encode()[:1], b"", b"x")),
    (1007, bad_text(b"fine", b"\x80")),
], ids=lambda value: str(value) if isinstance(value, int) else "")
def test_what_breaks_the_rules_is_closed_with_its_code(ws, code, frames):
    ws.send(*frames)
    while (part := ws.read()).opcode != CLOSE:
        assert part.opcode in (TEXT, CONTINUATION)  # what came before is echoed
    assert struct.unpack("!H", part.payload[:2])[0] == code
    assert ws.http.at_end()


def test_a_character_may_be_cut_by_fragments(ws):
    data = "żółw € 🐢".encode()
    ws.send(*bad_text(*[bytes([byte]) for byte in data]))
    opcode, payload = ws.read_message()
    assert (opcode, payload) == (TEXT, data)


@pytest.mark.parametrize("bad", [b"\xff", b"a\xc0", b"\xed\xa0", b"\xe0\x80", b"\xf4\x90",
                                 b"\xf0\x8f"])
def test_text_fails_at_the_first_impossible_byte(ws, bad):
    key = b"\0\0\0\0"
    ws.send(frame_header(TEXT, 1000, key=key) + bad)  # 1,000 bytes that will never come
    while (part := ws.read()).opcode != CLOSE:
        assert not part.fin
    assert struct.unpack("!H", part.payload[:2])[0] == 1007


def test_replies_to_what_came_before_an_error_are_sent_before_the_close(ws):
    ws.send(*[frame(TEXT, b"%d" % number) for number in range(100)], frame(3))
    assert [ws.read().payload for _ in range(100)] == [b"%d" % number for number in range(100)]
    ws.expect_close(1002)


def test_a_message_over_the_limit_is_1009_where_messages_are_put_together(daemon):
    with WebSocket(daemon.connect("web"), "/chat") as ws:
        ws.send(frame_header(TEXT, 4097, key=b"\0\0\0\0"))
        ws.expect_close(1009)
    with WebSocket(daemon.connect("web"), "/chat") as ws:
        ws.send(frame(TEXT, b"x" * 4096, fin=False), frame(CONTINUATION, b"x"))
        ws.expect_close(1009)


def test_a_silent_peer_is_pinged_and_closed_if_it_does_not_answer(start):
    daemon = start("ws.ping_seconds=1")
    with WebSocket(daemon.connect("web")) as ws:
        for _ in range(2):
            ping = ws.read()
            assert ping.opcode == PING
            ws.send(frame(PONG, ping.payload))
        assert ws.read().opcode == PING
        ws.expect_close(1001)


# --- with a client that was not written here ---


def run_client(daemon, scenario, listener="web", **options):
    async def connected():
        url = daemon.url(listener, "/echo", "ws")
        async with websockets.connect(url, max_size=None, open_timeout=TIMEOUT, **options) as ws:
            await scenario(ws)

    asyncio.run(asyncio.wait_for(connected(), TIMEOUT))


@pytest.mark.parametrize("listener", ["web", "six"])
def test_the_python_client_gets_its_messages_back(daemon, listener):
    async def scenario(ws):
        for message in ("", "hello", "żółw" * 10_000, b"", b"\0\xff", os.urandom(300_000)):
            await ws.send(message)
            assert await ws.recv() == message
        await ws.send(["frag", "ment", "s"])
        assert await ws.recv() == "fragments"
        await (await ws.ping(b"x"))
        await ws.close(4000, "done")
        assert (ws.close_code, ws.close_reason) == (4000, "")

    run_client(daemon, scenario, listener)


def test_the_python_client_offers_compression_and_does_without(daemon):
    async def scenario(ws):
        told = ws if hasattr(ws, "extensions") else ws.protocol  # Debian 12's and Debian 13's
        assert told.extensions == []
        await ws.send("a" * 1000)
        assert await ws.recv() == "a" * 1000

    run_client(daemon, scenario, compression="deflate")


def test_clients_on_different_loops_are_served(daemon):
    first, index = daemon.connect_to_loop("web")
    second, other = daemon.connect_to_loop("web", (index + 1) % daemon.loops)
    assert (index != other) == (daemon.loops > 1)
    for sock in (first, second):
        with WebSocket(sock) as ws:
            ws.send(frame(TEXT, b"hello"))
            assert ws.read() == Frame(TEXT, True, b"hello")
