"""simul-load echo and flood: against simuld, against servers that were not written here, and
against one that does wrong, of which each fault must be found."""
import contextlib
import re
import threading

import pytest

from load import ECHOTLS, EXPECTATION, FAILED, USAGE, Script, load, npm_ws, trust, url
from simuld import Daemon, wait_until


@pytest.fixture(scope="module")
def echo():
    with Daemon("tls.self_signed=on", "listen.webtls.port=0", "listen.irctls.port=off",
                *ECHOTLS, loops=2) as daemon:
        yield daemon


@pytest.mark.parametrize("scheme", ["tcp", "tls", "ws", "wss"])
def test_echo_comes_back(echo, scheme):
    run = load("echo", url(echo, scheme), *trust(scheme), "-n", 2000, "-c", 20, "--in-flight", 4,
               "-s", "1-20000", "--expect", "errors=0", "--expect", "connected=20")
    assert run["totals"]["sent"] == run["totals"]["received"] == 2000
    assert run["p50"] > 0 and run["max"] >= run["p99"] >= run["p50"]


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_a_rate_is_kept(echo, scheme):
    run = load("echo", url(echo, scheme), "-c", 10, "--rate", 1000, "-d", 2, "--warm-up", 0,
               "--expect", "errors=0")
    assert 800 <= run["rate"] <= 1050


@pytest.mark.parametrize("scheme", ["tcp", "tls", "ws", "wss"])
def test_flood_comes_back(echo, scheme):
    run = load("flood", url(echo, scheme), *trust(scheme), "-c", 4, "-d", 0.5, "--warm-up", 0,
               "-s", "1000", "--expect", "errors=0", "--expect", "rate>1000")
    assert run["totals"]["received_bytes"] >= 1000 * run["totals"]["received"]


def test_several_processes_and_threads(echo):
    load("echo", url(echo, "ws"), "-c", 40, "-n", 4000, "--processes", 2, "-t", 4,
         "--expect", "errors=0", "--expect", "connected=40")


def test_npm_ws():
    with npm_ws() as port:
        load("echo", f"ws://127.0.0.1:{port}/", "-c", 10, "-n", 2000, "-s", "1-100000",
             "--expect", "errors=0")
        load("flood", f"ws://127.0.0.1:{port}/", "-c", 2, "-d", 0.5, "--warm-up", 0,
             "--expect", "errors=0", "--expect", "rate>10")


@pytest.mark.parametrize("fault, counted", [("drop", "lost"), ("duplicate", "duplicated"),
                                            ("alter", "wrong"), ("swap", "reordered"),
                                            ("none", None)])
def test_faults_are_found(fault, counted):
    """Over TCP; over WebSocket see test_load_faults.py."""
    with Script("faulty_echo.py", 64, fault, 50) as server:
        run = load("echo", f"tcp://{server.address}", "-s", 64, "-c", 5, "-n", 2050, "-t", 1,
                   "--rate", 1000, "--timeout", 20)
    if fault == "none":
        assert not run.errors()
        return
    # One that is held back to the end was never swapped, but lost.
    held = run.errors().get("lost", 0) if fault == "swap" else 0
    assert server.said["done"] == 40, run.out
    expected = {counted: 40 - held} | ({"lost": held} if held else {})
    assert held <= 5 and run.errors() == expected
    assert re.search(rf"40\s+{counted}" if not held else counted, run.out)


def test_expectations_decide(echo):
    run = load("echo", url(echo, "ws"), "-n", 100, "--expect", "p99<1ns", "--expect", "errors=0",
               status=EXPECTATION)
    assert re.search("expected p99<1ns: does NOT hold", run.out)
    assert re.search("expected errors=0: holds", run.out)
    load("echo", url(echo, "ws"), "-n", 100, "--expect", "p99<10s", "--expect", "rate>1",
         "--expect", "lost=0", "--expect", "closed=0")


def test_nobody_there(echo):
    run = load("echo", "tcp://127.0.0.1:1", "-d", 1, status=FAILED)
    assert "no connection could be opened" in run.err and "Connection refused" in run.err
    run = load("echo", url(echo, "ws", "/nothing"), "-d", 1, status=FAILED)
    assert "404" in run.err
    run = load("echo", url(echo, "wss"), "-d", 1, status=FAILED)
    assert "self-signed certificate" in run.err


def test_wrong_command_line():
    run = load("echo", "tcp://127.0.0.1:1", "--rats", 1, status=USAGE)
    assert "--rate" in run.err


def test_a_server_that_goes_away():
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(Daemon(loops=1))
        run = load_while(daemon, "echo", url(daemon, "ws"), "-c", 10, "-d", 60, "--rate", 100)
    assert run["seconds"] < 30  # nobody was left
    assert run["errors_by_kind"]["closed"] == 10
    assert any("1001" in reason["text"] for reason in run["reasons"])


def load_while(daemon, *arguments):
    """A run during which the daemon is told to end."""
    def end():
        wait_until(lambda: daemon.metric("simul_ws_messages_total") > 100, "the load")
        daemon.process.terminate()

    thread = threading.Thread(target=end)
    thread.start()
    run = load(*arguments)
    thread.join()
    return run
