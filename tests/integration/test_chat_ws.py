"""Chat over WebSocket, and members of one channel on every transport."""
import pytest

from irc import Client, WebSocketLines
from ws_raw import BINARY, CLOSE, TEXT, WebSocket, close_frame, frame

TEXT_PROTOCOL, BINARY_PROTOCOL = "text.ircv3.net", "binary.ircv3.net"


def protocols(*names):
    return [f"Sec-WebSocket-Protocol: {name}" for name in names]


def test_members_on_every_transport_hear_each_other(daemon, channel):
    transports = {
        "tcp": daemon.connect("irc"),
        "tcp6": daemon.connect("six"),
        "auto": daemon.connect("web"),
        "tls": daemon.connect("irctls"),
        "autotls": daemon.connect("webtls"),
        "text": WebSocketLines(daemon.connect("web"), "/chat", *protocols(TEXT_PROTOCOL)),
        "binary": WebSocketLines(daemon.connect("web"), "/", *protocols(BINARY_PROTOCOL)),
        "wss": WebSocketLines(daemon.connect("webtls"), "/chat"),
    }
    people = {name: Client(lines) for name, lines in transports.items()}
    for name, client in people.items():
        client.register(f"on-{name}", "message-tags", "server-time")
        client.join(channel)
    for name, client in people.items():
        client.send(f"PRIVMSG {channel} :żółw of {name}")
        others = [other for other in people.values() if other is not client]
        heard = [other.read_until("PRIVMSG")[-1] for other in others]
        assert {message.params[1] for message in heard} == {f"żółw of {name}"}
        assert len({(m.tags["msgid"], m.tags["time"]) for m in heard}) == 1
    for client in people.values():
        client.close()


@pytest.fixture
def webby(daemon, person, channel):
    """A member over WebSocket, and one over TCP that hears it."""
    listener = person("listener")
    listener.join(channel)
    with Client(WebSocketLines(daemon.connect("web"))) as client:
        client.register(f"webby-{channel[1:]}")
        client.join(channel)
        listener.expect("JOIN")
        yield client, listener


def test_a_line_may_come_in_fragments_with_control_frames_between(webby, channel):
    client, listener = webby
    client.lines.ws.send(frame(TEXT, b"PRIVMSG ", fin=False), frame(9, b"?"),
                         frame(0, f"{channel} ".encode(), fin=False), frame(0, b":pieces"))
    assert client.lines.ws.read().opcode == 10
    listener.expect("PRIVMSG", channel, "pieces")


def test_binary_and_text_are_both_understood_with_or_without_line_ends(webby, channel):
    client, listener = webby
    for number, opcode in enumerate((TEXT, BINARY)):
        for end in ("", "\n", "\r\n"):
            client.lines.ws.send(frame(opcode, f"PRIVMSG {channel} :{number}{end}".encode()))
            listener.expect("PRIVMSG", channel, str(number))


def test_binary_where_text_was_agreed_on_is_closed_with_1003(daemon):
    lines = WebSocketLines(daemon.connect("web"), "/chat", *protocols(TEXT_PROTOCOL))
    with Client(lines) as client:
        client.register("texter")
        client.lines.ws.send(frame(BINARY, b"PING :x"))
        client.lines.ws.expect_close(1003)


def test_two_lines_in_one_message_are_not_two_lines(webby, channel):
    client, listener = webby
    client.send(f"PRIVMSG {channel} :one\r\nPRIVMSG {channel} :two", f"PRIVMSG {channel} :three")
    listener.expect("PRIVMSG", channel, "three")


def test_a_line_that_is_too_long_is_417(webby, channel):
    client, listener = webby
    client.send(f"PRIVMSG {channel} :" + "x" * 600)
    client.expect_numeric("417")
    client.send(f"PRIVMSG {channel} :fits")
    listener.expect("PRIVMSG", channel, "fits")


def test_text_that_is_not_utf8_is_closed_and_binary_that_is_not_is_refused(daemon, webby):
    client, listener = webby
    client.lines.ws.send(frame(BINARY, b"PRIVMSG x :\xff"))
    assert client.read().params[1] == "INVALID_UTF8"
    client.lines.ws.send(frame(TEXT, b"PRIVMSG x :\xff"))
    client.lines.ws.expect_close(1007)
    assert listener.expect("QUIT").nick == client.nick


def test_quit_closes_in_good_order(webby):
    client, listener = webby
    client.send("QUIT :bye")
    client.expect("ERROR")
    client.lines.ws.expect_close(1000)
    listener.expect("QUIT")


def test_a_close_is_answered_and_is_a_quit(webby):
    client, listener = webby
    client.lines.ws.send(close_frame(1001))
    part = client.lines.ws.read()
    assert (part.opcode, part.payload[:2]) == (CLOSE, b"\x03\xe9")
    listener.expect("QUIT")


def test_many_lines_are_answered_one_message_each(webby, channel):
    client, listener = webby
    client.lines.ws.send(*[frame(TEXT, f"PRIVMSG {channel} :{n}".encode()) for n in range(1000)])
    for number in range(1000):
        listener.expect("PRIVMSG", channel, str(number))
    listener.send(*[f"PRIVMSG {channel} :{n}" for n in range(1000)])
    for number in range(1000):
        client.expect("PRIVMSG", channel, str(number))


def test_echo_is_not_chat(daemon):
    with WebSocket(daemon.connect("web"), "/echo") as ws:
        ws.send(frame(TEXT, b"NICK x"))
        assert ws.read().payload == b"NICK x"


def test_a_silent_client_is_pinged_and_closed_if_it_does_not_answer(start):
    daemon = start("chat.ping_seconds=1")
    lines = WebSocketLines(daemon.connect("web"), "/chat", *protocols(TEXT_PROTOCOL))
    with Client(lines) as client:
        client.register("quiet")
        assert b"PING " in lines.read()
        client.send("PONG :here")
        assert b"PING " in lines.read()
        assert b"Ping timeout" in lines.read()
        assert lines.read() is None
