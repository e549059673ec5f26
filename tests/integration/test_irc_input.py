"""What lines may be, over TCP and over WebSocket: their limits, their bytes, their pieces."""
import pytest

from irc import Client, WebSocketLines
from ws_raw import TEXT, frame

TAGS_DATA_MAX = 4094  # between the '@' and the space (IRCv3 message-tags)
REST_MAX = 510


@pytest.fixture(params=["tcp", "tls", "websocket"])
def talker(request, daemon, person, channel):
    """A client over that transport, and a member of its channel who listens, both with tags."""
    listener = person("listener", "message-tags")
    listener.join(channel)
    if request.param == "websocket":
        client = Client(WebSocketLines(daemon.connect("webtls"), "/chat"))
    else:
        client = Client(daemon.connect({"tcp": "irc", "tls": "irctls"}[request.param]))
    with client:
        client.register(listener.nick.replace("listener", "talker"), "message-tags")
        client.join(channel)
        listener.expect("JOIN", channel)
        yield client, listener


def raw(client, *lines):
    """The bytes that these lines are on the client's transport."""
    if isinstance(client.lines, WebSocketLines):
        return b"".join(frame(TEXT, line) for line in lines)
    return b"".join(line + b"\r\n" for line in lines)


def sendall(client, data):
    sock = client.lines.ws.sock if isinstance(client.lines, WebSocketLines) else client.lines.sock
    sock.sendall(data)


def test_tags_of_4094_bytes_pass_whole_and_one_more_is_417(talker, channel):
    client, listener = talker
    value = "x" * (TAGS_DATA_MAX - len("+long="))
    client.send(f"@+long={value} PRIVMSG {channel} :fits")
    heard = listener.expect("PRIVMSG", channel, "fits")
    assert heard.tags["+long"] == value
    client.send(f"@+long={value}x PRIVMSG {channel} :too long")
    client.expect_numeric("417")
    assert listener.sync() == []


def test_the_rest_may_have_510_bytes_beside_the_tags_and_one_more_is_417(talker):
    client, _ = talker
    tags = "@+long=" + "x" * (TAGS_DATA_MAX - len("+long=")) + " "
    for start in ("", tags):
        client.send(start + "PING :" + "x" * (REST_MAX - len("PING :")))
        assert client.expect("PONG").params[-1].startswith("xxx")
        client.send(start + "PING :" + "x" * (REST_MAX - len("PING :") + 1))
        client.expect_numeric("417")


def test_nul_is_refused_and_reaches_nobody(talker, channel):
    client, listener = talker
    client.send(f"PRIVMSG {channel} :a\0b")
    assert client.expect("FAIL").params[1] == "INVALID_LINE"
    client.send("\0")
    assert client.expect("FAIL").params[1] == "INVALID_LINE"
    assert listener.sync() == []


def test_a_byte_at_a_time_is_as_good_as_whole(talker, channel):
    client, listener = talker
    for byte in raw(client, f"@+t=ż PRIVMSG {channel} :żółw 🐢".encode()):
        sendall(client, bytes([byte]))
    heard = listener.expect("PRIVMSG", channel, "żółw 🐢")
    assert heard.tags["+t"] == "ż"


def test_hundreds_of_lines_in_one_segment_arrive_in_order(talker, channel):
    client, listener = talker
    lines = [f"PRIVMSG {channel} :{number}".encode() for number in range(600)]
    sendall(client, raw(client, *lines, b"PING :done"))
    for number in range(600):
        assert listener.expect("PRIVMSG", channel).params[-1] == str(number)
    assert client.expect("PONG").params[-1] == "done"


def test_no_message_is_cut_inside_a_code_point(talker, channel):
    client, listener = talker
    for text in ("ż" * 300, "🐢" * 200, "a" + "🐢" * 200):
        start = f"PRIVMSG {channel} :"
        room = REST_MAX - len(start)
        said = text.encode()[:room].decode(errors="ignore")
        client.send(start + said)
        line = listener.lines.read()
        rest = line.partition(b" ")[2]
        assert len(rest) <= REST_MAX
        heard = rest.decode().partition(start)[2]
        assert heard and said.startswith(heard)


def test_empty_lines_and_odd_spaces_are_nothing_or_one_line(talker):
    client, _ = talker
    if not isinstance(client.lines, WebSocketLines):
        sendall(client, b"\r\n\n\r\n\n")
    client.send("  PING   :x")  # a leading space is no command
    message = client.read()
    assert message.command in ("PONG", "FAIL"), message
    client.send("PING   one")
    assert client.expect("PONG").params[-1] == "one"


def test_params_beyond_the_fifteenth_are_its_text(talker):
    client, _ = talker
    client.send("PING " + " ".join(str(number) for number in range(20)))
    assert client.expect("PONG").params[-1] == "0"
