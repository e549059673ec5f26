"""HTTP/1.1 at the byte level, and the HTTP echo."""
import json
import os
import threading

import pytest

from http_raw import HttpConnection, get, post
from simuld import MEASURED, reset

BODY_BYTES = 200_000
SETTINGS = ["limits.header_bytes=8000", f"limits.body_bytes={BODY_BYTES}",
            "listen.http.port=0", "listen.http.protocol=http"]


@pytest.fixture
def http(daemon):
    with HttpConnection(daemon.connect("web")) as connection:
        yield connection


# --- requests and answers in general ---


@pytest.mark.short
def test_a_connection_serves_one_request_after_another(http):
    for number in range(20):
        answer = http.ask(post("/echo", b"%d" % number))
        assert (answer.status, answer.body) == (200, b"%d" % number)


@pytest.mark.parametrize("listener", ["web", "six", "webtls"])
def test_every_listener_serves_http(daemon, listener):
    with HttpConnection(daemon.connect(listener)) as http:
        answer = http.ask(get("/echo"))
        assert answer.status == 200
        assert json.loads(answer.body)["tls"] is (listener == "webtls")


def test_connection_close_is_obeyed(http):
    answer = http.ask(get("/echo", "Connection: close"))
    assert answer.status == 200
    assert answer.get("Connection") == "close"
    assert http.at_end()


def test_http_1_0_closes_unless_asked_to_stay(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask("GET /echo HTTP/1.0\r\n\r\n").status == 200
        assert http.at_end()
    with HttpConnection(daemon.connect("web")) as http:
        for _ in range(2):
            answer = http.ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert answer.get("Connection").lower() == "keep-alive"


def test_pipelined_requests_are_answered_in_order(http):
    http.send(b"".join(post("/echo", b"%d" % number) for number in range(500)))
    for number in range(500):
        assert http.read().body == b"%d" % number


def test_delays_keep_the_order_of_pipelined_requests(http):
    http.send(b"".join([post("/echo?delay_ms=300", b"slow"), post("/echo", b"fast"),
                        post("/echo?delay_ms=100", b"middle"), post("/echo", b"last")]))
    assert [http.read().body for _ in range(4)] == [b"slow", b"fast", b"middle", b"last"]


def test_a_delay_holds_up_nobody_else(daemon, http):
    http.send(get("/echo?delay_ms=60000"))
    with HttpConnection(daemon.connect("web")) as other:
        assert other.ask(get("/echo")).status == 200
    http.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        http.sock.recv(1)
    reset(http.sock)


def test_a_request_may_come_byte_by_byte(http):
    for byte in post("/echo?a=b", b"body", "X-Header: value"):
        http.send(bytes([byte]))
    assert http.read().body == b"body"


@pytest.mark.parametrize("target", ["/", "/echo", "/style.css", "/nothing"])
def test_head_has_the_headers_of_get_and_no_body(http, target):
    full = http.ask(get(target, "Connection: keep-alive"))
    head = http.ask(get(target, "Connection: keep-alive", method="HEAD"), to_head=True)
    assert head.status == full.status
    for name in ("Content-Type", "Content-Security-Policy"):
        assert head.get(name) == full.get(name)
    if target != "/echo":  # whose body names the method
        assert head.get("Content-Length") == full.get("Content-Length")
    assert http.ask(get("/echo")).status == 200  # nothing stood between


def test_answers_of_known_length_say_how_long_they_are(http):
    for request in (get("/"), get("/echo"), get("/nothing"), post("/echo", b"12345")):
        answer = http.ask(request)
        assert answer.get("Content-Length") == str(len(answer.body))
        assert answer.get("Transfer-Encoding") is None


def test_answers_are_dated(http):
    assert http.ask(get("/echo")).get("Date").endswith(" GMT")


def test_a_chunked_body_is_answered_in_chunks_while_it_comes(http):
    http.send(get("/echo", "Transfer-Encoding: chunked", "Content-Type: application/json",
                  method="POST"))
    http.send("5\r\nhello\r\n")
    head = http.read_head()
    assert head.get("Transfer-Encoding") == "chunked"
    assert head.get("Content-Length") is None
    assert head.get("Content-Type") == "application/json"
    assert http.read_chunk() == b"hello"
    http.send("6;extension=1\r\n world\r\n")
    assert http.read_chunk() == b" world"
    http.send("0\r\nTrailer: dropped\r\n\r\n")
    assert http.read_chunk() == b""
    assert http.ask(get("/echo")).status == 200


def test_a_body_of_known_length_streams_back_while_it_comes(http):
    http.send(get("/echo", "Content-Length: 11", method="PUT"))
    http.send("hello")
    head = http.read_head()
    assert head.get("Content-Length") == "11"
    assert http.input.read(5) == b"hello"
    http.send(" world")
    assert http.input.read(6) == b" world"


def test_an_empty_body_is_echoed(http):
    assert http.ask(post("/echo", b"")).body == b""
    chunked = get("/echo", "Transfer-Encoding: chunked", method="POST") + "0\r\n\r\n"
    assert http.ask(chunked).body == b""


def test_who_expects_to_be_told_to_go_on_is_told(http):
    http.send(get("/echo", "Content-Length: 5", "Expect: 100-continue", method="POST"))
    assert http.read_head().status == 100
    http.send("hello")
    answer = http.read()
    assert (answer.status, answer.body) == (200, b"hello")


def test_who_expects_to_be_told_to_go_on_with_too_much_is_refused(http):
    answer = http.ask(get("/echo", f"Content-Length: {BODY_BYTES + 1}", "Expect: 100-continue",
                          method="POST"))
    assert answer.status == 413
    assert http.at_end()


def test_a_request_that_is_cut_off_is_not_answered_with_success(http):
    http.send(get("/echo", "Content-Length: 10", method="POST") + "hello")
    http.sock.shutdown(1)
    rest = http.input.read()
    assert b"hello" in rest or b" 200 " not in rest
    assert rest.count(b"HTTP/1.1") <= 1


# --- limits and refusals ---


def test_unknown_paths_are_404_and_the_connection_goes_on(http):
    for target in ("/nothing", "/echo/", "/echoo", "/chat/x", "/metrics", "/../etc/passwd",
                   "/%2e%2e"):
        assert http.ask(get(target)).status == 404, target


@pytest.mark.parametrize("method, target, allowed", [
    ("DELETE", "/echo", {"GET", "HEAD", "POST", "PUT"}),
    ("OPTIONS", "/echo", {"GET", "HEAD", "POST", "PUT"}),
    ("POST", "/", {"GET", "HEAD"}),
    ("PUT", "/jobs/digest", {"POST"}),
    ("POST", "/jobs/burn", {"GET"}),
])
def test_wrong_methods_are_405_with_the_right_ones(http, method, target, allowed):
    answer = http.ask(get(target, "Content-Length: 0", method=method))
    assert answer.status == 405
    assert allowed <= set(answer.get("Allow").split(", "))
    assert set(answer.get("Allow").split(", ")) <= allowed | {"HEAD"}
    assert http.ask(get("/echo")).status == 200


def test_a_body_that_is_too_long_is_413(http):
    assert http.ask(get("/echo", f"Content-Length: {BODY_BYTES + 1}", method="POST")).status == 413
    assert http.at_end()


def test_chunks_that_become_too_long_end_the_connection(http):
    http.send(get("/echo", "Transfer-Encoding: chunked", method="POST"))
    chunk = b"ffff\r\n" + b"x" * 0xffff + b"\r\n"
    try:
        http.send(chunk * 4)
    except ConnectionError:
        pass
    rest = b""
    try:
        rest = http.input.read()
    except ConnectionResetError:
        pass
    assert b"\r\n0\r\n\r\n" not in rest, "a body that was cut looks complete"


def test_a_body_at_the_limit_is_served(http):
    data = os.urandom(BODY_BYTES)
    sender = threading.Thread(target=http.send, args=[post("/echo", data)])
    sender.start()
    assert http.read().body == data
    sender.join()


@pytest.mark.parametrize("status, request_text", [
    (414, get("/" + "x" * 20_000)),
    (431, get("/echo", "X-Long: " + "x" * 9_000)),
    (431, get("/echo", *[f"X-{number}: x" for number in range(1_000)])),
    (501, get("/echo", method="BREW")),
    (501, get("/echo", method="CONNECT")),
    (501, get("/echo", "Transfer-Encoding: gzip, chunked", method="POST") + "0\r\n\r\n"),
    (505, "GET /echo HTTP/2.0\r\nHost: localhost\r\n\r\n"),
    (505, "GET /echo HTTP/3.7\r\nHost: localhost\r\n\r\n"),
    (400, "GET /echo HTTP/1.1\r\n\r\n"),
    (400, get("/echo", "Host: other")),
    (400, get("echo")),
    (400, get("/echo", "No colon")),
    (400, get("/echo", "Bad\x00Name: x")),
    (400, get("/echo", "X: a\x00b")),
    (400, get("/a b")),
    (400, "GET  /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (400, get("/echo", "Transfer-Encoding: chunked", method="POST") + "g\r\n"),
    (400, get("/echo", "Transfer-Encoding: chunked", method="POST") + "fffffffffffffffff\r\n"),
    (400, get("/echo", "Content-Length: -1", method="POST")),
    (400, get("/echo", "Content-Length: 1x", method="POST")),
    (400, get("/echo", "Content-Length: 18446744073709551616", method="POST")),
], ids=lambda value: str(value) if isinstance(value, int) else "")
def test_what_is_wrong_is_refused_with_its_status_and_closes(daemon, status, request_text):
    with HttpConnection(daemon.connect("http")) as http:
        http.send(request_text)
        answer = http.read()
        assert answer.status == status, answer
        assert answer.get("Connection") == "close"
        assert http.at_end()


SMUGGLED = get("/smuggled")
BODY = f"0\r\n\r\n{SMUGGLED}"


@pytest.mark.parametrize("vector", [
    get("/echo", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST") + BODY,
    get("/echo", "Transfer-Encoding: chunked", "Content-Length: 5", method="POST") + BODY,
    get("/echo", "Content-Length: 5", "Content-Length: 6", method="POST") + BODY,
    get("/echo", "Content-Length: 5", "Content-Length: 5", method="POST") + BODY,
    get("/echo", "Content-Length: 5, 5", method="POST") + BODY,
    get("/echo", "Content-Length: +5", method="POST") + BODY,
    get("/echo", "Content-Length: 0x5", method="POST") + BODY,
    get("/echo", "Content-Length:", method="POST") + BODY,
    get("/echo", "X: a\rContent-Length: 5", method="POST") + BODY,
    "POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 5\n\n" + BODY,
    "POST /echo HTTP/1.1\rHost: localhost\r\n\r\n" + BODY,
    get("/echo", "Content-Length : 5", method="POST") + BODY,
    get("/echo", "Transfer-Encoding : chunked", method="POST") + BODY,
    get("/echo", "X: a", " Content-Length: 5", method="POST") + BODY,
    get("/echo", "X: a", "\tfolded", method="POST") + BODY,
    "POST /echo HTTP/1.1\r\n Host: localhost\r\nContent-Length: 5\r\n\r\n" + BODY,
    get("/echo", "Transfer-Encoding: chunked, identity", method="POST") + BODY,
    get("/echo", "Transfer-Encoding: chunked, chunked", method="POST") + BODY,
    get("/echo", "Transfer-Encoding: chunked", "Transfer-Encoding: identity", method="POST") + BODY,
    get("/echo", "Transfer-Encoding: \x0bchunked", method="POST") + BODY,
    "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
    get("/echo", "Transfer-Encoding: chunked", method="POST") + "5\nhello\n0\n\n" + SMUGGLED,
    get("/echo", "Transfer-Encoding: chunked", method="POST") + "0x5\r\nhello\r\n" + BODY,
    get("/echo", "Transfer-Encoding: chunked", method="POST") + " 5\r\nhello\r\n" + BODY,
], ids=["length-and-chunked", "chunked-and-length", "two-lengths", "length-twice", "length-list",
        "length-with-sign", "length-in-hex", "length-empty", "bare-cr", "bare-lf",
        "bare-cr-in-request-line", "space-before-colon", "space-before-colon-of-coding",
        "folded-length", "folded-header", "folded-first-header", "chunked-identity",
        "chunked-twice", "chunked-then-identity", "chunked-behind-vt", "chunked-in-1.0",
        "chunk-bare-lf", "chunk-in-0x", "chunk-behind-space"])
def test_request_smuggling_is_refused_and_closes(daemon, vector):
    with HttpConnection(daemon.connect("http")) as http:
        http.send(vector)
        answer = http.read()
        assert answer.status == 400, answer
        assert http.at_end(), "what was smuggled in is answered"


def test_a_refusal_is_sent_after_the_answers_to_what_came_before(http):
    http.send(post("/echo", b"first") + post("/echo", b"second") + b"BAD\r\n\r\n")
    assert [http.read().body for _ in range(2)] == [b"first", b"second"]
    assert http.read().status == 400
    assert http.at_end()


def test_a_request_that_is_never_finished_is_408(start):
    daemon = start("limits.handshake_seconds=1")
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/echo")).status == 200
        assert http.ask("GET /echo HTTP/1.1\r\nHost: ").status == 408
        assert http.at_end()


# --- echo ---


@pytest.mark.short
def test_get_tells_what_was_asked(daemon, http):
    answer = http.ask(get("/echo?q=%20x", "X-Two: 1", "X-two:   2  "))
    assert answer.get("Content-Type") == "application/json"
    told = json.loads(answer.body)
    host, port = http.sock.getsockname()
    assert told == {
        "method": "GET", "target": "/echo?q=%20x", "version": "1.1",
        "headers": [["Host", "localhost"], ["X-Two", "1"], ["X-two", "2"]],
        "peer": f"{host}:{port}", "tls": False,
    }


def test_get_tells_an_ipv6_peer_in_brackets(daemon):
    with HttpConnection(daemon.connect("six")) as http:
        told = json.loads(http.ask(get("/echo")).body)
        assert told["peer"] == f"[::1]:{http.sock.getsockname()[1]}"


def test_get_tells_headers_that_are_not_utf8(http):
    told = json.loads(http.ask(get("/echo", "X: caf\xe9")).body)
    assert told["headers"][-1] == ["X", "café"]


@pytest.mark.parametrize("asked, answered", [
    ("application/json", "application/json"),
    ("application/octet-stream", "application/octet-stream"),
    ("image/png", "image/png"),
    ("text/html", "text/plain"),
    ("text/html; charset=utf-8", "text/plain"),
    ("image/svg+xml", "text/plain"),
    ("application/xhtml+xml", "text/plain"),
    ("text/javascript", "text/plain"),
    ("application/json-but-not", "text/plain"),
    (None, "text/plain"),
])
def test_what_is_echoed_cannot_run_in_our_origin(http, asked, answered):
    answer = http.ask(post("/echo", b"<script>alert(1)</script>",
                           *([f"Content-Type: {asked}"] if asked else [])))
    assert answer.get("Content-Type").split(";")[0] == answered
    assert answer.get("X-Content-Type-Options") == "nosniff"
    assert "sandbox" in answer.get("Content-Security-Policy")


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 418, 503, 599])
def test_the_status_can_be_chosen(http, status):
    assert http.ask(get(f"/echo?status={status}")).status == status
    answer = http.ask(post(f"/echo?status={status}", b"body"))
    assert answer.status == status
    assert answer.body == (b"" if status in (204, 304) else b"body")


@pytest.mark.parametrize("query", ["status=abc", "status=99", "status=600", "status=",
                                   "status=200x", "delay_ms=-1", "delay_ms=x",
                                   "delay_ms=99999999999999999999"])
def test_what_makes_no_sense_is_400(http, query):
    assert http.ask(get(f"/echo?{query}")).status == 400
    assert http.ask(get("/echo")).status == 200


def test_a_long_body_streams_through_little_memory(start):
    daemon = start("limits.body_bytes=0", env=MEASURED)
    block = os.urandom(1 << 20)
    count = 128
    with HttpConnection(daemon.connect("web")) as http:
        before = daemon.rss_kb()
        http.send(get("/echo", f"Content-Length: {count << 20}", method="POST"))
        sender = threading.Thread(target=lambda: [http.send(block) for _ in range(count)])
        sender.start()
        assert http.read_head().status == 200
        for _ in range(count):
            assert http.input.read(1 << 20) == block
        sender.join()
        assert daemon.rss_kb() - before < 32 * 1024


# --- the page ---


@pytest.mark.short
def test_the_page_has_a_strict_policy(http):
    answer = http.ask(get("/"))
    assert answer.status == 200
    assert answer.get("Content-Type") == "text/html; charset=utf-8"
    policy = answer.get("Content-Security-Policy")
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert answer.get("X-Content-Type-Options") == "nosniff"


def test_files_that_are_known_are_not_sent_again(http):
    answer = http.ask(get("/style.css"))
    assert answer.get("Content-Type") == "text/css; charset=utf-8"
    again = http.ask(get("/style.css", f"If-None-Match: {answer.get('ETag')}"))
    assert (again.status, again.body) == (304, b"")
