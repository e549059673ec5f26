"""A chat member who does not keep up is closed: at once when more waits than may (SendQ exceeded),
else when some has waited for too long. Nobody else waits, whatever it speaks."""
import socket
import time

import pytest

from irc import Client, WebSocketLines
from simuld import TIMEOUT, client_tls, wait_until

OUT_BYTES = 65536
TEXT = "x" * 400


def connect_deaf(daemon, transport):
    """A client whose kernel takes next to nothing for it."""
    sock = socket.socket()
    sock.settimeout(TIMEOUT)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(daemon.addresses["irctls" if transport == "tls" else
                                  "web" if transport == "websocket" else "irc"])
    if transport == "tls":
        sock = client_tls().wrap_socket(sock)
    if transport == "websocket":
        return Client(WebSocketLines(sock, "/chat", "Sec-WebSocket-Protocol: text.ircv3.net"))
    return Client(sock)


@pytest.fixture
def room(start, channel):
    """Makes alice and bob, who keep up, and somebody deaf, in one channel."""
    clients = []

    def make(transport, *settings):
        daemon = start(f"limits.out_bytes={OUT_BYTES}", "chat.flood_lines_per_second=0", *settings)
        clients.extend([Client(daemon.connect("irc")), Client(daemon.connect("irc")),
                        connect_deaf(daemon, transport)])
        for nick, client in zip(("alice", "bob", "deaf"), clients):
            client.register(nick)
            client.join(channel)
        return daemon, *clients

    yield make
    for client in clients:
        client.close()


def say_and_hear(alice, bob, channel):
    """What bob was told up to it, and how long it took."""
    began_s = time.monotonic()
    alice.send(f"PRIVMSG {channel} :{TEXT}")
    return bob.read_until("PRIVMSG"), time.monotonic() - began_s


@pytest.mark.parametrize("transport", ["tcp", "tls", "websocket"])
def test_whoever_does_not_read_is_let_go_and_nobody_waits(room, channel, transport):
    daemon, alice, bob, _ = room(transport, "limits.write_rate_min=0")
    seconds, quits = [], []
    while not quits and len(seconds) < 20_000:
        messages, took_s = say_and_hear(alice, bob, channel)
        seconds.append(took_s)
        quits = [message for message in messages if message.command == "QUIT"]
    assert [(message.nick, message.params) for message in quits] == [("deaf", ["SendQ exceeded"])]
    assert len(seconds) * len(TEXT) > OUT_BYTES
    assert sorted(seconds)[len(seconds) // 2] < 0.1 and max(seconds) < 5
    assert daemon.metric("simul_connections_ended_total", reason="sendq") == 1
    wait_until(lambda: daemon.log("connection closed"), "the line in the log")
    assert [line["reason"] for line in daemon.log("connection closed")] == ["SendQ exceeded"]


@pytest.mark.parametrize("transport", ["tcp", "tls", "websocket"])
def test_whoever_takes_too_little_is_let_go(room, channel, transport):
    """Less is queued than may be, but hardly any of it is taken."""
    daemon, alice, bob, _ = room(transport, "limits.out_bytes=1048576", "limits.rate_seconds=2")
    heard = []

    def has_much_waiting():
        for _ in range(20):
            heard.extend(say_and_hear(alice, bob, channel)[0])
        return daemon.metric("simul_held_bytes_max") >= OUT_BYTES // 4

    wait_until(has_much_waiting, "a queue")
    wait_until(lambda: daemon.metric("simul_connections_ended_total", reason="slow") == 1,
               "the end of the deaf one")
    heard += say_and_hear(alice, bob, channel)[0]
    quits = [m for m in heard if m.command == "QUIT"]
    assert [(m.nick, m.params) for m in quits] == [("deaf", ["SendQ drains too slowly"])]
