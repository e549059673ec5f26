#!/usr/bin/python3
"""Whether memory stays flat while clients come, talk and break off at any moment.

Runs the visitors of tests/integration/test_churn.py over TCP, TLS and WebSocket for ten minutes, and
prints the server's resident memory as it goes. The last line compares the second half with the
first. `cores` processes make visitors.

    SIMULD=build/bin/simuld loadtest/soak.py [seconds [loops]]
"""

import multiprocessing
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "integration"))
sys.dont_write_bytecode = True

from simuld import Daemon, wait_until  # noqa: E402
from test_churn import SETTINGS, churn  # noqa: E402

STEPS = 20


def show(seconds, kb, most, daemon):
    bar = "#" * (40 * kb // most)
    print(f"{seconds:4} s {kb / 1024:6.1f} MiB {bar:40} "
          f"{daemon.metric('simul_accepted_total'):.0f} connections so far", flush=True)


def mean(values):
    return sum(values) / len(values)


def main(seconds=600, loops=2):
    daemon = Daemon(*SETTINGS, loops=loops)
    cores = os.cpu_count()
    began = time.monotonic()
    churners = [multiprocessing.Process(target=churn, args=[daemon, seed, began + seconds])
                for seed in range(cores)]
    try:
        print(f"{0:4} s {daemon.rss_kb() / 1024:6.1f} MiB at the start")
        for churner in churners:
            churner.start()
        sizes = []
        for step in range(1, STEPS + 1):
            time.sleep(max(0, began + step * seconds / STEPS - time.monotonic()))
            sizes.append(daemon.rss_kb())
            show(step * seconds // STEPS, sizes[-1], max(sizes), daemon)
        for churner in churners:
            churner.join()
        wait_until(lambda: daemon.metric("simul_connections") == 1, "the end of all visitors")
        first, second = sizes[STEPS // 4:STEPS // 2], sizes[STEPS // 2:]
        print(f"the second half against the second quarter: {mean(second) - mean(first):+.0f} KiB; "
              f"when all have left: {daemon.rss_kb() / 1024:.1f} MiB")
    finally:
        for churner in churners:
            churner.kill()
        daemon.kill()


if __name__ == "__main__":
    main(*[int(text) for text in sys.argv[1:]])
