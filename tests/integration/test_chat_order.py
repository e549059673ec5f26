"""Chat: tags, and the order in which sessions on different loops see what happens."""
import datetime
import re
import threading

import pytest


ALL = ("server-time", "message-tags", "echo-message")


# --- tags ---


def test_tags_are_for_who_asked_for_them(daemon, couple, person, channel):
    alice, bob = couple()
    timed, tagged = person("timed", "server-time", loop=0), person("tagged", "message-tags")
    for client in (timed, tagged):
        client.join(channel)
    alice.send(f"PRIVMSG {channel} :hello")
    assert bob.read_until("PRIVMSG")[-1].tags == {}
    assert set(timed.read_until("PRIVMSG")[-1].tags) == {"time"}
    assert set(tagged.read_until("PRIVMSG")[-1].tags) == {"msgid"}


def test_times_are_utc_with_milliseconds_and_true(couple, channel):
    alice, bob = couple("server-time")
    alice.send(f"PRIVMSG {channel} :hello")
    time = bob.expect("PRIVMSG").tags["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(time)
    assert abs(age.total_seconds()) < 60


def test_all_who_hear_a_message_see_the_same_id_and_time(daemon, person, channel):
    people = [person("someone", *ALL, loop=number % daemon.loops) for number in range(6)]
    for client in people:
        client.join(channel)
    for client in people:
        client.sync()
    people[0].send(f"PRIVMSG {channel} :one", f"PRIVMSG {channel} :two")
    seen = []
    for client in people:
        messages = [client.read_until("PRIVMSG")[-1], client.read_until("PRIVMSG")[-1]]
        seen.append([(m.params[-1], m.tags["msgid"], m.tags["time"]) for m in messages])
    assert all(own == seen[0] for own in seen)
    assert seen[0][0][1] != seen[0][1][1], "two messages share an id"


def test_clients_tags_travel_and_all_others_do_not(couple, channel):
    alice, bob = couple("message-tags")
    alice.send("@+typing=active;+example.org/a=b\\sc;time=fake;msgid=fake;plain=x "
               f"PRIVMSG {channel} :hi")
    tags = bob.expect("PRIVMSG", channel, "hi").tags
    assert tags["+typing"] == "active"
    assert tags["+example.org/a"] == "b\\sc"
    assert set(tags) == {"+typing", "+example.org/a", "msgid"}
    assert tags["msgid"] != "fake"


def test_a_tagmsg_reaches_only_who_knows_tags(couple, person, channel):
    alice, bob = couple("message-tags")
    plain = person("plain")
    plain.join(channel)
    alice.read_until("JOIN"), bob.read_until("JOIN")
    alice.send(f"@+typing=active TAGMSG {channel}", f"PRIVMSG {channel} :next")
    heard = bob.expect("TAGMSG", channel)
    assert heard.tags["+typing"] == "active" and heard.params == [channel]
    bob.expect("PRIVMSG", channel, "next")
    plain.expect("PRIVMSG", channel, "next")


def test_tags_of_who_did_not_ask_for_them_do_not_travel(couple, person, channel):
    alice, bob = couple()
    tagged = person("tagged", "message-tags")
    tagged.join(channel)
    alice.send(f"@+typing=active PRIVMSG {channel} :hi")
    assert set(tagged.read_until("PRIVMSG")[-1].tags) == {"msgid"}


def test_tags_have_room_of_their_own(couple, channel):
    alice, bob = couple("message-tags")
    value = "x" * 4000
    alice.send(f"@+long={value} PRIVMSG {channel} :" + "y" * 400)
    heard = bob.expect("PRIVMSG", channel, "y" * 400)
    assert heard.tags["+long"] == value
    alice.send("@+long=" + "x" * 4095 + f" PRIVMSG {channel} :too long")
    alice.expect_numeric("417")


# --- order ---


def test_pong_does_not_overtake_what_the_hub_still_owes(couple, channel):
    alice, _ = couple("echo-message")
    expected = []
    for number in range(50):
        alice.send(f"PRIVMSG {channel} :{number}", f"NAMES {channel}", f"PING {number}", "BREW")
        expected += [("PRIVMSG", str(number)), ("353", None), ("366", None), ("PONG", str(number)),
                     ("421", None)]
    for command, text in expected:
        message = alice.read()
        assert message.command == command
        assert text is None or message.params[-1] == text


def test_everybody_sees_a_channel_in_the_same_order(daemon, person, channel):
    count, each = 8, 100
    people = [person("talker", *ALL, loop=number % daemon.loops) for number in range(count)]
    for client in people:
        client.join(channel)
    for client in people:
        client.sync()

    def talk(client):
        client.send("\r\n".join(f"PRIVMSG {channel} :{n}" for n in range(each)).encode())

    heard = [[] for _ in people]

    def listen(client, messages):
        while len(messages) < count * each:
            message = client.read()
            if message.command == "PRIVMSG":
                messages.append((message.nick, message.params[1], message.tags["msgid"],
                                 message.tags["time"]))

    threads = [threading.Thread(target=talk, args=[client]) for client in people]
    threads += [threading.Thread(target=listen, args=pair) for pair in zip(people, heard)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == heard[0] for own in heard)
    assert len({msgid for _, _, msgid, _ in heard[0]}) == count * each
    times = [time for _, _, _, time in heard[0]]
    assert times == sorted(times)
    for client in people:
        own = [text for nick, text, _, _ in heard[0] if nick == client.nick]
        assert own == [str(n) for n in range(each)], "somebody's own order"


def test_joins_and_messages_stay_in_order_for_who_joins(daemon, person, channel):
    """Whoever is in the list of names was not announced after it, and the other way round."""
    first = person("first", loop=0)
    first.join(channel)
    for number in range(20):
        client = person("next", loop=(number + 1) % daemon.loops)
        names = client.join(channel)
        assert client.nick in names and "@" + first.nick in names
        assert len(names) == number + 2
        assert first.expect("JOIN", channel).nick == client.nick


# --- how lines come ---


@pytest.mark.short
def test_thousands_of_lines_in_one_segment_are_all_served_in_order(couple, channel):
    alice, bob = couple()
    count = 3000
    sender = threading.Thread(target=alice.lines.send, args=[
        b"\r\n".join(f"PRIVMSG {channel} :{n}".encode() for n in range(count))])
    sender.start()
    for number in range(count):
        bob.expect("PRIVMSG", channel, str(number))
    sender.join()


def test_a_line_may_come_byte_by_byte(couple, channel):
    alice, bob = couple()
    for byte in f"PRIVMSG {channel} :żółw\r\n".encode():
        alice.lines.sock.sendall(bytes([byte]))
    bob.expect("PRIVMSG", channel, "żółw")


def test_a_line_may_end_without_a_carriage_return_and_empty_ones_are_passed_over(couple, channel):
    alice, bob = couple()
    alice.send(f"\r\n\n\r\nPRIVMSG {channel} :one\n\nPRIVMSG {channel} :two\n")
    bob.expect("PRIVMSG", channel, "one")
    bob.expect("PRIVMSG", channel, "two")
