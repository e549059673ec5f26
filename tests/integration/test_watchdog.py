"""The watchdog names the function in which a loop is stuck, while it is, and accuses nobody else.

`/debug/stall` stops a loop on purpose. It belongs to the admin listener, which lives on loop 0; the
hub's loop comes behind those with connections.
"""
import select
import threading
import time

import pytest

from http_raw import HttpConnection, get
from simuld import wait_until

WATCHDOG_MS = 200
STALL_MS = 1500
SETTINGS = ["debug.stall=on", f"watchdog_ms={WATCHDOG_MS}"]


def stuck(daemon):
    return daemon.log("loop is stuck")


def next_line(daemon, msg, known):
    """The first line with this message behind those that are known."""
    return wait_until(lambda: daemon.log(msg)[len(known):], f"the line '{msg}'")[0]


def has_answer(http):
    return bool(select.select([http.sock], [], [], 0)[0])


@pytest.mark.parametrize("by, function", [
    ("burn", "stall_by_burning"),
    # Valgrind runs one thread at a time, so one that burns there is alone.
    pytest.param("sleep", "stall_by_sleeping", marks=pytest.mark.short),
])
def test_a_stuck_loop_is_named_while_it_is_stuck(daemon, by, function):
    before, over = [], []

    def line_while_stuck():
        """None, if the machine gave it no time: of a loop that has none nothing is said, and we may
        have none to see what is said."""
        before[:], over[:] = stuck(daemon), daemon.log("loop goes on")
        http.send(get(f"/debug/stall?ms={STALL_MS}&by={by}"))
        wait_until(lambda: len(stuck(daemon)) > len(before) or has_answer(http), "what comes of it")
        lines = stuck(daemon)[len(before):]
        if lines and not has_answer(http):
            return lines[0]
        assert http.read().status == 200
        if lines:
            next_line(daemon, "loop goes on", over)
        return None

    with HttpConnection(daemon.connect("admin")) as http:
        line = wait_until(line_while_stuck, "a line before all is over")
        assert (line["loop"], line["running"], line["level"]) == (0, "admin", "warn")
        assert f"{function}+0x" in line["backtrace"]
        assert " < net_read+0x" in line["backtrace"] and " < tick+0x" in line["backtrace"]
        assert WATCHDOG_MS <= line["ms"] < STALL_MS
        assert line["cpu_ms"] >= WATCHDOG_MS if by == "burn" else line["cpu_ms"] < WATCHDOG_MS
        assert http.read().status == 200
    end = next_line(daemon, "loop goes on", over)
    assert end["loop"] == 0 and end["ms"] >= STALL_MS
    assert len(stuck(daemon)) == len(before) + 1, "once is enough"


def test_the_accused_are_the_right_loops(daemon):
    if daemon.loops == 1:
        assert daemon.admin("/debug/stall?ms=1&loop=1")[0] == 400, "there is none"
        return
    before, over = stuck(daemon), daemon.log("loop goes on")
    others = list(range(1, daemon.loops + 1))  # the last is the hub's
    for loop in others:
        assert daemon.admin(f"/debug/stall?ms={STALL_MS}&by=sleep&loop={loop}")[0] == 202
    wait_until(lambda: len(stuck(daemon)) == len(before) + len(others), "all of them")
    lines = stuck(daemon)[len(before):]
    assert sorted(line["loop"] for line in lines) == others
    assert all("stall_by_sleeping+0x" in line["backtrace"] for line in lines)
    assert daemon.admin("/livez")[0] == 200
    wait_until(lambda: len(daemon.log("loop goes on")) == len(over) + len(others), "their ends")
    assert len(stuck(daemon)) == len(before) + len(others)


def test_stalls_are_counted(daemon):
    before = daemon.metric("simul_loop_stalls_total")
    assert daemon.admin(f"/debug/stall?ms={STALL_MS}&by=sleep")[0] == 200
    assert daemon.metric("simul_loop_stalls_total") == before + 1
    assert daemon.stats()["loop_stalls"] == before + 1
    wait_until(lambda: len(stuck(daemon)) == before + 1, "a log line of each")


def test_what_is_no_stall_is_refused(daemon):
    for query in ("ms=", "ms=-1", "ms=60001", "ms=1x", "ms=99999999999999999999", "by=magic",
                  f"loop={daemon.loops + 1}", "loop=x"):
        assert daemon.admin(f"/debug/stall?{query}")[0] == 400, query


def flood(daemon, name, until):
    chunk = b"x" * 16384
    with daemon.connect(name) as sock:
        while time.monotonic() < until:
            sock.sendall(chunk)
            left = len(chunk)
            while left > 0:
                left -= len(sock.recv(left))


def test_who_is_busy_or_idle_is_not_accused(start):
    daemon = start(f"watchdog_ms={WATCHDOG_MS}")
    until = time.monotonic() + 10 * WATCHDOG_MS / 1000
    clients = [threading.Thread(target=flood, args=(daemon, "echo", until)) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    time.sleep(5 * WATCHDOG_MS / 1000)  # idle, for several times what would be too long
    assert not stuck(daemon)
    assert daemon.metric("simul_loop_stalls_total") == 0


def test_without_a_watchdog_nobody_looks(start):
    daemon = start("debug.stall=on", "watchdog_ms=0")
    assert daemon.admin(f"/debug/stall?ms={2 * WATCHDOG_MS}")[0] == 200
    assert not stuck(daemon)
    assert daemon.metric("simul_loop_stalls_total") == 0


def test_nobody_can_stop_a_loop_unless_a_setting_allows_it(start):
    daemon = start()
    assert daemon.admin("/debug/stall?ms=1")[0] == 404
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/debug/stall?ms=1")).status == 404
