#!/usr/bin/python3
"""What an echoed message costs simuld, libwebsockets and npm's ws, as a ratio to a bare epoll loop
that does the same without frames.

Server and client share one core under SCHED_BATCH, so that neither interrupts the other. The
servers take turns in each round; a ratio is the median of those within one round, since what slows
a round down is in both. simuld has one loop.
"""
import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cost
from server import Server, simuld

HERE = Path(__file__).parent
CONNECTIONS = 100
RUN_SECONDS_MAX = 30
BASE = "epoll"

# name, options of simul-load, those for WebSocket alone, and the ratio that simuld is to stay below
LOADS = [
    ("20 bytes, 1 in flight", "-s 20 --in-flight 1", "--binary", 1.05),
    ("20 bytes, 16 in flight", "-s 20 --in-flight 16", "--binary", 1.12),
    ("1 KiB binary, 16 in flight", "-s 1k --in-flight 16", "--binary", 1.22),
    ("1 KiB text, 16 in flight", "-s 1k --in-flight 16", "--text", 1.35),
    ("20 bytes, 512 in flight", "-s 20 --in-flight 512", "--binary", 3.0),
]


def build_lws(folder):
    """The echo on libwebsockets; None if the library is not there."""
    found = subprocess.run(["pkg-config", "--cflags", "--libs", "libwebsockets"],
                           capture_output=True, text=True)
    if found.returncode != 0:
        return None
    program = f"{folder}/lws_echo"
    subprocess.run(["cc", "-O2", "-o", program, HERE / "lws_echo.c", *found.stdout.split()],
                   check=True)
    return program


def contenders(binaries, core, folder):
    """How each server starts, the baseline first."""
    found = {BASE: lambda: Server(BASE, [f"{binaries}/baseline-epoll"], core=core),
             "simuld": lambda: simuld(f"{binaries}/simuld", core)}
    lws = build_lws(folder)
    if lws is not None:
        found["libwebsockets"] = lambda: Server("libwebsockets", [lws], "ws", core=core)
    if (HERE / "../../tests/node_modules/ws").is_dir():
        found["ws"] = lambda: Server("ws", ["node", HERE / "ws_echo.mjs"], "ws", core=core)
    for name in ("libwebsockets", "ws"):
        if name not in found:
            print(f"{name} is left out: deploy/install-deps.sh bench brings it", file=sys.stderr)
    return found


class Run:
    """What one run came to: the server's CPU time for a message, in cycles where the machine counts
    them and else in nanoseconds, and messages a second."""

    def __init__(self, options, server, load, folder):
        report = f"{folder}/report.json"
        command = ["taskset", "-c", str(options.core), "chrt", "-b", "0",
                   f"{options.binaries}/simul-load", "echo", server.url, "-q", "-t", "1",
                   "-c", str(CONNECTIONS), "-d", str(options.seconds), "--warm-up", "200ms",
                   "--pid", str(server.pid), "--json", report, *shlex.split(load)]
        cycles_per_ns = 1
        if cost.HAS_COUNTERS:
            counts = cost.perf_counts("-p", str(server.pid), "--", *command)
            cycles_per_ns = ((counts["cycles:u"] + counts["cycles:k"]) /
                             (counts["task-clock"] * 1e6))
        else:
            subprocess.run(command, stdout=subprocess.DEVNULL, timeout=RUN_SECONDS_MAX)
        try:
            with open(report) as file:
                result = json.load(file)
            os.remove(report)
        except FileNotFoundError:
            sys.exit(f"{server.name}: simul-load has failed")
        if result["errors"] > 0 or result["counts"]["received"] == 0:
            sys.exit(f"{server.name}: {result['counts']}, errors: {result['errors_by_kind']}")
        cpu_ns = result["server"]["cpu_us"] * 1000
        self.cost = cpu_ns / result["counts"]["received"] * cycles_per_ns
        self.rate = result["rate"]


def run_rounds(options, found, load, kind, folder):
    """Each run has a server of its own, since where its memory happens to lie makes 3 %."""
    runs = {name: [] for name in found}
    for _ in range(options.rounds):
        for name, start in found.items():
            server = start()
            try:
                words = load if server.scheme == "tcp" else f"{load} {kind}"
                runs[name].append(Run(options, server, words, folder))
            finally:
                server.stop()
    return runs


def summarize(runs, name):
    pairs = zip(runs[name], runs[BASE])
    return {"cost": statistics.median(run.cost for run in runs[name]),
            "ratio": statistics.median(run.cost / base.cost for run, base in pairs),
            "messages_per_second": statistics.median(run.rate for run in runs[name])}


def print_line(*cells):
    print("|", " | ".join(cells), "|", flush=True)


def print_row(load, target, figures):
    cells = [f"{f['cost']:,.1f} ({f['ratio']:.2f})" for f in figures.values()]
    print_line(load, f"{target:.2f}", *cells)


def print_rates(rows):
    print("\nMillions of messages a second. They are the client's too: not to be judged by.\n")
    print_line("", *rows[0]["servers"])
    print_line("---", *["---:"] * len(rows[0]["servers"]))
    for row in rows:
        rates = [f["messages_per_second"] / 1e6 for f in row["servers"].values()]
        print_line(row["load"], *[f"{rate:.2f}" for rate in rates])


def print_verdicts(rows):
    for row in rows:
        ratio = row["servers"]["simuld"]["ratio"]
        print("met   " if ratio <= row["target"] else "missed",
              f"{row['load']}: {ratio:.2f}, at most {row['target']:.2f}")


def measure(options, found, folder):
    """Prints a row for each load, and returns them."""
    unit = "cycles" if cost.HAS_COUNTERS else "ns"
    rows = []
    print_line(f"{unit} a message (ratio)", "aim", *found)
    print_line("---", *["---:"] * (len(found) + 1))
    for load, words, kind, target in LOADS:
        runs = run_rounds(options, found, words, kind, folder)
        figures = {name: summarize(runs, name) for name in found}
        print_row(load, target, figures)
        rows.append({"load": load, "target": target, "unit": unit, "servers": figures})
    return rows


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("binaries", nargs="?", default="build/bin")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=1, help="of each run")
    p.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    p.add_argument("--json", metavar="FILE", help="write the figures there too")
    return p.parse_args()


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server is stopped on the way out
    how = ("cycles counted by the processor (perf stat)" if cost.HAS_COUNTERS else
           "no performance counters here: CPU time as the scheduler accounts it")
    print(f"An echo on {CONNECTIONS} connections: medians of {options.rounds} rounds of "
          f"{options.seconds:g} s; {how}.\n")
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(options, contenders(options.binaries, options.core, folder), folder)
    print_rates(rows)
    print()
    print_verdicts(rows)
    if options.json:
        Path(options.json).write_text(json.dumps({"schema": 1, "echo": rows}, indent=2))


if __name__ == "__main__":
    main()
