"""/echo over WebSocket, misbehaving as it was asked to: who may ask, and each fault by itself on a bare
socket, with its seed."""
import os
import socket
import struct
import time

import pytest

from fault_table import segments_with_data, untested
from faults_ws import TEXTS, all_answers, answers, raw_frame, say
from http_raw import HttpConnection
from simuld import MEASURED, TIMEOUT, seconds_of, wait_until
from ws_raw import (ACCEPT, BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, WebSocket,
                    close_frame, frame, upgrade)

SETTINGS = ["echo.faults=on", "listen.strict.port=0", "listen.strict.faults=off"]
ILLEGAL_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]


def ask(daemon, target, listener="web"):
    with HttpConnection(daemon.connect(listener)) as http:
        return http.ask(upgrade(target))


# --- who may ask ---


def test_what_is_in_force_is_told(faulty):
    ws = faulty("seed=7&drop=1/1000&token=secret")
    assert ws.response.get("X-Echo-Faults") == "drop=1/1000, seed=7"
    say(ws, "x")
    assert answers(ws, 1) == ["x"]


def test_a_query_without_faults_is_plain_echo(faulty):
    ws = faulty("token=secret&x")
    assert ws.response.get("X-Echo-Faults") is None
    ws.send(frame(TEXT, b"pi", fin=False))
    assert ws.read() == Frame(TEXT, False, b"pi")


@pytest.mark.parametrize("query", ["drop=1/2", "rst", "delay_ms=1", "seed=nonsense"])
def test_where_faults_are_off_they_are_403(daemon, query):
    answer = ask(daemon, f"/echo?{query}", "strict")
    assert answer.status == 403
    assert answer.body == (b"faults are off here; echo.faults=on or listen.NAME.faults=on "
                           b"allows them\n")


def test_where_faults_are_off_other_names_are_nothing(daemon):
    assert ask(daemon, "/echo?token=rst&status=1", "strict").status == 101


def test_they_are_off_unless_set_and_on_by_listener(start):
    daemon = start("listen.odd.port=0", "listen.odd.faults=on")
    assert ask(daemon, "/echo?rst").status == 403
    assert ask(daemon, "/echo?nopong", "odd").status == 101


@pytest.mark.parametrize("query, message", [
    ("drop=x", "drop is 1/1 to 1/1000000"),
    ("delay_ms=60001", "delay_ms is 0 to 60000"),
    ("oversize=1073741825", "oversize is 1 to 1073741824"),
    ("ping_every_ms=9", "ping_every_ms is 10 to 60000"),
    ("reorder=65", "reorder is 2 to 64"),
    ("close=65536", "close is 0 to 65535"),
    ("rst=maybe", "rst has no value"),
    ("handshake=status_101",
     "handshake is bad_accept, no_upgrade, slow, or status_200 to status_599"),
    ("status=404", "status is for HTTP"),
])
def test_a_bad_value_is_400_with_what_is_allowed(daemon, query, message):
    answer = ask(daemon, f"/echo?{query}")
    assert answer.status == 400
    assert answer.body.decode() == message + "\n"


def test_faults_do_not_open_the_door_to_other_origins(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(upgrade("/echo?nopong", "Origin: https://evil.example")).status == 403


def test_every_fault_has_a_test(daemon):
    assert untested(daemon, "WebSocket", globals()) == []


# --- time ---


def seconds_to_answer(ws, *texts):
    """All of them, in order."""
    def ask():
        say(ws, *texts)
        assert answers(ws, len(texts)) == list(texts)

    return seconds_of(ask)


TEN = [str(i) for i in range(10)]


def test_delay_ms_is_of_each_answer_and_pongs_too(faulty):
    ws = faulty("delay_ms=300")
    assert 0.29 <= seconds_to_answer(ws, *TEN) < 0.3 * 8, "each has its own delay, side by side"

    def ping():
        ws.send(frame(PING, b"p"))
        assert ws.read() == Frame(PONG, True, b"p")

    assert seconds_of(ping) >= 0.29, "a pong is an answer too"


def test_jitter_ms_keeps_the_order(faulty):
    ws = faulty("jitter_ms=100")
    texts = [str(i) for i in range(50)]
    assert seconds_to_answer(ws, *texts) >= 0.05, "the longest of fifty"


def test_slow_bytes_per_second_is_the_pace(faulty):
    assert seconds_to_answer(faulty("slow_bytes_per_second=2000"), "x" * 800) >= 0.35


def test_after_is_how_many_messages_come_before_a_stall(faulty):
    ws = faulty("stall_ms=600&after=2")
    begun = time.monotonic()
    say(ws, "1", "2", "3")
    assert answers(ws, 2) == ["1", "2"]
    assert seconds_of(lambda: answers(ws, 1)) >= 0.1
    assert time.monotonic() - begun >= 0.59
    assert seconds_to_answer(ws, *TEN) < 0.6 * 8, "it stalls once"


def test_stall_ms_at_once(faulty):
    assert seconds_to_answer(faulty("stall_ms=300"), "1") >= 0.29


# --- size ---


def test_chop_cuts_segments(daemon):
    with WebSocket(daemon.connect("web"), "/echo?chop=10") as ws:
        before = segments_with_data(ws.sock)
        # With its header 98 bytes.
        assert seconds_to_answer(ws, "x" * 96) >= 9 * 0.004, "pauses between"
        assert 10 <= segments_with_data(ws.sock) - before < 20


def test_chop_over_tls(faulty):
    ws = faulty("chop=3", "webtls")
    say(ws, "message")
    assert answers(ws, 1) == ["message"]


def test_fragment_cuts_messages(faulty):
    ws = faulty("fragment=4")
    ws.send(frame(TEXT, b"0123456789"), frame(BINARY, b"0123"), frame(TEXT, b""))
    assert [ws.read() for _ in range(5)] == [
        Frame(TEXT, False, b"0123"), Frame(CONTINUATION, False, b"4567"),
        Frame(CONTINUATION, True, b"89"), Frame(BINARY, True, b"0123"), Frame(TEXT, True, b"")]


def test_oversize_fills_up(faulty):
    ws = faulty("oversize=3000000")
    say(ws, "ab")
    opcode, fin, length = ws.read_header()
    assert (opcode, fin, length) == (TEXT, True, 3_000_000)
    payload = ws.read_exactly(length)
    assert payload[:4] == b"abxx" and payload.count(b"x") == length - 2


def test_oversize_in_fragments(faulty):
    ws = faulty("oversize=1000&fragment=300&mask")
    say(ws, "ab")
    parts = [raw_frame(ws) for _ in range(4)]
    assert [first for first, _, _ in parts] == [TEXT, CONTINUATION, CONTINUATION, 0x80]
    assert b"".join(payload for _, _, payload in parts) == b"ab" + b"x" * 998


def test_oversize_streams_and_waits_for_the_peer(start):
    daemon = start("echo.faults=on", env=MEASURED)
    before = daemon.rss_kb()
    with WebSocket(daemon.connect("web"), "/echo?oversize=1073741824") as ws:
        say(ws, "a")
        assert ws.read_header() == (TEXT, True, 1 << 30)
        for _ in range(256):
            ws.read_exactly(1 << 16)
        assert daemon.rss_kb() < before + 16 * 1024


# --- the end ---


@pytest.mark.parametrize("code", [1000, 1011, 3000, *ILLEGAL_CODES])
def test_close_with_any_code(faulty, code):
    ws = faulty(f"close={code}&after=2")
    say(ws, "1", "2", "3")
    assert answers(ws, 2) == ["1", "2"]
    assert ws.read() == Frame(CLOSE, True, struct.pack("!H", code))
    assert ws.http.at_end()


def test_close_at_once(faulty):
    ws = faulty("close=1012")
    ws.expect_close(1012)


def wait_for_reset(ws):
    """Below TLS, which takes any end for one."""
    with socket.socket(fileno=os.dup(ws.sock.fileno())) as sock:
        sock.settimeout(TIMEOUT)
        with pytest.raises(ConnectionResetError):
            while sock.recv(1000):
                pass


@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_rst_behind_what_was_answered(faulty, listener):
    ws = faulty("rst&after=1", listener)
    say(ws, "last")
    assert answers(ws, 1) == ["last"], "what comes before is sent"
    wait_for_reset(ws)


def test_rst_at_once(faulty):
    wait_for_reset(faulty("rst"))


def test_rst_in_the_middle_of_what_the_peer_sends(faulty):
    ws = faulty("rst&after=1")
    say(ws, "last")
    with pytest.raises(ConnectionError):
        while True:
            ws.send(frame(BINARY, bytes(4000)))


def test_close_and_rst(faulty):
    ws = faulty("close=1001&rst")
    assert ws.read() == Frame(CLOSE, True, struct.pack("!H", 1001))
    wait_for_reset(ws)


@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_halfclose_shuts_its_end_and_reads_on(faulty, listener):
    ws = faulty("halfclose&after=1", listener)
    say(ws, "last")
    assert answers(ws, 1) == ["last"]
    assert ws.input.read(1) == b"", "its end is shut"
    ws.sock.sendall(frame(BINARY, bytes(4000)) * 4000)  # more than any buffer takes: it is read


def test_noread_after_so_many_messages(daemon, faulty):
    ws = faulty("noread_after=2")
    say(ws, "1", "2", "3")
    assert answers(ws, 2) == ["1", "2"]
    ws.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            ws.sock.sendall(frame(BINARY, bytes(4000)))  # until no buffer takes any more
    with pytest.raises(TimeoutError):
        ws.sock.recv(1)
    wait_until(lambda: daemon.metric("simul_held_bytes") < 1 << 20, "little that is held")


# --- chance ---


@pytest.mark.parametrize("fault", ["drop=1/5", "duplicate=1/5", "corrupt=1/5", "reorder=7",
                                   "drop=1/9&duplicate=1/9&corrupt=1/9&reorder=5&fragment=99"])
def test_seed_gives_the_same_answers(faulty, fault):
    first = all_answers(faulty(f"{fault}&seed=42"), TEXTS)
    assert first != TEXTS
    assert all_answers(faulty(f"seed=42&{fault}&jitter_ms=3"), TEXTS) == first
    assert all_answers(faulty(f"{fault}&seed=43"), TEXTS) != first
    assert all_answers(faulty(fault), TEXTS) == all_answers(faulty(f"{fault}&seed=1"), TEXTS)


def test_seed_gives_the_same_answers_however_the_messages_come(faulty):
    quick = all_answers(faulty("drop=1/3&corrupt=1/3"), TEXTS[:40])
    ws = faulty("drop=1/3&corrupt=1/3")
    for text in TEXTS[:40]:
        message = frame(TEXT, text.encode())
        ws.send(message[:5])
        ws.send(message[5:], frame(PING, b"here"))
        while (part := ws.read()).opcode != PONG:
            assert part.payload.decode() == quick.pop(0)
    assert not quick


def test_drop_leaves_some_out(faulty):
    heard = all_answers(faulty("drop=1/4"), TEXTS)
    assert heard == [text for text in TEXTS if text in heard]
    assert 20 < len(TEXTS) - len(heard) < 90
    assert not all_answers(faulty("drop=1/1"), TEXTS)


def test_duplicate_says_some_twice(faulty):
    heard = all_answers(faulty("duplicate=1/4"), TEXTS)
    assert sorted(set(heard)) == TEXTS
    doubles = [text for text, following in zip(heard, heard[1:]) if text == following]
    assert len(heard) == len(TEXTS) + len(doubles)
    assert 20 < len(doubles) < 90


def test_corrupt_flips_a_bit(faulty):
    heard = all_answers(faulty("corrupt=1/4"), TEXTS)
    assert len(heard) == len(TEXTS)
    changed = [(text, other) for text, other in zip(TEXTS, heard) if text != other]
    assert 20 < len(changed) < 90
    for text, other in changed:
        bits = int.from_bytes(text.encode(), "big") ^ int.from_bytes(other.encode(), "big")
        assert bits.bit_count() == 1


def test_reorder_shuffles_so_many_among_themselves(faulty):
    heard = all_answers(faulty("reorder=8"), TEXTS)
    assert heard != TEXTS
    for i in range(0, len(TEXTS), 8):
        assert sorted(heard[i:i + 8]) == TEXTS[i:i + 8], "shuffled among themselves"


def test_reorder_waits_for_as_many(faulty):
    ws = faulty("reorder=3")
    say(ws, "1", "2")
    ws.send(frame(PING, b""))
    assert ws.read() == Frame(PONG, True, b"")
    say(ws, "3")
    assert sorted(answers(ws, 3)) == ["1", "2", "3"]


# --- frames ---


def test_ping_every_ms_sends_pings(faulty):
    def four():
        ws = faulty("ping_every_ms=50")
        assert [ws.read() for _ in range(4)] == [Frame(PING, True, b"")] * 4

    assert seconds_of(four) >= 0.19


def test_nopong_leaves_pings_alone(faulty):
    ws = faulty("nopong")
    ws.send(frame(PING, b"are you there?"))
    say(ws, "x")
    assert ws.read() == Frame(TEXT, True, b"x")


def test_mask_masks_every_frame(faulty):
    ws = faulty("mask")
    ws.send(frame(TEXT, b"hidden"), frame(PING, b"p"), frame(BINARY, bytes(1000)), close_frame())
    assert [raw_frame(ws) for _ in range(4)] == [
        (0x80 | TEXT, True, b"hidden"), (0x80 | PONG, True, b"p"),
        (0x80 | BINARY, True, bytes(1000)), (0x80 | CLOSE, True, b"")]


def test_rsv_sets_the_second_bit(faulty):
    ws = faulty("rsv")
    say(ws, "odd")
    assert raw_frame(ws) == (0x80 | 0x20 | TEXT, False, b"odd")


def test_bad_utf8_is_in_text_alone(faulty):
    ws = faulty("bad_utf8")
    ws.send(frame(TEXT, b"abc"), frame(TEXT, b""), frame(BINARY, b"abc"))
    assert [ws.read().payload for _ in range(3)] == [b"ab\xff", b"\xff", b"abc"]


# --- the handshake ---


def test_handshake_bad_accept(daemon):
    answer = ask(daemon, "/echo?handshake=bad_accept")
    assert answer.status == 101
    accept = answer.get("Sec-WebSocket-Accept")
    assert accept != ACCEPT and len(accept) == len(ACCEPT)


def test_handshake_no_upgrade(daemon):
    answer = ask(daemon, "/echo?handshake=no_upgrade")
    assert answer.status == 101
    assert answer.get("Upgrade") is None
    assert answer.get("Connection") == "Upgrade"
    assert answer.get("X-Echo-Faults") == "handshake=no_upgrade"


@pytest.mark.parametrize("status", [200, 204, 301, 401, 503, 599])
def test_handshake_status(daemon, status):
    answer = ask(daemon, f"/echo?handshake=status_{status}")
    assert answer.status == status
    assert answer.get("X-Echo-Faults") == f"handshake=status_{status}"
    assert answer.get("Upgrade") is None


def test_handshake_slow(daemon):
    sock = daemon.connect("web")
    begun, head = time.monotonic(), b""
    sock.sendall(upgrade("/echo?handshake=slow").encode())
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(100)
    assert ACCEPT.encode() in head
    assert time.monotonic() - begun >= len(head) * 0.008
    sock.sendall(frame(TEXT, b"x"))
    assert sock.recv(10) == b"\x81\x01x"
    sock.close()
