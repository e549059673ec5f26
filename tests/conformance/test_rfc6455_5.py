"""RFC 6455 section 5, frames, as the server's sessions have a part in it: what they answer, in
which order, and that they close. What each frame means is tested beside this, in C."""
import os

import pytest

from irc import Client, WebSocketLines
from ws_raw import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, WebSocket, close_frame,
                    frame, frame_header, mask)

SETTINGS = ["ws.deflate=on", "echo.faults=on"]
PONG_OF_CHAT = b":simul.local PONG simul.local :x"


@pytest.fixture
def echo(daemon):
    with WebSocket(daemon.connect("web")) as socket:
        yield socket


@pytest.fixture
def chat(daemon):
    with WebSocket(daemon.connect("web"), "/chat") as socket:
        yield socket


def expect_failure(ws, code, *frames):
    """The connection is closed with the code, behind the answers to what was right."""
    ws.send(*frames)
    before, got = ws.read_to_close()
    assert got == code
    assert all(part.opcode in (TEXT, BINARY, CONTINUATION, PONG) for part in before)


# --- 5.1: overview ---


@pytest.mark.parametrize("frames", [
    *[[frame(opcode, payload, masked=False)]
      for opcode in (TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE)
      for payload in (b"", b"\x03\xe8", b"x" * 125)],
    [frame(TEXT, b"PING :x", fin=False), frame(CONTINUATION, b"x", masked=False)],
    [frame_header(BINARY, 1 << 40)],
], ids=lambda _: "frames")
def test_5_1_a_frame_that_is_not_masked_closes_the_connection(ws, frames):
    expect_failure(ws, 1002, *frames)


def test_5_1_no_frame_of_the_server_is_masked(ws):
    """Neither a reply nor a pong nor a close; `read` sees to it."""
    ws.send(frame(TEXT, b"PING :x"), frame(PING), close_frame(1000))
    before, code = ws.read_to_close()
    assert ([part.opcode for part in before], code) == ([TEXT, PONG], 1000)


# --- 5.2: the header ---


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE])
def test_5_2_a_bit_that_no_extension_gave_a_meaning_fails(daemon, endpoint, opcode):
    for rsv in range(1, 8):
        with WebSocket(daemon.connect("web"), *endpoint) as ws:
            is_compressed = rsv == 4 and opcode in (TEXT, BINARY) and len(endpoint) > 1
            if not is_compressed:
                expect_failure(ws, 1002, frame(opcode, rsv=rsv))


@pytest.mark.parametrize("payload", [b"", b"x" * 1000], ids=["empty", "long"])
def test_5_2_an_opcode_that_is_not_known_fails(daemon, endpoint, payload):
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        with WebSocket(daemon.connect("web"), *endpoint) as ws:
            expect_failure(ws, 1002, frame(opcode, payload))


@pytest.mark.parametrize("head", [
    b"\x81\xfe\x00\x05", b"\x81\xfe\x00\x7d", b"\x81\xff" + bytes(7) + b"\x05",
    b"\x81\xff" + bytes(6) + b"\xff\xff", b"\x82\xff\x80" + bytes(7), b"\x82\xff" + b"\xff" * 8,
], ids=["5-in-2", "125-in-2", "5-in-8", "65535-in-8", "negative", "minus-one"])
def test_5_2_a_length_not_in_its_shortest_form_or_negative_fails(ws, head):
    expect_failure(ws, 1002, head + bytes(16))


# --- 5.3: masking ---


@pytest.mark.parametrize("key", [bytes(4), b"\xff" * 4, b"\x01\x02\x03\x04", b"\0\0\0\x80"])
def test_5_3_the_mask_is_taken_off_whatever_its_key_is(echo, chat, key):
    data = bytes(range(256)) * 5
    echo.send(frame_header(BINARY, len(data), key=key) + mask(data, key))
    assert echo.read_message() == (BINARY, data)
    chat.send(frame_header(TEXT, 7, key=key) + mask(b"PING :x", key))
    assert chat.read() == Frame(TEXT, True, PONG_OF_CHAT)


# --- 5.4: fragments ---


def test_5_4_fragments_make_one_message(chat):
    """Some are empty, and control frames stand between them."""
    chat.send(frame(TEXT, b"", fin=False), frame(CONTINUATION, b"PI", fin=False), frame(PING, b"?"),
              frame(CONTINUATION, b"NG :", fin=False), frame(PONG), frame(CONTINUATION, fin=False),
              frame(CONTINUATION, b"x", fin=False), frame(CONTINUATION))
    assert chat.read() == Frame(PONG, True, b"?")
    assert chat.read() == Frame(TEXT, True, PONG_OF_CHAT)


def test_5_4_control_frames_between_fragments_are_answered_there(echo):
    echo.send(frame(BINARY, b"one", fin=False), frame(PING, b"ping"), frame(PONG, b"unasked"),
              frame(CONTINUATION, b"two"), frame(PING))
    assert [echo.read() for _ in range(4)] == [
        Frame(BINARY, False, b"one"), Frame(PONG, True, b"ping"), Frame(CONTINUATION, True, b"two"),
        Frame(PONG, True, b"")]


@pytest.mark.parametrize("frames", [
    [frame(CONTINUATION, b"x")],
    [frame(CONTINUATION, b"x", fin=False)],
    [frame(TEXT, b"x"), frame(CONTINUATION, b"x")],
    [frame(TEXT, b"x", fin=False), frame(TEXT, b"x")],
    [frame(BINARY, b"x", fin=False), frame(PING), frame(TEXT, b"x", fin=False)],
    [frame(TEXT, b"x", fin=False), frame(CONTINUATION), frame(CONTINUATION, b"x")],
], ids=["first", "first-of-many", "behind-a-message", "message-inside", "message-behind-a-ping",
        "behind-the-last"])
def test_5_4_fragments_out_of_their_order_fail(ws, frames):
    expect_failure(ws, 1002, *frames)


# --- 5.5: control frames ---


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_5_5_a_control_frame_that_is_fragmented_or_long_fails(daemon, endpoint, opcode):
    for bad in (frame(opcode, b"", fin=False), frame(opcode, b"\x03\xe8x", fin=False),
                frame(opcode, b"\x03\xe8" + b"x" * 124), frame(opcode, b"\x03\xe8" * 40_000)):
        with WebSocket(daemon.connect("web"), *endpoint) as ws:
            expect_failure(ws, 1002, bad)


@pytest.mark.parametrize("size", [0, 1, 124, 125])
def test_5_5_a_control_frame_may_have_125_bytes(ws, size):
    data = os.urandom(size)
    ws.send(frame(PING, data))
    assert ws.read() == Frame(PONG, True, data)


# --- 5.5.1: close ---


def test_5_5_1_a_close_is_answered_with_a_close_and_the_end(ws):
    ws.send(close_frame(1000, b"bye"))
    ws.expect_close(1000)


def test_5_5_1_a_close_inside_a_message_is_answered(ws):
    ws.send(frame(TEXT, b"PING :x", fin=False), close_frame(4000))
    before, code = ws.read_to_close()
    assert code == 4000 and all(part.opcode == TEXT and not part.fin for part in before)


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe8\xff", b"\x03\xe8ok\xc3",
                                     b"\x03\xe8\xed\xa0\x80"])
def test_5_5_1_half_a_code_or_a_reason_that_is_no_text_fails(ws, payload):
    expect_failure(ws, 1002 if len(payload) == 1 else 1007, frame(CLOSE, payload))


def test_5_5_1_nothing_is_sent_behind_a_close(person, daemon, channel):
    """To a member of a channel in which somebody talks without a pause."""
    talker = person("talker")
    talker.join(channel)
    lines = [f"PRIVMSG {channel} :{number}" for number in range(2000)]
    with Client(WebSocketLines(daemon.connect("web"))) as client:
        client.register(f"leaver-{channel[1:]}")
        client.join(channel)
        talker.expect("JOIN")
        talker.send(*lines)
        client.expect("PRIVMSG", channel, "0")
        client.lines.ws.send(close_frame(1000))
        before, code = client.lines.ws.read_to_close()
    assert code == 1000 and all(part.opcode == TEXT for part in before)
    assert len(before) < len(lines)


# --- 5.5.2 and 5.5.3: ping and pong ---


def test_5_5_2_a_ping_is_answered_while_a_message_is_not_complete(ws):
    ws.send(frame(TEXT, b"", fin=False), frame(PING, b"now"))
    while (part := ws.read()).opcode != PONG:
        assert part == Frame(TEXT, False, b"")
    assert part.payload == b"now"


def test_5_5_2_many_pings_are_answered_in_their_order(ws):
    ws.send(*[frame(PING, b"%d" % number) for number in range(2000)])
    for number in range(2000):
        assert ws.read() == Frame(PONG, True, b"%d" % number)


def test_5_5_2_a_ping_behind_a_close_is_not_answered(ws):
    ws.send(frame(PING, b"before"), close_frame(1000), frame(PING, b"behind"))
    before, code = ws.read_to_close()
    assert (before, code) == ([Frame(PONG, True, b"before")], 1000)


def test_5_5_2_the_servers_own_pings_want_a_pong(start):
    daemon = start("ws.ping_seconds=1")
    with WebSocket(daemon.connect("web")) as ws:
        for _ in range(2):
            ping = ws.read()
            assert ping.opcode == PING
            ws.send(frame(PONG, ping.payload))
        assert ws.read().opcode == PING
        ws.expect_close(1001)


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(125)), b"\xff" * 125, "żółw".encode()])
def test_5_5_3_a_pong_has_the_data_of_its_ping(ws, data):
    ws.send(frame(PING, data))
    assert ws.read() == Frame(PONG, True, data)


def test_5_5_3_a_pong_that_nobody_asked_for_is_not_answered(ws):
    ws.send(frame(PONG), frame(PONG, b"x" * 125), frame(PING, b"next"))
    assert ws.read() == Frame(PONG, True, b"next")


# --- 5.6: data frames ---


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_5_6_text_stays_text_and_binary_stays_binary(echo, opcode):
    echo.send(frame(opcode, b"whole"), frame(opcode, b"frag", fin=False),
              frame(CONTINUATION, b"mented"))
    assert echo.read_message() == (opcode, b"whole")
    assert echo.read_message() == (opcode, b"fragmented")


def test_5_6_a_character_may_be_cut_by_fragments(echo, chat):
    text = "PING :żółw € 🐢".encode()
    frames = [frame(TEXT if at == 0 else CONTINUATION, text[at:at + 1], fin=at == len(text) - 1)
              for at in range(len(text))]
    echo.send(*frames)
    assert echo.read_message() == (TEXT, text)
    chat.send(*frames)
    assert chat.read().payload.endswith(text[5:])


def test_5_6_binary_may_be_any_bytes(echo):
    echo.send(frame(BINARY, bytes(range(256)), fin=False), frame(CONTINUATION, b"\xff\xfe\xc0"))
    assert echo.read_message() == (BINARY, bytes(range(256)) + b"\xff\xfe\xc0")
