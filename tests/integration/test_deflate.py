"""permessage-deflate (RFC 7692) from outside: an echo that answers as it was asked, and what those
meet who send bombs, or stop half-way."""
import itertools
import socket
import threading
import zlib

import pytest

from horde import Honest
from simuld import MEASURED, wait_until
from ws_deflated import OFFER, RSV1, Deflated, compress, compressor, frames, noise, prose
from ws_raw import BINARY, CONTINUATION, PING, PONG, TEXT, WebSocket, close_frame, frame

KIB, MIB = 1 << 10, 1 << 20
MESSAGE_MAX = 64 * KIB
SETTINGS = ["ws.deflate=on", "listen.six.deflate=off"]


def deflated(daemon, **options):
    return Deflated(daemon.connect("web"), **options)


def expect_mirrored(ws, opcode, data):
    assert ws.read_message() == (opcode, data)
    assert ws.was_compressed


# --- echo: the mirror ---


@pytest.mark.parametrize("size", [0, 1, 20, 125, 126, 4096, 40_000, MESSAGE_MAX])
def test_what_comes_compressed_goes_back_so(daemon, size):
    with deflated(daemon) as ws:
        for opcode, data in ((TEXT, prose(size)), (BINARY, noise(size)), (BINARY, bytes(size))):
            ws.send_message(opcode, data)
            expect_mirrored(ws, opcode, data)


def test_each_message_goes_back_as_it_came_and_in_order(daemon):
    with deflated(daemon) as ws:
        for number in range(50):
            text = f"message {number} " * (number + 1)
            ws.send_message(TEXT, text.encode())
            ws.send(frame(PING, b"?"), frame(BINARY, text.encode()))
        for number in range(50):
            text = f"message {number} " * (number + 1)
            expect_mirrored(ws, TEXT, text.encode())
            assert ws.read().opcode == PONG
            assert ws.read_message() == (BINARY, text.encode())
            assert not ws.was_compressed
        ws.send(close_frame(1000))
        ws.expect_close(1000)


def test_fragments_come_back_as_one_frame_with_control_frames_before(daemon):
    data = prose(20_000)
    with deflated(daemon) as ws:
        pieces = frames(TEXT, ws.compress(data), sizes=[0, 1, 2, 1000, 0])
        for piece in pieces:
            ws.send(piece, frame(PING, b"between"))
        for _ in pieces[:-1]:
            assert ws.read().opcode == PONG
        part = ws.read()
        assert (part.opcode, part.fin, part.rsv) == (TEXT, True, RSV1)
        assert ws.inflate(part.payload) == data
        assert ws.read().opcode == PONG


def test_a_message_may_come_byte_by_byte(daemon):
    with deflated(daemon) as ws:
        for piece in b"".join(frames(TEXT, ws.compress(prose(300)), sizes=[20])):
            ws.send(bytes([piece]))
        expect_mirrored(ws, TEXT, prose(300))


def test_blocks_of_every_kind_and_more_than_one_are_inflated(daemon):
    data = prose(5000)
    stored = compress(data, engine=compressor(level=0))
    fixed = compress(data, engine=zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_FIXED))
    engine = compressor()
    several = b"".join(engine.compress(data[i:i + 500]) + engine.flush(zlib.Z_FULL_FLUSH)
                       for i in range(0, len(data), 500)).removesuffix(b"\0\0\xff\xff")
    engine = compressor()
    final = engine.compress(data) + engine.flush()  # BFINAL, RFC 7692 section 7.2.3.5
    with deflated(daemon) as ws:
        for payload in (stored, fixed, several, final + b"\0"):
            ws.send(*frames(TEXT, payload))
            expect_mirrored(ws, TEXT, data)


def test_many_clients_share_one_compressor(daemon):
    def talk(seed):
        with deflated(daemon) as ws:
            for number in range(20):
                data = prose(100 + 997 * number, seed)
                ws.send_message(TEXT, data)
                expect_mirrored(ws, TEXT, data)
        done.append(seed)

    done = []
    threads = [threading.Thread(target=talk, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(threads)


# --- agreeing ---


@pytest.mark.parametrize("bits", range(9, 16))
def test_windows_of_every_size_in_both_directions(daemon, bits):
    offer = f"{OFFER}; server_max_window_bits={bits}; client_max_window_bits={bits}"
    data = prose(8000) + noise(500) + prose(30_000) + noise(500)
    with deflated(daemon, offer=offer) as ws:
        assert (ws.in_bits, ws.out_bits) == (bits, bits)
        ws.send_message(BINARY, data)
        expect_mirrored(ws, BINARY, data)


def test_who_does_not_offer_it_or_is_not_offered_it_has_plain_messages(daemon):
    with WebSocket(daemon.connect("web")) as ws:
        assert ws.response.get("Sec-WebSocket-Extensions") is None
        ws.send(frame(TEXT, prose(1000)))
        assert ws.read_message() == (TEXT, prose(1000))
        ws.send(frame(TEXT, b"x", rsv=RSV1))
        ws.expect_close(1002)
    with Deflated(daemon.connect("six")) as ws:
        assert not ws.is_agreed


def test_one_listener_may_have_it_alone(start):
    daemon = start("listen.web.deflate=on")
    with deflated(daemon) as here, Deflated(daemon.connect("six")) as there:
        assert here.is_agreed and not there.is_agreed


def test_off_unless_it_is_asked_for(start):
    daemon = start()
    with deflated(daemon) as ws:
        assert not ws.is_agreed
        ws.send(*frames(TEXT, compress(b"hello")))
        ws.expect_close(1002)


def test_takeover_is_refused_unless_it_is_allowed(daemon):
    with deflated(daemon) as ws:
        assert not ws.keeps


def test_with_takeover_a_client_may_refer_to_what_it_said(start):
    daemon = start("ws.deflate=on", "ws.deflate_takeover=on")
    data = noise(5000)
    with deflated(daemon) as ws, deflated(daemon) as other:
        assert ws.keeps
        for _ in range(3):
            for client in (ws, other):
                client.send_message(BINARY, data)
                expect_mirrored(client, BINARY, data)
        assert len(ws.compress(data)) < 100
    with deflated(daemon, offer=f"{OFFER}; client_no_context_takeover") as ws:
        assert not ws.keeps
        ws.send_message(BINARY, data)
        expect_mirrored(ws, BINARY, data)


# --- what breaks the rules ---


@pytest.mark.parametrize("payload", [
    b"\xff\xff\xff", b"\x07", b"\x05\x05\x05", compress(prose(3000))[:-5] + bytes(5),
], ids=["garbage", "block-type", "distance", "cut"])
def test_what_cannot_be_inflated_is_closed_with_1007(daemon, payload):
    with deflated(daemon) as ws:
        ws.send(*frames(BINARY, payload))
        ws.expect_close(1007)


def test_text_is_judged_while_it_is_inflated(daemon):
    with deflated(daemon) as ws:
        wrong = compress(b"fine until here \xff" + prose(60_000))
        ws.send(frame(TEXT, wrong[:2000], fin=False, rsv=RSV1))  # and no more
        ws.expect_close(1007)


def test_a_reserved_bit_is_for_the_first_frame_of_a_message(daemon):
    for wrong in (frame(CONTINUATION, b"", rsv=RSV1), frame(PING, b"", rsv=RSV1),
                  frame(CONTINUATION, b"", rsv=2)):
        with deflated(daemon) as ws:
            ws.send(frame(TEXT, compress(b"begun"), fin=False, rsv=RSV1), wrong)
            ws.expect_close(1002)


def test_a_message_is_too_big_by_its_bytes_when_inflated(daemon):
    with deflated(daemon) as ws:
        ws.send(*frames(BINARY, compress(bytes(MESSAGE_MAX + 1))))
        ws.expect_close(1009)
    with deflated(daemon) as ws:  # what is stored is longer than the limit, and yet fits
        ws.send(*frames(BINARY, compress(noise(MESSAGE_MAX), engine=compressor(level=0))))
        expect_mirrored(ws, BINARY, noise(MESSAGE_MAX))


def test_a_bomb_is_closed_while_it_is_inflated(start):
    """Each is 64 MiB, of which the server sees the first 100 KiB: a thousand times that."""
    daemon = start("ws.deflate=on", env=MEASURED)
    bomb = compress(bytes(64 * MIB))
    before_kb = daemon.rss_kb()
    for number in range(40):
        with deflated(daemon) as ws:
            ws.send(frame(BINARY, bomb[:40_000 if number % 2 else 200], fin=False, rsv=RSV1))
            ws.expect_close(1009)
    assert daemon.rss_kb() - before_kb < 32 * KIB, "less than one of them, whatever the sanitizer"
    assert daemon.metric("simul_inflated_messages_total") == 0
    wait_until(lambda: daemon.metric("simul_deflate_connections") == 0, "their end")


def test_a_large_limit_holds_too(start):
    daemon = start("ws.deflate=on", f"ws.message_bytes_max={4 * MIB}")
    data = prose(4 * MIB)
    with deflated(daemon) as ws:
        ws.send_message(TEXT, data, sizes=[100_000])
        expect_mirrored(ws, TEXT, data)
        ws.send(*frames(BINARY, compress(bytes(4 * MIB + 1))))
        parts, code = ws.read_to_close()
        assert code == 1009
        assert not any(part.fin for part in parts), "pieces of what began, but not its end"
    wait_until(lambda: daemon.metric("simul_held_bytes") < 10_000, "what it took to be given back")


# --- what takes memory ---


def begin_message(ws, size=50_000):
    """All of it but for the end."""
    ws.send(frame(BINARY, ws.compress(noise(size)), fin=False, rsv=RSV1))


def evictions(daemon):
    return daemon.metric("simul_connections_ended_total", reason="memory")


def test_who_does_not_go_on_with_a_message_is_closed(start):
    daemon = start("ws.deflate=on", "limits.rate_seconds=1")
    with deflated(daemon) as between, deflated(daemon) as other:
        begin_message(between)
        other.send(frame(TEXT, b"begun, and plain", fin=False))
        assert other.read().payload == b"begun, and plain"
        between.expect_close(1008)
        other.send(frame(CONTINUATION, b"later"))
        assert other.read().payload == b"later"


def test_messages_that_are_half_sent_meet_the_ceiling_for_memory(start):
    ceiling = 8 * MIB
    daemon = start("ws.deflate=on", f"limits.memory_bytes={ceiling}", env=MEASURED)
    before_kb = daemon.rss_kb()
    with Honest(daemon) as honest:
        held = [deflated(daemon) for _ in range(100)]
        for ws in held:
            begin_message(ws)
        wait_until(lambda: evictions(daemon) > 10, "evictions")
        for _ in range(20):
            assert daemon.metric("simul_held_bytes") <= ceiling
    assert daemon.rss_kb() - before_kb < 4 * ceiling // KIB
    honest.expect_unharmed()
    for ws in held:
        ws.close()
    wait_until(lambda: daemon.metric("simul_held_bytes") < 10_000, "everything to be freed")


def test_inflaters_that_are_kept_are_counted_and_those_who_keep_them_evicted(start):
    daemon = start("ws.deflate_takeover=on", "ws.deflate=on", "limits.memory_bytes=2097152")
    before = daemon.metric("simul_held_bytes")
    first = deflated(daemon)
    first.send_message(TEXT, b"hello")
    expect_mirrored(first, TEXT, b"hello")
    wait_until(lambda: daemon.metric("simul_held_bytes") - before > 32 * KIB, "its window's count")
    others = [deflated(daemon) for _ in range(80)]
    for ws in others:
        try:
            ws.send_message(TEXT, b"hello")
            ws.read_message()
        except (EOFError, ConnectionError):
            pass  # evicted already
    wait_until(lambda: evictions(daemon) > 0, "evictions")
    assert daemon.metric("simul_held_bytes") <= 2 * MIB
    for ws in (first, *others):
        ws.close()
    wait_until(lambda: daemon.metric("simul_held_bytes") < 10_000, "everything to be freed")


def test_whoever_makes_much_of_little_and_does_not_read_waits(start):
    """With its context, a client can ask for 64 KiB with 300 bytes, again and again."""
    daemon = start("ws.deflate=on", "ws.deflate_takeover=on", "limits.out_bytes=262144")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.connect(daemon.addresses["web"])
    data = noise(30_000)
    with Deflated(sock) as ws:
        count = 500  # 15 MB to come
        ws.send(*itertools.chain.from_iterable(frames(BINARY, ws.compress(data))
                                               for _ in range(count)))
        wait_until(lambda: daemon.metric("simul_deflated_messages_total") > 5, "the first answers")
        for _ in range(20):
            assert daemon.metric("simul_held_bytes") < 2 * MIB
        assert daemon.metric("simul_deflated_messages_total") < count
        for _ in range(count):
            expect_mirrored(ws, BINARY, data)


@pytest.mark.parametrize("target", ["/echo", "/chat"])
def test_an_idle_connection_holds_no_more_than_without(start, target):
    """What is counted; loadtest/idle_memory.py measures what is resident."""
    count, crowd = 100, []

    def fill(offer):
        """A daemon with a hundred of them."""
        daemon = start("ws.deflate=on")
        for _ in range(count):
            crowd.append(ws := Deflated(daemon.connect("web"), target, offer=offer))
            assert ws.is_agreed == (offer == OFFER)
            ws.send(*(frames(TEXT, compress(b"PING :x")) if ws.is_agreed else [frame(TEXT, b"PING :x")]))
            ws.read_message()
        return daemon

    daemons = fill("x-nothing"), fill(OFFER)

    def difference():
        """Of what each client holds; it is counted when the tick ends that has answered."""
        without, with_it = (daemon.metric("simul_held_bytes") for daemon in daemons)
        return (with_it - without) / count

    wait_until(lambda: difference() <= 64, "no more than 64 bytes of difference")
    for ws in crowd:
        ws.close()


# --- counting ---


def test_it_is_counted(start):
    daemon = start("ws.deflate=on")
    with deflated(daemon) as ws, deflated(daemon) as other, WebSocket(daemon.connect("web")):
        assert daemon.metric("simul_deflate_connections") == 2
        ws.send_message(TEXT, bytes(1000))
        expect_mirrored(ws, TEXT, bytes(1000))
        assert daemon.metric("simul_inflated_messages_total") == 1
        assert daemon.metric("simul_inflated_bytes_total") == 1000
        assert daemon.metric("simul_deflated_messages_total") == 1
        assert daemon.metric("simul_deflated_bytes_total") == 1000
        assert 5 < daemon.metric("simul_deflated_out_bytes_total") < 50
        assert daemon.metric("simul_ws_messages_total") == 1
        other.send(close_frame(1000))
        other.expect_close(1000)
        wait_until(lambda: daemon.metric("simul_deflate_connections") == 1, "the end of one")
