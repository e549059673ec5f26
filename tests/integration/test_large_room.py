"""A large room over all loops: several speak while others come and go, and all who stay hear the
same in the same order."""
import random
import re
import select
import threading

import pytest

from irc import Client, WebSocketLines
from simuld import reset, wait_until
from test_churn import SETTINGS, visit

ROOM = "#large"
MEMBERS, SPEAKERS, LINES = 400, 6, 25
VISITING_THREADS, VISITORS = 4, 10
BEGIN, END = b" :the beginning", b" :the end"
FRAME_HEADER = re.compile(rb"\x81(?:\x7e..|[^\x7e])", re.DOTALL)  # of a text frame, not masked


class Member:
    """One who stays. What it hears is kept as it comes."""

    def __init__(self, daemon, number):
        self.nick = f"s{number}"
        self.is_ws = number % 3 > 0
        self.sock = daemon.connect(["irc", "web", "six"][number % 3])
        self.client = Client(WebSocketLines(self.sock) if self.is_ws else self.sock)
        self.client.register(self.nick, "echo-message", "no-implicit-names")
        self.heard = bytearray()

    def hear(self, until):
        """Takes what has come; whether that was the last, or nothing more will come."""
        data = self.sock.recv(1 << 16)
        self.heard += data
        return not data or until in self.heard[-len(data) - len(until):]

    def lines(self):
        text = FRAME_HEADER.sub(b"\r\n", self.heard) if self.is_ws else self.heard
        return bytes(text).split(b"\r\n")

    def heard_in_room(self):
        """What users did in the room between the beginning and the end, as (nick, the rest)."""
        lines = self.lines()
        first, last = (next(i for i, line in enumerate(lines) if line.endswith(mark))
                       for mark in (BEGIN, END))
        return [(source[1:].partition(b"!")[0].decode(), b" ".join([command, *rest]).decode())
                for source, command, *rest in (line.split(b" ", 3) for line in lines[first:last]
                                               if line.count(b" ") > 0)
                if b"!" in source and (command in (b"QUIT", b"NICK") or
                                       rest[0].lstrip(b":") == ROOM.encode())]

    def leave(self, chance):
        """In one of the ways there are."""
        way = chance.choice(["QUIT :enough", f"PART {ROOM}", "close", "reset"])
        if way == "reset":
            reset(self.sock)
        elif way != "close":
            self.client.send(way)
        self.client.close()


def hear_all(members, until):
    """Reads for all of them until each has heard that."""
    poll = select.epoll()
    waiting = {member.sock.fileno(): member for member in members}
    for fd in waiting:
        poll.register(fd, select.EPOLLIN)
    while waiting:
        for fd, _ in poll.poll():
            if waiting[fd].hear(until):
                poll.unregister(fd)
                del waiting[fd]
    poll.close()


def speak(member):
    for number in range(LINES):
        member.client.send(f"PRIVMSG {ROOM} :{member.nick} {number}")


def rule(member):
    """The room's operator, in what keeps nobody who stays from hearing or speaking."""
    chance = random.Random(1)
    for number in range(10 * LINES):
        other = f"v{chance.randrange(VISITING_THREADS)}-{chance.randrange(VISITORS)}"
        member.client.send(chance.choice([
            f"KICK {ROOM} {other} :out", f"MODE {ROOM} {chance.choice('+-')}v s{number}",
            f"MODE {ROOM} +b {other}!*@*", f"MODE {ROOM} -b {other}!*@*", f"MODE {ROOM} +k key",
            f"MODE {ROOM} -k *", f"MODE {ROOM} {chance.choice('+-')}s", f"TOPIC {ROOM} :{other}",
        ]))
    member.client.send(f"MODE {ROOM} -k *")


def come_and_go(daemon, thread):
    chance = random.Random(thread)
    for number in range(VISITORS):
        visit(daemon, chance, thread, number, [ROOM])


def fill(daemon):
    """The room's members, of whom the first is its operator."""
    members = [Member(daemon, number) for number in range(MEMBERS)]
    for member in members:
        member.client.send(f"JOIN {ROOM}", "PING :joined")
        while not member.hear(b"joined"):
            pass
    return members


def live(daemon, members):
    """All that happens in the room from the beginning to the end."""
    acts = [threading.Thread(target=speak, args=[member]) for member in members[1:1 + SPEAKERS]]
    acts += [threading.Thread(target=come_and_go, args=[daemon, thread])
             for thread in range(VISITING_THREADS)]
    acts += [threading.Thread(target=rule, args=members[:1])]
    members[0].client.send(f"PRIVMSG {ROOM}{BEGIN.decode()}")
    hear_all(members, BEGIN)
    ears = threading.Thread(target=hear_all, args=[members, END])
    ears.start()
    for act in acts:
        act.start()
    for act in acts:
        act.join()
    members[0].client.send(f"PRIVMSG {ROOM}{END.decode()}")
    ears.join()


@pytest.mark.parametrize("quiet_members", [10 * MEMBERS, MEMBERS // 10], ids=["loud", "quiet"])
def test_all_who_stay_hear_the_same_in_the_same_order(start, quiet_members):
    # Pings are not answered, and while some are read others wait.
    daemon = start(*SETTINGS, f"channel.quiet_members={quiet_members}", "chat.ping_seconds=1000",
                   "limits.write_rate_min=0")
    members = fill(daemon)
    live(daemon, members)
    heard = members[0].heard_in_room()
    for member in members:
        assert member.heard_in_room() == heard, member.nick
    for speaker in members[1:1 + SPEAKERS]:
        said = [what for who, what in heard if who == speaker.nick]
        assert said == [f"PRIVMSG {ROOM} :{speaker.nick} {n}" for n in range(LINES)]
    comings = [what for _, what in heard if what.startswith(("JOIN", "PART", "QUIT", "NICK"))]
    assert bool(comings) == (quiet_members > MEMBERS)
    leave_all(daemon, members)


def leave_all(daemon, members):
    """Those who have stayed are all, and when they have left there is nobody."""
    wait_until(lambda: daemon.metric("simul_sessions") == MEMBERS, "the end of all visitors")
    with Client(daemon.connect("irc")) as watcher:
        watcher.register("watcher")
        wait_until(lambda: watcher.count_users() == 1 + MEMBERS, "the same in the hub")
        names = {name.lstrip("@+") for name in watcher.join(ROOM)}
        assert names == {"watcher", *(member.nick for member in members)}
        chance = random.Random(1)
        for member in members:
            member.leave(chance)
        # The watcher, and whoever asks for the metrics.
        wait_until(lambda: daemon.metric("simul_connections") == 2, "the end of all members")
        assert daemon.metric("simul_sessions") == 1
        wait_until(lambda: watcher.count_users() == 1, "the end of all members in the hub")
        watcher.sync()
        watcher.send(f"NAMES {ROOM}")
        assert watcher.read_names() == ["watcher"], "somebody is still in the room"
