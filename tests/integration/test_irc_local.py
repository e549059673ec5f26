"""What a session's own loop answers: CAP, labels, HELP, what the server is, and the ends."""
import re

import pytest

from irc import Client, WebSocketLines

LABELS = ("labeled-response", "batch")


# --- CAP ---


def test_all_capabilities_may_be_asked_for_at_once(visitor):
    client = visitor()
    client.send("CAP LS 302")
    names = client.expect("CAP", "*", "LS").params[-1].split()
    assert names == sorted(names) and "cap-notify" in names
    client.send(f"CAP REQ :{' '.join(names)}", "CAP LIST")
    assert client.expect("CAP", "*", "ACK").params[-1].split() == names
    assert client.expect("CAP", "*", "LIST").params[-1].split() == names
    client.send("CAP END", "NICK everything", "USER u 0 * :x")
    client.expect("001", "everything")


def test_version_302_keeps_cap_notify_on(visitor):
    client = visitor()
    client.send("CAP LS 302", "CAP REQ -cap-notify", "CAP LIST")
    client.expect("CAP", "*", "LS")
    client.expect("CAP", "*", "NAK", "-cap-notify")
    client.expect("CAP", "*", "LIST", "cap-notify")


# --- labeled responses ---


def read_batch(client, label):
    """The messages of one labeled batch."""
    start = client.expect("BATCH")
    assert start.tags == {"label": label} and start.params[1] == "labeled-response"
    reference = start.params[0]
    assert re.fullmatch(r"\+[A-Za-z0-9-]+", reference)
    messages = client.read_until("BATCH")
    end = messages.pop()
    assert end.params == ["-" + reference[1:]] and end.tags == {}
    assert all(message.tags["batch"] == reference[1:] for message in messages)
    return messages


@pytest.fixture(params=["irc", "ws"])
def labeler(request, daemon, person):
    if request.param == "irc":
        yield person("labeler", *LABELS)
        return
    with Client(WebSocketLines(daemon.connect("web"), "/chat")) as client:
        client.register(person("for-its-name").nick.replace("for-its-name", "ws"), *LABELS)
        yield client


def test_a_label_is_on_the_only_line_or_an_ack_or_a_batch(labeler, channel):
    labeler.send("@label=one PING :x", "@label=none PONG :x", f"@label=many JOIN {channel}",
                 "@label=err TOPIC #nowhere-at-all", "PING :x")
    assert labeler.expect("PONG").tags == {"label": "one"}
    assert labeler.expect("ACK").tags == {"label": "none"}
    assert [m.command for m in read_batch(labeler, "many")] == ["JOIN", "353", "366"]
    assert labeler.expect("403").tags == {"label": "err"}
    assert labeler.expect("PONG").tags == {}


def test_a_batch_holds_what_is_said_meanwhile_apart(daemon, person, channel):
    """Others talk while the answers come; what they say is in no batch, and nothing is lost."""
    asker = person("asker", *LABELS, loop=0)
    talkers = [person("talker", loop=i % daemon.loops) for i in range(4)]
    for client in (*talkers, asker):
        client.join(channel)
    for number in range(50):
        asker.send(f"@label={number} NAMES {channel}")
        for client in talkers:
            client.send(f"PRIVMSG {channel} :{number}")
    asker.send("PING :done")
    open_batch, labels, heard = None, [], 0
    for message in asker.read_until("PONG")[:-1]:
        if message.command == "BATCH" and message.params[0][0] == "+":
            assert open_batch is None
            open_batch = message.params[0][1:]
            labels.append(message.tags["label"])
        elif message.command == "BATCH":
            assert message.params[0] == "-" + open_batch
            open_batch = None
        elif message.command == "PRIVMSG":
            assert "batch" not in message.tags and "label" not in message.tags
            heard += 1
        else:
            assert message.tags == {"batch": open_batch}, message
    assert labels == [str(number) for number in range(50)]
    while heard < 50 * len(talkers):
        asker.expect("PRIVMSG", channel)
        heard += 1


def test_an_echo_has_the_label_and_others_do_not_see_it(couple, channel):
    alice, bob = couple("message-tags", "echo-message", *LABELS)
    alice.send(f"@label=x;+t=1 PRIVMSG {channel} :hi")
    echo = alice.expect("PRIVMSG", channel, "hi")
    assert echo.tags["label"] == "x" and echo.tags["+t"] == "1" and "msgid" in echo.tags
    heard = bob.expect("PRIVMSG", channel, "hi")
    assert "label" not in heard.tags and heard.tags["msgid"] == echo.tags["msgid"]


# --- what the server tells of itself ---


def test_help_knows_every_command_that_it_lists(person):
    client = person("helpless")
    client.send("HELP")
    assert client.read().command == "704"
    messages = client.read_until("706")
    names = " ".join(m.params[-1] for m in messages[:-1]).split()
    assert {"JOIN", "PRIVMSG", "HELP"} <= set(names)
    for name in names:
        client.send(f"HELP {name.lower()}")
        assert client.expect_numeric("704", name).params[-1].startswith(name)
        rest = client.read_until("706")
        assert all(m.params[1] == name for m in rest) and rest[-1].params[-1]
    client.send("HELP no-such-thing")
    client.expect_numeric("524", "no-such-thing")


def test_version_time_admin_info_links(person):
    client = person("curious")
    client.send("VERSION")
    server = client.expect_numeric("351").params[2]
    client.expect_numeric("005")
    client.sync()
    client.send("TIME", "INFO", "ADMIN", "LINKS", "TIME elsewhere.example")
    client.expect_numeric("391", server)
    client.read_until("374")
    client.expect_numeric("423", server)
    client.expect_numeric("364", server, server)
    client.expect_numeric("365", "*")
    client.expect_numeric("402", "elsewhere.example")


def test_admin_tells_what_is_configured(start):
    daemon = start("server.admin=Ada <ada@example.org>")
    with Client(daemon.connect("irc")) as client:
        client.register("asker")
        client.send("ADMIN")
        for numeric in ("256", "257", "258"):
            client.expect_numeric(numeric)
        assert client.expect_numeric("259").params[-1] == "Ada <ada@example.org>"


# --- ends ---


def test_every_end_says_the_link_is_closed_in_the_usual_form(start, channel):
    daemon = start("chat.ping_seconds=1", "limits.handshake_seconds=3")
    with Client(daemon.connect("irc")) as quitter, Client(daemon.connect("irc")) as silent, \
            Client(daemon.connect("irc")) as late, Client(daemon.connect("irc")) as witness:
        witness.register("witness")
        witness.join(channel)
        silent.register("silent")
        silent.join(channel)
        quitter.register("quitter")
        quitter.send("QUIT :bye")
        assert quitter.expect_end().params == ["Closing Link: 127.0.0.1 (Quit: bye)"]
        assert b" PING :" in silent.lines.read()
        quits = witness.read_until("QUIT")[-1]
        assert (quits.nick, quits.params) == ("silent", ["Ping timeout: 1 seconds"])
        assert silent.lines.read() == b"ERROR :Closing Link: 127.0.0.1 (Ping timeout: 1 seconds)"
        assert late.expect_end().params == ["Closing Link: 127.0.0.1 (Registration timed out)"]
