#!/usr/bin/python3
"""What a large chat room costs others: echo beside it, on the same loop.

Fills a room over WebSocket, then measures the round trip of one WebSocket echo connection, first
while the room is silent, then while somebody says a line in it each second. The server has one
loop, on core 0; all clients are on core 1. Server and echo client run with real-time priority, so
that what is measured is the server's own order of work; root may do so.

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
OPTIONS = {"chat.ping_seconds": 0, "limits.handshake_seconds": 60}


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


def join(number, port):
    """A member of the room, who has read all that it was told."""
    client = register(f"m{number}", port)
    client.sendall(frame("JOIN #large"))
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


def echo(port, seconds, per_second, every_second=lambda: None):
    """Round trips in milliseconds. Each is measured from when it was due: so one that is late makes
    those late that had to wait for it."""
    client = upgrade(connect(port), "/echo")
    message, trips = frame("x" * 20), []
    began = time.perf_counter()
    for number in range(seconds * per_second):
        due = began + number / per_second
        if number % per_second == per_second // 2:
            every_second()
        time.sleep(max(0, due - time.perf_counter()))
        client.sendall(message)
        client.recv(100)
        trips.append((time.perf_counter() - due) * 1000)
    client.close()
    return trips


def describe(name, trips):
    print(f"{name}: {len(trips)} round trips, p50 {percentile(trips, .5):.3f} ms, "
          f"p99 {percentile(trips, .99):.3f} ms, max {max(trips):.3f} ms", flush=True)
    return percentile(trips, .99)


def measure(binary, count, seconds):
    server, port = idle_memory.start(binary, 1, OPTIONS)
    os.sched_setaffinity(server.pid, {SERVER_CORE})
    os.sched_setscheduler(server.pid, os.SCHED_RR, os.sched_param(1))
    os.sched_setaffinity(0, {CLIENT_CORE})
    listener = None
    try:
        speaker = join(count, port)
        members = []
        empty = idle_memory.resident_bytes(server.pid)
        for number in range(1, count):
            members.append(join(number, port))
        full = idle_memory.resident_bytes(server.pid)
        print(f"{count} members, {(full - empty) / (count - 1):.0f} bytes each", flush=True)
        ours, its = socket.socketpair()
        listener = os.fork()
        if listener == 0:
            listen(members, its)
        ours.recv(16)
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        silent = describe("silent", echo(port, seconds, 1000))
        said = 0

        def say():
            nonlocal said
            said += 1
            speaker.send(frame("PRIVMSG #large :one line a second"))

        loud = describe("one message a second", echo(port, seconds, 1000, say))
        time.sleep(1)
        ours.send(b"how many?")
        heard = int(ours.recv(16))
        print(f"heard {heard} of {said * (count - 1)}; the 99th percentile is "
              f"{loud / silent:.2f} times as long, {loud - silent:+.3f} ms")
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
