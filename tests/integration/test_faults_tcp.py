"""The TCP echo that misbehaves: a first line asks for it, and faults count bytes of the stream."""
import os
import signal
import socket
import threading
import time

import pytest

from fault_table import segments_with_data, untested
from simuld import MEASURED, seconds_of, wait_until

SETTINGS = ["echo.faults=on", "echo.commands=on", "listen.echotls.port=0",
            "listen.echotls.protocol=echo", "listen.echotls.tls=on"]
DATA = bytes(range(256)) * 16
TCP_CLOSE = 7  # of the kernel's states: after an end in good order it would be CLOSE_WAIT


@pytest.fixture(params=["echo", "echotls"])
def ask(daemon, request):
    """Opens connections and says the first line."""
    opened = []

    def open_one(query, data=b""):
        sock = daemon.connect(request.param)
        opened.append(sock)
        sock.sendall(f"?{query}\n".encode() + data)
        return sock

    yield open_one
    for sock in opened:
        sock.close()


def shut(sock):
    """Our end: what the peer holds back comes now. TLS would unwrap for that, which reads."""
    socket.socket.shutdown(sock, socket.SHUT_WR)


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"the end after {data!r}"
        data += part
    return data


def read_to_end(sock):
    """What comes until the end, and whether that is a reset."""
    data = b""
    try:
        while part := sock.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data, sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE


def echo_of(ask, query, data=DATA, size=None):
    """All that is answered to the data, sent in pieces of that size."""
    sock = ask(query)
    for at in range(0, len(data), size or len(data)):
        sock.sendall(data[at:at + (size or len(data))])
    shut(sock)
    return read_to_end(sock)[0]


def test_every_fault_has_a_test(daemon):
    assert untested(daemon, "TCP", globals()) == []


# --- the first line ---


@pytest.mark.short
def test_the_line_is_not_echoed_and_the_rest_is(ask):
    for end in "\n", "\r\n":
        sock = ask(f"seed=7&delay_ms=0{end[:-1]}", b"hello")
        assert read_exactly(sock, 5) == b"hello"
    assert read_exactly(ask("", b"nothing is asked"), 16) == b"nothing is asked"


def test_what_does_not_begin_with_a_question_mark_comes_back_at_once(daemon):
    with daemon.connect("echo") as sock:
        for byte in b"hello?\n?rst\n":
            sock.sendall(bytes([byte]))
            assert sock.recv(2) == bytes([byte])


def test_the_line_may_come_byte_by_byte(daemon):
    with daemon.connect("echo") as sock:
        for byte in b"?drop=1/1\nabc":
            sock.sendall(bytes([byte]))
        shut(sock)
        assert read_to_end(sock)[0] == b""


@pytest.mark.parametrize("line, says", [
    ("chop=x", "chop is 1 to 65536"),
    ("chop", "chop is 1 to 65536"),
    ("close=1000", "close is for WebSocket"),
    ("status=200", "status is for HTTP"),
    ("dorp=1/2", "there is no fault dorp; /echo/help lists them"),
    ("drop=1/2&what+is%0athis=1", "there is no fault ; /echo/help lists them"),
    ("seed=1" + "&seed=1" * 1000, "the first line is longer than 1024 bytes"),
    ("drop=1/2\0&seed=1", "the first line has a blank, or what is no ASCII"),
    ("drop=1/2 seed=1", "the first line has a blank, or what is no ASCII"),
    ("drop=1/2%00", "drop is 1/1 to 1/1000000"),
], ids=range(10))
def test_an_error_in_the_line_is_one_line_and_the_end(ask, line, says):
    assert read_to_end(ask(line, b"hello")) == (f"error: {says}\n".encode(), False)


def test_a_line_without_an_end_is_an_error(daemon):
    with daemon.connect("echo") as sock:
        sock.sendall(b"?drop=1/2")
        shut(sock)
        assert read_to_end(sock)[0] == b"error: the first line has no end\n"


def test_a_line_that_is_not_finished_in_time_is_an_error(start):
    daemon = start("limits.handshake_seconds=1", *SETTINGS)
    with daemon.connect("echo") as silent, daemon.connect("echo") as sock:
        sock.sendall(b"?drop")
        assert read_to_end(sock)[0] == b"error: the first line has no end\n"
        silent.sendall(b"x")  # who has said nothing yet may take any time
        assert silent.recv(2) == b"x"


@pytest.mark.parametrize("settings", [[], ["echo.faults=on"], ["echo.commands=on"],
                                      ["echo.faults=on", "echo.commands=on",
                                       "listen.echo.faults=off"]])
def test_where_it_is_off_a_line_is_bytes_like_others(start, settings):
    daemon = start(*settings)
    with daemon.connect("echo") as sock:
        sock.sendall(b"?drop=1/1\n")
        assert read_exactly(sock, 10) == b"?drop=1/1\n"


# --- time ---


def test_delay_ms_is_a_longer_way_and_no_slower_one(ask):
    sock = ask("delay_ms=400")
    begun = time.monotonic()
    for _ in range(10):
        sock.sendall(b"0123456789")
        time.sleep(0.02)  # the pieces stay apart
    read_exactly(sock, 10)
    assert time.monotonic() - begun >= 0.39
    read_exactly(sock, 90)
    assert time.monotonic() - begun < 3.5, "each piece waited for the one before"


def test_jitter_ms_keeps_the_order(ask):
    sock = ask("jitter_ms=60&seed=5")
    for number in range(20):
        sock.sendall(b"%02d" % number)
        time.sleep(0.005)
    assert read_exactly(sock, 40) == b"".join(b"%02d" % number for number in range(20))


def test_slow_bytes_per_second_is_the_pace(ask):
    def answer():
        read_exactly(ask("slow_bytes_per_second=2000", b"x" * 1000), 1000)

    assert 0.4 <= seconds_of(answer) < 20


def test_chop_sends_segments_of_that_size(daemon):
    with daemon.connect("echo") as sock:
        sock.sendall(b"?chop=7\n" + b"x" * 140)
        assert len(sock.recv(1000)) % 7 == 0
        shut(sock)
        read_to_end(sock)
        assert 20 <= segments_with_data(sock) < 40


def test_stall_ms_stops_once_after_so_many_bytes(ask):
    begun = time.monotonic()
    sock = ask("stall_ms=500&after=4", b"123456789")
    assert read_exactly(sock, 4) == b"1234"
    assert seconds_of(lambda: read_exactly(sock, 5)) >= 0.1
    assert time.monotonic() - begun >= 0.49
    sock.sendall(b"more")
    assert read_exactly(sock, 4) == b"more"


# --- what comes back ---


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(byte in rest for byte in part)


def test_drop_leaves_out_bytes(ask):
    got = echo_of(ask, "drop=1/4")
    assert len(DATA) * 0.6 < len(got) < len(DATA) * 0.9
    assert is_subsequence(got, DATA)


def test_duplicate_says_bytes_twice(ask):
    got = echo_of(ask, "duplicate=1/4")
    assert len(DATA) * 1.1 < len(got) < len(DATA) * 1.4
    assert is_subsequence(DATA, got)


def test_corrupt_flips_one_bit(ask):
    got = echo_of(ask, "corrupt=1/4")
    wrong = [a ^ b for a, b in zip(got, DATA, strict=True) if a != b]
    assert len(DATA) / 8 < len(wrong) < len(DATA) / 2
    assert all(bits.bit_count() == 1 for bits in wrong)


def test_reorder_shuffles_in_groups_and_the_rest_at_the_end(ask):
    sock = ask("reorder=4", b"0123456789")
    first = read_exactly(sock, 8)
    assert first != b"01234567"
    assert (sorted(first[:4]), sorted(first[4:])) == (list(b"0123"), list(b"4567"))
    shut(sock)
    assert sorted(read_to_end(sock)[0]) == list(b"89")


@pytest.mark.parametrize("query", ["drop=1/9", "duplicate=1/9", "corrupt=1/9", "reorder=64",
                                   "drop=1/5&duplicate=1/5&corrupt=1/5&reorder=3&chop=1000"])
def test_seed_gives_the_same_answer_however_it_is_cut(ask, query):
    first = echo_of(ask, f"{query}&seed=1")
    assert first != DATA
    assert echo_of(ask, query, size=100) == first  # 1 is the default
    assert echo_of(ask, f"{query}&seed=2") != first


# --- the end ---


def test_after_counts_what_is_answered(ask):
    data, _ = read_to_end(ask("rst&after=10&duplicate=1/1", b"0123456789"))
    assert data == b"0011223344"


def test_rst_at_once(ask):
    assert read_to_end(ask("rst")) == (b"", True)


def test_rst_comes_after_so_many_bytes(ask):
    assert read_to_end(ask("rst&after=4", b"123456789")) == (b"1234", True)


def test_rst_waits_until_there_are_so_many(ask):
    sock = ask("rst&after=10", b"123456789")
    assert read_exactly(sock, 9) == b"123456789"
    sock.sendall(b"0")
    assert read_to_end(sock) == (b"0", True)


def test_rst_waits_for_what_is_late(ask):
    begun = time.monotonic()
    assert read_to_end(ask("rst&after=4&delay_ms=200&stall_ms=100", b"123456")) == (b"1234", True)
    assert time.monotonic() - begun >= 0.29


def test_halfclose_ends_our_half_and_reads_on(ask):
    sock = ask("halfclose&after=4", b"123456789")
    assert read_exactly(sock, 4) == b"1234"
    assert sock.recv(1) == b""
    for _ in range(200):  # more than all buffers hold
        sock.sendall(b"x" * 100_000)


def test_noread_after_is_back_pressure(ask):
    sock = ask("noread_after=5", b"123456789")
    assert read_exactly(sock, 5) == b"12345"
    sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        for _ in range(200):
            sock.sendall(b"x" * 1_000_000)


def test_noread_after_holds_up_no_drain(start):
    daemon = start("drain_seconds=1000", *SETTINGS)
    with daemon.connect("echo") as sock:
        sock.sendall(b"?noread_after=1\n123")
        assert read_exactly(sock, 1) == b"1"
        daemon.signal(signal.SIGTERM)
        assert read_to_end(sock)[0] == b""
    daemon.expect_good_end()


# --- bounds, and what is counted ---


def test_faults_are_counted(start):
    daemon = start(*SETTINGS)
    with daemon.connect("echo") as sock, daemon.connect("echo") as plain:
        sock.sendall(b"?duplicate=1/1\n0123456789")
        read_exactly(sock, 20)
        plain.sendall(b"x")
        read_exactly(plain, 1)
        wait_until(lambda: daemon.metric("simul_faults_total") == 10, "the count of faults")
        assert daemon.metric("simul_faulty_echoes_total") == 1


def test_what_is_late_is_held_within_bounds(start):
    daemon = start(*SETTINGS, env=MEASURED)
    before = daemon.rss_kb()
    with daemon.connect("echo") as sock:
        sock.sendall(b"?delay_ms=60000\n")
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(200):
                sock.sendall(b"x" * 1_000_000)
        assert daemon.rss_kb() - before < 8 * 1024


def test_a_long_stream_comes_whole_through_faults_that_change_little(daemon):
    data = os.urandom(4 << 20)
    with daemon.connect("echo") as sock:  # two threads may not share a TLS connection
        sock.sendall(b"?corrupt=1/1000000&chop=65536&slow_bytes_per_second=10000000\n")
        sender = threading.Thread(target=sock.sendall, args=[data])
        sender.start()
        got = read_exactly(sock, len(data))
        sender.join()
    assert sum(a != b for a, b in zip(got, data)) < 20
