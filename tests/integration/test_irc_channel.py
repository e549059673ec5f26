"""Channels: their modes and doors, KICK, INVITE, who hears what; members on different loops."""
import pytest


@pytest.fixture
def room(person, couple, channel):
    """An operator, a member and somebody outside."""

    def make(*caps):
        return *couple(*caps), person("carol", *caps)

    return make


def told(clients, *expected):
    for client in clients:
        client.expect(*expected)


@pytest.mark.short
def test_modes_with_params_are_set_told_and_kept(room, channel):
    alice, bob, carol = room()
    alice.send(f"MODE {channel} +kl-n secret 3")
    told((alice, bob), "MODE", channel, "+kl-n", "secret", "3")
    bob.send(f"MODE {channel}")
    bob.expect_numeric("324", channel, "+klt", "secret", "3")
    bob.expect_numeric("329", channel)
    carol.send(f"MODE {channel}")
    carol.expect_numeric("324", channel, "+klt", "*", "3")
    carol.expect_numeric("329", channel)
    carol.send(f"JOIN {channel}")
    carol.expect_numeric("475", channel)
    carol.send(f"JOIN {channel} secret")
    carol.expect("JOIN", channel)


@pytest.mark.parametrize("modes, numeric", [("+b carol*", "474"), ("+i", "473"), ("+k key", "475"),
                                            ("+l 2", "471")])
def test_door_is_closed_until_one_is_invited(room, channel, modes, numeric):
    alice, bob, carol = room()
    alice.send(f"MODE {channel} {modes}")
    told((alice, bob), "MODE", channel)
    carol.send(f"JOIN {channel}")
    carol.expect_numeric(numeric, channel)
    alice.send(f"INVITE {carol.nick} {channel}")
    alice.expect_numeric("341", carol.nick, channel)
    assert carol.expect("INVITE", carol.nick, channel).nick == alice.nick
    carol.send("INVITE")
    carol.expect_numeric("336", channel)
    carol.expect_numeric("337")
    assert carol.nick in carol.join(channel)
    told((alice, bob), "JOIN", channel)


def test_bans_are_listed_and_taken_away(room, channel):
    alice, bob, carol = room()
    alice.send(f"MODE {channel} +bbe a *!b@c {bob.nick}")
    masks = ["a!*@*", "*!b@c", f"{bob.nick}!*@*"]
    told((alice, bob), "MODE", channel, "+bbe", *masks)
    for client in (bob, carol):
        client.send(f"MODE {channel} b")
        for mask in masks[:2]:
            row = client.expect_numeric("367", channel, mask)
            assert row.params[3].startswith(alice.nick + "!") and int(row.params[4]) > 1e9
        client.expect_numeric("368", channel)
    bob.send(f"MODE {channel} e")
    bob.expect_numeric("482", channel)
    alice.send(f"MODE {channel} -bb+l A *!b@c x")
    alice.expect_numeric("696", channel, "l", "x")
    told((alice, bob), "MODE", channel, "-bb", *masks[:2])


def test_who_is_banned_or_has_no_voice_is_quiet(couple, channel):
    alice, bob = couple()
    for modes in ("+m", "-m+b *!*@*"):
        alice.send(f"MODE {channel} {modes}")
        told((alice, bob), "MODE", channel)
        bob.send(f"PRIVMSG {channel} :hello")
        bob.expect_numeric("404", channel)
    alice.send(f"MODE {channel} +v {bob.nick}")
    told((alice, bob), "MODE", channel, "+v", bob.nick)
    bob.send(f"PRIVMSG {channel} :hello")
    alice.expect("PRIVMSG", channel, "hello")


@pytest.mark.short
def test_kick_is_heard_by_all_on_every_loop(room, channel):
    alice, bob, carol = room()
    carol.join(channel)
    told((alice, bob), "JOIN", channel)
    bob.send(f"KICK {channel} {alice.nick}")
    bob.expect_numeric("482", channel)
    alice.send(f"KICK {channel} {bob.nick},nobody,{carol.nick} :good bye")
    for nick in (bob.nick, carol.nick):
        told((carol,), "KICK", channel, nick, "good bye")
    bob.expect("KICK", channel, bob.nick, "good bye")
    told((alice,), "KICK", channel, bob.nick, "good bye")
    alice.expect_numeric("401", "nobody")
    told((alice,), "KICK", channel, carol.nick, "good bye")
    alice.send(f"PRIVMSG {channel} :alone")
    alice.sync()
    assert bob.sync() == [] and carol.sync() == []


def test_those_with_a_role_can_be_spoken_to(room, channel):
    alice, bob, carol = room("echo-message")
    carol.join(channel)
    told((alice, bob), "JOIN", channel)
    carol.send(f"PRIVMSG @{channel} :help")
    told((alice, carol), "PRIVMSG", f"@{channel}", "help")
    assert bob.sync() == []


def test_join_0_leaves_all(couple, channel):
    alice, bob = couple()
    bob.join(channel + "-2")
    bob.send("JOIN 0")
    told((bob,), "PART", channel)
    told((bob,), "PART", channel + "-2")
    alice.expect("PART", channel)


def test_secret_channel_shows_itself_to_members(room, channel):
    alice, bob, carol = room()
    alice.send(f"MODE {channel} +s")
    told((alice, bob), "MODE", channel, "+s")
    bob.send(f"NAMES {channel}")
    assert bob.expect_numeric("353", "@", channel)
    bob.expect_numeric("366", channel)
    carol.send(f"NAMES {channel}", f"TOPIC {channel}", f"MODE {channel}")
    carol.expect_numeric("366", channel)
    carol.expect_numeric("403", channel)
    carol.expect_numeric("403", channel)


def test_each_session_hears_a_join_in_the_form_it_asked_for(person, channel):
    extended, plain = person("ext", "extended-join"), person("plain")
    extended.join(channel)
    plain.join(channel)
    carol = person("carol", "no-implicit-names", "extended-join")
    extended.expect("JOIN", channel, "*", f"{plain.nick} of the tests")
    carol.send(f"JOIN {channel}")
    for client in (extended, carol):
        client.expect("JOIN", channel, "*", f"{carol.nick} of the tests")
    assert plain.expect("JOIN").params == [channel]
    assert carol.sync() == []


def test_names_show_roles_and_hosts_as_asked_for(couple, person, channel):
    alice, bob = couple()
    carol = person("carol", "multi-prefix", "userhost-in-names")
    carol.join(channel)
    alice.send(f"MODE {channel} +v {alice.nick}")
    carol.expect("MODE", channel)
    carol.send(f"NAMES {channel}")
    names = carol.read_names()
    assert any(name.startswith(f"@+{alice.nick}!~{alice.nick}@") for name in names), names
    assert any(name.startswith(f"{bob.nick}!") for name in names), names
    bob.read_until("MODE")
    bob.send(f"NAMES {channel}")
    assert "@" + alice.nick in bob.read_names()


def test_invitations_are_news_to_those_who_ask(couple, person, channel):
    alice, bob = couple("invite-notify")
    carol = person("carol")
    alice.send(f"INVITE {carol.nick} {channel}")
    for client in (bob, carol):
        assert client.expect("INVITE", carol.nick, channel).nick == alice.nick
    alice.expect_numeric("341", carol.nick, channel)
    assert alice.sync() == []
