"""What simul-load says of a server that misbehaves: simuld's /echo as it is asked to (echo.faults),
whose count of faults is compared with what was found."""
import re

import pytest

from load import FAILED, load, trust, url
from simuld import Daemon

US_PER_MS = 1000


@pytest.fixture(scope="module")
def server():
    with Daemon("echo.faults=on", "ws.deflate=on", "tls.self_signed=on", "listen.webtls.port=0",
                "listen.irctls.port=off", loops=2) as daemon:
        yield daemon


def echo(server, faults, *words, scheme="ws", **how):
    return load("echo", url(server, scheme, f"/echo?{faults}"), *trust(scheme), *words, **how)


def found(server, faults, *words):
    """The errors, and how many faults the server has counted."""
    before = server.metric("simul_faults_total")
    run = echo(server, faults, "-s", 64, "-c", 5, "-n", 2050, "-t", 1, "--rate", 1000, "--timeout",
               5, *words)
    return run.errors(), server.metric("simul_faults_total") - before


# --- by chance ---


@pytest.mark.parametrize("more", [[], ["--deflate", "--words"]], ids=["plain", "deflate"])
@pytest.mark.parametrize("fault, kind", [("drop", "lost"), ("duplicate", "duplicated"),
                                         ("corrupt", "wrong")])
def test_each_one_is_found(server, fault, kind, more):
    errors, done = found(server, f"{fault}=1/50&seed=7", *more)
    assert done > 10
    assert errors == {kind: done}


def test_what_is_out_of_order_is_found(server):
    errors, groups = found(server, "reorder=2&seed=7")
    assert groups == 2050 / 2
    assert set(errors) == {"reordered"}
    assert groups / 4 < errors["reordered"] < groups  # every other one, or so
    assert found(server, "reorder=2&seed=7") == (errors, groups)


@pytest.mark.parametrize("faults", ["chop=7", "fragment=5", "jitter_ms=20", "chop=9&fragment=30",
                                    "slow_bytes_per_second=20000", "handshake=slow", "nopong",
                                    "ping_every_ms=10"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_what_is_odd_but_allowed_is_no_error(server, faults, scheme):
    run = echo(server, faults, "-c", 3, "-n", 30, "-s", "1-100", "--in-flight", 4, scheme=scheme)
    assert not run.errors() and run["totals"]["received"] == 30


# --- each time ---

BREACHES = {
    "mask": "masked", "rsv": "reserved", "bad_utf8": "UTF-8", "close=1005&after=3": "code",
}


@pytest.mark.parametrize("fault", BREACHES)
def test_a_rule_that_is_broken_is_told(server, fault):
    run = echo(server, fault, "-c", 3, "-d", 5, "--warm-up", 0, "--timeout", 5)
    assert run.errors()["protocol"] == 3 and run.errors().keys() <= {"protocol", "lost"}
    assert run["reasons"][0]["count"] == 3
    assert re.match(f"the server broke a rule: .*{BREACHES[fault]}", run["reasons"][0]["text"])


@pytest.mark.parametrize("fault, kind, reason", [
    ("close=4321&after=3", "closed", "closed by the server: 4321 "),
    ("halfclose&after=3", "closed", "closed by the server, without a word"),
    ("rst&after=3", "reset", "the connection broke: Connection reset by peer"),
])
def test_how_a_connection_ended_is_told(server, fault, kind, reason):
    run = echo(server, fault, "-c", 3, "-d", 5, "--warm-up", 0, "--timeout", 5)
    assert run.errors() == {kind: 3, "lost": 3}
    assert run["reasons"] == [{"text": reason, "count": 3}]
    assert run["totals"]["received"] == 3 * 3


@pytest.mark.parametrize("fault, kind, reason", [
    ("bad_accept", "protocol", "the server's answer to the Upgrade is wrong"),
    ("no_upgrade", "protocol", "the server's answer to the Upgrade is wrong"),
    ("status_503", "handshake", "no WebSocket there: the server answers 503 "),
])
def test_a_handshake_that_fails_is_told(server, fault, kind, reason):
    run = echo(server, f"handshake={fault}", "-c", 3, status=FAILED)
    assert run.errors() == {kind: 3}
    assert run["reasons"][0]["text"].startswith(reason) and reason in run.err


# --- over HTTP: each request has the faults anew ---


@pytest.mark.parametrize("faults", ["chunked", "header=X-One:%201&header=X-Two:%202", "status=201",
                                    "chunked&chop=20", "jitter_ms=20", "stall_ms=20&after=5"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_odd_but_allowed_over_http_is_no_error(server, faults, scheme):
    run = echo(server, faults, "-c", 2, "-n", 10, "-s", "20-100", scheme=scheme)
    assert not run.errors() and run["totals"]["received"] == 10


@pytest.mark.parametrize("faults, errors", [
    ("status=503", {"status": 6}), ("status=204", {"wrong": 6}), ("corrupt=1/8", {"wrong": 6}),
    ("truncate&after=10", {"closed": 2, "lost": 2}), ("halfclose&after=10", {"closed": 2, "lost": 2}),
    ("chunked&truncate&after=10", {"closed": 2, "lost": 2}), ("rst&after=10", {"reset": 2, "lost": 2}),
])
def test_what_is_wrong_over_http_is_told(server, faults, errors):
    run = echo(server, faults, "-c", 2, "-n", 6, "-s", 64, "--warm-up", 0, scheme="http")
    assert run.errors() == errors


# --- more ---


def test_replies_that_are_longer_than_what_was_sent(server):
    run = echo(server, "oversize=5000", "-c", 1, "-n", 20, "-s", 64)
    assert run.errors() == {"wrong": 20}


def test_a_server_that_reads_no_more(server):
    run = load("flood", url(server, "ws", "/echo?noread_after=100"), "-c", 2, "-d", 0.5, "--warm-up",
               0, "--timeout", 2)
    assert run.errors().keys() == {"lost"}
    assert run["totals"]["received"] == 2 * 100 < run["totals"]["sent"]


# --- time ---


@pytest.mark.alone
@pytest.mark.parametrize("loop", [[], ["--rate", 400]], ids=["closed", "open"])
def test_a_latency_that_is_known(server, loop):
    run = echo(server, "delay_ms=50", "-c", 20, "-d", 1, "--warm-up", 0.2, *loop)
    assert 50 * US_PER_MS <= run["p50"] <= 75 * US_PER_MS
    assert not run.errors()


@pytest.mark.alone
def test_open_loop_shows_a_stall_that_closed_loop_hides(server):
    """The server stands still for 300 ms once. Where the next message waits for the reply, one of
    thousands meets that; where messages are due at fixed times, one in ten does."""
    words = ["-c", 1, "-d", 3, "--warm-up", 0]
    closed = echo(server, "stall_ms=300&after=250", *words)
    opened = echo(server, "stall_ms=300&after=250", *words, "--rate", 500)
    assert not closed.errors() and not opened.errors()
    assert closed["max"] > 290 * US_PER_MS and opened["max"] > 290 * US_PER_MS
    assert closed["p99"] < 30 * US_PER_MS
    assert opened["p99"] > 200 * US_PER_MS
