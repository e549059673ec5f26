"""RFC 6455 section 5, frames, as it binds the client: simul-load, before a server of bare sockets.
What each frame means is tested beside this, in C."""
import collections
import functools
import socket
import threading

import pytest

from answers import ONCE, answer_to, expect_failure
from load import Run, load
from raw_server import (listening, listening_websocket, serve_websocket, server_close,
                        server_frame)
from ws_raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

FRAMES = 2000


# --- 5.1: overview ---


def test_5_1_every_frame_is_masked():
    """Messages, pongs and the close; `read` sees to it."""
    before, code, _ = answer_to(server_frame(PING, b"?"), server_frame(PING))
    assert ([part.opcode for part in before], code) == ([PONG, PONG], 1000)


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_5_1_a_masked_frame_of_the_server_fails(opcode):
    expect_failure(1002, frame(opcode, b"\x03\xe8"))
    expect_failure(1002, frame(opcode))


# --- 5.2 to 5.5: frames that break a rule ---


@pytest.mark.parametrize("frames", [
    [server_frame(TEXT, b"x", rsv=1)], [server_frame(TEXT, b"x", rsv=2)],
    [server_frame(TEXT, b"x", rsv=4)], [server_frame(PING, rsv=4)], [server_frame(3)],
    [server_frame(15)], [b"\x82\x7e\x00\x7d"], [b"\x82\x7f" + bytes(6) + b"\xff\xff"],
    [b"\x82\x7f\x80" + bytes(7)],
], ids=["rsv3", "rsv2", "rsv1", "rsv1-of-ping", "opcode-3", "opcode-15", "125-in-2", "65535-in-8",
        "negative"])
def test_5_2_a_header_that_breaks_a_rule_fails(frames):
    expect_failure(1002, *frames)


@pytest.mark.parametrize("frames", [
    [server_frame(CONTINUATION, b"x")],
    [server_frame(TEXT, b"x", fin=False), server_frame(TEXT, b"x")],
    [server_frame(BINARY, b"x", fin=False), server_frame(PONG), server_frame(BINARY)],
], ids=["continuation-of-nothing", "message-inside", "behind-a-pong"])
def test_5_4_fragments_out_of_their_order_fail(frames):
    expect_failure(1002, *frames)


def test_5_4_a_message_may_come_in_fragments_with_control_frames_between():
    def serve(peer):
        data = peer.read()
        pieces = [data.payload[at:at + 1] for at in range(len(data.payload))]
        for number, piece in enumerate(pieces):
            peer.send(server_frame(data.opcode if number == 0 else CONTINUATION, piece,
                                   fin=number == len(pieces) - 1), server_frame(PING, piece))
        peer.read_to_close()
        peer.send(server_close(1000))

    with listening_websocket(serve) as url:
        run = load("echo", url, "-c", 1, "-n", 1, "--expect", "errors=0")
    assert run["totals"]["received"] == 1


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_5_5_a_control_frame_that_is_fragmented_or_long_fails(opcode):
    expect_failure(1002, server_frame(opcode, b"\x03\xe8", fin=False))
    expect_failure(1002, server_frame(opcode, b"\x03\xe8" + b"x" * 124))


# --- 5.3: masking ---


def keys_of(connections=1, *options):
    """The keys of the frames of each connection."""
    threads, lists = [], []

    def echo(peer, keys):
        while True:
            part = peer.read()
            keys.append(int.from_bytes(part.key, "big"))
            peer.send(server_frame(part.opcode, part.payload))
            if part.opcode == CLOSE:
                return

    def serve(sock):
        lists.append([])
        work = functools.partial(echo, keys=lists[-1])
        threads.append(threading.Thread(target=serve_websocket, args=[sock, work]))
        threads[-1].start()

    with listening(serve) as address:
        load("echo", f"ws://{address}/", "-c", connections, "-n", FRAMES, "-s", 8, *options,
             "--expect", "errors=0")
        for thread in threads:
            thread.join()
    return lists


def test_5_3_keys_are_new_for_each_frame_and_cannot_be_foretold():
    """Of two runs of the same command: of 4,000 random keys hardly any two are the same; each bit
    is 1 in half of them, and differs from itself in the next four keys in half of them; no step
    from one to the next is usual, and no byte is."""
    runs = [keys_of()[0] for _ in range(2)]
    keys = runs[0] + runs[1]
    assert len(keys) >= 2 * FRAMES
    assert len(keys) - len(set(keys)) <= 2
    tolerance = 6 * len(keys) ** 0.5 / 2  # standard deviations
    for lag in range(5):
        differing = [key ^ (keys[at + lag] if lag > 0 else 0) for at, key in enumerate(keys[:-4])]
        for bit in range(32):
            ones = sum(key >> bit & 1 for key in differing)
            assert abs(ones - len(differing) / 2) < tolerance, f"bit {bit}, lag {lag}"
    steps = collections.Counter(late - early & 0xffffffff for early, late in zip(keys, keys[1:]))
    assert max(steps.values()) <= 3
    for place in range(4):
        values = collections.Counter(key >> 8 * place & 0xff for key in keys)
        assert len(values) == 256 and max(values.values()) < 4 * len(keys) / 256


def test_5_3_connections_have_keys_of_their_own():
    """On two threads, too."""
    lists = keys_of(4, "-t", 2)
    assert len(lists) == 4
    keys = [key for one in lists for key in one]
    assert len(keys) >= FRAMES and len(keys) - len(set(keys)) <= 2


# --- 5.5.1: close ---


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999, None])
def test_5_5_1_a_close_is_answered_with_its_code_and_nothing_behind_it(code):
    def serve(peer):
        peer.read()
        reason = b"" if code is None else b"bye"
        peer.send(server_close(code, reason), server_frame(PING, b"behind"))
        before, answered = peer.read_to_close()
        peer.sock.shutdown(socket.SHUT_WR)
        said.append((before, answered, peer.input.read()))

    said = []
    with listening_websocket(serve) as url:
        Run("echo", url, *ONCE)
    assert said == [([], code, b"")]


@pytest.mark.parametrize("payload, code", [(b"\x03", 1002), (b"\x03\xe8\xff", 1007),
                                           (b"\x00\x00", 1002), (b"\x03\xed", 1002),
                                           (b"\x03\xee", 1002), (b"\x03\xf7", 1002)],
                         ids=["half", "reason", "0", "1005", "1006", "1015"])
def test_5_5_1_a_close_that_is_malformed_fails(payload, code):
    expect_failure(code, server_frame(CLOSE, payload))


# --- 5.5.2 and 5.5.3: ping and pong ---


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(125))])
def test_5_5_2_a_ping_is_answered_with_its_data(data):
    before, _, _ = answer_to(server_frame(PING, data), server_frame(PING, data[::-1]))
    assert [(part.opcode, part.payload) for part in before] == [(PONG, data), (PONG, data[::-1])]


def test_5_5_2_a_ping_behind_a_close_is_not_answered():
    assert answer_to(server_frame(PING, b"1"), server_close(1000), server_frame(PING))[0][1:] == []


def test_5_5_3_a_pong_that_nobody_asked_for_is_not_answered():
    before, _, _ = answer_to(server_frame(PONG), server_frame(PONG, b"x"), server_frame(PING, b"?"))
    assert [(part.opcode, part.payload) for part in before] == [(PONG, b"?")]


# --- 5.6 and 8.1: text ---


@pytest.mark.parametrize("parts", [[b"\xff"], [b"caf\xc3"], [b"\xed\xa0\x80"], [b"ok", b"\x80"]],
                         ids=["no-lead", "cut-off", "surrogate", "in-the-second"])
def test_8_1_text_that_is_not_utf8_fails(parts):
    expect_failure(1007, *[server_frame(TEXT if number == 0 else CONTINUATION, part,
                                        fin=number == len(parts) - 1)
                           for number, part in enumerate(parts)])


def test_8_1_it_fails_at_the_first_byte_that_cannot_be():
    expect_failure(1007, b"\x81\x7e\x03\xe8\xff")  # 999 bytes that will never come
