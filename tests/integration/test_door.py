"""At the door: limits by address and what those hear who are not let in, a process without
descriptors, storms of handshakes. Clients come from several loopback addresses."""
import json
import os
import resource
import socket
import ssl
import time

import pytest

from http_raw import HttpConnection, get
from irc import Client
from simuld import TIMEOUT, client_tls, wait_until
from ws_raw import upgrade

LIMIT = 3
REFUSALS_MAX = 64  # of a loop, at a time
REFUSAL_LOG_SECONDS = 10  # from one log line of a loop to the next
WORDS = "(Too many connections from your address)"


def is_served(sock):
    """By an echo listener; else it is closed."""
    try:
        sock.sendall(b"x")
        return sock.recv(1) == b"x"
    except ConnectionError:
        return False


def enter(daemon, count, source="127.0.0.1", name="echo"):
    """So many from an address who are served."""
    socks = [daemon.connect(name, source) for _ in range(count)]
    assert all(is_served(sock) for sock in socks)
    return socks


def close_all(socks):
    for sock in socks:
        sock.close()


@pytest.fixture
def crowded(start):
    """A daemon that has as many connections from 127.0.0.1 as it may."""
    daemon = start(f"limits.connections_per_address={LIMIT}", "listen.plain.port=0",
                   "listen.plain.protocol=http")
    socks = enter(daemon, LIMIT)
    yield daemon
    close_all(socks)


# --- how many ---

def test_the_limit_holds_for_an_address_and_over_all_loops(start):
    daemon = start("limits.connections_per_address=8")
    for name, sources in (("echo", ["127.0.0.1", "127.0.0.2", "127.0.0.3"]), ("echosix", ["::1"])):
        for source in sources:
            socks = [daemon.connect(name, source) for _ in range(40)]
            assert [is_served(sock) for sock in socks].count(True) == 8
            close_all(socks)
    assert daemon.metric("simul_refused_total", reason="crowded") == 4 * 32
    assert daemon.metric("simul_refused_total", reason="hasty") == 0


def test_all_listeners_count_together_but_for_the_admin_listener(crowded):
    with crowded.connect("irc") as sock:
        assert sock.recv(5) == b"ERROR"
    admins = [HttpConnection(crowded.connect("admin")) for _ in range(2 * LIMIT)]
    for admin in admins:
        assert admin.ask(get("/livez")).status == 200
    close_all(admins)


def test_one_that_leaves_makes_room_for_one(start):
    daemon = start(f"limits.connections_per_address={LIMIT}")
    socks = enter(daemon, LIMIT)
    for _ in range(5):
        with daemon.connect("echo") as late:
            assert not is_served(late)
        socks.pop().close()
        # The server learns of it on another loop, perhaps.
        socks.append(wait_until(lambda: enter_if_let_in(daemon), "a free place"))
    close_all(socks)


def enter_if_let_in(daemon):
    sock = daemon.connect("echo")
    if is_served(sock):
        return sock
    sock.close()
    return None


def test_without_limits_nobody_is_refused(daemon):
    close_all(enter(daemon, 100))
    assert daemon.metric("simul_refused_total", reason="crowded") == 0


# --- how fast ---

def test_who_comes_too_often_waits_a_little(start):
    daemon = start("limits.connection_rate_per_address=5")
    began = time.monotonic()
    served = 0
    for _ in range(60):
        with daemon.connect("echo") as sock:
            served += is_served(sock)
    seconds = time.monotonic() - began
    assert 10 <= served <= 11 + 5 * seconds  # two seconds' worth at once
    assert daemon.metric("simul_refused_total", reason="hasty") == 60 - served
    close_all(enter(daemon, 5, "127.0.0.9"))
    wait_until(lambda: (sock := enter_if_let_in(daemon)) and not sock.close() is sock, "its turn")


# --- the words ---

@pytest.mark.parametrize("name", ["irc", "irctls"])
def test_irc_says_error(crowded, name):
    with Client(crowded.connect(name)) as client:
        message = client.expect_end()
        assert message.params == [f"Closing Link: 127.0.0.1 {WORDS}"]


def test_irc_says_error_to_one_who_has_spoken_already(crowded):
    with Client(crowded.connect("irc")) as client:
        client.send("CAP LS 302", "NICK someone", "USER someone 0 * :someone")
        assert WORDS in client.expect_end().params[0]


@pytest.mark.parametrize("name", ["plain", "web", "webtls"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_http_says_429(crowded, name, method):
    with HttpConnection(crowded.connect(name)) as http:
        answer = http.ask(get("/echo", method=method), to_head=method == "HEAD")
        assert (answer.status, answer.get("Connection")) == (429, "close")
        assert int(answer.get("Retry-After")) > 0
        assert method == "HEAD" or b"too many connections" in answer.body
        assert http.at_end()


def test_an_upgrade_to_websocket_is_told_429(crowded):
    with HttpConnection(crowded.connect("web")) as http:
        answer = http.ask(upgrade("/chat"))
        assert answer.status == 429 and http.at_end()


def test_auto_says_error_to_irc(crowded):
    with Client(crowded.connect("web")) as client:
        client.send("NICK someone")
        assert WORDS in client.expect_end().params[0]


def test_who_does_not_say_what_it_speaks_is_closed_soon(crowded):
    with crowded.connect("web") as sock:
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert time.monotonic() - began < 10


# --- floods ---

def test_those_who_are_refused_cannot_pile_up_and_harm_nobody(crowded):
    began = time.monotonic()
    with crowded.connect("echo", "127.0.0.2") as other:
        flood = []
        for _ in range(1000):
            flood.append(crowded.connect("web"))  # and says nothing
            if len(flood) % 100 == 0:
                assert is_served(other)
        wait_until(lambda: crowded.metric("simul_refused_total", reason="crowded") == 1000, "the refusals")
        # The honest ones, the admin connection itself and the one before it, and a bounded number
        # that is being told.
        assert crowded.metric("simul_connections") <= LIMIT + 3 + REFUSALS_MAX * crowded.loops
        wait_until(lambda: crowded.metric("simul_connections") == LIMIT + 2, "their end")
        close_all(flood)
    lines = wait_until(lambda: crowded.log("connections refused"), "a log line")
    assert len(lines) <= (2 + (time.monotonic() - began) / REFUSAL_LOG_SECONDS) * crowded.loops
    assert lines[0]["reason"] == "limits.connections_per_address"


# --- without descriptors ---

def limit_descriptors(daemon, more):
    """It may open so many more."""
    highest = max(int(fd) for fd in os.listdir(f"/proc/{daemon.pid}/fd"))
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (highest + 1 + more, highest + 1 + more))


def cpu_seconds(daemon):
    with open(f"/proc/{daemon.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_all_are_answered_and_it_goes_on_when_there_are_some(start):
    daemon = start("jobs.enabled=off")  # workers that start want descriptors too
    admin = HttpConnection(daemon.connect("admin"))
    assert admin.ask(get("/livez")).status == 200
    limit_descriptors(daemon, 20)
    inside, full_since = [], time.monotonic()
    while sock := enter_if_let_in(daemon):
        inside.append(sock)
    assert len(inside) >= 20

    def refused():
        stats = json.loads(admin.ask(get("/stats")).body)
        return sum(loop["refused_descriptors"] for loop in stats["loops"])

    with daemon.connect("irc") as sock:
        assert sock.recv(100) == b"ERROR :Closing Link: (The server is full)\r\n"
    with daemon.connect("web") as sock:  # silent, or quick enough to be told
        sock.sendall(get("/").encode())
        assert sock.recv(100).startswith((b"", b"HTTP/1.1 503 "))
    before = refused()
    for _ in range(50):
        with daemon.connect("echo") as sock:
            assert not is_served(sock)
    wait_until(lambda: refused() == before + 50, "their count")
    assert all(is_served(sock) for sock in inside)

    # Nobody is left to be refused: it rests.
    began = cpu_seconds(daemon)
    time.sleep(1)
    assert cpu_seconds(daemon) - began < 0.5
    seconds = time.monotonic() - full_since
    lines = (2 + seconds / REFUSAL_LOG_SECONDS) * daemon.loops
    assert len(daemon.log("connections refused")) <= lines

    close_all(inside[:5])
    found = wait_until(lambda: enter_if_let_in(daemon), "a free descriptor")
    close_all([found, *inside[5:]])
    admin.close()


def test_without_descriptors_it_can_still_be_looked_at(start):
    daemon = start("jobs.enabled=off")  # workers that start want descriptors too
    limit_descriptors(daemon, 5)
    inside = []
    while sock := enter_if_let_in(daemon):
        inside.append(sock)
    for _ in range(3):
        assert daemon.admin("/livez") == (200, "ok\n")
        assert enter_if_let_in(daemon) is None  # what the admin's client leaves is the spare one
    assert daemon.metric("simul_refused_total", reason="descriptors") >= 1
    close_all(inside)


def test_how_many_connections_are_possible_is_told_at_the_start(start):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    complaint = "limits.connections is more than the descriptors permit"
    complaints = []
    for connections in (limit, 100, 0):
        daemon = start(f"limits.connections={connections}")
        daemon.stop()  # the log is complete
        line = daemon.log("starting")[0]
        assert line["descriptors"] == limit
        assert limit - 200 - 20 * daemon.loops < line["connections_possible"] < limit
        complaints += daemon.log(complaint)
    assert [line["limit"] for line in complaints] == [limit]


def test_it_starts_with_the_descriptors_that_it_may_have_and_not_with_those_it_was_given(start):
    given = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, given[1]))  # it inherits this
    try:
        daemon = start("loops=16")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, given)
    close_all(enter(daemon, 50))


# --- handshakes ---

class Hello:
    """A handshake of which the first bytes are ready before they are sent."""

    def __init__(self, context):
        self.sock = None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.first = self.outgoing.read()

    def send(self, daemon):
        self.sock = socket.create_connection(daemon.addresses["webtls"], TIMEOUT)
        self.sock.sendall(self.first)

    def has_answer(self):
        try:
            return self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return False

    def finish(self):
        while True:
            part = self.sock.recv(1 << 16)
            assert part, "closed in the handshake"
            self.incoming.write(part)
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        self.sock.sendall(self.outgoing.read())


@pytest.mark.alone
def test_a_storm_of_handshakes_pauses_accepting_and_nothing_else(start):
    daemon = start()
    context = client_tls()
    hellos = [Hello(context) for _ in range(250 * daemon.loops + 1)]
    late = hellos.pop()
    slowest = 0.0
    with daemon.connect("echo") as other:
        for hello in hellos:
            hello.send(daemon)
        while not all(hello.has_answer() for hello in hellos):
            began = time.monotonic()
            assert is_served(other)
            slowest = max(slowest, time.monotonic() - began)
        for hello in (*hellos, late):
            if hello is late:
                hello.send(daemon)
            hello.finish()
    assert slowest < 1  # a tick of handshakes takes 50 ms with sanitizers; a storm takes seconds
    assert daemon.metric("simul_handshake_pauses_total") >= 1
    for hello in (*hellos, late):
        hello.sock.close()
