"""Clients that come, talk and break off at any moment, on every transport: whatever the server still
had for them must find nobody, and those that stay must notice nothing."""
import random
import socket
import threading
import time

from irc import Client, WebSocketLines
from simuld import reset, wait_until
from ws_raw import close_frame

SECONDS, PINGS = 3, 20  # for how long, or until the watcher has asked so often, it goes on
THREADS = 12
CHANNELS = ["#churn-a", "#churn-b", "#churn-c"]
PASSWORD = "open sesame"
SETTINGS = [f"oper.root.password={PASSWORD}"]
CAPS = ["echo-message", "labeled-response batch message-tags", "multi-prefix away-notify",
        "extended-join server-time", "extended-monitor setname chghost", "no-implicit-names",
        "userhost-in-names invite-notify"]


class Visitor:
    """One short life, the so-manieth of its thread, without ever waiting for an answer but that to
    the handshake."""

    def __init__(self, daemon, chance, thread, number, channels):
        listener = chance.choice(["irc", "web", "irctls", "six"])
        self.chance, self.number, self.channels = chance, number, channels
        self.nick = f"v{thread}-{number}"
        self.sock = daemon.connect(listener)
        self.is_ws = listener in ("web", "six") and chance.random() < 0.5
        self.client = Client(WebSocketLines(self.sock) if self.is_ws else self.sock)

    def somebody(self):
        """The nick of one that is, was or will be here at about this time."""
        return f"v{self.chance.randrange(THREADS)}-{self.number + self.chance.randrange(-1, 2)}"

    def talk(self, channel):
        return [
            f"JOIN {channel}", f"JOIN {','.join(self.channels)}", f"JOIN {channel} key", "JOIN 0",
            f"PART {channel}", f"PRIVMSG {channel} :{'x' * self.chance.randrange(400)}",
            f"PRIVMSG {self.nick} :me", f"PRIVMSG @{channel},{self.somebody()} :some",
            f"NICK {self.nick}-{self.chance.randrange(3)}", "PING x", "BREW",
            f"CAP REQ :{self.chance.choice(CAPS)}", "SETNAME :somebody else", "AWAY :gone", "AWAY",
        ]

    def govern(self, channel):
        return [
            f"TOPIC {channel} :{self.nick}", f"MODE {channel} +v {self.nick}",
            f"MODE {channel} +o {self.somebody()}", f"MODE {channel} +b-b *!*@{self.number} x!*@*",
            f"MODE {channel} +b {self.somebody()}", f"MODE {channel} -b {self.somebody()}",
            f"MODE {channel} +k key", f"MODE {channel} -k *", f"MODE {channel} +l 5",
            f"MODE {channel} -l", f"MODE {channel} {self.chance.choice('+-')}ims", f"MODE {channel} b",
            f"MODE {self.nick} {self.chance.choice('+-')}iwB",
            f"KICK {channel} {self.somebody()},{self.somebody()} :out",
            f"INVITE {self.somebody()} {channel}", "INVITE",
            f"OPER root :{PASSWORD}", f"KILL {self.somebody()} :enough", "WALLOPS :all of you",
        ]

    def ask(self, channel):
        return [
            f"NAMES {channel}", f"WHO {channel}", "WHO * %tcuihsnfdlaor,1", f"WHOIS {self.somebody()}",
            f"WHOWAS {self.somebody()}", "LIST", "LIST >1,*churn*", f"USERHOST {self.somebody()}",
            f"ISON {self.somebody()} {self.nick}", "LUSERS", f"MODE {channel}", "HELP", "STATS o",
            f"MONITOR + {self.somebody()},{self.somebody()}", f"MONITOR - {self.somebody()}",
            "MONITOR C", "MONITOR S",
        ]

    def line(self):
        kind = self.chance.choice([self.talk, self.govern, self.ask])
        line = self.chance.choice(kind(self.chance.choice(self.channels)))
        return f"@label=l{self.chance.randrange(9)} {line}" if self.chance.random() < 0.1 else line

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


def visit(daemon, chance, thread, number, channels):
    """A visitor's life, however it ends."""
    visitor = Visitor(daemon, chance, thread, number, channels)
    try:
        visitor.live()
    except (OSError, ValueError, EOFError, AssertionError):
        pass  # its end came from the other side first
    finally:
        visitor.close()


def churn(daemon, thread, is_over):
    """One visitor after the other."""
    chance = random.Random(thread)
    number = 0
    while not is_over():
        number += 1
        visit(daemon, chance, thread, number, CHANNELS)


def test_clients_that_break_off_at_any_moment_leave_nothing_behind(start):
    daemon = start(*SETTINGS)
    with Client(daemon.connect("irc")) as watcher:
        watcher.register("watcher")
        until, pings = time.monotonic() + SECONDS, 0

        def is_over():
            return time.monotonic() > until and pings > PINGS

        threads = [threading.Thread(target=churn, args=[daemon, thread, is_over])
                   for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert watcher.sync() == []
            pings += 1
        # The watcher, and whoever asks for the metrics.
        wait_until(lambda: daemon.metric("simul_connections") == 2, "the end of all visitors")
        assert daemon.metric("simul_sessions") == 1
        wait_until(lambda: watcher.count_users() == 1, "the end of all visitors in the hub")
        watcher.sync()
        watcher.send(f"JOIN {CHANNELS[0]}")
        watcher.expect("JOIN")
        assert watcher.read_names() == ["@watcher"], "somebody is still in the channel"
