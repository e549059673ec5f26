"""The ceiling for memory: many who do not read, each with a large queue, under a small one. The
largest goes, those who read notice nothing, and resident memory stays bounded."""
import select
import socket
import time

import pytest

from horde import Honest
from irc import Client
from simuld import MEASURED, wait_until

MIB = 1 << 20
CEILING = 16 * MIB
TOLD_SECONDS = 10  # from one log line of a loop to the next
# Who does not read is to go for what it holds, and not for being slow.
SETTINGS = [f"limits.memory_bytes={CEILING}", f"limits.out_bytes={4 * MIB}",
            "limits.write_rate_min=0"]


class Glutton:
    """Sends to be echoed, and takes nothing back."""

    def __init__(self, daemon, name="echo"):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.connect(daemon.addresses[name])
        self.sock.setblocking(False)

    def feed(self):
        """Sends what can be sent now; how much."""
        try:
            return self.sock.send(bytes(256 * 1024))
        except OSError:
            return 0

    def is_closed(self):
        poll = select.poll()
        poll.register(self.sock, 0)
        return bool(poll.poll(0))


def feed_all(gluttons, seconds):
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        if not sum(glutton.feed() for glutton in gluttons):
            time.sleep(0.01)


def test_the_largest_goes_and_memory_stays_bounded(start):
    daemon = start(*SETTINGS, env=MEASURED)

    def evicted():
        return daemon.metric("simul_connections_ended_total", reason="memory")

    def logged():
        return sum(line["reason"] == "Memory limit exceeded"
                   for line in daemon.log("connection closed"))

    before_kb = daemon.rss_kb()
    largest_kb = rounds = 0
    began_s = time.monotonic()
    with Honest(daemon) as honest:
        gluttons = [Glutton(daemon) for _ in range(60)]
        while rounds < 20 or evicted() < 5:
            rounds += 1
            feed_all(gluttons, 0.1)
            largest_kb = max(largest_kb, daemon.rss_kb())
            gluttons = [glutton for glutton in gluttons if not glutton.is_closed()]
            gluttons += [Glutton(daemon) for _ in range(60 - len(gluttons))]
    assert daemon.metric("simul_held_bytes") <= CEILING
    assert largest_kb - before_kb < 5 * CEILING // 1024, "two, what is lost between blocks, a sanitizer"
    honest.expect_unharmed()
    wait_until(lambda: logged() == evicted(), "a log line of each")
    told = daemon.log("limits.memory_bytes is reached, or nearly; who holds the most is closed")
    spells = 1 + (time.monotonic() - began_s) / TOLD_SECONDS
    assert 1 <= len(told) <= (1 + spells) * daemon.loops
    for glutton in gluttons:
        glutton.sock.close()
    wait_until(lambda: daemon.metric("simul_held_bytes") < 10_000, "everything to be freed")


def test_who_holds_most_goes_first_whichever_loop_it_is_on(start):
    daemon = start(*SETTINGS, "limits.out_bytes=16777216")
    large, small = Glutton(daemon), [Glutton(daemon) for _ in range(80)]
    while daemon.metric("simul_held_bytes") < 12 * MIB:
        feed_all([large], 0.02)
    for glutton in small:
        glutton.feed()
    wait_until(large.is_closed, "the end of the largest")
    assert not any(glutton.is_closed() for glutton in small)
    assert daemon.metric("simul_connections_ended_total", reason="memory") == 1


def test_who_sends_half_of_a_large_body_holds_it(start):
    daemon = start(*SETTINGS, "limits.read_rate_min=0")
    head = b"POST /jobs/digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n"
    socks = [daemon.connect("web") for _ in range(20)]
    for sock in socks:
        sock.setblocking(False)
        sock.send(head)
    left = dict.fromkeys(socks, 1_000_000)

    def feed():
        for sock in left:
            try:
                left[sock] -= sock.send(bytes(left[sock]))
            except OSError:
                pass  # it is full, or evicted
        return daemon.metric("simul_connections_ended_total", reason="memory") > 0

    wait_until(feed, "an eviction")
    for sock in socks:
        sock.close()
    wait_until(lambda: daemon.metric("simul_held_bytes") < 10_000, "everything to be freed")


def test_while_memory_is_short_newcomers_wait(start):
    daemon = start(*SETTINGS, "limits.out_bytes=16777216")
    glutton = Glutton(daemon)
    while daemon.metric("simul_held_bytes") <= CEILING * 7 // 8:  # beyond, it is not read
        feed_all([glutton], 0.02)
        assert not glutton.is_closed()
    late = daemon.connect("echo")  # by the kernel
    late.sendall(b"hello")
    wait_until(lambda: daemon.metric("simul_accept_pauses_total") > 0, "the pause")
    assert not select.select([late], [], [], 0.3)[0]
    glutton.sock.close()
    assert late.recv(5, socket.MSG_WAITALL) == b"hello"
    late.close()


def test_whoever_just_holds_the_memory_does_not_keep_newcomers_out(start):
    daemon = start(*SETTINGS, "limits.out_bytes=16777216")
    glutton = Glutton(daemon)
    while daemon.metric("simul_held_bytes") <= CEILING * 7 // 8:  # beyond, it is not read
        feed_all([glutton], 0.02)
        assert not glutton.is_closed()
    late = daemon.connect("echo")  # by the kernel
    late.sendall(b"hello")
    assert late.recv(5, socket.MSG_WAITALL) == b"hello"
    assert glutton.is_closed()
    assert daemon.metric("simul_connections_ended_total", reason="memory") == 1
    late.close()
    glutton.sock.close()


def test_who_makes_the_chat_keep_the_most_goes(start):
    """Channels that only one user is in, each with as many bans as it may have."""
    daemon = start(f"limits.memory_bytes={MIB}", "chat.flood_lines_per_second=0")
    with Client(daemon.connect("irc")) as honest, Client(daemon.connect("irc")) as hostile:
        honest.register("honest")
        honest.join("#honest")
        hostile.register("hostile")
        wait_until(lambda: daemon.metric("simul_held_bytes") < 20_000, "small beginnings")
        channels = 0
        with pytest.raises(ConnectionError):
            for channels in range(50):
                bans = [f"MODE #c{channels} +bbbb {n} {n + 1} {n + 2} {n + 3}"
                        for n in range(0, 100, 4)]
                hostile.send(f"JOIN #c{channels}", *bans)
                hostile.sync()
        assert channels > 30, "each counts some 26 KiB"
        assert daemon.metric("simul_connections_ended_total", reason="memory") == 1
        wait_until(lambda: daemon.metric("simul_held_bytes") < 20_000, "everything to be freed")
        wait_until(lambda: daemon.metric("simul_channels") == 1, "the end of its channels")
        honest.sync()
