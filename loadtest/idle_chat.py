#!/usr/bin/python3
"""Memory of the server per idle chat session in one channel, over TCP and over WebSocket.

Registers sessions with names of a usual length, 50 to a channel, and prints the slope of the
server's resident memory between 2,000 and 15,000 of them.

    loadtest/idle_chat.py build/bin/simuld [loops]
"""

import sys

from idle_memory import connect, measure, start, upgrade
from large_room import frame, sync

FIRST, LAST = 2_000, 15_000
CHANNEL_MEMBERS = 50
OPTIONS = {"listen.irc.port": 0, "chat.ping_seconds": 3600, "limits.handshake_seconds": 60}


def opening(number):
    return [f"NICK guest{number:05}", f"USER webuser 0 * :Guest No. {number:05}",
            f"JOIN #channel-{number // CHANNEL_MEMBERS}"]


def join_by_line(number, port):
    client = connect(port)
    client.sendall("".join(f"{line}\r\n" for line in [*opening(number), "PING synced"]).encode())
    heard = b""
    while b"synced" not in heard:
        heard = heard[-16:] + client.recv(1 << 16)
    return client


def join_by_frame(number, port):
    client = upgrade(connect(port), "/chat", "Sec-WebSocket-Protocol: text.ircv3.net")
    client.sendall(b"".join(frame(line) for line in opening(number)))
    sync(client)
    return client


def main(binary, loops):
    for listener, join in (("irc", join_by_line), ("web", join_by_frame)):
        server, port = start(binary, loops, OPTIONS, listener)
        measure(server, listener, FIRST, LAST, lambda number: join(number, port))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else 1)
