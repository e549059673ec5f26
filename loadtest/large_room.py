#!/usr/bin/python3
"""What a large chat room costs others on the same loop: echo, and a room of two.

Fills a room over WebSocket, then measures the round trip of one WebSocket echo connection, and how
long a line takes from one member of a small room to the other, first while the large room is
silent, then while somebody says a line in it each second. The server has one loop, on core 0; all
clients are on core 1. Server and these clients run with real-time priority, so that what is
measured is the server's own order of work; root may do so.

    loadtest/large_room.py build/bin/simuld [members [seconds]]
"""

import os
import select
import socket
import sys
import time

import idle_memory
from idle_memory import connect, upgrade

SERVER_CORE, CLIENT_CORE = 0, 1
OPTIONS = {
    "chat.ping_seconds": 0,
    "chat.flood_lines_per_second": 0,
    "limits.handshake_seconds": 60,
}


def frame(text):
    """A masked text frame; the mask is zero, so the text stands as it is."""
    data = text.encode()
    return bytes([0x81, 0x80 | len(data)]) + bytes(4) + data


def register(nick, port):
    """A WebSocket client of the chat, whose greeting is not read yet."""
    client = upgrade(connect(port), "/chat", "Sec-WebSocket-Protocol: text.ircv3.net")
    client.sendall(frame("CAP REQ :no-implicit-names") + frame(f"NICK {nick}") +
                   frame("USER m 0 * :m") + frame("CAP END"))
    return client


def sync(client):
    """Reads all that it has been told so far."""
    client.sendall(frame("PING synced"))
    heard = b""
    while b"synced" not in heard:
        heard = heard[-16:] + client.recv(1 << 20)


def join(nick, port, room="#large"):
    """A member of the room, who has read all that it was told."""
    client = register(nick, port)
    client.sendall(frame(f"JOIN {room}"))
    sync(client)
    client.setblocking(False)
    return client


def listen(members, pipe):
    """Reads and counts whatever the room says; tells how much that was when it is asked."""
    poll = select.epoll()
    by_fd = {client.fileno(): client for client in members}
    for fd in [*by_fd, pipe.fileno()]:
        poll.register(fd, select.EPOLLIN)
    pipe.send(b"ready")
    heard = 0
    while True:
        for fd, _ in poll.poll():
            if fd in by_fd:
                heard += by_fd[fd].recv(4096).count(b"PRIVMSG")
            else:
                pipe.recv(16)
                pipe.send(b"%d" % heard)


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def echo(port):
    """One round trip of an echo connection."""
    client = upgrade(connect(port), "/echo")

    def once():
        client.sendall(frame("x" * 20))
        client.recv(100)

    return once


def small_room(port):
    """One line from a member of a room of two to the other."""
    speaker, hearer = (join(nick, port, "#small") for nick in ("ping", "pong"))
    speaker.setblocking(True)
    hearer.setblocking(True)
    sync(speaker)  # the other's JOIN

    def once():
        speaker.sendall(frame("PRIVMSG #small :a line"))
        while b"PRIVMSG" not in hearer.recv(1000):
            pass

    return once


def times(once, seconds, per_second, every_second=lambda: None):
    """How long it took, in milliseconds. Each is measured from when it was due: so one that is late
    makes those late that had to wait for it."""
    took = []
    began = time.perf_counter()
    for number in range(seconds * per_second):
        due = began + number / per_second
        if number % per_second == per_second // 2:
            every_second()
        time.sleep(max(0, due - time.perf_counter()))
        once()
        took.append((time.perf_counter() - due) * 1000)
    return took


def describe(name, took):
    print(f"{name}: {len(took)} times, p50 {percentile(took, .5):.3f} ms, "
          f"p99 {percentile(took, .99):.3f} ms, max {max(took):.3f} ms", flush=True)
    return percentile(took, .99)


def measure(binary, count, seconds):
    server, port = idle_memory.start(binary, 1, OPTIONS)
    os.sched_setaffinity(server.pid, {SERVER_CORE})
    os.sched_setscheduler(server.pid, os.SCHED_RR, os.sched_param(1))
    os.sched_setaffinity(0, {CLIENT_CORE})
    listener = None
    try:
        speaker = join("speaker", port)
        members = []
        empty = idle_memory.resident_bytes(server.pid)
        for number in range(1, count):
            members.append(join(f"m{number}", port))
        full = idle_memory.resident_bytes(server.pid)
        print(f"{count} members, {(full - empty) / (count - 1):.0f} bytes each", flush=True)
        ours, its = socket.socketpair()
        listener = os.fork()
        if listener == 0:
            listen(members, its)
        ours.recv(16)
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        said = 0

        def say():
            nonlocal said
            said += 1
            speaker.send(frame("PRIVMSG #large :one line a second"))

        for name, once in ("echo", echo(port)), ("small room", small_room(port)):
            silent = describe(f"{name}, silent", times(once, seconds, 1000))
            loud = describe(f"{name}, one line a second", times(once, seconds, 1000, say))
            print(f"{name}: the 99th percentile is {loud / silent:.2f} times as long, "
                  f"{loud - silent:+.3f} ms", flush=True)
        time.sleep(1)
        ours.send(b"how many?")
        heard = int(ours.recv(16))
        print(f"heard {heard} of {said * (count - 1)}")
    finally:
        if listener:
            os.kill(listener, 9)
            os.waitpid(listener, 0)
        server.kill()
        server.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    arguments = [int(text) for text in sys.argv[2:]]
    measure(sys.argv[1], *arguments, *[15_000, 20][len(arguments):])
