"""A small room beside a large one, on the same loop: it does not wait until all of the large one
have heard, and who is in both hears all in the order in which it was said."""
import socket
import struct

import pytest

from irc import Client
from simuld import Daemon, wait_until

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module does not name it
MEMBERS = 700  # many turns, and more than are few (CHAT_FEW_MAX)


def settle(client):
    """Reads all that it has been told."""
    client.send("PING settled")
    while client.read().command != "PONG":
        pass


def join(daemon, nick, *rooms):
    client = Client(daemon.connect("irc"))
    client.register(nick, "no-implicit-names")
    client.send(*(f"JOIN {room}" for room in rooms))
    settle(client)
    return client


@pytest.fixture
def rooms():
    """The large room's members, one of both rooms, one of the small room, a speaker in both."""
    with Daemon("chat.flood_lines_per_second=0", "channel.quiet_members=1", loops=1) as daemon:
        large = [join(daemon, f"m{number}", "#large") for number in range(MEMBERS)]
        people = [join(daemon, "both", "#large", "#small"), join(daemon, "small", "#small"),
                  join(daemon, "speaker", "#large", "#small")]
        for client in people:
            settle(client)
        yield large, *people
        for client in (*large, *people):
            client.lines.close()


def arrival(sock):
    """When the kernel received what there is to be read, in nanoseconds."""
    _, [(_, _, stamp)], _, _ = sock.recvmsg(1 << 16, socket.CMSG_SPACE(16))
    seconds, nanoseconds = struct.unpack("ll", stamp)
    return seconds * 10**9 + nanoseconds


def ask_for_stamps(small, large):
    """The kernel begins to stamp a while after the first socket has asked for it."""
    socks = [client.lines.sock for client in (small, *large)]
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def is_stamped():
        small.send("PING now")
        return socks[0].recvmsg(1 << 16, socket.CMSG_SPACE(16))[1]

    wait_until(is_stamped, "the first stamp")
    return socks


def test_a_small_room_does_not_wait_for_a_large_one(rooms):
    large, both, small, speaker = rooms
    socks = ask_for_stamps(small, large)
    speaker.lines.sock.sendall(b"PRIVMSG #large :1\r\nPRIVMSG #small :2\r\n")
    both.expect("PRIVMSG", "#large", "1")
    both.expect("PRIVMSG", "#small", "2")
    first, *others = [arrival(sock) for sock in socks]
    before = sum(other < first for other in others)
    assert before < MEMBERS / 2, f"{before} of the large room heard before"
