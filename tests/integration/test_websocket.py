"""WebSocket at /echo, and what of it is simul's own. What RFC 6455 asks is in tests/conformance/."""
import asyncio
import os
import socket
import threading

import pytest
import websockets

from simuld import MEASURED, TIMEOUT
from ws_raw import (BINARY, CONTINUATION, PING, PONG, TEXT, Frame, WebSocket, frame, frame_header,
                    mask)

SETTINGS = ["ws.message_bytes_max=4096"]
HUGE_MIB = 1024


@pytest.fixture
def ws(daemon):
    with WebSocket(daemon.connect("web")) as socket:
        yield socket


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


def test_a_message_over_the_limit_is_1009_where_messages_are_put_together(daemon):
    with WebSocket(daemon.connect("web"), "/chat") as ws:
        ws.send(frame_header(TEXT, 4097, key=b"\0\0\0\0"))
        ws.expect_close(1009)
    with WebSocket(daemon.connect("web"), "/chat") as ws:
        ws.send(frame(TEXT, b"x" * 4096, fin=False), frame(CONTINUATION, b"x"))
        ws.expect_close(1009)


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
