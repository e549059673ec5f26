"""Chat: how a session begins. Capabilities, registration, the greeting, and how it ends."""
import re
import socket

import pytest

from http_raw import post
from irc import Client

CAPS = {"server-time", "message-tags", "echo-message"}


def isupport(greeting):
    tokens = [p for m in greeting if m.command == "005" for p in m.params[1:-1]]
    return dict(token.partition("=")[::2] for token in tokens)


# --- registration ---


@pytest.mark.short
@pytest.mark.parametrize("listener", ["irc", "web", "six", "irctls", "webtls"])
def test_every_listener_takes_an_irc_client(visitor, listener):
    with visitor(listener) as client:
        assert client.register("someone")[0].command == "001"
        client.send("QUIT")
        client.expect_end()


def test_the_greeting_has_the_numerics_in_order(visitor):
    client = visitor()
    greeting = client.register("greeted")
    commands = [message.command for message in greeting]
    assert commands[:4] == ["001", "002", "003", "004"]
    assert commands[4] == "005"
    assert commands[-1] == "422"
    assert {"251", "255", "265", "266"} <= set(commands)
    assert all(message.params[0] == "greeted" for message in greeting)
    assert all(message.source == "simul.local" for message in greeting)


@pytest.mark.parametrize("nick, lines", enumerate([
    ["NICK {}", "USER u 0 * :x"],
    ["USER u 0 * :x", "NICK {}"],
    ["PASS anything", "NICK {}", "USER u 0 * :x"],
    ["nick {}", "uSeR u 0 * x"],
    ["NICK other{}", "NICK {}", "USER u 0 * :x"],
    ["CAP LS 302", "NICK {}", "USER u 0 * :x", "CAP END"],
]))
def test_registration_takes_its_lines_in_any_order(visitor, nick, lines):
    client = visitor()
    nick = f"ordered{nick}"  # the one before may still be leaving
    client.send(*[line.format(nick) for line in lines])
    greeting = client.read_until("001")
    assert greeting[-1].params[0] == nick
    client.send("QUIT")


def test_who_is_not_registered_may_not_talk(visitor):
    client = visitor()
    for line in ("JOIN #x", "PRIVMSG x :y", "NAMES #x", "MODE #x", "TOPIC #x", "MOTD"):
        client.send(line)
        client.expect("451", "*")


def test_ping_is_answered_before_registration(visitor):
    client = visitor()
    client.send("PING :early")
    assert client.read_until("PONG")[-1].params[-1] == "early"


@pytest.mark.parametrize("line, numeric", [
    ("NICK", "431"), ("NICK :", "431"),
    ("NICK 1abc", "432"), ("NICK #abc", "432"), ("NICK a!b", "432"), ("NICK :a b", "432"),
    ("NICK żółw", "432"), ("NICK " + "a" * 33, "432"), ("NICK a.b", "432"), ("NICK -a", "432"),
    ("USER u", "461"), ("USER u 0 *", "461"), ("PASS", "461"), ("CAP", "461"),
    ("CAP NONSENSE", "410"), ("BREW coffee", "421"),
])
def test_what_is_wrong_before_registration_has_its_numeric(visitor, line, numeric):
    client = visitor()
    client.send(line)
    client.expect(numeric, "*")
    assert client.register("afterall")[0].command == "001"
    client.send("QUIT")
    client.expect_end()


def test_a_nick_that_is_taken_is_433_whatever_its_case(daemon, person, visitor):
    first = person("Taken", loop=0)
    second = visitor(loop=daemon.loops - 1)
    second.send(f"NICK {first.nick.upper()}", "USER u 0 * :x")
    second.expect("433", "*", first.nick.upper())
    second.send("NICK somebodyelse")
    assert second.read_until("001")[-1].params[0] == "somebodyelse"
    second.send("QUIT")
    second.read_until("ERROR")


def test_a_nick_is_free_again_after_its_owner_has_gone(daemon, visitor):
    for listener in ("irc", "web"):
        client = visitor(listener)
        assert client.register("comeandgo")[0].command == "001"
        client.send("QUIT")
        client.expect_end()


def test_registered_clients_may_not_register_again(person):
    client = person("again")
    client.send("USER u 0 * :x")
    client.expect_numeric("462")
    client.send("PASS x")
    client.expect_numeric("462")


def test_a_registration_that_is_never_finished_is_given_up(start):
    daemon = start("limits.handshake_seconds=1")
    with Client(daemon.connect("irc")) as client:
        client.send("NICK slow")
        client.expect_end()
    with Client(daemon.connect("web")) as client:  # nothing tells what it would have been
        assert client.read() is None or client.read() is None


def test_a_password_must_be_right(start):
    daemon = start("server.password=open sesame")
    for lines in (["PASS :open sesame"], ["PASS wrong", "PASS :open sesame"]):
        with Client(daemon.connect("irc")) as client:
            client.send(*lines)
            assert client.register("knows")[0].command == "001"
            client.send("QUIT")
            client.expect_end()
    for lines in ([], ["PASS wrong"], ["PASS :open sesam"], ["PASS :open sesame", "PASS x"]):
        with Client(daemon.connect("irc")) as client:
            client.send(*lines, "NICK guesses", "USER u 0 * :x")
            client.expect("464", "*")
            client.expect_end()


# --- capabilities ---


def test_capabilities_are_listed_and_hold_registration_until_the_end(visitor):
    client = visitor()
    client.send("CAP LS 302", "NICK capable", "USER u 0 * :x", "PING :still waiting")
    listed = client.expect("CAP", "*", "LS")
    assert {cap.partition("=")[0] for cap in listed.params[-1].split()} >= CAPS
    client.expect("PONG")
    client.send("CAP REQ :server-time echo-message", "CAP LIST", "CAP END")
    client.expect("CAP", "*", "ACK", "server-time echo-message")
    assert set(client.expect("CAP", "*", "LIST").params[-1].split()) == {
        "cap-notify", "server-time", "echo-message"}
    client.expect("001", "capable")
    client.send("QUIT")


def test_a_request_holds_registration_too(visitor):
    client = visitor()
    client.send("CAP REQ message-tags", "NICK requests", "USER u 0 * :x", "PING :still waiting")
    client.expect("CAP", "*", "ACK")
    client.expect("PONG")
    client.send("CAP END")
    client.expect("001", "requests")
    client.send("QUIT")


def test_a_request_is_granted_as_a_whole_or_not_at_all(visitor):
    client = visitor()
    client.send("CAP REQ :server-time no-such-thing", "CAP LIST")
    client.expect("CAP", "*", "NAK", "server-time no-such-thing")
    assert client.expect("CAP", "*", "LIST").params[-1] == ""


def test_capabilities_can_be_given_back(visitor):
    client = visitor()
    client.send("CAP REQ :server-time message-tags", "CAP REQ :-server-time", "CAP LIST")
    client.expect("CAP", "*", "ACK")
    client.expect("CAP", "*", "ACK", "-server-time")
    assert client.expect("CAP", "*", "LIST").params[-1] == "message-tags"


def test_capabilities_can_be_changed_after_registration(person):
    client = person("later")
    client.send("CAP LS 302", "CAP REQ :server-time", "CAP LIST", "PING :x")
    client.expect("CAP", client.nick, "LS")
    client.expect("CAP", client.nick, "ACK")
    assert client.expect("CAP", client.nick, "LIST").params[-1] == "cap-notify server-time"
    client.expect("PONG")


# --- the greeting ---


def test_isupport_tells_the_truth(visitor, channel):
    client = visitor()
    tokens = isupport(client.register("supported"))
    assert tokens["CASEMAPPING"] == "ascii"
    assert tokens["CHANTYPES"] == "#"
    assert tokens["PREFIX"] == "(ov)@+"
    assert tokens["CHANMODES"] == "beI,k,l,imnst"
    assert tokens["NETWORK"] == "simul"
    assert "UTF8ONLY" in tokens

    client.send("NICK " + "n" * int(tokens["NICKLEN"]))
    client.expect("NICK", "n" * int(tokens["NICKLEN"]))
    client.nick = "n" * int(tokens["NICKLEN"])
    client.send("NICK " + "n" * (int(tokens["NICKLEN"]) + 1))
    client.expect_numeric("432")

    longest = "#" + "c" * (int(tokens["CHANNELLEN"]) - 1)
    assert client.join(longest) == ["@" + client.nick]
    client.send(f"JOIN {longest}c")
    assert client.read().command in ("403", "476", "479")
    for other in ("&local", "+modeless", "!safe", "plain"):
        client.send(f"JOIN {other}")
        assert client.read().command in ("403", "476")

    client.send(f"TOPIC {longest} :" + "t" * (int(tokens["TOPICLEN"]) + 10))
    assert client.expect("TOPIC", longest).params[-1] == "t" * int(tokens["TOPICLEN"])

    targets = dict(entry.split(":") for entry in tokens["TARGMAX"].split(","))
    count = int(targets["PRIVMSG"])
    client.send("PRIVMSG " + ",".join([client.nick] * (count + 1)) + " :hello")
    heard = client.sync()
    assert [m.command for m in heard] == ["PRIVMSG"] * count + ["407"]


def test_the_number_of_channels_is_limited_as_told(visitor):
    client = visitor()
    limit = int(isupport(client.register("joiner"))["CHANLIMIT"].removeprefix("#:"))
    client.send("JOIN " + ",".join(f"#j{number}" for number in range(limit // 2)))
    client.send("JOIN " + ",".join(f"#j{number}" for number in range(limit // 2, limit + 1)))
    commands = [message.command for message in client.sync()]
    assert commands.count("JOIN") == limit
    assert commands.count("405") == 1


def test_the_message_of_the_day_is_that_of_the_file(start, tmp_path):
    file = tmp_path / "motd"
    file.write_text("Welcome, welcome.\n\nżółw\n")
    daemon = start(f"chat.motd={file}")
    with Client(daemon.connect("irc")) as client:
        greeting = client.register("reader")
        lines = [m.params[-1] for m in greeting if m.command == "372"]
        assert [line.removeprefix("- ") for line in lines] == ["Welcome, welcome.", "", "żółw"]
        assert [m.command for m in greeting][-5:] == ["375", "372", "372", "372", "376"]
        client.send("MOTD")
        assert [m.command for m in client.sync()] == ["375", "372", "372", "372", "376"]
        client.send("QUIT")
        client.expect_end()


def test_without_a_message_of_the_day_422_says_so(person):
    client = person("reader")
    client.send("MOTD")
    client.expect_numeric("422")


# --- the end ---


def test_quit_is_answered_with_an_error_and_the_end(person):
    client = person("leaver")
    client.send("QUIT :so long")
    client.expect_end()


def test_a_half_close_is_answered_with_what_was_asked_before_and_the_end(person, channel):
    client = person("half")
    client.send(f"JOIN {channel}", "PING :last words")
    client.lines.sock.shutdown(socket.SHUT_WR)
    commands = [message.command for message in iter(client.read, None)]
    assert commands[:4] == ["JOIN", "353", "366", "PONG"]


def test_a_silent_client_is_pinged_and_closed_if_it_does_not_answer(start):
    daemon = start("chat.ping_seconds=1")
    with Client(daemon.connect("irc")) as client:
        client.register("quiet")
        line = client.lines.read().decode()
        assert re.match(r"(:\S+ )?PING ", line)
        client.send("PONG :" + line.rpartition(":")[2])
        assert "PING" in client.lines.read().decode()
        assert client.lines.read().startswith(b"ERROR :")
        assert client.lines.read() is None


def test_an_http_client_is_sent_away_from_an_irc_listener(daemon):
    with daemon.connect("irc") as sock:
        sock.sendall(post("/", b"NICK evil\r\nUSER u 0 * :x\r\n"))
        received = sock.makefile("rb").read()
        assert b" 001 " not in received
