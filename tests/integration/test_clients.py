"""Chat with IRC clients that were not written here: what they send is understood, and what they
are sent they understand and show to their users."""
import itertools

import pytest

import clients
from clients import Ii, IrcFramework, Irssi, Weechat

numbers = itertools.count(1)


@pytest.fixture
def foreign(daemon, tmp_path):
    """Starts clients that are registered, under a nick that begins with their name."""
    started = []

    def make(kind, listener="irc"):
        nick = f"{kind.__name__.lower()}-{next(numbers)}"
        started.append(kind(daemon, tmp_path, nick, listener))
        started[-1].sees("welcome", nick=nick)
        return started[-1]

    yield make
    for client in started:
        client.stop()


@pytest.fixture(params=clients.ALL, ids=lambda client: client.__name__)
def pair(request, foreign, person, channel):
    """One of ours, who is an operator, and one of every kind, in one channel."""
    us, they = person("us"), foreign(request.param)
    us.join(channel)
    us.send(f"TOPIC {channel} :żółte kwiaty")
    us.sync()
    they.join(channel)
    assert us.read_until("JOIN")[-1].nick == they.nick
    they.sees("joined", nick=they.nick, channel=channel)
    return us, they


@pytest.fixture
def op(pair, channel):
    """The pair, both operators."""
    us, they = pair
    us.send(f"MODE {channel} +o {they.nick}")
    they.sees("op", nick=they.nick, channel=channel)
    return pair


def test_it_sees_the_topic_and_who_is_there(pair, channel):
    us, they = pair
    they.sees("topic", channel=channel, text="żółte kwiaty")
    they.names(channel)
    they.sees("name", nick=us.nick, channel=channel)


def test_it_talks_in_a_channel_and_in_private(pair, channel):
    us, they = pair
    us.send(f"PRIVMSG {channel} :zażółć : 1", f"PRIVMSG {they.nick} :gęślą : 2")
    they.sees("said", nick=us.nick, text="zażółć : 1")
    they.sees("said", nick=us.nick, text="gęślą : 2")
    they.say(channel, "jaźń : 3")
    they.say(us.nick, "łódź : 4")
    said = [us.read_until("PRIVMSG")[-1] for _ in range(2)]
    assert [(m.nick, m.params) for m in said] == \
        [(they.nick, [channel, "jaźń : 3"]), (they.nick, [us.nick, "łódź : 4"])]


def test_it_sets_the_topic_as_an_operator(op, channel):
    us, they = op
    they.set_topic(channel, "a new one")
    they.sees("set topic", nick=they.nick, channel=channel, text="a new one")
    assert us.read_until("TOPIC")[-1].params == [channel, "a new one"]
    us.send(f"TOPIC {channel} :ours")
    they.sees("set topic", nick=us.nick, channel=channel, text="ours")


def test_it_changes_its_nick_and_sees_others_change_theirs(pair, channel):
    us, they = pair
    old, new = us.nick, f"{us.nick}-new"
    us.send(f"NICK {new}")
    they.sees("renamed", nick=old, new=new)
    assert us.read_until("NICK")[-1].nick == old
    old, new = they.nick, f"{they.nick}-new"
    they.rename(new)
    they.sees("renamed", nick=old, new=new)
    message = us.read_until("NICK")[-1]
    assert (message.nick, message.params) == (old, [new])
    they.say(channel, "it is me")
    assert us.read_until("PRIVMSG")[-1].nick == new


def test_it_leaves_and_sees_others_leave(pair, channel, person):
    us, they = pair
    other = person("other")
    other.join(channel)
    they.sees("joined", nick=other.nick, channel=channel)
    other.send("QUIT :bye")
    they.sees("quit", nick=other.nick)
    us.send(f"PART {channel} :for a moment")
    they.sees("left", nick=us.nick, channel=channel)
    us.read_until("PART")
    us.join(channel)
    they.part(channel)
    assert us.read_until("PART")[-1].nick == they.nick
    they.join(channel)
    assert us.read_until("JOIN")[-1].nick == they.nick
    they.quit()
    assert us.read_until("QUIT")[-1].nick == they.nick
    they.expect_exit()


def test_it_asks_about_people_and_channels(pair, channel):
    us, they = pair
    us.send("AWAY :gone fishing")
    us.sync()
    they.whois(us.nick)
    they.sees("whois", nick=us.nick, name=f"{us.nick} of the tests")
    they.sees("is away", nick=us.nick, text="gone fishing")
    they.who(channel)
    they.sees("who", channel=channel, nick=us.nick)
    they.list()
    they.sees("listed", channel=channel, count="2", text="żółte kwiaty")


def test_it_is_away_and_back(pair):
    us, they = pair
    they.away("gone fishing")
    they.sees("away")
    us.send(f"PRIVMSG {they.nick} :are you there?")
    assert us.read_until("301")[-1].params[1:] == [they.nick, "gone fishing"]
    they.away()
    they.sees("back")


def test_it_bans(op, channel, visitor):
    us, they = op
    they.ban(channel, "troll!*@*")
    message = us.read_until("MODE")[-1]  # of the operator
    message = us.read_until("MODE")[-1]
    assert (message.nick, message.params) == (they.nick, [channel, "+b", "troll!*@*"])
    they.bans(channel)
    they.sees("ban", channel=channel, mask="troll!*@*", nick=they.nick)
    troll = visitor()
    troll.register("troll")
    troll.send(f"JOIN {channel}")
    troll.expect_numeric("474", channel)


def test_it_kicks_and_is_kicked(op, channel, person):
    us, they = op
    other = person("other")
    other.join(channel)
    they.sees("joined", nick=other.nick, channel=channel)
    they.kick(channel, other.nick, "out of here")
    message = other.read_until("KICK")[-1]
    assert (message.nick, message.params) == (they.nick, [channel, other.nick, "out of here"])
    they.sees("kicked", nick=they.nick, who=other.nick, text="out of here")
    us.send(f"KICK {channel} {they.nick} :you too")
    they.sees("kicked", nick=us.nick, who=they.nick, text="you too")


def test_it_invites_and_is_invited(op, channel, person):
    us, they = op
    other = person("other")
    they.invite(channel, other.nick)
    message = other.expect("INVITE")
    assert (message.nick, message.params) == (they.nick, [other.nick, channel])
    they.sees("invited", nick=they.nick, who=other.nick, channel=channel)
    other.join(f"{channel}-other")
    other.send(f"INVITE {they.nick} {channel}-other")
    they.sees("invitation", nick=other.nick, channel=f"{channel}-other")


@pytest.mark.parametrize("kind", [kind for kind in clients.ALL if kind.HAS_TLS],
                         ids=lambda kind: kind.__name__)
def test_it_talks_over_tls(foreign, person, channel, kind):
    us, they = person("us"), foreign(kind, "irctls")
    us.join(channel)
    they.join(channel)
    us.expect("JOIN", channel)
    us.send(f"PRIVMSG {channel} :hello")
    they.sees("said", nick=us.nick, text="hello")
    they.say(channel, "hello to you")
    assert us.expect("PRIVMSG", channel, "hello to you").nick == they.nick


def test_strangers_meet(foreign, channel):
    """All kinds in one channel, some over TLS; each hears each."""
    all_of_them = [foreign(Irssi), foreign(Weechat, "irctls"), foreign(Ii),
                   foreign(IrcFramework, "irctls")]
    for client in all_of_them:
        client.join(channel)
        for witness in all_of_them[:all_of_them.index(client) + 1]:
            witness.sees("joined", nick=client.nick, channel=channel)
    for client in all_of_them:
        client.say(channel, f"it is {client.nick} : here")
    for speaker, hearer in itertools.permutations(all_of_them, 2):
        hearer.sees("said", nick=speaker.nick, text=f"it is {speaker.nick} : here")
