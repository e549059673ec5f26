"""What users tell of themselves, watch of others, and what operators do, over the wire.

Two people are on different loops where there are several.
"""
import re
import signal

from irc import Client
from simuld import wait_until

SETTINGS = ["oper.root.password=open sesame"]


def everybody(daemon, person, *caps):
    return person("alice", *caps, loop=0), person("bob", *caps, loop=daemon.loops - 1)


def make_operator(client):
    client.send("OPER root :open sesame")
    client.expect_numeric("381")
    client.expect("MODE", client.nick, "+o")


# --- users ---


def test_away_is_told(daemon, person, channel):
    alice, bob = everybody(daemon, person, "away-notify")
    alice.join(channel)
    bob.join(channel)
    alice.expect("JOIN", channel)
    alice.send("AWAY :having tea")
    alice.expect_numeric("306")
    assert bob.expect("AWAY", "having tea").nick == alice.nick
    bob.send(f"PRIVMSG {alice.nick} :there?")
    bob.expect_numeric("301", alice.nick, "having tea")
    alice.expect("PRIVMSG", alice.nick, "there?")
    alice.send("AWAY")
    alice.expect_numeric("305")
    assert bob.expect("AWAY").params == []
    bob.send("AWAY :too", f"PART {channel}", f"JOIN {channel}")
    for command in ("AWAY", "PART", "JOIN", "AWAY"):
        assert alice.expect(command).nick == bob.nick


def test_realname_changes(daemon, person, channel):
    alice, bob = everybody(daemon, person, "setname")
    alice.join(channel)
    bob.join(channel)
    alice.expect("JOIN", channel)
    alice.send("SETNAME :Alice Liddell")
    alice.expect("SETNAME", "Alice Liddell")
    assert bob.expect("SETNAME", "Alice Liddell").nick == alice.nick
    alice.send("SETNAME :" + "x" * 200)
    alice.expect("FAIL", "SETNAME", "INVALID_REALNAME")
    bob.send(f"WHOIS {alice.nick}")
    assert "Alice Liddell" in bob.read_until("318")[0].params


def test_bots_are_marked(daemon, person):
    alice, bob = everybody(daemon, person, "message-tags")
    alice.send(f"MODE {alice.nick} +B", f"PRIVMSG {bob.nick} :beep")
    alice.expect("MODE", alice.nick, "+B")
    assert "bot" in bob.expect("PRIVMSG", bob.nick, "beep").tags
    bob.send(f"PRIVMSG {alice.nick} :hello")
    assert "bot" not in alice.expect("PRIVMSG").tags


def test_hosts_are_hidden_and_networks_can_be_told(daemon, person):
    alice, bob = everybody(daemon, person)
    bob.send(f"PRIVMSG {alice.nick} :x")
    host = alice.expect("PRIVMSG").source.partition("@")[2]
    assert re.fullmatch(r"(?:[a-z0-9]{6}\.){3}ip", host), host
    alice.send(f"PRIVMSG {bob.nick} :x")
    assert bob.expect("PRIVMSG").source.endswith("@" + host), "both come from one address"


# --- MONITOR ---


def test_monitor_tells_who_comes_and_goes(daemon, person):
    alice, bob = everybody(daemon, person)
    alice.send(f"MONITOR + {bob.nick},zoe,zora")
    online = alice.expect_numeric("730").params[1]
    assert online.startswith(bob.nick + "!")
    alice.expect_numeric("731", "zoe,zora")
    bob.send("NICK zoe")
    alice.expect("731", "*", bob.nick)
    assert alice.expect("730", "*").params[1].startswith("zoe!")
    bob.close()
    alice.expect("731", "*", "zoe")
    alice.send("MONITOR C", "MONITOR L")
    alice.expect_numeric("733")


def test_changes_of_the_monitored_are_told(daemon, person):
    alice, bob = everybody(daemon, person, "away-notify", "extended-monitor", "setname")
    alice.send(f"MONITOR + {bob.nick}")
    alice.expect_numeric("730")
    bob.send("AWAY :gone", "SETNAME :Robert")
    assert alice.expect("AWAY", "gone").nick == bob.nick
    assert alice.expect("SETNAME", "Robert").nick == bob.nick


# --- operators ---


def test_password_makes_an_operator_and_is_not_logged(daemon, person):
    alice, bob = everybody(daemon, person)
    make_operator(alice)
    bob.send("OPER root :open sesame!", "OPER root :close sesame", "OPER nobody :open sesame")
    for _ in range(3):
        bob.expect_numeric("464")
    assert "Too many wrong passwords" in bob.expect_end().params[-1]
    wait_until(lambda: len(daemon.log("not an operator")) >= 3, "the log lines")
    assert "sesame" not in daemon.stderr()


def test_kill(daemon, person, channel):
    alice, bob = everybody(daemon, person)
    alice.join(channel)
    bob.join(channel)
    alice.expect("JOIN", channel)
    bob.send(f"KILL {alice.nick} :no")
    bob.expect_numeric("481")
    make_operator(alice)
    alice.send(f"KILL {bob.nick} :enough of it")
    reason = f"Killed ({alice.nick} (enough of it))"
    alice.expect("QUIT", reason)
    bob.expect("KILL", bob.nick, "enough of it")
    assert f"({reason})" in bob.expect_end().params[-1]
    alice.send(f"KILL {bob.nick} :again")
    alice.expect_numeric("401", bob.nick)


def test_kill_ends_a_websocket_too(daemon, person, visitor):
    alice = person("alice", loop=0)
    make_operator(alice)
    bob = visitor("web")
    bob.register("webbob")
    alice.send("KILL webbob :x")
    bob.expect("KILL")
    bob.expect_end()


def test_wallops(daemon, person):
    alice, bob = everybody(daemon, person)
    make_operator(alice)
    bob.send(f"MODE {bob.nick} +w")
    bob.expect("MODE", bob.nick, "+w")
    alice.send("WALLOPS :all is well")
    assert bob.expect("WALLOPS", "all is well").nick == alice.nick
    assert alice.sync() == []


def test_rehash_reads_certificates_again(daemon, person):
    alice, bob = everybody(daemon, person)
    bob.send("REHASH")
    bob.expect_numeric("481")
    make_operator(bob)
    before = len(daemon.log("configuration reloaded"))
    bob.send("REHASH")
    bob.expect_numeric("382")
    wait_until(lambda: len(daemon.log("configuration reloaded")) > before, "the reload")
    assert alice.sync() == []


def test_rehash_reads_the_message_of_the_day_again(start, tmp_path):
    file = tmp_path / "motd"
    file.write_text("old\n", encoding="utf-8")
    daemon = start(f"chat.motd={file}", *SETTINGS)
    people = [Client(daemon.connect_to_loop("irc", i)[0]) for i in range(daemon.loops)]

    def message(client):
        client.send("MOTD")
        return [m.params[-1] for m in client.read_until("376") if m.command == "372"]

    for i, client in enumerate(people):
        client.register(f"reader{i}")
        assert "old" in message(client)[0]
    file.write_text("new\n", encoding="utf-8")
    make_operator(people[0])
    people[0].send("REHASH")
    people[0].expect_numeric("382")
    for client in people:
        wait_until(lambda c=client: "new" in message(c)[0], "the new message")
    file.unlink()
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: daemon.log("the message of the day cannot be used"), "the complaint")
    assert "new" in message(people[-1])[0], "the old one stays"
    for client in people:
        client.close()


def test_stats(daemon, person):
    alice, bob = everybody(daemon, person)
    make_operator(bob)
    alice.send("STATS u", "STATS o")
    assert re.fullmatch(r"Server Up 0 days 0:\d\d:\d\d", alice.expect_numeric("242").params[1])
    alice.expect_numeric("219", "u")
    alice.expect_numeric("481")
    bob.send("STATS o")
    assert bob.nick in [m.params[-1] for m in bob.read_until("219")]


def test_operators_see_addresses(daemon, person):
    alice, bob = everybody(daemon, person)

    def told(client):
        client.send(f"WHOIS {bob.nick}")
        return any("127.0.0.1" in m.params for m in client.read_until("318"))

    assert not told(alice)
    assert told(bob)
    make_operator(alice)
    assert told(alice)
