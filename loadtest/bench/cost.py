"""What a server that runs costs the processor: cycles in user mode and in the kernel.

Where the machine has performance counters, perf counts the cycles. Elsewhere they are its CPU time,
which the kernel knows to the nanosecond, times the frequency of the time-stamp counter; how that
splits into user and kernel is sampled by the kernel at each tick, so it wants some seconds.
"""
import os
import shutil
import subprocess
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def perf_counts(*arguments):
    """The counts of cycles:u, cycles:k and task-clock by name; None where there are none."""
    if shutil.which("perf") is None:
        return None
    command = ["perf", "stat", "-x,", "-e", "cycles:u,cycles:k,task-clock", *arguments]
    rows = subprocess.run(command, capture_output=True, text=True).stderr.splitlines()
    counts = {}
    for row in rows:
        fields = row.split(",")
        if len(fields) > 2 and fields[0].replace(".", "", 1).isdigit():
            counts[fields[2]] = float(fields[0])
    return counts if len(counts) == 3 else None


HAS_COUNTERS = perf_counts("true") is not None


def clock_ghz():
    with open("/proc/cpuinfo") as lines:
        return float(next(line for line in lines if line.startswith("cpu MHz")).split(":")[1]) / 1000


def method():
    if HAS_COUNTERS:
        return "cycles counted by the processor (perf stat)"
    return f"no performance counters here: cycles are CPU time at {clock_ghz():.2f} GHz"


def modes(pid):
    """Ticks in user mode and in the kernel so far."""
    with open(f"/proc/{pid}/stat") as line:
        fields = line.read().rsplit(")", 1)[1].split()
    return int(fields[11]), int(fields[12])


def watch(pid, seconds):
    """Watches for so long; returns the share of user mode, and cycles per nanosecond of CPU time."""
    if HAS_COUNTERS:
        counts = perf_counts("-p", str(pid), "--", "sleep", str(seconds))
        user, kernel = counts["cycles:u"], counts["cycles:k"]
        return user / (user + kernel), (user + kernel) / (counts["task-clock"] * 1e6)
    before = modes(pid)
    time.sleep(seconds)
    user, kernel = (b - a for a, b in zip(before, modes(pid)))
    return user / max(user + kernel, 1), clock_ghz()
