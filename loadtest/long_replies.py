#!/usr/bin/python3
"""What long replies cost: LIST of 50,000 channels, NAMES and WHO of a room of 15,000.

Eight WebSocket clients ask for the same at the same moment, four times a second if they can read it
so fast; one asks and never reads. Meanwhile the round trip of an echo connection on the same loop
is measured. What the server's memory grows by must not depend on how long the reply is, so each is
asked for with fewer rows too. Cores and priorities are as in large_room.py.

    loadtest/long_replies.py build/bin/simuld [seconds]
"""

import os
import re
import select
import sys
import time

import idle_memory
from large_room import (CLIENT_CORE, OPTIONS, SERVER_CORE, describe, echo, frame, join, register,
                        sync, times)

ASKERS = 8
ASKED_PER_SECOND = 4
CHANNELS_EACH = 50


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def ask(port, line, end, pipe):
    """All ask at the same moment, again and again; one byte in the pipe for each time."""
    clients = [register(f"asker{number}", port) for number in range(ASKERS + 1)]
    deaf = clients.pop()
    deaf.sendall(frame(line))
    while True:
        began = time.monotonic()
        for client in clients:
            client.sendall(frame(line))
        hear_all(clients, end)
        os.write(pipe, b"x")
        time.sleep(max(0, began + 1 / ASKED_PER_SECOND - time.monotonic()))


def hear_all(clients, end):
    poll = select.epoll()
    waiting = {client.fileno(): client for client in clients}
    tails = dict.fromkeys(waiting, b"")
    for fd in waiting:
        poll.register(fd, select.EPOLLIN)
    while waiting:
        for fd, _ in poll.poll():
            heard = tails[fd] + waiting[fd].recv(1 << 18)
            tails[fd] = heard[-len(end) + 1:]
            if end in heard:
                poll.unregister(fd)
                del waiting[fd]
    poll.close()


def report(server, port, what, line, end, seconds):
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    silent = describe(f"{what}, before", times(echo(port), seconds, 1000))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    forget_peak(server.pid)
    before = idle_memory.resident_bytes(server.pid)
    ours, its = os.pipe()
    asker = os.fork()
    if asker == 0:
        ask(port, line, end, its)
    os.read(ours, 1)
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    loud = describe(f"{what}, meanwhile", times(echo(port), seconds, 1000))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    replies = len(os.read(ours, 1 << 16)) * ASKERS
    peak = peak_bytes(server.pid)
    os.kill(asker, 9)
    os.waitpid(asker, 0)
    after = idle_memory.resident_bytes(server.pid)
    print(f"{what}: {replies / seconds:.1f} replies a second; 99th percentile {loud - silent:+.3f} "
          f"ms; memory {before >> 10} KiB before, at most {(peak - before) >> 10:+} KiB, "
          f"{(after - before) >> 10:+} KiB after", flush=True)
    for fd in ours, its:
        os.close(fd)


def open_channels(number, port):
    """A user who is alone in so many channels."""
    client = register(f"m{number}", port)
    for first in range(0, CHANNELS_EACH, 10):
        names = [f"#c{number * CHANNELS_EACH + first + i}" for i in range(10)]
        client.sendall(frame(f"JOIN {','.join(names)}"))
    sync(client)
    return client


def with_server(binary, measure):
    server, port = idle_memory.start(binary, 1, OPTIONS | {"chat.flood_lines_per_second": 0})
    os.sched_setaffinity(server.pid, {SERVER_CORE})
    os.sched_setscheduler(server.pid, os.SCHED_RR, os.sched_param(1))
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        measure(server, port)
    finally:
        server.kill()
        server.wait()


def main(binary, seconds=10):
    def measure_list(server, port):
        users = []
        for count in 100, 500, 1000:
            users += [open_channels(number, port) for number in range(len(users), count)]
            report(server, port, f"LIST of {count * CHANNELS_EACH}", "LIST", b" 323 ", seconds)

    def measure_room(server, port):
        members = []
        for count in 1500, 7500, 15_000:
            members += [join(f"m{number}", port) for number in range(len(members), count)]
            for line, end in (("NAMES", b" 366 "), ("WHO", b" 315 ")):
                report(server, port, f"{line} of {count}", f"{line} #large", end, seconds)

    with_server(binary, measure_list)
    with_server(binary, measure_room)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], *[int(text) for text in sys.argv[2:]])
