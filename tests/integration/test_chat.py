"""Chat: channels, messages, topics, modes, nicks, between sessions on different loops."""
import re

import pytest

# --- channels ---


@pytest.mark.short
def test_who_joins_first_is_operator_of_a_channel_that_is_nt(person, channel):
    alice = person("alice")
    alice.send(f"JOIN {channel}")
    joined = alice.expect("JOIN", channel)
    assert re.fullmatch(rf"{alice.nick}!~?{alice.nick}@[a-z0-9.]+\.ip", joined.source)
    assert alice.read_names() == ["@" + alice.nick]
    alice.send(f"MODE {channel}")
    alice.expect_numeric("324", channel, "+nt")


def test_members_see_who_joins_and_leaves(couple, channel):
    alice, bob = couple()
    bob.send(f"PART {channel} :had enough")
    for client in (alice, bob):
        assert client.expect("PART", channel, "had enough").nick == bob.nick
    bob.send(f"PART {channel}")
    bob.expect_numeric("442", channel)
    assert bob.join(channel) == sorted(["@" + alice.nick, bob.nick])
    alice.expect("JOIN", channel)
    bob.send("QUIT :bye")
    assert "bye" in alice.expect("QUIT").params[-1]
    bob.expect_end()


def test_a_lost_connection_is_a_quit(couple):
    alice, bob = couple()
    bob.close()
    assert alice.expect("QUIT").nick == bob.nick


def test_a_quit_is_told_once_to_those_who_share_several_channels(couple, channel):
    alice, bob = couple()
    for client in (alice, bob):
        client.send(f"JOIN {channel}-2")
    alice.read_until("366"), bob.read_until("366")
    bob.sync()
    bob.send("QUIT")
    bob.read_until("ERROR")
    assert [m.command for m in alice.read_until("QUIT")][-1] == "QUIT"
    assert alice.sync() == []


def test_several_channels_can_be_joined_and_left_at_once(person, channel):
    alice = person("alice")
    names = [f"{channel}-a", f"{channel}-b", f"{channel}-c"]
    alice.send("JOIN " + ",".join(names))
    for name in names:
        alice.expect("JOIN", name)
        alice.read_names()
    alice.send("PART " + ",".join(names))
    for name in names:
        alice.expect("PART", name)


def test_joining_again_is_no_news(couple, channel):
    alice, bob = couple()
    bob.send(f"JOIN {channel}")
    assert bob.sync() == []
    bob.send(f"PRIVMSG {channel} :next")
    alice.expect("PRIVMSG")


def test_channels_are_compared_without_regard_to_ascii_case(person):
    alice, bob = person("alice"), person("bob")
    alice.join("#Mixed-żÓŁW")
    bob.send("JOIN #mIXED-żÓŁW")
    bob.expect("JOIN", "#Mixed-żÓŁW")
    assert "@" + alice.nick in bob.read_names()
    alice.expect("JOIN")
    bob.send("JOIN #mixed-żółw")
    bob.expect("JOIN", "#mixed-żółw")


def test_a_channel_that_everybody_left_begins_anew(person, channel):
    alice, bob = person("alice"), person("bob")
    alice.join(channel)
    alice.send(f"TOPIC {channel} :old", f"MODE {channel} -t", f"PART {channel}")
    alice.sync()
    assert bob.join(channel) == ["@" + bob.nick]
    bob.send(f"TOPIC {channel}", f"MODE {channel}")
    bob.expect_numeric("331", channel)
    bob.expect_numeric("324", channel, "+nt")


@pytest.mark.parametrize("line, numeric", [
    ("JOIN", "461"), ("JOIN nothing", "403"), ("PART", "461"), ("PART #nowhere-at-all", "403"),
    ("TOPIC", "461"), ("TOPIC #nowhere-at-all", "403"), ("MODE", "461"),
    ("MODE #nowhere-at-all", "403"), ("MODE #nowhere-at-all +t", "403"),
    ("PRIVMSG", "411"), ("PRIVMSG somebody", "412"), ("PRIVMSG somebody :", "412"),
    ("PRIVMSG nobody-here :hello", "401"), ("TAGMSG", "461"), ("NICK", "431"), ("NICK #x", "432"),
    ("BREW coffee", "421"), ("PING", "461"), ("MODE nobody-here", "502"), ("CAP NONSENSE", "410"),
])
def test_what_is_wrong_has_its_numeric(person, line, numeric):
    alice = person("alice")
    alice.send(line)
    message = alice.read()
    if (line, numeric) == ("PRIVMSG nobody-here :hello", "401"):
        assert message.params[1] == "nobody-here"
    # Numerics that servers choose differently for the same thing.
    same = {"403": {"403", "476"}, "502": {"502", "401"}, "461": {"461", "409", "411"}}
    assert message.command in same.get(numeric, {numeric}), message
    assert message.params[0] == alice.nick


# --- names ---


def test_names_are_listed_with_their_prefixes(couple, channel):
    alice, bob = couple()
    alice.send(f"MODE {channel} +v {bob.nick}")
    bob.expect("MODE", channel, "+v", bob.nick)
    bob.send(f"NAMES {channel}")
    assert bob.read_names() == sorted(["@" + alice.nick, "+" + bob.nick])


def test_names_of_nothing_are_only_their_end(person):
    alice = person("alice")
    alice.send("NAMES #nothing-here")
    alice.expect_numeric("366", "#nothing-here")


def test_many_names_take_many_lines_and_none_is_too_long(daemon, person, visitor, channel):
    crowd = [person("somebody-with-a-long-name") for _ in range(40)]
    for client in crowd:
        client.send(f"JOIN {channel}")
        client.read_until("366")
    crowd[0].sync()
    crowd[0].send(f"NAMES {channel}")
    names, line = [], b""
    while b" 366 " not in line:
        line = crowd[0].lines.read()
        assert len(line) <= 510
        if b" 353 " in line:
            names += line.decode().rpartition(" :")[2].split()
    assert sorted(name.lstrip("@") for name in names) == sorted(client.nick for client in crowd)


# --- messages ---


@pytest.mark.short
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_what_is_said_in_a_channel_is_heard_by_the_others(couple, channel, command):
    alice, bob = couple()
    alice.send(f"{command} {channel} :hello, world")
    heard = bob.expect(command, channel, "hello, world")
    assert heard.nick == alice.nick and heard.tags == {}
    assert alice.sync() == []


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_what_is_said_to_a_nick_is_heard_by_it_alone(couple, command):
    alice, bob = couple()
    alice.send(f"{command} {bob.nick.upper()} ::) two  spaces ")
    bob.expect(command, bob.nick, ":) two  spaces ")
    assert alice.sync() == []


def test_who_asks_for_it_hears_its_own_messages(couple, channel):
    alice, bob = couple("echo-message")
    alice.send(f"PRIVMSG {channel} :one", f"NOTICE {bob.nick} :two", f"PRIVMSG {alice.nick} :three")
    for target, text in ((channel, "one"), (bob.nick, "two")):
        assert alice.read().params == [target, text]
        assert bob.read().params == [target, text]
    assert [m.params[-1] for m in alice.sync()] in (["three", "three"], ["three"])


def test_a_message_may_have_several_targets(couple, person, channel):
    alice, bob = couple()
    carol = person("carol")
    alice.send(f"PRIVMSG {channel},{carol.nick} :to both")
    bob.expect("PRIVMSG", channel, "to both")
    carol.expect("PRIVMSG", carol.nick, "to both")


def test_outsiders_may_not_talk_into_a_channel_unless_it_lets_them(couple, person, channel):
    alice, bob = couple()
    carol = person("carol")
    carol.send(f"PRIVMSG {channel} :let me in")
    carol.expect_numeric("404", channel)
    alice.send(f"MODE {channel} -n")
    for client in (alice, bob):
        assert client.expect("MODE", channel, "-n").nick == alice.nick
    carol.send(f"PRIVMSG {channel} :thanks")
    for client in (alice, bob):
        assert client.expect("PRIVMSG", channel, "thanks").nick == carol.nick


def test_a_notice_is_never_answered(person):
    alice = person("alice")
    alice.send("NOTICE", "NOTICE x", "NOTICE nobody-here :x", "NOTICE #nowhere-at-all :x")
    assert alice.sync() == []


def test_text_is_relayed_as_it_is(couple, channel):
    alice, bob = couple()
    for text in ("żółw 🐢", "\x02bold\x0f \x1b[31m", ":", " ", "x" * 400, "\x01ACTION waves\x01"):
        alice.send(f"PRIVMSG {channel} :{text}")
        assert bob.expect("PRIVMSG", channel).params[1] == text


def test_what_is_relayed_fits_a_line_and_stays_utf8(couple, channel):
    alice, bob = couple()
    text = "ż" * 240
    alice.send(f"PRIVMSG {channel} :{text}")
    line = bob.lines.read()
    assert len(line) <= 510
    heard = line.decode().partition(f"PRIVMSG {channel} :")[2]
    assert heard and text.startswith(heard)


def test_text_that_is_not_utf8_is_refused_and_reaches_nobody(couple, channel):
    alice, bob = couple()
    alice.send(f"PRIVMSG {channel} :caf".encode() + b"\xe9")
    assert alice.read().params[:2] == ["PRIVMSG", "INVALID_UTF8"]
    alice.send(b"\xff\xfe")
    assert alice.read().params[1] == "INVALID_UTF8"
    alice.send(f"PRIVMSG {channel} :café")
    bob.expect("PRIVMSG", channel, "café")


def test_a_line_that_is_too_long_is_417_and_the_next_is_served(couple, channel):
    alice, bob = couple()
    for length in (511, 600, 5000, 100_000):
        start = f"PRIVMSG {channel} :"
        alice.send(start + "x" * (length - len(start)))
        alice.expect_numeric("417")
    alice.send(f"PRIVMSG {channel} :fits")
    bob.expect("PRIVMSG", channel, "fits")


# --- topics ---


def test_operators_set_the_topic_and_who_joins_is_told(couple, person, channel):
    alice, bob = couple()
    bob.send(f"TOPIC {channel}")
    bob.expect_numeric("331", channel)
    bob.send(f"TOPIC {channel} :mine")
    bob.expect_numeric("482", channel)
    alice.send(f"TOPIC {channel} :of interest")
    for client in (alice, bob):
        client.expect("TOPIC", channel, "of interest")
    carol = person("carol")
    carol.send(f"JOIN {channel}")
    carol.expect("JOIN", channel)
    carol.expect_numeric("332", channel, "of interest")
    who, when = carol.expect_numeric("333", channel).params[2:]
    assert who.startswith(alice.nick) and int(when) > 1_600_000_000


def test_with_minus_t_members_may_set_the_topic_and_nobody_else(couple, person, channel):
    alice, bob = couple()
    alice.send(f"MODE {channel} -t")
    bob.expect("MODE", channel, "-t")
    bob.send(f"TOPIC {channel} :mine")
    bob.expect("TOPIC", channel, "mine")
    carol = person("carol")
    carol.send(f"TOPIC {channel} :intruder")
    carol.expect_numeric("442", channel)


def test_an_empty_topic_takes_it_away(couple, channel):
    alice, bob = couple()
    alice.send(f"TOPIC {channel} :something", f"TOPIC {channel} :")
    bob.expect("TOPIC", channel, "something")
    bob.expect("TOPIC", channel, "")
    bob.send(f"TOPIC {channel}")
    bob.expect_numeric("331", channel)


# --- modes ---


def test_operators_make_operators_and_take_it_back(couple, channel):
    alice, bob = couple()
    bob.send(f"MODE {channel} +o {bob.nick}")
    bob.expect_numeric("482", channel)
    alice.send(f"MODE {channel} +o {bob.nick}")
    bob.expect("MODE", channel, "+o", bob.nick)
    alice.expect("MODE", channel, "+o", bob.nick)
    bob.send(f"MODE {channel} -o {alice.nick}")
    alice.expect("MODE", channel, "-o", alice.nick)
    alice.send(f"MODE {channel} +t")
    alice.expect_numeric("482", channel)


def test_several_modes_in_one_line_are_told_in_one_line(couple, channel):
    alice, bob = couple()
    alice.send(f"MODE {channel} -nt+vo {bob.nick} {bob.nick}")
    told = bob.expect("MODE", channel)
    assert told.params[1:] == ["-nt+vo", bob.nick, bob.nick]
    bob.send(f"MODE {channel}")
    bob.expect_numeric("324", channel, "+")


def test_modes_that_are_so_already_are_not_told(couple, channel):
    alice, bob = couple()
    alice.send(f"MODE {channel} +nt", f"MODE {channel} -v {bob.nick}", f"PRIVMSG {channel} :next")
    bob.expect("PRIVMSG", channel, "next")


@pytest.mark.parametrize("change, numeric", [
    ("+o nobody-here", "401"), ("+x", "472"), ("+o", "461"), ("+v", "461"), ("+ż", "472"),
])
def test_modes_that_make_no_sense_have_their_numeric(person, channel, change, numeric):
    alice = person("alice")
    alice.join(channel)
    alice.send(f"MODE {channel} {change}")
    alice.expect_numeric(numeric)


def test_roles_are_for_members(couple, person, channel):
    alice, _ = couple()
    carol = person("carol")
    alice.send(f"MODE {channel} +v {carol.nick}")
    alice.expect_numeric("441", carol.nick, channel)


def test_users_have_modes_of_their_own(person):
    alice, bob = person("alice"), person("bob")
    alice.send(f"MODE {alice.nick}")
    alice.expect_numeric("221")
    alice.send(f"MODE {bob.nick} +i")
    alice.expect_numeric("502")
    alice.send(f"MODE {alice.nick} +X")
    alice.expect_numeric("501")


# --- nicks ---


def test_a_change_of_nick_is_told_once_to_all_who_share_a_channel(couple, channel):
    alice, bob = couple()
    for client in (alice, bob):
        client.send(f"JOIN {channel}-2")
        client.read_until("366")
    alice.expect("JOIN", f"{channel}-2")
    renamed = f"{bob.nick}-renamed"
    bob.send(f"NICK {renamed}")
    for client in (alice, bob):
        assert client.expect("NICK", renamed).nick == bob.nick
    bob.nick = renamed
    assert alice.sync() == []
    alice.send(f"PRIVMSG {renamed} :hello")
    bob.expect("PRIVMSG", renamed, "hello")


def test_a_nick_that_is_taken_cannot_be_taken_and_its_own_case_can_be_changed(couple):
    alice, bob = couple()
    bob.send(f"NICK {alice.nick}")
    bob.expect_numeric("433", alice.nick)
    bob.send(f"NICK {bob.nick.upper()}")
    bob.expect("NICK", bob.nick.upper())
    alice.expect("NICK", bob.nick.upper())


def test_a_nick_that_was_given_up_is_free(person):
    alice, bob = person("alice"), person("bob")
    old = alice.nick
    alice.send(f"NICK {old}-x")
    alice.expect("NICK", f"{old}-x")
    bob.send(f"NICK {old}")
    bob.expect("NICK", old)
