"""Chat with permessage-deflate (RFC 7692): a message is compressed once for all who want it alike, and
what clients say compressed is understood, within the bounds of a chat."""
import random

import pytest

from irc import Client, WebSocketLines
from simuld import wait_until
from ws_deflated import OFFER, RSV1, Deflated, DeflatedLines, prose
from ws_raw import BINARY, CONTINUATION, TEXT, frame

SETTINGS = ["ws.deflate=on"]
LINE = prose(300).decode().strip()


@pytest.fixture
def member(daemon, channel):
    """Makes members of a channel on one loop; they are deflated if there is an offer."""
    made = []

    def make(offer=OFFER, caps=(), protocol=None, loop=0):
        headers = [] if protocol is None else [f"Sec-WebSocket-Protocol: {protocol}.ircv3.net"]
        sock = daemon.connect_to_loop("web", loop)[0]
        if offer is None:
            lines = WebSocketLines(sock, "/chat", *headers)
        else:
            lines = DeflatedLines(sock, "/chat", *headers, offer=offer)
        client = Client(lines)
        client.register(f"m{len(made)}-{channel[1:]}", *caps)
        client.join(channel)
        for other in made:
            other.expect("JOIN")
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def hear(client, text):
    """Reads the next message, a PRIVMSG of this; whether it came compressed, and became shorter."""
    message = client.read()
    assert (message.command, message.params[-1]) == ("PRIVMSG", text)
    ws = client.lines.ws
    return getattr(ws, "was_compressed", False) and not ws.was_stored


def compressions(daemon):
    return daemon.metric("simul_deflated_messages_total")


def test_a_message_is_compressed_once_for_all_that_want_it_alike(daemon, member, channel):
    listeners = [member() for _ in range(5)]
    plain, speaker = member(offer=None), member(offer=None)
    before = compressions(daemon)
    for _ in range(3):
        speaker.send(f"PRIVMSG {channel} :{LINE}")
        assert all(hear(client, LINE) for client in listeners)
        assert not hear(plain, LINE)
    assert compressions(daemon) == before + 3


def test_what_is_short_is_not_compressed(daemon, member, channel):
    """libwebsockets 4.1 hears a message for ever that does not come compressed (see ws_clients.py)."""
    listener, speaker = member(), member()
    before = compressions(daemon)
    speaker.send(f"PRIVMSG {channel} :short")
    assert not hear(listener, "short") and listener.lines.ws.was_compressed
    listener.send("PING :of one alone")
    assert listener.read().params[-1] == "of one alone"
    assert listener.lines.ws.was_compressed and listener.lines.ws.was_stored
    assert compressions(daemon) == before
    letters = random.Random(1).sample([chr(0x100 + i) for i in range(400)], 150)
    unlike = "".join(letters)
    speaker.send(f"PRIVMSG {channel} :{unlike}")
    hear(listener, unlike)


def test_who_wants_it_otherwise_gets_it_otherwise(daemon, member, channel):
    """Tags and framing are variants as ever, each of which is compressed once."""
    kinds = [((), "text"), ((), "binary"), (("server-time",), "text"),
             (("server-time", "message-tags"), "binary")]
    listeners = [(caps, member(caps=caps, protocol=protocol))
                 for caps, protocol in kinds for _ in range(2)]
    speaker = member(offer=None)
    before = compressions(daemon)
    speaker.send(f"PRIVMSG {channel} :{LINE}")
    for caps, client in listeners:
        message = client.read()  # which checks that it is text, or binary where agreed
        assert client.lines.ws.was_compressed
        assert message.params[-1] == LINE
        assert ("time" in message.tags) == ("server-time" in caps)
        assert ("msgid" in message.tags) == ("message-tags" in caps)
    assert compressions(daemon) == before + len(kinds)


def test_windows_share_what_they_can(daemon, member, channel):
    listeners = [member(offer=f"{OFFER}; server_max_window_bits={bits}") for bits in (9, 12, 15)]
    speaker = member(offer=None, caps=["message-tags"])
    short, long = prose(150).decode().strip(), prose(400).decode().strip()
    before = compressions(daemon)
    speaker.send(f"PRIVMSG {channel} :{short}")
    assert all(hear(client, short) for client in listeners)
    assert compressions(daemon) == before + 1
    speaker.send(f"PRIVMSG {channel} :{long}")
    assert all(hear(client, long) for client in listeners)
    assert compressions(daemon) == before + 3, "once for 512 bytes, and once for 1,024 and more"


def test_what_chat_clients_say_compressed_is_understood(daemon, member, channel):
    speaker, listener = member(), member(offer=None)
    for number, sizes in enumerate(([], [0], [1, 1, 1])):
        line = f"PRIVMSG {channel} :{LINE} {number}".encode()
        speaker.lines.ws.send_message(TEXT, line, sizes)
        hear(listener, f"{LINE} {number}")
    speaker.lines.ws.send_message(BINARY, f"PRIVMSG {channel} :with CR LF\r\n".encode())
    hear(listener, "with CR LF")
    speaker.send(f"PRIVMSG {channel} :{'x' * 60_000}")
    speaker.expect_numeric("417")
    speaker.lines.ws.send_message(TEXT, bytes(64 * 1024 + 1))
    speaker.lines.ws.expect_close(1009)
    listener.expect("QUIT")


def test_a_message_that_says_nothing_and_never_ends_is_a_flood(start):
    daemon = start("ws.deflate=on", "chat.flood_lines_per_second=5")
    before = daemon.metric("simul_in_bytes_total")
    with Deflated(daemon.connect("web"), "/chat") as endless:
        blocks = b"\0\0\0\xff\xff" * 800  # without anything in them
        endless.send(frame(TEXT, blocks, fin=False, rsv=RSV1),
                     *[frame(CONTINUATION, blocks, fin=False)] * 250)
        wait_until(lambda: daemon.metric("simul_in_bytes_total") > before, "the first of them")
        for _ in range(20):
            assert daemon.metric("simul_in_bytes_total") - before < 100 * 1024


def test_a_compressed_line_may_wait_for_its_turn(daemon, member, channel):
    client = member()
    client.send(f"TOPIC {channel} :{LINE}", "PING one", "PING two")
    client.expect("TOPIC")
    assert [client.read().params[-1] for _ in range(2)] == ["one", "two"]


def test_binary_where_text_was_agreed_on_is_closed_with_1003(daemon, member):
    client = member(protocol="text")
    client.lines.ws.send_message(BINARY, b"PING :x")
    client.lines.ws.expect_close(1003)


def test_all_minimal_sizes(start):
    daemon = start("ws.deflate=on", "ws.deflate_min_bytes=0")
    with Client(DeflatedLines(daemon.connect("web"))) as client:
        client.register("tiny", "echo-message")
        client.send("PRIVMSG tiny :aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        client.read()
        assert client.lines.ws.was_compressed
