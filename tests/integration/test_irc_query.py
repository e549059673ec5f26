"""Chat: the queries, LIST and WHO among them, and that long answers hold up nobody."""
import socket
import statistics
import threading
import time

import pytest

from irc import Client
from simuld import TIMEOUT, Daemon, wait_until


def isupport(greeting):
    tokens = [p for m in greeting if m.command == "005" for p in m.params[1:-1]]
    return dict(token.partition("=")[::2] for token in tokens)


def ask(client, line, end):
    """The replies to a line, without the one that ends them."""
    client.send(line)
    messages = client.read_until(end)
    assert all(m.params[0] == client.nick for m in messages)
    return messages[:-1]


def listed(client, line="LIST"):
    """Name → members and topic."""
    rows = ask(client, line, "323")
    assert rows[0].command == "321"
    assert all(m.command == "322" for m in rows[1:])
    return {m.params[1]: (int(m.params[2]), m.params[3]) for m in rows[1:]}


def test_what_the_server_offers_is_told(visitor):
    tokens = isupport(visitor().register("offered"))
    assert tokens["ELIST"] == "CMNTU"
    assert tokens["SAFELIST"] == tokens["WHOX"] == ""
    assert "WHOIS:4" in tokens["TARGMAX"].split(",")


# --- LIST ---


@pytest.mark.short
def test_list_tells_channels_and_their_topics(couple, channel):
    alice, bob = couple()
    alice.send(f"TOPIC {channel} :of the day")
    bob.expect("TOPIC")
    assert listed(bob)[channel] == (2, "of the day")
    assert listed(bob, f"LIST {channel},#none") == {channel: (2, "of the day")}
    assert listed(bob, f"LIST {channel} >2") == {}
    assert channel in listed(bob, f"LIST *{channel[1:]},>1,C<60,T<60")
    assert channel not in listed(bob, f"LIST !{channel}")


def test_list_hides_secret_channels(couple, person, channel):
    alice, bob = couple()
    alice.send(f"MODE {channel} +s")
    bob.expect("MODE", channel, "+s")
    outsider = person("outsider")
    assert channel in listed(bob)
    assert channel not in listed(outsider)
    assert listed(outsider, f"LIST {channel}") == {}


# --- WHO ---


def test_who_tells_members_and_how_they_are(couple, channel):
    alice, bob = couple()
    bob.send("AWAY :lunch")
    bob.expect_numeric("306")
    rows = ask(alice, f"WHO {channel}", "315")
    assert [(m.command, m.params[1], m.params[4:]) for m in rows] == [
        ("352", channel, ["simul.local", alice.nick, "H@", f"0 {alice.nick} of the tests"]),
        ("352", channel, ["simul.local", bob.nick, "G", f"0 {bob.nick} of the tests"])]
    assert rows == [*rows[:1], *ask(alice, f"WHO {bob.nick}", "315")]


def test_who_of_a_mask_hides_the_invisible(person):
    alice, hidden = person("masked"), person("masked")
    hidden.send(f"MODE {hidden.nick} +i")
    hidden.expect("MODE")
    assert [m.params[5] for m in ask(alice, "WHO masked*", "315")] == [alice.nick]
    assert [m.params[5] for m in ask(alice, f"WHO {hidden.nick}", "315")] == [hidden.nick]


def test_whox_gives_what_is_asked_for(couple, channel):
    alice, bob = couple()
    rows = ask(alice, f"WHO {channel} %tcnfaihr,42", "315")
    assert [m.command for m in rows] == ["354", "354"]
    assert rows[0].params[1:4] == ["42", channel, "127.0.0.1"]
    assert rows[1].params[1:4] == ["42", channel, "255.255.255.255"]
    assert rows[1].params[5:] == [bob.nick, "H", "0", f"{bob.nick} of the tests"]
    assert len(rows[1].params[4]) > 0


# --- WHOIS and WHOWAS ---


@pytest.mark.short
@pytest.mark.parametrize("listener", ["irc", "irctls", "webtls"])
def test_whois_tells_about_a_user(person, channel, listener):
    alice = person("alice")
    bob = person("bob", listener=listener)
    bob.join(channel)
    replies = {m.command: m.params[2:] for m in ask(alice, f"WHOIS {bob.nick}", "318")}
    assert replies["311"][0] == "~" + bob.nick
    assert replies["311"][-1] == f"{bob.nick} of the tests"
    assert replies["319"] == ["@" + channel]
    assert replies["312"][0] == "simul.local"
    assert ("671" in replies) == listener.endswith("tls")
    idle, signon = map(int, replies["317"][:2])
    assert idle < 60 and abs(signon - time.time()) < 60
    assert "338" not in replies
    own = {m.command: m.params[2:] for m in ask(bob, f"WHOIS {bob.nick}", "318")}
    assert own["338"][:2] == [f"~{bob.nick}@127.0.0.1", "127.0.0.1"]


def test_time_goes_by_between_queries(person):
    """Nothing happens in the chat meanwhile, but for the queries."""
    alice = person("alice")

    def idle():
        replies = {m.command: m.params[2:] for m in ask(alice, f"WHOIS {alice.nick}", "318")}
        return int(replies["317"][0])

    wait_until(lambda: idle() >= 1, "a second of idling")


def test_whowas_remembers_who_left(person):
    alice, bob = person("alice"), person("leaving")
    bob.send("QUIT")
    bob.read_until("ERROR")
    assert [m.command for m in ask(alice, f"WHOIS {bob.nick}", "318")] == ["401"]
    replies = ask(alice, f"WHOWAS {bob.nick}", "369")
    assert [m.command for m in replies] == ["314", "312"]
    assert replies[0].params[1:3] == [bob.nick, "~" + bob.nick]
    assert [m.command for m in ask(alice, "WHOWAS nobody", "369")] == ["406"]


# --- ISON, USERHOST, LUSERS ---


def test_ison_and_userhost_find_who_is_here(person):
    alice, bob = person("alice"), person("bob")
    alice.send(f"ISON {bob.nick.upper()} nobody :{alice.nick} nobody")
    assert alice.expect_numeric("303").params[1] == f"{bob.nick} {alice.nick}"
    bob.send("AWAY :lunch")
    bob.expect_numeric("306")
    alice.send(f"USERHOST {bob.nick} nobody {alice.nick}")
    first, second = alice.expect_numeric("302").params[1].split()
    assert first.startswith(f"{bob.nick}=-~{bob.nick}@")
    assert second.startswith(f"{alice.nick}=+~{alice.nick}@")


def test_lusers_says_what_the_greeting_says(start):
    client = Client(start().connect("irc"))  # where nobody else comes and goes
    greeting = client.register("counted")
    numerics = ["251", "252", "254", "255", "265", "266"]
    greeted = [m for m in greeting if m.command in numerics]
    assert [m.command for m in greeted] == numerics
    client.send("LUSERS")
    told = client.sync()
    assert [m.command for m in told] == numerics
    assert told == greeted
    client.close()


def test_queries_see_what_was_said_before_them(person, channel):
    alice = person("alice")
    alice.send(f"JOIN {channel}\r\nWHO {channel}\r\nTOPIC {channel} :new\r\nLIST {channel}\r\n"
               f"NICK {alice.nick}x\r\nISON {alice.nick}x")
    seen = [(m.command, m.params[-1]) for m in alice.sync()]
    commands = [command for command, _ in seen]
    assert commands == ["JOIN", "353", "366", "352", "315", "TOPIC", "321", "322", "323", "NICK",
                        "303"]
    assert seen[7] == ("322", "new")
    assert seen[-1] == ("303", f"{alice.nick}x")


# --- a crowd ---

PEOPLE = 600
CHANNELS_EACH = 4
TOPIC = "t" * 300


class Crowd:
    """Sessions that sit in one channel together, and in a few more alone, with long topics."""

    def __init__(self, daemon):
        self.clients = []
        for number in range(PEOPLE):
            client = Client(daemon.connect("irc"))
            client.nick = f"crowd{number}"
            client.send(f"NICK {client.nick}\r\nUSER u 0 * :x")
            self.clients.append(client)
        for number, client in enumerate(self.clients):
            client.read_until("422")
            own = [f"#{number}-{i}" for i in range(CHANNELS_EACH)]
            client.send(f"JOIN {','.join(own)}",
                        *(f"TOPIC {name} :{TOPIC}" for name in own))
        for client in self.clients:
            client.sync()
            client.send("JOIN #crowd")
        # What the others say is not read: the room is large, and nobody needs it.

    @property
    def nicks(self):
        return {client.nick for client in self.clients}

    @property
    def channels(self):
        return {f"#{n}-{i}" for n in range(PEOPLE) for i in range(CHANNELS_EACH)} | {"#crowd"}

    def close(self):
        for client in self.clients:
            client.close()


@pytest.fixture(scope="module")
def crowded(loops):
    """A daemon of its own with the crowd in it. Clients read in turn, and may take their time."""
    with Daemon("channel.quiet_members=1", "limits.write_rate_min=0", "chat.ping_seconds=1000",
                loops=loops) as daemon:
        crowd = Crowd(daemon)
        asker = Client(daemon.connect("irc"))
        asker.register("asker")
        wait_until(lambda: listed(asker, "LIST #crowd") == {"#crowd": (PEOPLE, "")}, "the crowd")
        yield daemon, crowd, asker
        asker.close()
        crowd.close()


def test_long_answers_are_complete(crowded):
    _, crowd, asker = crowded
    channels = listed(asker)
    assert set(channels) == crowd.channels
    assert channels["#crowd"] == (PEOPLE, "")
    assert channels["#7-1"] == (1, TOPIC)
    assert set(listed(asker, "LIST >1")) == {"#crowd"}
    assert set(listed(asker, f"LIST *-{CHANNELS_EACH - 1}")) == {
        name for name in crowd.channels if name.endswith(f"-{CHANNELS_EACH - 1}")}
    asker.send("NAMES #crowd")
    names = [name.lstrip("@") for name in asker.read_names()]
    assert sorted(names) == sorted(crowd.nicks)
    in_channel = [m.params[5] for m in ask(asker, "WHO #crowd", "315")]
    assert sorted(in_channel) == sorted(crowd.nicks)
    everybody = [m.params[1] for m in ask(asker, "WHO * %n", "315")]
    assert sorted(everybody) == sorted(crowd.nicks | {"asker"})
    assert [m.params[1] for m in ask(asker, "WHO crowd599* %n", "315")] == ["crowd599"]


def reluctant(daemon, number):
    """One that takes little at a time: its kernel keeps little for it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(TIMEOUT)
    sock.connect(daemon.addresses["irc"])
    client = Client(sock)
    client.register(f"reluctant{number}")
    return client


def round_trips(client, count):
    """Seconds that each of them took, through the hub."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        client.send("ISON asker")
        client.expect_numeric("303", "asker")
        took.append(time.monotonic() - began)
    return took


def test_long_answers_that_are_not_read_take_little_memory(crowded):
    daemon, crowd, asker = crowded
    askers = [reluctant(daemon, number) for number in range(20)]
    before = daemon.metric("simul_held_bytes")
    for client in askers:
        client.send("LIST")
    for client in askers:
        client.expect_numeric("321")
    round_trips(asker, 20)
    whole = len(askers) * len(crowd.channels) * len(TOPIC)
    # What its kernel still takes may be on its way.
    wait_until(lambda: 0 < daemon.metric("simul_held_bytes") - before < whole / 8,
               f"less than an eighth of {whole} bytes")
    # A line each at a time: the kernel gives up who takes nothing for half a minute.
    told = {client.nick: set() for client in askers}
    while askers:
        for client in list(askers):
            row = client.read()
            if row.command == "322":
                told[client.nick].add(row.params[1])
            else:
                assert row.command == "323", row
                assert told[client.nick] == crowd.channels
                client.close()
                askers.remove(client)


@pytest.mark.alone
def test_long_answers_hold_up_nobody(crowded):
    daemon, _, asker = crowded
    calm = statistics.median(round_trips(asker, 50))
    is_over = threading.Event()

    def go_on_asking(number):
        with Client(daemon.connect("irc")) as client:
            client.register(f"busy{number}")
            while not is_over.is_set():
                client.send("LIST", "WHO *")
                while (line := client.lines.read()) is not None and b" 315 " not in line:
                    pass

    threads = [threading.Thread(target=go_on_asking, args=[n]) for n in range(2)]
    for thread in threads:
        thread.start()
    busy = statistics.median(round_trips(asker, 50))
    is_over.set()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive()
    assert busy < 10 * calm + 0.05
