"""The HTTP echo that misbehaves: each fault, seen on a bare socket."""
import signal
import socket
import threading
import time

import pytest

from fault_table import segments_with_data, untested
from http_raw import HttpConnection, get, post
from simuld import MEASURED, seconds_of, wait_until

SETTINGS = ["echo.faults=on", "limits.body_bytes=0"]
BODY = bytes(range(256)) * 40
TCP_CLOSE = 7  # of the kernel's states: after an end in good order it would be CLOSE_WAIT


@pytest.fixture(params=["web", "webtls"])
def http(daemon, request):
    with HttpConnection(daemon.connect(request.param)) as connection:
        yield connection


def read_to_end(http):
    """What comes until the end, and whether that is a reset. OpenSSL takes one for an end like any
    other, so the kernel is asked."""
    data = b""
    try:
        while part := http.input.read1(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return data, http.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE


def is_usable(http):
    return http.ask(post("/echo", b"and then")).body == b"and then"


def test_every_fault_has_a_test(daemon):
    assert untested(daemon, "HTTP", globals()) == []


# --- whether and how it is asked ---


def test_without_the_setting_a_fault_is_403_but_delay_and_status(start):
    daemon = start("listen.odd.port=0", "listen.odd.protocol=http", "listen.odd.faults=on")
    with HttpConnection(daemon.connect("web")) as http:
        for query in ("chop=1", "rst", "delay_ms=1&seed=2", "header=X:y"):
            answer = http.ask(post(f"/echo?{query}", b"x"))
            assert answer.status == 403
            assert b"echo.faults=on" in answer.body
        answer = http.ask(post("/echo?delay_ms=1&status=202&token=abc", b"x"))
        assert (answer.status, answer.body) == (202, b"x")
    with HttpConnection(daemon.connect("odd")) as http:
        assert http.ask(post("/echo?chunked", b"x")).get("Transfer-Encoding") == "chunked"


def test_one_listener_may_be_without(start):
    daemon = start("echo.faults=on", "listen.six.faults=off")
    for name, status in ("web", 200), ("six", 403):
        with HttpConnection(daemon.connect(name)) as http:
            assert http.ask(get("/echo?chunked")).status == status


@pytest.mark.parametrize("query, says", [
    ("chop=0", "chop is 1 to 65536"),
    ("chop=x", "chop is 1 to 65536"),
    ("chop", "chop is 1 to 65536"),
    ("corrupt=5", "corrupt is 1/1 to 1/1000000"),
    ("rst=1", "rst has no value"),
    ("jitter_ms=60001", "jitter_ms is 0 to 60000"),
    ("drop=1/2", "drop is for WebSocket and TCP"),
    ("close=1000", "close is for WebSocket"),
])
def test_what_makes_no_sense_is_400_and_says_why(http, query, says):
    answer = http.ask(post(f"/echo?{query}", b"x"))
    assert (answer.status, answer.body.decode()) == (400, f"{says}\n")
    assert is_usable(http)


def test_other_names_in_the_query_mean_nothing(http):
    answer = http.ask(post("/echo?token=x&dorp=1/2", b"x"))
    assert (answer.status, answer.body, answer.get("X-Echo-Faults")) == (200, b"x", None)


@pytest.mark.short
def test_the_answer_says_what_is_wrong_with_it(http):
    answer = http.ask(post("/echo?corrupt=1/20&x=y&status=418&chunked&seed=7", b"x"))
    assert answer.get("X-Echo-Faults") == "corrupt=1/20, status=418, chunked, seed=7"


@pytest.mark.parametrize("query", ["status=500", "chunked", "chop=50", "corrupt=1/9", "delay_ms=20",
                                   "stall_ms=20&after=5", "header=X:y", "slow_bytes_per_second=9999",
                                   "after=3"])
def test_harmless_faults_leave_the_connection_as_it_was(http, query):
    for _ in range(2):
        assert len(http.ask(post(f"/echo?{query}", b"0123456789")).body) == 10
        assert len(http.ask(get(f"/echo?{query}")).body) > 50
    assert http.ask(get(f"/echo?{query}", method="HEAD"), to_head=True).body == b""
    assert is_usable(http)


# --- time ---


def seconds_to_head(http, query):
    """Of the answer to a body of a byte."""
    return seconds_of(lambda: http.ask(post(f"/echo?{query}", b"x"), to_head=True))


def test_delay_ms_is_waited_for_before_the_answer(http):
    assert seconds_to_head(http, "delay_ms=300&status=201") >= 0.29
    assert http.input.read(1) == b"x"
    assert is_usable(http)


def test_jitter_ms_adds_some_of_it_by_chance(http):
    taken = [seconds_of(lambda seed=seed: http.ask(post(f"/echo?jitter_ms=400&seed={seed}", b"x")))
             for seed in range(8)]
    assert max(taken) > 0.1
    assert max(taken) - min(taken) > 0.05


def test_slow_bytes_per_second_is_the_pace_of_the_whole_answer(http):
    request = post("/echo?slow_bytes_per_second=4000", b"x" * 1600)
    assert 0.4 <= seconds_of(lambda: http.ask(request)) < 20
    assert is_usable(http)


def test_chop_sends_segments_of_that_size(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        http.send(post("/echo?chop=13", b"y" * 100, "Connection: close"))
        data, _ = read_to_end(http)
        assert data.endswith(b"\r\n\r\n" + b"y" * 100)
        assert segments_with_data(http.sock) >= len(data) / 13  # head and body are not one


def test_stall_ms_stops_in_the_middle_of_the_body(http):
    begun = time.monotonic()
    head = http.ask(post("/echo?stall_ms=500&after=4", b"123456789"), to_head=True)
    assert head.get("Content-Length") == "9"
    assert http.input.read(4) == b"1234"
    assert seconds_of(lambda: http.input.read(5)) >= 0.1
    assert time.monotonic() - begun >= 0.49


def test_stall_ms_at_once_stops_before_the_head(http):
    assert seconds_to_head(http, "stall_ms=300") >= 0.29


# --- what is said ---


@pytest.mark.parametrize("status", [200, 299, 404, 599])
def test_status_can_be_chosen(http, status):
    assert http.ask(get(f"/echo?status={status}")).status == status


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_stays_without(http, status):
    answer = http.ask(post(f"/echo?status={status}&chunked&corrupt=1/2", b"body"))
    assert (answer.status, answer.body) == (status, b"")
    assert is_usable(http)


def test_header_adds_fields(http):
    answer = http.ask(get("/echo?header=X-One:1&header=Location:%20/two%3Fx&header=Empty:&x=y"))
    assert answer.headers[-3:] == [("x-one", "1"), ("location", "/two?x"), ("empty", "")]


@pytest.mark.parametrize("value", [
    "X-A:b%0d%0aX-C:d", "X-A:b%0aX-C:d", "X-A%0d%0a:b", "X-A:b%00", "X+A:b", ":b", "", "X-A",
    "Content-Length:5", "content-length:5", "Transfer-Encoding:chunked", "Connection:close",
    "Upgrade:x", "Trailer:x", "Set-Cookie:a%3Db", "Content-Type:text/html",
    "Access-Control-Allow-Origin:*", "X:" + "y" * 600,
])
def test_header_cannot_end_its_line_nor_reframe_the_answer(http, value):
    answer = http.ask(post(f"/echo?header=X-Fine:1&header={value}", b"x"))
    assert (answer.status, answer.body) == (400, b"header is Name: value\n")
    assert is_usable(http)


def test_header_comes_eight_times_at_most(http):
    nine = "&".join(f"header=X-{number}:1" for number in range(9))
    assert http.ask(get(f"/echo?{nine}")).status == 400
    answer = http.ask(get(f"/echo?{nine.rpartition('&')[0]}"))
    assert [name for name, _ in answer.headers[-8:]] == [f"x-{number}" for number in range(8)]


def test_chunked_is_in_chunks_what_had_a_length(http):
    for request in get("/echo?chunked"), post("/echo?chunked", BODY):
        answer = http.ask(request)
        assert answer.get("Transfer-Encoding") == "chunked"
        assert answer.get("Content-Length") is None
    assert answer.body == BODY


def test_chunked_is_up_to_the_close_in_http_1_0(http):
    http.send("POST /echo?chunked HTTP/1.0\r\nContent-Length: 2\r\n\r\nok")
    answer = http.read()
    assert (answer.get("Transfer-Encoding"), answer.body) == (None, b"ok")


def test_corrupt_flips_bits_of_the_body_alone(http):
    answer = http.ask(post("/echo?corrupt=1/4&seed=9", BODY))
    assert len(answer.body) == len(BODY)
    wrong = [a ^ b for a, b in zip(answer.body, BODY) if a != b]
    assert len(BODY) / 8 < len(wrong) < len(BODY) / 2
    assert all(bits.bit_count() == 1 for bits in wrong)


def test_seed_gives_the_same_answer_however_the_body_is_cut(http):
    def ask(seed, size):
        http.send(get(f"/echo?corrupt=1/50&seed={seed}", f"Content-Length: {len(BODY)}",
                      method="POST"))
        for at in range(0, len(BODY), size):
            http.send(BODY[at:at + size])
        return http.read().body

    first = ask(1, len(BODY))
    assert ask(1, 700) == first
    assert ask(2, len(BODY)) != first
    assert http.ask(post("/echo?corrupt=1/50", BODY)).body == first  # 1 is the default


# --- how it ends ---


@pytest.mark.parametrize("after, got", [(0, 0), (3, 3), (8, 8), (9, 8), (1000, 8)])
def test_truncate_promises_more_than_it_sends(http, after, got):
    http.send(post(f"/echo?truncate&after={after}", b"123456789"))
    assert http.read_head().get("Content-Length") == "9"
    assert read_to_end(http) == (b"123456789"[:got], False)


def test_truncate_leaves_out_the_last_chunk(http):
    http.send(post("/echo?truncate&chunked&after=1000", b"12345"))
    assert http.read_head().get("Transfer-Encoding") == "chunked"
    assert http.read_chunk() == b"12345"
    assert read_to_end(http) == (b"", False)


@pytest.mark.parametrize("framing", ["", "&chunked"])
def test_after_counts_bytes_of_the_body(http, framing):
    http.send(post(f"/echo?truncate&after=700{framing}", BODY))
    http.read_head()
    data, _ = read_to_end(http)
    if framing:
        data = data.partition(b"\r\n")[2].removesuffix(b"\r\n")
    assert data == BODY[:700]


def test_rst_at_once_comes_before_the_head(http):
    http.send(post("/echo?rst", b"x"))
    assert read_to_end(http) == (b"", True)


def test_rst_comes_after_so_many_bytes(http):
    http.send(post("/echo?rst&after=4", b"123456789"))
    assert http.read_head().status == 200
    assert read_to_end(http) == (b"1234", True)


def test_rst_beyond_the_body_does_not_come(http):
    assert http.ask(post("/echo?rst&after=10", b"123456789")).body == b"123456789"
    assert is_usable(http)


def test_halfclose_ends_our_half_and_reads_on(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        http.send(get("/echo?halfclose&after=4", "Content-Length: 5000000", method="POST"))
        http.send(b"123456789")
        http.read_head()
        assert http.input.read() == b"1234"
        for _ in range(4000):  # more than all buffers hold
            http.send(b"x" * 1000)


def test_noread_after_leaves_the_rest_of_the_body_unread(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        http.send(get("/echo?noread_after=5", "Content-Length: 100000000", method="POST"))
        http.send(b"123456789")
        http.read_head()
        assert http.input.read(5) == b"12345"
        http.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(100):
                http.send(b"x" * 1_000_000)


def test_noread_after_holds_up_no_drain(start):
    daemon = start("echo.faults=on", "drain_seconds=1000")
    with HttpConnection(daemon.connect("web")) as http:
        http.send(get("/echo?noread_after=1", "Content-Length: 9", method="POST") + "123456789")
        http.read_head()
        assert http.input.read(1) == b"1"
        daemon.signal(signal.SIGTERM)
        assert http.at_end()
    daemon.expect_good_end()


@pytest.mark.parametrize("faults", ["delay_ms=60000&stall_ms=60000&after=2",
                                    "delay_ms=60000&jitter_ms=60000&chop=1"])
def test_who_has_gone_holds_up_no_drain(start, faults):
    daemon = start("echo.faults=on", "drain_seconds=1000")
    with HttpConnection(daemon.connect("web")) as http, HttpConnection(daemon.connect("web")) as later:
        for client in (http, later):
            client.send(get(f"/echo?{faults}", "Content-Length: 200", method="POST") + "x" * 200)
        wait_until(lambda: daemon.metric("simul_faulty_echoes_total") == 2, "the requests")
        http.close()
        daemon.signal(signal.SIGTERM)
        wait_until(lambda: daemon.log("draining"), "the drain")
    daemon.expect_good_end()


# --- together ---


def test_faults_are_counted(start):
    daemon = start("echo.faults=on")
    with HttpConnection(daemon.connect("web")) as http:
        http.ask(post("/echo?corrupt=1/1", b"0123456789"))
        http.ask(post("/echo?stall_ms=1&after=3", b"0123456789"))
        http.ask(post("/echo", b"0123456789"))
    wait_until(lambda: daemon.metric("simul_faults_total") == 11, "the count of faults")
    assert daemon.metric("simul_faulty_echoes_total") == 2


def test_a_slow_answer_holds_up_nobody_and_no_memory(start):
    daemon = start("echo.faults=on", "limits.body_bytes=0", env=MEASURED)
    block = b"x" * (1 << 20)
    with HttpConnection(daemon.connect("web")) as http:
        before = daemon.rss_kb()
        http.send(get("/echo?slow_bytes_per_second=1000", f"Content-Length: {64 << 20}",
                      method="POST"))

        def send():
            try:
                for _ in range(64):
                    http.send(block)
            except OSError:
                pass  # we go before it is all sent

        sender = threading.Thread(target=send)
        sender.start()
        http.read_head()
        for _ in range(3):
            http.input.read(100)
            with HttpConnection(daemon.connect("web")) as other:
                assert other.ask(get("/echo")).status == 200
        assert daemon.rss_kb() - before < 16 * 1024
        http.sock.shutdown(socket.SHUT_RDWR)
        sender.join()


def test_who_waits_for_a_slow_answer_is_not_late_with_the_body(start):
    daemon = start("echo.faults=on", "limits.rate_seconds=1")
    with HttpConnection(daemon.connect("web")) as http:
        http.send(get("/echo?slow_bytes_per_second=40000", "Content-Length: 120001", method="POST"))
        http.send(b"x" * 120_000)
        assert http.read_head().status == 200
        assert len(http.input.read(120_000)) == 120_000
        http.send(b"y")
        assert http.input.read(1) == b"y"


def test_pipelined_answers_keep_their_order(http):
    http.send(post("/echo?chop=40", b"first") + post("/echo", b"second") +
              post("/echo?delay_ms=50&chunked", b"third") + get("/echo?status=404").encode())
    assert [http.read().body for _ in range(3)] == [b"first", b"second", b"third"]
    assert http.read().status == 404


def test_who_expects_to_be_told_to_go_on_is_told(http):
    http.send(get("/echo?delay_ms=50&status=201", "Content-Length: 5", "Expect: 100-continue",
                  method="POST"))
    assert http.read_head().status == 100
    http.send("hello")
    answer = http.read()
    assert (answer.status, answer.body) == (201, b"hello")
