"""What /echo over WebSocket keeps to while it misbehaves: compression, the rules of RFC 6455, bounds; and
that nobody else notices."""
import signal
import socket

import pytest

from faults_ws import TEXTS, all_answers, answers, raw_frame, say
from simuld import MEASURED, seconds_of, wait_until
from ws_deflated import RSV1, Deflated
from ws_raw import BINARY, CONTINUATION, PING, TEXT, Frame, WebSocket, frame, upgrade

SETTINGS = ["echo.faults=on", "ws.message_bytes_max=4096", "ws.deflate=on"]


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


def test_seed_gives_the_same_answers_compressed_or_not(faulty, deflated):
    plain = all_answers(faulty("drop=1/3&corrupt=1/3&duplicate=1/3"), TEXTS)
    ws = deflated("drop=1/3&corrupt=1/3&duplicate=1/3")
    for text in TEXTS:
        ws.send_message(TEXT, text.encode())
    assert [ws.read_message()[1].decode() for _ in plain] == plain


# --- as any WebSocket ---


def test_messages_are_assembled_up_to_a_limit(faulty):
    ws = faulty("nopong")
    ws.send(frame(TEXT, b"one ", fin=False), frame(CONTINUATION, b"two"))
    assert ws.read() == Frame(TEXT, True, b"one two")
    ws.send(frame(BINARY, bytes(4096)), frame(BINARY, bytes(4097)))
    assert ws.read() == Frame(BINARY, True, bytes(4096))
    ws.expect_close(1009)


def test_a_broken_rule_is_told_behind_what_was_answered(faulty):
    ws = faulty("delay_ms=50")
    ws.send(frame(TEXT, b"x"), frame(TEXT, b"y", masked=False))
    assert answers(ws, 1) == ["x"]
    ws.expect_close(1002)


def test_a_peer_that_ends_gets_all_answers(faulty):
    ws = faulty("delay_ms=100&reorder=50")
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
def test_small_answers_that_wait_are_bounded(faulty, listener):
    ws = faulty("delay_ms=60000&duplicate=1/1", listener)
    ws.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            ws.sock.sendall(frame(PING, b"x") * 5000)
    with pytest.raises(TimeoutError):
        ws.sock.recv(1)  # it is not closed for what it sent


def test_others_notice_nothing(daemon, faulty):
    odd = [faulty(faults) for faults in ("delay_ms=60000", "chop=1", "oversize=1073741824",
                                       "fragment=1&oversize=1073741824", "noread_after=0",
                                       "ping_every_ms=10", "slow_bytes_per_second=1")]
    for ws in odd:
        ws.send(frame(BINARY, bytes(4000)) * 10)
    plain = faulty("")
    for _ in range(20):
        say(plain, "x")
        assert seconds_of(lambda: answers(plain, 1)) < 5  # the others have minutes to wait


def test_faults_are_counted(start):
    daemon = start("echo.faults=on")
    with WebSocket(daemon.connect("web"), "/echo?drop=1/1") as ws:
        all_answers(ws, ["1", "2", "3"])
    wait_until(lambda: daemon.metric("simul_faults_total") == 3, "the count of faults")
    assert daemon.metric("simul_faulty_echoes_total") == 1


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

    assert seconds_of(stop) < 20  # a minute is what they have to wait


def test_the_close_of_a_server_that_stops_is_whole(start):
    daemon = start("echo.faults=on")
    with WebSocket(daemon.connect("web"), "/echo?delay_ms=60000") as ws:
        say(ws, "never answered")
        ws.send(frame(PING, b""))
        wait_until(lambda: daemon.metric("simul_ws_messages_total") == 1, "the message")
        daemon.signal(signal.SIGTERM)
        ws.expect_close(1001)
    daemon.expect_good_end()
