"""simul-load --deflate: what is agreed on, what it says of the wire, and that every reply is still
checked; against simuld and against servers that were not written here."""
import re

import pytest

from load import DONE, Started, load, npm_ws, trust, url
from simuld import Daemon

MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    with Daemon("ws.deflate=on", "tls.self_signed=on", "listen.webtls.port=0",
                "listen.irctls.port=off", "chat.flood_lines_per_second=0", loops=2) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def plain():
    """One that declines."""
    with Daemon(loops=1) as daemon:
        yield daemon


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("size, frames", [("1-200", "--text"), ("200", "--binary"),
                                          ("1000-60000", "--text")])
def test_echo_comes_back_through_compression(server, scheme, size, frames):
    run = load("echo", url(server, scheme), *trust(scheme), "-c", 10, "-n", 500, "--in-flight", 4,
               "-s", size, "--words", frames, "--deflate", "--expect", "errors=0")
    assert run["totals"]["received"] == 500
    assert run["totals"]["connections_compressed"] == 10
    assert re.search(r"^  compressed +10  with permessage-deflate$", run.out, re.M)


@pytest.mark.parametrize("scenario, path", [("echo", "/echo"), ("flood", "/echo"), ("chat", "/chat")])
def test_the_wire_is_told_with_and_without(server, scenario, path):
    words = ["-c", 10, "-s", 300, "--words", "-d", 0.7, "--warm-up", 0.3, "--expect", "errors=0"]
    if scenario == "chat":
        words += ["--rate", 100]
    without = load(scenario, url(server, "ws", path), *words)
    run = load(scenario, url(server, "ws", path), *words, "--deflate")
    for way, wire in ("received", "wire_bytes"), ("sent", "wire_bytes.sent"):
        for one in without, run:
            # The window's edges are looked at while its driver counts on: one message is on each.
            assert one["counts"][way] > 0
            assert abs(one["counts"][f"{way}_bytes"] - 300 * one["counts"][way]) <= 2 * 300
            assert f"300 B each, {one[wire]:.3g} B on the wire" in one.out
        assert without[wire] >= 300
        assert 0.4 < run[wire] / without[wire] < 0.8
    assert run["plan"]["deflate"] and not without["plan"]["deflate"]
    assert without["totals"]["connections_compressed"] == 0


def test_what_is_random_does_not_get_shorter(server):
    run = load("echo", url(server, "ws"), "-c", 2, "-n", 100, "-s", 3000, "--binary", "--deflate",
               "--expect", "errors=0")
    assert 3000 < run["wire_bytes"] < 3300  # the handshakes, too


def test_held_connections_that_echo_at_the_end(server):
    run = load("hold", url(server, "ws"), "-c", 50, "--echo-sample", 20, "-d", 0.2, "--deflate",
               "--expect", "errors=0")
    assert run["totals"]["received"] == 20
    assert run["totals"]["connections_compressed"] == 50


def test_a_server_that_declines_is_no_error(plain):
    run = load("echo", url(plain, "ws"), "-c", 5, "-n", 100, "--deflate", "--expect", "errors=0")
    assert run["totals"]["received"] == 100
    assert run["totals"]["connections_compressed"] == 0
    assert re.search(r"WARNING: the server declined permessage-deflate\.\n.* 5 of the", run.out)


def test_npm_ws():
    with npm_ws(options="perMessageDeflate: {threshold: 0}") as port:
        run = load("echo", f"ws://127.0.0.1:{port}/", "-c", 5, "-n", 500, "-s", "1-50000", "--words",
                   "--deflate", "--expect", "errors=0")
    assert run["totals"]["connections_compressed"] == 5
    assert run["wire_bytes"] < 15000 > run["wire_bytes.sent"]  # of 25,000


# --- memory ---


def memory_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss: +(\d+) kB", file.read(), re.M).group(1)) << 10


def memory_of_a_run(where, *words):
    """Of its processes, when every connection has echoed some messages."""
    with Started("echo", where, "-c", 2000, "-t", 1, "--rate", 3000, "-s", 200, "--words", "-d", 0,
                 "--warm-up", 0, *words) as run:
        run.await_said("running", times=3)
        held = sum(map(memory_bytes, run.children()))
        run.process.terminate()
        assert run.await_end() == DONE and "no errors" in run.said
    return held


def test_a_connection_that_waits_needs_no_more(server):
    """An inflater kept for each would be 80 MiB; there are a compressor, and what is borrowed."""
    where = url(server, "ws")
    assert memory_of_a_run(where, "--deflate") - memory_of_a_run(where) < 4 * MIB
