"""/debug/connections: who has the most queued, is the oldest, or moves the most."""
import contextlib
import json
import socket
import threading

import pytest

from http_raw import HttpConnection, get
from simuld import TIMEOUT, wait_until

MANY = 2000


def top(daemon, query=""):
    status, text = daemon.admin(f"/debug/connections{query}")
    assert status == 200, text
    return json.loads(text)


def port_of(row):
    return int(row["peer"].rpartition(":")[2])


def port(sock):
    return sock.getsockname()[1]


def row_of(daemon, sock, query="?n=100"):
    return row_in(top(daemon, query), sock)


def row_in(answer, sock):
    return next((row for row in answer["connections"] if port_of(row) == port(sock)), None)


def ask(http):
    return json.loads(http.ask(get("/debug/connections?n=100")).body)


@pytest.fixture
def connect(daemon):
    """Makes connections that are closed at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda name="echo": stack.enter_context(daemon.connect(name))


@pytest.mark.short
def test_each_row_tells_what_is_known_of_a_connection(daemon, connect):
    echo = connect()
    echo.sendall(b"x" * 1000 + b"\n")
    assert echo.recv(1, socket.MSG_PEEK)
    with HttpConnection(daemon.connect("admin")) as admin:
        answer = ask(admin)
        own = row_in(answer, admin.sock)
    assert answer["top"] == "out_bytes" and answer["open"] >= 2
    row = row_in(answer, echo)
    assert (row["listener"], row["session"], row["state"], row["tls"]) == (
        "echo", "tcp-echo", "open", False)
    assert 0 <= row["loop"] < daemon.loops and row["slot"] >= 0 and row["line"] > 0
    assert (row["out_bytes"], row["in_bytes"]) == (0, 0)
    assert 0 <= row["age_seconds"] < TIMEOUT
    assert row["tcp"]["received_bytes"] == 1001
    assert row["tcp"]["rtt_us"] > 0 and row["tcp"]["retransmits"] == 0
    assert (own["listener"], own["session"], own["timer"]) == ("admin", "admin", "none")


def test_tls_is_told(daemon, connect):
    tls = connect("webtls")
    assert wait_until(lambda: row_of(daemon, tls), "its row")["tls"] is True


def test_a_body_that_does_not_come_holds_up_nobody_else(daemon):
    with HttpConnection(daemon.connect("admin")) as slow, \
            HttpConnection(daemon.connect("admin")) as other:
        slow.send(get("/debug/connections", "Content-Length: 1"))
        assert slow.read_head().status == 200
        answer = ask(other)
        assert [row_in(answer, one.sock)["timer"] for one in (slow, other)] == ["idle", "none"]


@pytest.mark.parametrize("query", ["?top=", "?top=size", "?n=0", "?n=101", "?n=-1", "?n=x", "?n=",
                                   "?top=out_bytes%00", "?top=" + "a" * 100])
def test_bad_parameters_are_400_and_told_what_is_allowed(daemon, query):
    status, text = daemon.admin(f"/debug/connections{query}")
    assert status == 400 and "top=out_bytes" in text and "n=ROWS" in text


def test_those_who_do_not_read_come_first(daemon, connect):
    idle = [connect() for _ in range(10)]
    slow = [connect() for _ in range(2)]
    for sock in slow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)

    def fill():
        """Sends what the server takes, which it sends back, and tells who is at the top."""
        for sock in slow:
            with contextlib.suppress(BlockingIOError):
                while True:
                    sock.send(b"x" * 65536)
        rows = top(daemon, "?top=out_bytes&n=5")["connections"]
        assert len(rows) == 5
        queued = [row["out_bytes"] for row in rows]
        assert queued == sorted(queued, reverse=True)
        return {port_of(row) for row in rows if row["out_bytes"] > 0} == set(map(port, slow))

    wait_until(fill, "both at the top")
    for sock in idle:
        assert wait_until(lambda s=sock: row_of(daemon, s), "its row")["out_bytes"] == 0


def test_the_oldest_come_first(daemon, connect):
    first = connect()
    wait_until(lambda: (row_of(daemon, first) or {}).get("age_seconds", 0) >= 2, "two seconds")
    last = connect()
    rows = wait_until(lambda: row_of(daemon, last) and top(daemon, "?top=age&n=100"),
                      "its row")["connections"]
    ages = [row["age_seconds"] for row in rows]
    assert ages == sorted(ages, reverse=True)
    ports = [port_of(row) for row in rows]
    assert ports.index(port(first)) < ports.index(port(last))


def test_the_busiest_come_first(daemon, connect):
    idle, busy = connect(), connect()
    stop = threading.Event()

    def talk():
        while not stop.is_set():
            busy.sendall(b"x" * 4096)
            left = 4096
            while left > 0:
                left -= len(busy.recv(left))

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for sock in (idle, busy):
            wait_until(lambda s=sock: row_of(daemon, s), "its row")
        rows = top(daemon, "?top=rate&n=100")["connections"]
    finally:
        stop.set()
        talker.join()
    assert port_of(rows[0]) == port(busy)
    assert rows[0]["rate_bytes_per_second"] > 8192
    assert rows[0]["tcp"]["delivery_bytes_per_second"] > 0
    quiet = next(row for row in rows if port_of(row) == port(idle))
    assert quiet["rate_bytes_per_second"] == 0


@contextlib.contextmanager
def looking(daemon):
    """Somebody who has begun to look for a second: what is behind the first request has begun when
    that is answered, since nothing lies between the two."""
    with HttpConnection(daemon.connect("admin")) as one:
        assert one.ask(get("/livez") + get("/debug/connections?top=rate")).status == 200
        yield one


def test_one_looks_at_a_time(daemon):
    with looking(daemon) as one, HttpConnection(daemon.connect("admin")) as other:
        answer = other.ask(get("/debug/connections"))
        assert answer.status == 503 and int(answer.get("Retry-After")) > 0
        assert one.read().status == 200
        assert other.ask(get("/debug/connections")).status == 200


def test_who_leaves_meanwhile_leaves_the_place_to_others(daemon):
    with looking(daemon):
        assert daemon.admin("/debug/connections")[0] == 503
    wait_until(lambda: daemon.admin("/debug/connections")[0] == 200, "a free place")


def test_the_server_can_leave_while_somebody_looks(start):
    daemon = start()
    with looking(daemon):
        daemon.stop()


def test_many_connections_are_looked_through_in_parts(start):
    daemon = start()
    with contextlib.ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(daemon.connect("echo"))
        wait_until(lambda: top(daemon)["open"] > MANY, "all of them")
        for order in ("out_bytes", "age", "rate"):
            rows = top(daemon, f"?top={order}&n=100")["connections"]
            assert len(rows) == 100
            assert len({port_of(row) for row in rows}) == 100
