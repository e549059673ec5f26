"""A few KiB may be a message of many MiB. It is inflated, and its answer compressed, a piece at a time,
and between two pieces all others on that loop have their turn."""
import threading

import pytest

from simuld import wait_until
from ws_deflated import RSV1, Deflated, compress, frames
from ws_raw import BINARY, CONTINUATION, TEXT

KIB, MIB = 1 << 10, 1 << 20
PIECE = 64 * KIB
MESSAGE_MAX = 16 * MIB
SETTINGS = ["ws.deflate=on", "echo.faults=on", "chat.flood_lines_per_second=0",
            f"ws.message_bytes_max={MESSAGE_MAX}"]
BOMB, ENDLESS_LINE = compress(bytes(MESSAGE_MAX)), compress(b"x" * MESSAGE_MAX)


class Bystander:
    """Says something to the TCP echo again and again, from when it begins to its end."""

    def __init__(self, sock):
        self.sock = sock
        self.is_over = threading.Event()
        self.bounce()
        self.thread = threading.Thread(target=self.run)

    def bounce(self):
        self.sock.sendall(b"?")
        assert self.sock.recv(1) == b"?"

    def run(self):
        while not self.is_over.is_set():
            self.bounce()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.sock.close()


def pair(daemon, target="/echo"):
    """One who sends bombs, and a bystander on the same loop."""
    sock, loop = daemon.connect_to_loop("web")
    return Deflated(sock, target), Bystander(daemon.connect_to_loop("echo", loop)[0])


def turns(daemon, session):
    """Between two of them, whoever else has something to do is resumed: see deflate_test.c."""
    return daemon.metric("simul_session_resumes_total", session=session)


def read_parts(ws):
    parts = [ws.read()]
    while not parts[-1].fin:
        parts.append(ws.read())
    return parts


@pytest.mark.parametrize("target, session", [("/echo", "ws-echo"), ("/echo?seed=1", "ws-faulty")])
def test_a_bomb_is_echoed_in_many_turns(daemon, target, session):
    bomber, bystander = pair(daemon, target)
    with bomber, bystander:
        before = turns(daemon, session)
        bomber.send(*frames(BINARY, BOMB))
        payload = b"".join(part.payload for part in read_parts(bomber))
        assert turns(daemon, session) - before > MESSAGE_MAX // PIECE // 2
    assert len(bomber.inflate(payload)) == MESSAGE_MAX


def test_chat_looks_for_the_end_of_a_line_in_many_turns(daemon):
    bomber, bystander = pair(daemon, "/chat")
    with bomber, bystander:
        before = turns(daemon, "irc over websocket")
        bomber.send(*frames(TEXT, ENDLESS_LINE))
        assert b" 417 " in bomber.read_message()[1]
        assert turns(daemon, "irc over websocket") - before > MESSAGE_MAX // PIECE // 2


def test_a_long_answer_comes_in_pieces(daemon):
    bomber, bystander = pair(daemon)
    with bomber, bystander:
        for size in (PIECE, PIECE + 1, 3 * PIECE):
            bomber.send(*frames(BINARY, compress(bytes(size))))
            parts = read_parts(bomber)
            assert [(part.opcode, part.rsv) for part in parts] == [
                (CONTINUATION, 0) if i else (BINARY, RSV1) for i in range(-(-size // PIECE))]
            assert bomber.inflate(b"".join(part.payload for part in parts)) == bytes(size)


def test_who_leaves_in_the_middle_of_it_takes_nothing_along(start):
    daemon = start(*SETTINGS)
    for _ in range(5):
        bomber, bystander = pair(daemon)
        with bystander:
            bomber.send(*frames(BINARY, BOMB))
            bomber.read()
            bomber.close()
    wait_until(lambda: daemon.metric("simul_held_bytes") < 100_000, "what they took to be given back")
