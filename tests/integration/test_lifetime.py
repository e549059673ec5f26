"""From accept to close: time-outs that begin and end when they should, limits that lock nobody out
who must come in, and closes that lose nothing and keep nothing."""
import os
import socket
import threading
import time

import pytest

from http_raw import HttpConnection
from simuld import overrides, run, wait_until

MIB = 1 << 20
PREFIX = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
GET = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"


def read_to_the_end(sock):
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def open_connections(daemon):
    """Beside the one that asks."""
    return daemon.metric("simul_connections") - 1


def await_nobody(daemon, what):
    wait_until(lambda: open_connections(daemon) == 0, what)


# --- accepting ---

def test_nothing_is_left_when_the_port_of_a_later_listener_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        result = run(*overrides(["listen.web.port=0", "listen.irc.port=0", "admin.port=0",
                                 f"listen.echo.port={taken}"]))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and str(taken) in result.stderr


def test_a_full_server_can_still_be_looked_at(start):
    daemon = start("limits.connections=3")
    clients = [daemon.connect("echo") for _ in range(5)]
    wait_until(lambda: daemon.metric("simul_accept_pauses_total") > 0, "the pause")
    for _ in range(20):
        assert daemon.admin("/livez") == (200, "ok\n")
    assert len(daemon.log("accepting paused")) <= daemon.loops

    # The admin connections counted too; those who wait are taken once there is room.
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    for client in clients:
        assert client.recv(1) == b""
        client.close()
    with daemon.connect("echo") as late:
        late.sendall(b"in")
        assert late.recv(2) == b"in"


# --- time-outs ---

def test_time_counts_from_the_accept_however_long_nothing_happened_before(start):
    daemon = start("limits.handshake_seconds=2")
    time.sleep(3)  # nothing happens for longer than a handshake may take
    with daemon.connect("webtls") as sock:
        assert HttpConnection(sock).ask(GET).status == 200
    time.sleep(3)
    with daemon.connect("web") as sock:
        start_s = time.monotonic()
        assert HttpConnection(sock).ask(GET.replace(b"/echo", b"/echo?delay_ms=500")).status == 200
        assert time.monotonic() - start_s >= 0.5


def test_a_trickle_of_bytes_does_not_prolong_the_handshake(start):
    daemon = start("limits.handshake_seconds=1", "limits.header_bytes=100000")
    with daemon.connect("web") as sock:
        sock.sendall(b"GET /echo HTTP/1.1\r\nX: ")
        start_s = time.monotonic()
        sock.settimeout(0.002)
        answer = b""
        while not answer:
            sock.sendall(b"x")
            try:
                answer = sock.recv(100)
            except TimeoutError:
                assert time.monotonic() - start_s < 10
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_peer_that_never_ends_its_side_is_let_go(daemon):
    await_nobody(daemon, "the end of earlier tests' connections")
    with daemon.connect("web") as sock, daemon.connect("webtls") as tls:
        for client in (sock, tls):
            client.sendall(b"GET / HTTP/1.1\r\nno host\r\n\r\n")
            assert read_to_the_end(client).startswith(b"HTTP/1.1 400 ")
        await_nobody(daemon, "the end of what nobody closed")


# --- closing ---

def test_a_peer_that_leaves_in_the_tls_handshake_is_let_go(start):
    daemon = start("limits.handshake_seconds=0")  # no limit
    for hello in (b"", b"\x16\x03\x01\x02\x00\x01"):
        with socket.create_connection(daemon.addresses["webtls"]) as sock:
            sock.sendall(hello)
            sock.shutdown(socket.SHUT_WR)
            assert read_to_the_end(sock) == b""
    await_nobody(daemon, "the end of both")


def test_a_reader_that_rests_after_its_half_close_loses_nothing(start):
    daemon = start("limits.out_bytes=67108864")
    data = os.urandom(16 * MIB)
    with daemon.connect("echo") as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        wait_until(lambda: daemon.metric("simul_in_bytes_total") >= len(data), "the input's end")
        time.sleep(7)  # longer than a peer has that does not close
        assert read_to_the_end(sock) == data


def test_answers_to_what_came_before_a_cut_body_are_sent(daemon):
    with daemon.connect("web") as sock:
        sock.sendall(GET + PREFIX.encode() + b"\r\nabc")
        sock.shutdown(socket.SHUT_WR)
        answers = read_to_the_end(sock)
    assert answers.count(b"HTTP/1.1 200 ") == 2 and answers.endswith(b"abc")


def test_a_reset_after_an_error_leaves_nothing_open(daemon):
    await_nobody(daemon, "the end of earlier tests' connections")
    for name in ("web", "irc", "echo"):
        for _ in range(20):
            sock = daemon.connect(name)
            sock.sendall(b"GET / HTTP/1.1\r\nno host\r\n\r\n")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
    await_nobody(daemon, "the end of what was reset")


# --- HTTP ---

@pytest.mark.parametrize("rest", [b"0123456789", GET], ids=["body", "another-request"])
def test_a_body_that_may_be_withheld_ends_the_connection(daemon, rest):
    """Whether it is the body or the next request cannot be told."""
    with daemon.connect("web") as sock:
        http = HttpConnection(sock)
        answer = http.ask(PREFIX.replace("POST", "DELETE") + "Expect: 100-continue\r\n\r\n")
        assert (answer.status, answer.get("Connection")) == (405, "close")
        http.send(rest)
        assert http.input.read() == b""


def test_a_body_that_was_sent_at_once_keeps_the_connection(daemon):
    with daemon.connect("web") as sock:
        http = HttpConnection(sock)
        http.send(PREFIX + "Expect: 100-continue\r\n\r\n0123456789")
        answer = http.read()
        if answer.status == 100:
            answer = http.read()
        assert answer.body == b"0123456789"
        assert http.ask(GET).status == 200


def test_an_offer_of_http_2_is_ignored(daemon):
    with daemon.connect("web") as sock:
        http = HttpConnection(sock)
        for target in ("/", "/echo"):
            answer = http.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                              "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                              "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
            assert answer.status == 200


# --- TLS ---

def test_what_is_no_tls_is_told_so_counted_and_logged_once(start):
    daemon = start()
    with socket.create_connection(daemon.addresses["webtls"]) as sock:
        sock.sendall(GET)
        assert read_to_the_end(sock)[:1] in (b"\x15", b"")  # an alert
    wait_until(lambda: daemon.metric("simul_connections_ended_total", reason="protocol") == 1, "the count")
    lines = wait_until(lambda: daemon.log("connection closed"), "the log line")
    assert [line["reason"] for line in lines] == ["http request"]


def test_a_storm_of_handshakes_is_served_over_many_ticks(start):
    """All say hello at once; each gets its answer."""
    daemon = start("limits.handshake_seconds=60")
    socks = [daemon.connect("web") for _ in range(3)]  # these are served meanwhile
    done = []

    def one():
        with daemon.connect("webtls") as sock:
            done.append(HttpConnection(sock).ask(GET).status)

    threads = [threading.Thread(target=one) for _ in range(100)]
    for thread in threads:
        thread.start()
    for sock in socks:
        assert HttpConnection(sock).ask(GET).status == 200
        sock.close()
    for thread in threads:
        thread.join()
    assert done == [200] * 100
