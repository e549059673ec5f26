"""Clients that come, talk and break off at any moment, on every transport: whatever the server still
had for them must find nobody, and those that stay must notice nothing."""
import random
import socket
import threading
import time

from irc import Client, WebSocketLines
from simuld import wait_until
from ws_raw import close_frame

SECONDS = 3
THREADS = 12
CHANNELS = ["#churn-a", "#churn-b", "#churn-c"]


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


class Visitor:
    """One short life, without ever waiting for an answer but that to the handshake."""

    def __init__(self, daemon, chance, nick):
        listener = chance.choice(["irc", "web", "irctls", "six"])
        self.chance, self.nick = chance, nick
        self.sock = daemon.connect(listener)
        self.is_ws = listener in ("web", "six") and chance.random() < 0.5
        self.client = Client(WebSocketLines(self.sock) if self.is_ws else self.sock)

    def line(self):
        channel = self.chance.choice(CHANNELS)
        return self.chance.choice([
            f"JOIN {channel}", f"JOIN {','.join(CHANNELS)}", f"PART {channel}",
            f"PRIVMSG {channel} :{'x' * self.chance.randrange(400)}", f"PRIVMSG {self.nick} :me",
            f"NAMES {channel}", f"TOPIC {channel} :{self.nick}", f"MODE {channel} +v {self.nick}",
            f"NICK {self.nick}-{self.chance.randrange(3)}", "PING x", "BREW", "CAP REQ :echo-message",
        ])

    def live(self):
        self.client.send(f"NICK {self.nick}", f"USER {self.nick} 0 * :x")
        for _ in range(self.chance.randrange(30)):
            self.client.send(self.line())
        self.chance.choice([self.leave, self.quit, self.close, self.reset])()

    def quit(self):
        self.client.send("QUIT :enough")
        while self.client.read() is not None:
            pass

    def leave(self):
        if self.is_ws:
            self.client.lines.ws.send(close_frame(1000))
        else:
            self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(1 << 16):
            pass

    def close(self):
        self.client.close()

    def reset(self):
        reset(self.sock)


def churn(daemon, seed, until):
    chance = random.Random(seed)
    number = 0
    while time.monotonic() < until:
        number += 1
        visitor = Visitor(daemon, chance, f"v{seed}-{number}")
        try:
            visitor.live()
        except (OSError, ValueError, EOFError, AssertionError):
            pass  # its end came from the other side first
        finally:
            visitor.close()


def test_clients_that_break_off_at_any_moment_leave_nothing_behind(start):
    daemon = start()
    with Client(daemon.connect("irc")) as watcher:
        watcher.register("watcher")
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=churn, args=[daemon, seed, until])
                   for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        pings = 0
        while any(thread.is_alive() for thread in threads):
            assert watcher.sync() == []
            pings += 1
        assert pings > 20
        # The watcher, and whoever asks for the metrics.
        wait_until(lambda: daemon.metric("simul_connections") == 2, "the end of all visitors")
        assert daemon.metric("simul_sessions") == 1
        watcher.send(f"JOIN {CHANNELS[0]}")
        watcher.expect("JOIN")
        assert watcher.read_names() == ["@watcher"], "somebody is still in the channel"
