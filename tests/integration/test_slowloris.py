"""Slowloris of every kind: 2,000 connections at once that begin something and then send a byte now
and then. Each is closed in time and in its protocol's own words where it has some; honest clients
notice nothing; nothing is left. With several loops all kinds come at once."""
import os
from dataclasses import dataclass
from typing import Callable

import pytest

from http_raw import get
from horde import Honest, Horde
from simuld import Daemon, wait_until
from ws_raw import BINARY, TEXT, frame, frame_header, upgrade

pytestmark = pytest.mark.crowd

COUNT = 2000
HANDSHAKE_S, ROUND_S = 3, 1
SLACK_S = 60  # for machines that do other things as well; nobody waits for it to be over
SETTINGS = [f"limits.handshake_seconds={HANDSHAKE_S}", f"limits.rate_seconds={ROUND_S}"]

CLIENT_HELLO_BEGUN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
HEAD = "Host: localhost\r\n"
KEY = b"\0\0\0\0"


@dataclass
class Kind:
    listener: str
    opening: Callable[[int], bytes]
    seconds: tuple  # at least and at most until it is closed, but for SLACK_S
    farewell: bytes = b""
    trickle: bytes = b"x"


def text(of):
    return lambda number: of(number).encode()


def registration(nick):
    return [f"NICK {nick}", f"USER {nick} 0 * :Slow"]


def chat_frames(number):
    """Registered, and in the middle of a long frame."""
    begun = frame_header(TEXT, 60000, key=KEY)
    lines = b"".join(frame(TEXT, line.encode()) for line in registration(f"frame{number}"))
    return upgrade("/chat", "Sec-WebSocket-Protocol: text.ircv3.net").encode() + lines + begun


KINDS = {
    "silence": Kind("web", lambda _: b"", (HANDSHAKE_S, HANDSHAKE_S), trickle=b""),
    "tls-handshake": Kind("webtls", lambda _: CLIENT_HELLO_BEGUN, (HANDSHAKE_S, HANDSHAKE_S)),
    "registration": Kind("irc", text(lambda n: f"NICK early{n}\r\n"),
                         (HANDSHAKE_S, HANDSHAKE_S), b"Registration timed out", trickle=b"\n"),
    "head": Kind("web", text(lambda _: f"GET /echo HTTP/1.1\r\n{HEAD}X: "),
                 (HANDSHAKE_S, HANDSHAKE_S), b"HTTP/1.1 408 "),
    "body": Kind("web", text(lambda _: f"POST /echo HTTP/1.1\r\n{HEAD}Content-Length: 9999\r\n\r\n"),
                 (ROUND_S, 2 * ROUND_S), b"HTTP/1.1 200 "),
    "job-body": Kind("web", text(lambda _: f"POST /jobs/digest?algorithm=sha256 HTTP/1.1\r\n{HEAD}"
                                           "Content-Length: 9999\r\n\r\n"),
                     (ROUND_S, 2 * ROUND_S), b"HTTP/1.1 408 "),
    "ws-handshake": Kind("web", text(lambda _: upgrade()[:-2] + "X: "),
                         (HANDSHAKE_S, HANDSHAKE_S), b"HTTP/1.1 408 "),
    "ws-frame": Kind("web", lambda _: upgrade().encode() + frame_header(BINARY, 1 << 30, key=KEY),
                     (ROUND_S, 2 * ROUND_S), b"the frame did not go on in time"),
    "ws-frame-header": Kind("web", lambda _: upgrade().encode() +
                            frame_header(BINARY, 1 << 30, key=KEY)[:3],
                            (ROUND_S, 2 * ROUND_S), b"the frame did not go on in time",
                            trickle=b""),
    # A session is asked by a PING first, which it cannot answer in the middle of something.
    "chat-line": Kind("irc", text(lambda n: "\r\n".join(registration(f"line{n}") + ["PRIVMSG #c :"])),
                      (2 * ROUND_S, 4 * ROUND_S), b"Input stalled"),
    "chat-frame": Kind("web", chat_frames, (2 * ROUND_S, 4 * ROUND_S),
                       b"Input stalled"),
}


@pytest.fixture(scope="module")
def one_loop():
    with Daemon(*SETTINGS, loops=1) as daemon:
        yield daemon


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def expect_all_freed(daemon, descriptors_before):
    """But for the connection that asks. The daemon may have opened a few files for itself."""
    def is_freed():
        return daemon.metric("simul_connections") == 1 and \
            daemon.metric("simul_held_bytes") < 10_000 and \
            descriptors(daemon) < descriptors_before + 10
    wait_until(is_freed, "everything to be freed")


def hold(daemon, kind, count):
    return Horde(daemon.addresses[kind.listener], count, kind.opening, kind.trickle)


def check_end(kind, horde):
    assert not horde.members, f"{len(horde.members)} are still there"
    at_least_s, at_most_s = kind.seconds
    assert horde.shortest_life_s() > at_least_s * 0.5
    assert horde.longest_life_s() < at_most_s + SLACK_S
    wrong = [member.heard for member in horde.ended if kind.farewell not in member.heard]
    assert not wrong, f"{len(wrong)} without {kind.farewell}, such as {wrong[0]}"


@pytest.mark.parametrize("name", KINDS)
def test_it_is_closed_in_time_and_nobody_notices(one_loop, name):
    kind = KINDS[name]
    before = descriptors(one_loop)
    with Honest(one_loop) as honest, hold(one_loop, kind, COUNT) as horde:
        horde.run(HANDSHAKE_S * 0.6)
        at_once = horde.begun()
        horde.run(kind.seconds[1] + SLACK_S)
    if kind.seconds[0] >= HANDSHAKE_S:
        assert at_once == COUNT
    check_end(kind, horde)
    honest.expect_unharmed()
    expect_all_freed(one_loop, before)


def test_readers_that_take_too_little_are_closed_in_time():
    """Each asks for more than the kernel holds for it, and takes a byte now and then."""
    with Daemon(*SETTINGS, "limits.out_bytes=16384", loops=1) as daemon:
        before = descriptors(daemon)
        requests = get("/").encode() * 100
        with Honest(daemon) as honest, \
                Horde(daemon.addresses["web"], COUNT, lambda _: requests, reads=False,
                      receive_bytes=4096) as horde:
            horde.run(2 * ROUND_S + SLACK_S)
            assert not horde.members
        honest.expect_unharmed()
        assert daemon.metric("simul_connections_ended_total", reason="slow") == COUNT
        expect_all_freed(daemon, before)


def test_all_kinds_at_once_with_four_loops():
    with Daemon(*SETTINGS, loops=4) as daemon:
        before = descriptors(daemon)
        with Honest(daemon) as honest:
            hordes = [(kind, hold(daemon, kind, COUNT // 10)) for kind in KINDS.values()]
            for _ in range(int((4 * ROUND_S + SLACK_S) / 0.05)):
                for _, horde in hordes:
                    horde.run(0.005)
        for kind, horde in hordes:
            with horde:
                check_end(kind, horde)
        honest.expect_unharmed()
        expect_all_freed(daemon, before)
