#!/usr/bin/python3
"""The three ways to serve many connections, and simuld's: a process for each connection, a thread
for each, a bare epoll loop, and coroutines on one loop or on one for each core. All echo TCP.

Prints a table, and writes the figures as JSON, of which models_svg.py draws the plot. The servers
and the client run on all cores, as the scheduler likes it.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tasks
from server import Server, simuld_tcp

CONNECTIONS = (10, 100, 1000, 10000)
# What is said: 1,000 messages a second by all together, or the next as soon as one is back.
MODES = {"waiting": ["--rate", "1000"], "busy": ["--in-flight", "1"]}
WARM_UP_SECONDS = 4  # and one more for each thousand connections, which have to be accepted
RUN_SECONDS = 6
WATCHED_SECONDS = 4  # of the run; what is measured after that is disturbed by looking
SETTLE_SECONDS = 0.3
END_SECONDS_MAX = 90


def ways(binaries):
    cores = len(os.sched_getaffinity(0))
    found = {name: lambda name=name: Server(name, [f"{binaries}/baseline-{name}"])
             for name in ("fork", "thread", "epoll")}
    for loops in dict.fromkeys((1, cores)):
        found[f"simuld, loops={loops}"] = lambda loops=loops: simuld_tcp(f"{binaries}/simuld", loops)
    return found


def await_phase(client, phases):
    """Reads what the client tells of its run until it is in one of the phases, or has ended."""
    for line in client.stderr:
        if any(phase in line for phase in phases):
            return


def await_tasks(pid):
    """The kernel has taken the connections before the server has: waits until it starts nobody
    more for them."""
    count, before = tasks.count(pid), 0
    while count != before:
        time.sleep(SETTLE_SECONDS)
        count, before = tasks.count(pid), count


class Watch:
    """What the server used for a while: from when every connection is open, in the warm-up."""

    def __init__(self, server, client, memory_before):
        await_phase(client, ("warming up", "running"))
        await_tasks(server.pid)
        self.memory_bytes = tasks.memory_bytes(server.pid) - memory_before
        begin, before = time.monotonic(), tasks.Usage(server.pid)
        self.tasks = before.tasks
        await_phase(client, ("running",))
        time.sleep(WATCHED_SECONDS)
        after = tasks.Usage(server.pid)
        self.seconds = time.monotonic() - begin
        self.cpu_ns = after.cpu_ns - before.cpu_ns
        self.switches = after.switches - before.switches


def figures(watch, report, connections):
    if report["connected"] < connections:
        return {"failed": f"{report['connected']:,} connections were opened"}
    if report["errors"] > 0:
        kinds = [f"{count} {kind}" for kind, count in report["errors_by_kind"].items() if count]
        return {"failed": "errors: " + ", ".join(kinds)}
    running = [s for s in report["samples"] if s["phase"] == "running" and s["measured"]]
    calm = [sample["p99"] for sample in running[:WATCHED_SECONDS] if sample["p99"] is not None]
    if not calm:
        return {"failed": "nothing came back for seconds"}
    messages = report["rate"] * watch.seconds
    return {"memory_bytes": watch.memory_bytes / connections,
            "tasks": watch.tasks,
            "switches": watch.switches / messages,
            "cpu_ns": watch.cpu_ns / messages,
            "p99_us": statistics.median(calm),
            "rate": report["rate"]}


def measure(options, start, connections, mode):
    with tempfile.TemporaryDirectory() as folder:
        server = start()
        try:
            memory_before = tasks.memory_bytes(server.pid)
            warm_up = WARM_UP_SECONDS + connections // 1000
            report = f"{folder}/report.json"
            client = subprocess.Popen(
                [f"{options.binaries}/simul-load", "echo", server.url, "-c", str(connections),
                 "-t", "1", "-s", "64", *MODES[mode], "--warm-up", str(warm_up),
                 "-d", str(RUN_SECONDS), "--timeout", "60", "--source", "127.0.0.2-127.0.0.200",
                 "--json", report], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                watch = Watch(server, client, memory_before)
                client.communicate(timeout=END_SECONDS_MAX)
            finally:
                client.kill()
                client.wait()
            if not os.path.exists(report):
                return {"failed": "no connection could be opened"}
            return figures(watch, json.loads(Path(report).read_text()), connections)
        except subprocess.TimeoutExpired:
            return {"failed": "it did not end"}
        finally:
            server.stop()


HEAD = ("connections", "way", "memory of each", "tasks", "CPU of a message", "switches of a message",
        "p99", "messages/s")


def print_line(*cells):
    print("|", " | ".join(cells), "|", flush=True)


def print_row(connections, way, f):
    if "failed" in f:
        print_line(f"{connections:,}", way, f["failed"], *["–"] * (len(HEAD) - 3))
        return
    print_line(f"{connections:,}", way, f"{f['memory_bytes'] / 1024:.1f} KiB", f"{f['tasks']:,}",
               f"{f['cpu_ns'] / 1000:.2f} µs", f"{f['switches']:.2f}",
               f"{f['p99_us'] / 1000:.2f} ms", f"{f['rate']:,.0f}")


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("binaries", nargs="?", default="build/bin")
    p.add_argument("--json", metavar="FILE", required=True)
    p.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    return p.parse_args()


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all is stopped on the way out
    rows = []
    for mode in MODES:
        print(f"\n{mode.capitalize()}:\n")
        print_line(*HEAD)
        print_line(*["---:", "---", *["---:"] * (len(HEAD) - 2)])
        for connections in options.connections:
            for way, start in ways(options.binaries).items():
                row = measure(options, start, connections, mode)
                print_row(connections, way, row)
                rows.append({"mode": mode, "connections": connections, "way": way, **row})
    Path(options.json).write_text(json.dumps({"schema": 1, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
