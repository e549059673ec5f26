#!/usr/bin/python3
"""What it costs an IRC server to tell a line to 1,000 members of a room.

Server and clients share one core under SCHED_BATCH, so that neither interrupts the other; rounds
are interleaved, and the median is what counts. Throughput is shown, but not to be judged by: it is
the clients' too. simuld has one loop.

    loadtest/bench/fan_out.py [build/bin [rounds [seconds]]]
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import cost
import irc_servers

MEMBERS = 1000
IN_FLIGHT = (1, 16)
CONNECT_RATE = 200  # ngIRCd lets but 10 wait; the kernel drops others, who try again too late
USER_TARGET = {1: 450, 16: 150}  # cycles in user mode for each delivery of simuld


class Run:
    """What one run came to, for each delivery."""

    def __init__(self, user, kernel, rate, wire_bytes):
        self.user, self.kernel, self.rate, self.wire_bytes = user, kernel, rate, wire_bytes


def load(binaries, url, options, pid, core, seconds):
    """Lets clients speak and listen, and measures the server from when all are there. None if a
    client did not get in, or missed a line."""
    with tempfile.NamedTemporaryFile() as report:
        clients = subprocess.Popen(
            ["taskset", "-c", str(core), "chrt", "-b", "0", f"{binaries}/simul-load", "chat", url,
             "--threads", "1", *options, "--connect-rate", str(CONNECT_RATE), "--timeout", "60", "--duration", str(seconds),
             "--source", "127.0.0.2-127.0.0.200", "--pid", str(pid), "--json", report.name,
             "--expect", "errors=0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            for line in clients.stderr:
                if "warming up" in line or "running" in line:
                    break
            user_share, cycles_per_ns = cost.watch(pid, seconds)
            summary, progress = clients.communicate()
        finally:
            clients.kill()  # no more than a word to one that has ended
        if clients.returncode != 0:
            print(f"{url}: a run that failed is left out:\n{progress}{summary}", file=sys.stderr)
            return None
        result = json.load(report)
    cycles = result["server"]["cpu_us"] * 1000 / result["counts"]["received"] * cycles_per_ns
    return Run(cycles * user_share, cycles * (1 - user_share), result["rate"],
               result.get("wire_bytes"))


def contenders(binaries):
    """For each: how its server starts on a core and in a folder, and its URL, less the port."""
    simuld = f"{binaries}/simuld"
    found = {
        "simuld, TCP": (lambda *at: irc_servers.simuld(simuld, "irc", *at), "irc://127.0.0.1:{}"),
        "simuld, WebSocket": (lambda *at: irc_servers.simuld(simuld, "web", *at),
                              "ws://127.0.0.1:{}/chat"),
    }
    for name, peer in ("ngIRCd", irc_servers.ngircd), ("InspIRCd", irc_servers.inspircd):
        if irc_servers.find(name.lower()):
            found[name] = (peer, "irc://127.0.0.1:{}")
        else:
            print(f"{name} is left out: deploy/install-deps.sh bench brings it", file=sys.stderr)
    return found


def measure(found, binaries, rounds, seconds, core):
    """The runs by contender and lines in flight."""
    runs = {(name, in_flight): [] for in_flight in IN_FLIGHT for name in found}
    for number in range(rounds):
        for (name, in_flight), of_these in runs.items():
            start, url = found[name]
            with tempfile.TemporaryDirectory() as folder, start(core, folder) as server:
                options = ["--members", str(MEMBERS + 1), "--in-flight", str(in_flight)]
                run = load(binaries, url.format(server.port), options, server.pid, core, seconds)
            if run is not None:
                of_these.append(run)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    if not all(runs.values()):
        sys.exit("a server had not one run that did not fail; is the machine busy?")
    return runs


def median(runs, figure):
    return statistics.median(getattr(run, figure) for run in runs)


def spread(runs, figure):
    values = [getattr(run, figure) for run in runs]
    return f"{median(runs, figure):,.0f} ({min(values):,.0f}–{max(values):,.0f})"


def print_table(runs):
    print("| in flight | server | user | kernel | both, to simuld's | deliveries/s |")
    print("|---|---|---|---|---|---|")
    for (name, in_flight), of_these in runs.items():
        ours = runs["simuld, TCP", in_flight]
        ratio = ((median(of_these, "user") + median(of_these, "kernel")) /
                 (median(ours, "user") + median(ours, "kernel")))
        print(f"| {in_flight} | {name} | {spread(of_these, 'user')} | {spread(of_these, 'kernel')} "
              f"| {ratio:.2f} | {median(of_these, 'rate'):,.0f} |")


def print_verdicts(runs):
    """Whether the targets are met."""
    for (name, in_flight), of_these in runs.items():
        if not name.startswith("simuld"):
            continue
        bounds = {"user": USER_TARGET[in_flight]}
        if in_flight > 1 and ("ngIRCd", in_flight) in runs:
            bounds["kernel"] = median(runs["ngIRCd", in_flight], "kernel")
        for figure, bound in bounds.items():
            got = median(of_these, figure)
            print(f"{'met   ' if got <= bound else 'missed'}  {name}, {in_flight} in flight, {figure}: "
                  f"{got:,.0f}, at most {bound:,.0f}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all is stopped on the way out
    binaries = sys.argv[1] if len(sys.argv) > 1 else "build/bin"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    core = max(os.sched_getaffinity(0))
    print(f"A line to {MEMBERS:,} members: cycles for each delivery, medians of {rounds} rounds of "
          f"{seconds} s\n(least and most); {cost.method()}.\n")
    runs = measure(contenders(binaries), binaries, rounds, seconds, core)
    print_table(runs)
    print()
    print_verdicts(runs)


if __name__ == "__main__":
    main()
