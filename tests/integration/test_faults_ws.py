"""/echo over WebSocket, misbehaving as it was asked to: each fault on a bare socket, its seed, its
bounds, and that nobody else notices."""
import os
import pathlib
import re
import signal
import socket
import struct
import time

import pytest

from http_raw import HttpConnection, get
from simuld import MEASURED, TIMEOUT, wait_until
from ws_deflated import RSV1, Deflated
from ws_raw import (ACCEPT, BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, WebSocket,
                    close_frame, frame, mask, upgrade)

SETTINGS = ["echo.faults=on", "listen.strict.port=0", "listen.strict.faults=off",
            "ws.message_bytes_max=4096", "ws.deflate=on"]
ILLEGAL_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]
DATA_SEGMENTS_IN = 152  # where struct tcp_info has tcpi_data_segs_in


@pytest.fixture
def echo(daemon):
    """Makes clients of /echo with these faults."""
    made = []

    def connect(faults, listener="web"):
        made.append(WebSocket(daemon.connect(listener), f"/echo?{faults}"))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def ask(daemon, target, listener="web"):
    with HttpConnection(daemon.connect(listener)) as http:
        return http.ask(upgrade(target))


def say(ws, *texts):
    ws.send(*(frame(TEXT, text.encode()) for text in texts))


def answers(ws, count):
    return [ws.read_message()[1].decode() for _ in range(count)]


def seconds_until(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def all_answers(ws, texts):
    """What comes back of the texts, up to the answer to our close."""
    say(ws, *texts)
    ws.send(close_frame(1000))
    heard = []
    while (part := ws.read()).opcode != CLOSE:
        assert part.fin
        heard.append(part.payload.decode())
    assert ws.http.at_end()
    return heard


def raw_frame(ws):
    """First byte, whether it is masked, and the payload; whatever a server should not send."""
    first, second = ws.read_exactly(2)
    length = second & 0x7f
    if length == 126:
        length = struct.unpack("!H", ws.read_exactly(2))[0]
    elif length == 127:
        length = struct.unpack("!Q", ws.read_exactly(8))[0]
    key = ws.read_exactly(4) if second & 0x80 else None
    payload = ws.read_exactly(length)
    return first, key is not None, mask(payload, key) if key else payload


# --- who may ask ---


def test_what_is_in_force_is_told(echo):
    ws = echo("seed=7&drop=1/1000&token=secret")
    assert ws.response.get("X-Echo-Faults") == "drop=1/1000, seed=7"
    say(ws, "x")
    assert answers(ws, 1) == ["x"]


def test_a_query_without_faults_is_plain_echo(echo):
    ws = echo("token=secret&x")
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
    ("ping_every_ms=0", "ping_every_ms is 1 to 60000"),
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


def test_every_fault_is_tested_here(daemon):
    """A row of the table that has no test would go unnoticed."""
    with HttpConnection(daemon.connect("web")) as http:
        table = http.ask(get("/echo/help")).body.decode()
    names = re.findall(r"^(\w+)(?:=.*)?  \[WebSocket", table, re.M)
    assert len(names) == 23
    tests = pathlib.Path(__file__).read_text()
    assert not [name for name in names if not re.search(rf'def test_\w*{name}|"{name}[="&]', tests)]


# --- time ---


@pytest.mark.alone
def test_delay_ms(echo):
    ws = echo("delay_ms=300")

    def three():
        say(ws, "1", "2", "3")
        assert answers(ws, 3) == ["1", "2", "3"]

    assert 0.29 <= seconds_until(three) < 0.3 * 3, "each has its own delay, side by side"
    ws.send(frame(PING, b"p"))
    assert seconds_until(ws.read) >= 0.29, "a pong is an answer too"


def test_jitter_ms(echo):
    ws = echo("jitter_ms=100")
    texts = [str(i) for i in range(50)]
    say(ws, *texts)
    begun, came = time.monotonic(), []
    for text in texts:
        assert answers(ws, 1) == [text], "order is kept"
        came.append(time.monotonic() - begun)
    assert came[-1] >= 0.05, "the longest of fifty"


def test_slow_bytes_per_second(echo):
    ws = echo("slow_bytes_per_second=2000")
    say(ws, "x" * 800)
    assert seconds_until(lambda: answers(ws, 1)) >= 0.35


@pytest.mark.alone
def test_stall_ms_and_after(echo):
    ws = echo("stall_ms=400&after=2")
    say(ws, "1", "2", "3")
    assert seconds_until(lambda: answers(ws, 2)) < 0.4
    assert seconds_until(lambda: answers(ws, 1)) >= 0.2
    say(ws, "4")
    assert seconds_until(lambda: answers(ws, 1)) < 0.4, "it stalls once"


def test_stall_ms_at_once(echo):
    ws = echo("stall_ms=300")
    say(ws, "1")
    assert seconds_until(lambda: answers(ws, 1)) >= 0.25


# --- size ---


def test_chop(daemon):
    with WebSocket(daemon.connect("web"), "/echo?chop=10") as ws:
        def segments():
            info = ws.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            return struct.unpack_from("=I", info, DATA_SEGMENTS_IN)[0]

        before = segments()
        say(ws, "x" * 96)  # with its header 98 bytes
        assert seconds_until(lambda: answers(ws, 1)) >= 9 * 0.004, "pauses between"
        assert segments() - before == 10


def test_chop_over_tls(echo):
    ws = echo("chop=3", "webtls")
    say(ws, "message")
    assert answers(ws, 1) == ["message"]


def test_fragment(echo):
    ws = echo("fragment=4")
    ws.send(frame(TEXT, b"0123456789"), frame(BINARY, b"0123"), frame(TEXT, b""))
    assert [ws.read() for _ in range(5)] == [
        Frame(TEXT, False, b"0123"), Frame(CONTINUATION, False, b"4567"),
        Frame(CONTINUATION, True, b"89"), Frame(BINARY, True, b"0123"), Frame(TEXT, True, b"")]


def test_oversize(echo):
    ws = echo("oversize=3000000")
    say(ws, "ab")
    opcode, fin, length = ws.read_header()
    assert (opcode, fin, length) == (TEXT, True, 3_000_000)
    payload = ws.read_exactly(length)
    assert payload[:4] == b"abxx" and payload.count(b"x") == length - 2


def test_oversize_in_fragments(echo):
    ws = echo("oversize=1000&fragment=300&mask")
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
def test_close_with_any_code(echo, code):
    ws = echo(f"close={code}&after=2")
    say(ws, "1", "2", "3")
    assert answers(ws, 2) == ["1", "2"]
    assert ws.read() == Frame(CLOSE, True, struct.pack("!H", code))
    assert ws.http.at_end()


def test_close_at_once(echo):
    ws = echo("close=1012")
    ws.expect_close(1012)


def wait_for_reset(ws):
    """Below TLS, which takes any end for one."""
    with socket.socket(fileno=os.dup(ws.sock.fileno())) as sock:
        sock.settimeout(TIMEOUT)
        with pytest.raises(ConnectionResetError):
            while sock.recv(1000):
                pass


@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_rst(echo, listener):
    ws = echo("rst&after=1", listener)
    say(ws, "last")
    assert answers(ws, 1) == ["last"], "what comes before is sent"
    wait_for_reset(ws)


def test_rst_at_once(echo):
    wait_for_reset(echo("rst"))


def test_rst_in_the_middle_of_what_the_peer_sends(echo):
    ws = echo("rst&after=1")
    say(ws, "last")
    with pytest.raises(ConnectionError):
        while True:
            ws.send(frame(BINARY, bytes(4000)))


def test_close_and_rst(echo):
    ws = echo("close=1001&rst")
    assert ws.read() == Frame(CLOSE, True, struct.pack("!H", 1001))
    wait_for_reset(ws)


@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_halfclose(echo, listener):
    ws = echo("halfclose&after=1", listener)
    say(ws, "last")
    assert answers(ws, 1) == ["last"]
    assert ws.input.read(1) == b"", "its end is shut"
    ws.sock.sendall(frame(BINARY, bytes(4000)) * 4000)  # more than any buffer takes: it is read


def test_noread_after(daemon, echo):
    ws = echo("noread_after=2")
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

TEXTS = [f"message-{i:03}" for i in range(200)]


@pytest.mark.parametrize("fault", ["drop=1/5", "duplicate=1/5", "corrupt=1/5", "reorder=7",
                                   "drop=1/9&duplicate=1/9&corrupt=1/9&reorder=5&fragment=99"])
def test_a_seed_gives_the_same_answers(echo, fault):
    first = all_answers(echo(f"{fault}&seed=42"), TEXTS)
    assert first != TEXTS
    assert all_answers(echo(f"seed=42&{fault}&jitter_ms=3"), TEXTS) == first
    assert all_answers(echo(f"{fault}&seed=43"), TEXTS) != first
    assert all_answers(echo(fault), TEXTS) == all_answers(echo(f"{fault}&seed=1"), TEXTS)


def test_a_seed_gives_the_same_answers_however_the_messages_come(echo):
    quick = all_answers(echo("drop=1/3&corrupt=1/3"), TEXTS[:40])
    ws = echo("drop=1/3&corrupt=1/3")
    for text in TEXTS[:40]:
        message = frame(TEXT, text.encode())
        ws.send(message[:5])
        ws.send(message[5:], frame(PING, b"here"))
        while (part := ws.read()).opcode != PONG:
            assert part.payload.decode() == quick.pop(0)
    assert not quick


def test_drop(echo):
    heard = all_answers(echo("drop=1/4"), TEXTS)
    assert heard == [text for text in TEXTS if text in heard]
    assert 20 < len(TEXTS) - len(heard) < 90
    assert not all_answers(echo("drop=1/1"), TEXTS)


def test_duplicate(echo):
    heard = all_answers(echo("duplicate=1/4"), TEXTS)
    assert sorted(set(heard)) == TEXTS
    doubles = [text for text, following in zip(heard, heard[1:]) if text == following]
    assert len(heard) == len(TEXTS) + len(doubles)
    assert 20 < len(doubles) < 90


def test_corrupt(echo):
    heard = all_answers(echo("corrupt=1/4"), TEXTS)
    assert len(heard) == len(TEXTS)
    changed = [(text, other) for text, other in zip(TEXTS, heard) if text != other]
    assert 20 < len(changed) < 90
    for text, other in changed:
        bits = int.from_bytes(text.encode(), "big") ^ int.from_bytes(other.encode(), "big")
        assert bits.bit_count() == 1


def test_reorder(echo):
    heard = all_answers(echo("reorder=8"), TEXTS)
    assert heard != TEXTS
    for i in range(0, len(TEXTS), 8):
        assert sorted(heard[i:i + 8]) == TEXTS[i:i + 8], "shuffled among themselves"


def test_reorder_waits_for_as_many(echo):
    ws = echo("reorder=3")
    say(ws, "1", "2")
    ws.send(frame(PING, b""))
    assert ws.read() == Frame(PONG, True, b"")
    say(ws, "3")
    assert sorted(answers(ws, 3)) == ["1", "2", "3"]


# --- frames ---


def test_ping_every_ms(echo):
    ws = echo("ping_every_ms=50")

    def four():
        assert [ws.read() for _ in range(4)] == [Frame(PING, True, b"")] * 4

    assert seconds_until(four) >= 0.15


def test_nopong(echo):
    ws = echo("nopong")
    ws.send(frame(PING, b"are you there?"))
    say(ws, "x")
    assert ws.read() == Frame(TEXT, True, b"x")


def test_mask(echo):
    ws = echo("mask")
    ws.send(frame(TEXT, b"hidden"), frame(PING, b"p"), frame(BINARY, bytes(1000)), close_frame())
    assert [raw_frame(ws) for _ in range(4)] == [
        (0x80 | TEXT, True, b"hidden"), (0x80 | PONG, True, b"p"),
        (0x80 | BINARY, True, bytes(1000)), (0x80 | CLOSE, True, b"")]


def test_rsv(echo):
    ws = echo("rsv")
    say(ws, "odd")
    assert raw_frame(ws) == (0x80 | 0x20 | TEXT, False, b"odd")


def test_bad_utf8(echo):
    ws = echo("bad_utf8")
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
    sock.sendall(upgrade("/echo?handshake=slow").encode())
    begun, head = time.monotonic(), b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(100)
    assert ACCEPT.encode() in head
    assert time.monotonic() - begun >= len(head) * 0.008
    sock.sendall(frame(TEXT, b"x"))
    assert sock.recv(10) == b"\x81\x01x"
    sock.close()


# --- compressed ---


@pytest.fixture
def deflated(daemon):
    """The same clients, who say all compressed."""
    made = []

    def connect(faults):
        made.append(Deflated(daemon.connect("web"), f"/echo?{faults}"))
        assert made[-1].is_agreed
        return made[-1]

    yield connect
    for client in made:
        client.close()


def test_compressed_messages_are_mirrored(deflated):
    ws = deflated("fragment=5&duplicate=1/1&delay_ms=1")
    text = b"again and again and again and again"
    ws.send_message(TEXT, text)
    ws.send(frame(TEXT, b"plain"))
    for _ in range(2):
        assert ws.read_message() == (TEXT, text) and ws.was_compressed
    for _ in range(2):
        assert ws.read_message() == (TEXT, b"plain") and not ws.was_compressed


def test_compressed_messages_are_changed_before_they_are_compressed(deflated):
    ws = deflated("corrupt=1/1&bad_utf8")
    for text in (b"one", b"two", b""):
        ws.send_message(TEXT, text)
        answer = ws.read_message()[1]
        assert len(answer) == max(len(text), 1) and answer.endswith(b"\xff")


def test_a_compressed_message_that_is_filled_comes_plain(deflated):
    ws = deflated("oversize=10")
    ws.send_message(TEXT, b"ab")
    assert ws.read_message() == (TEXT, b"abxxxxxxxx") and not ws.was_compressed
    ws.send_message(TEXT, b"more than ten")
    assert ws.read_message() == (TEXT, b"more than ten") and ws.was_compressed


def test_rsv_beside_compression(deflated):
    ws = deflated("rsv&mask")
    ws.send_message(BINARY, b"odd")
    first, is_masked, payload = raw_frame(ws)
    assert (first, is_masked) == (0x80 | RSV1 << 4 | 0x20 | BINARY, True)
    assert ws.inflate(payload) == b"odd"


def test_a_bomb_meets_the_limit(deflated):
    ws = deflated("delay_ms=1")
    ws.send_message(BINARY, bytes(4097))
    ws.expect_close(1009)


def test_a_seed_gives_the_same_answers_compressed_or_not(echo, deflated):
    plain = all_answers(echo("drop=1/3&corrupt=1/3&duplicate=1/3"), TEXTS)
    ws = deflated("drop=1/3&corrupt=1/3&duplicate=1/3")
    for text in TEXTS:
        ws.send_message(TEXT, text.encode())
    assert [ws.read_message()[1].decode() for _ in plain] == plain


# --- as any WebSocket ---


def test_messages_are_assembled_up_to_a_limit(echo):
    ws = echo("nopong")
    ws.send(frame(TEXT, b"one ", fin=False), frame(CONTINUATION, b"two"))
    assert ws.read() == Frame(TEXT, True, b"one two")
    ws.send(frame(BINARY, bytes(4096)), frame(BINARY, bytes(4097)))
    assert ws.read() == Frame(BINARY, True, bytes(4096))
    ws.expect_close(1009)


def test_a_broken_rule_is_told_behind_what_was_answered(echo):
    ws = echo("delay_ms=50")
    ws.send(frame(TEXT, b"x"), frame(TEXT, b"y", masked=False))
    assert answers(ws, 1) == ["x"]
    ws.expect_close(1002)


def test_a_peer_that_ends_gets_all_answers(echo):
    ws = echo("delay_ms=100&reorder=50")
    say(ws, "1", "2", "3")
    ws.sock.shutdown(socket.SHUT_WR)
    assert sorted(answers(ws, 3)) == ["1", "2", "3"]
    assert ws.http.at_end()


# --- bounds, and others ---


def test_answers_that_wait_are_bounded(start):
    daemon = start("echo.faults=on", env=MEASURED)
    plain = WebSocket(daemon.connect("web"))
    with WebSocket(daemon.connect("web"), "/echo?delay_ms=60000") as ws:
        before = daemon.rss_kb()
        ws.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                ws.sock.sendall(frame(BINARY, bytes(4000)))
        assert daemon.rss_kb() < before + 8 * 1024
        say(plain, "x")
        assert answers(plain, 1) == ["x"], "others go on"
    plain.close()


def test_who_has_much_waiting_goes_when_memory_is_short(start):
    daemon = start("echo.faults=on", "limits.memory_bytes=4194304")
    with WebSocket(daemon.connect("web")) as plain:
        odd = [WebSocket(daemon.connect("web"), "/echo?delay_ms=60000") for _ in range(40)]
        for ws in odd:
            try:
                ws.send(frame(BINARY, bytes(50_000)) * 3)  # all of it is taken, and waits
            except ConnectionError:
                pass  # its turn came
        wait_until(lambda: daemon.metric("simul_connections_ended_total", reason="memory") > 0, "an eviction")
        wait_until(lambda: daemon.metric("simul_held_bytes") < 4 << 20, "less that is held")
        say(plain, "still here")
        assert answers(plain, 1) == ["still here"]
    for ws in odd:
        ws.close()


@pytest.mark.parametrize("listener", ["web", "webtls"])
def test_small_answers_that_wait_are_bounded(echo, listener):
    ws = echo("delay_ms=60000&duplicate=1/1", listener)
    ws.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            ws.sock.sendall(frame(PING, b"x") * 5000)
    with pytest.raises(TimeoutError):
        ws.sock.recv(1)  # it is not closed for what it sent


@pytest.mark.alone
def test_others_notice_nothing(daemon, echo):
    odd = [echo(faults) for faults in ("delay_ms=60000", "chop=1", "oversize=1073741824",
                                       "fragment=1&oversize=1073741824", "noread_after=0",
                                       "ping_every_ms=1", "slow_bytes_per_second=1")]
    for ws in odd:
        ws.send(frame(BINARY, bytes(4000)) * 10)
    plain = echo("")
    for _ in range(20):
        say(plain, "x")
        assert seconds_until(lambda: answers(plain, 1)) < 1


def test_faults_are_counted(start):
    daemon = start("echo.faults=on")
    with WebSocket(daemon.connect("web"), "/echo?drop=1/1") as ws:
        all_answers(ws, ["1", "2", "3"])
    assert daemon.metric("simul_faulty_echoes_total") == 1
    assert daemon.metric("simul_faults_total") == 3


@pytest.mark.alone
def test_the_server_stops_without_delay(start):
    daemon = start("echo.faults=on")
    queries = ["delay_ms=60000", "stall_ms=60000", "noread_after=0", "halfclose", "chop=1",
               "slow_bytes_per_second=1", "oversize=1000000", "reorder=5", "handshake=slow"]
    clients = [daemon.connect("web") for _ in queries]
    for sock, query in zip(clients, queries):
        sock.sendall(upgrade(f"/echo?{query}").encode() + frame(TEXT, b"hello") * 3)
    wait_until(lambda: daemon.metric("simul_faulty_echoes_total") == len(queries), "all of them")

    def stop():
        daemon.signal(signal.SIGTERM)
        for sock in clients:
            while sock.recv(100_000):
                pass
            sock.close()
        daemon.expect_good_end()

    assert seconds_until(stop) < 4


def test_the_close_of_a_server_that_stops_is_whole(start):
    daemon = start("echo.faults=on")
    with WebSocket(daemon.connect("web"), "/echo?delay_ms=60000") as ws:
        say(ws, "never answered")
        ws.send(frame(PING, b""))
        wait_until(lambda: daemon.metric("simul_ws_messages_total") == 1, "the message")
        daemon.signal(signal.SIGTERM)
        ws.expect_close(1001)
    daemon.expect_good_end()
