"""What a WebSocket client that was not written here must be able to do, whichever way its
connection takes, with and without compression."""
import os
from collections import namedtuple

import pytest

from proxies import HAProxy, Nginx
from wiretap import Wiretap
from ws_clients import SMALL
from ws_raw import TEXT

ENOUGH = ["ws.message_bytes_max=1000000"]  # for what is said here

# Compressed it is less than a tenth.
LONG = "żółw is slow, and the next żółw is slower. " * 3000

# From a client to a listener of the daemon, or to an entrance of a proxy.
Way = namedtuple("Way", "proxy entrance is_tls")
WAYS = [Way(None, "web", False), Way(None, "webtls", True)] + [
    Way(proxy, entrance, entrance != "plainweb")
    for proxy in (Nginx, HAProxy) for entrance in ("plainweb", "web", "passweb")]


def name_of(way):
    return f"{way.proxy.PROGRAM if way.proxy else 'direct'}-{way.entrance}"


@pytest.fixture(scope="module")
def proxies(daemon, tmp_path_factory):
    """Both in front of the daemon."""
    started = {}
    try:
        for kind in (Nginx, HAProxy):
            started[kind] = kind(daemon, tmp_path_factory.mktemp("proxy"))
        yield started
    finally:
        for one in started.values():
            one.stop()


def tap_of(daemon, proxies, way):
    """Where a client is to connect to, to be seen on its way."""
    addresses = daemon.addresses if way.proxy is None else proxies[way.proxy].addresses
    return Wiretap(addresses[way.entrance])


class Talk:
    """A client's connection through a wiretap, and what both must be seen to do."""

    def __init__(self, client, tap, is_tls, offer, is_agreed):
        self.client, self.tap, self.is_tls = client, tap, is_tls
        self.offer, self.is_agreed = offer, is_agreed

    def open(self, path, protocol=None, forgets=True):
        """Compression is agreed on or not; with it the client forgets its context or may keep it."""
        url = "{}://{}:{}{}".format("wss" if self.is_tls else "ws", *self.tap.address, path)
        chosen, extensions = self.client.open(url, self.offer, protocol)
        assert chosen == protocol
        words = [word.strip() for word in extensions.split(";")]
        if not self.is_agreed:
            assert extensions == ""
        else:
            assert words[:2] == ["permessage-deflate", "server_no_context_takeover"]
            assert ("client_no_context_takeover" in words) == forgets
        if self.offer == SMALL:
            assert "server_max_window_bits=10" in words and "client_max_window_bits=10" in words
        if not self.is_tls:
            assert self.tap.answer("Sec-WebSocket-Extensions") == (extensions or None)

    def expect_back(self, message):
        self.client.send(message)
        assert self.client.read() == message

    def expect_long_back(self):
        """What is worth to be compressed is, both ways, if that is agreed on."""
        self.expect_back(LONG)
        for passed in (self.tap.sent, self.tap.received):
            assert (len(passed) < len(LONG.encode()) / 5) == self.is_agreed
        if not self.is_tls:
            for frames in (self.tap.frames_sent(), self.tap.frames_received()):
                assert [one.rsv for one in frames if one.opcode == TEXT] == [4 * self.is_agreed]

    def read_until(self, text):
        """The line of chat that has the text."""
        while True:
            line = self.client.read()
            if text in line:
                return line

    def close(self, code):
        assert self.client.close(code) in (code, None)


def expect_echo(talk):
    talk.open("/echo")
    talk.expect_long_back()
    for message in ("", "żółw", b"", bytes(range(256)), os.urandom(100_000)):
        talk.expect_back(message)
    talk.close(4001)


def expect_chat(talk, ours, channel):
    """Ours is somebody else in chat, who is in the channel."""
    talk.open("/chat", "text.ircv3.net")
    nick = f"{ours.nick}-there"
    talk.client.send(f"NICK {nick}")
    talk.client.send(f"USER {nick} 0 * :{nick}")
    talk.read_until(f" 001 {nick} ")
    talk.client.send(f"JOIN {channel}")
    ours.expect("JOIN", channel)
    text = "ż" * 150
    talk.client.send(f"PRIVMSG {channel} :{text}")
    assert ours.expect("PRIVMSG", channel, text).nick == nick
    ours.send(f"PRIVMSG {channel} :{text}")
    assert talk.read_until(text).startswith(f":{ours.nick}!")
    if not talk.is_tls:
        assert any(one.rsv == 4 for one in talk.tap.frames_received()) == talk.is_agreed
    talk.close(1000)
