#!/usr/bin/python3
"""What permessage-deflate saves and costs where a line is told to the members of a room.

Compressing costs a line as much whether 10 members share it or 1,000. The lines are of words, as
people's are. As in fan_out.py, server and clients share one core, rounds are interleaved, and the
median is what counts. simuld has one loop.

    loadtest/bench/deflate.py [build/bin [rounds [seconds]]]
"""
import itertools
import os
import signal
import sys
import tempfile

import cost
import fan_out
import irc_servers

CONNECTIONS = 1000
MEMBERS = (10, 1000)
SIZES = (100, 200, 400)  # bytes of what is said
WAYS = {"plain": [], "compressed": ["--deflate"]}


def options(members, size, way):
    return ["--rooms", str(CONNECTIONS // members), "--members", str(members + 1), "--in-flight", "1",
            "--words", "--size", str(size), *WAYS[way]]


def measure(binaries, rounds, seconds, core):
    """The runs by members, size and way."""
    runs = {key: [] for key in itertools.product(MEMBERS, SIZES, WAYS)}
    for number in range(rounds):
        for key, of_these in runs.items():
            with tempfile.TemporaryDirectory() as folder, irc_servers.simuld(
                    f"{binaries}/simuld", "web", core, folder, {"ws.deflate": "on"}) as server:
                run = fan_out.load(binaries, f"ws://127.0.0.1:{server.port}/chat", options(*key),
                                   server.pid, core, seconds)
            if run is not None:
                of_these.append(run)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    if not all(runs.values()):
        sys.exit("one had not one run that did not fail; is the machine busy?")
    return runs


def print_table(runs):
    print("| members of a room | bytes of a line | WebSocket | bytes on the wire | user | kernel |")
    print("|---:|---:|---|---:|---:|---:|")
    for (members, size, way), of_these in runs.items():
        print(f"| {members:,} | {size} | {way} | {fan_out.median(of_these, 'wire_bytes'):.0f} "
              f"| {fan_out.spread(of_these, 'user')} | {fan_out.spread(of_these, 'kernel')} |")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all is stopped on the way out
    binaries = sys.argv[1] if len(sys.argv) > 1 else "build/bin"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    core = max(os.sched_getaffinity(0))
    print(f"A line to the members of rooms that have {CONNECTIONS:,} together: bytes and cycles for "
          f"each delivery, medians of {rounds} rounds\nof {seconds} s (least and most); "
          f"{cost.method()}.\n")
    print_table(measure(binaries, rounds, seconds, core))


if __name__ == "__main__":
    main()
