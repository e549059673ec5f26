"""simul-load connect: the rate of connections, and what of each takes how long."""
import re
import threading

import pytest

import certificates
from load import ECHOTLS, FAILED, LISTENERS, load, trust, url
from proxies import Nginx
from raw_server import listening
from simuld import Daemon

TIMED = {"tls": "tls", "wss": "tls handshake first_byte", "ws": "handshake first_byte",
         "irc": "handshake", "ircs": "tls handshake", "http": "first_byte",
         "https": "tls first_byte"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    certificate, key = certificates.make(tmp_path_factory.mktemp("certificate"))
    with Daemon(*certificates.settings(certificate, key), *ECHOTLS, loops=2) as daemon:
        daemon.certificate = certificate
        yield daemon


def greet(sock):
    with sock:
        sock.sendall(b"220 ready\r\n")
        sock.recv(100)


# --- what is opened and timed ---


@pytest.mark.parametrize("scheme", LISTENERS)
def test_each_part_is_timed(server, scheme):
    run = load("connect", url(server, scheme), *trust(scheme), "-c", 8, "-n", 60,
               "--expect", "errors=0", "--expect", "connected=60")
    assert run["totals"]["connections_started"] == run["totals"]["connections_ended"] == 60
    assert run["open_max"] <= 8 and run["totals"]["connections_closed_by_server"] == 0
    timed = ["latency", "connect", *TIMED.get(scheme, "").split()]
    assert {name: run["timings"][name]["count"] for name in timed} == dict.fromkeys(timed, 60)
    assert run["rate"] > 0 and run["p50"] >= run["connect.p50"] > 0


@pytest.mark.parametrize("scheme", ["tls", "wss", "https"])
def test_sessions_are_resumed_only_if_wanted(server, scheme):
    command = ["connect", url(server, scheme), "-k", "-c", 4, "-t", 1, "-n", 40, "--expect",
               "errors=0"]
    assert load(*command)["totals"]["tls_sessions_resumed"] == 0
    assert 36 <= load(*command, "--resume")["totals"]["tls_sessions_resumed"] < 40


def test_first_byte_of_an_answer(server):
    run = load("connect", url(server, "tcp"), "--say", "hello", "-c", 4, "-n", 100,
               "--expect", "errors=0", "--expect", "first_byte.p50>0")
    assert run["timings"]["first_byte"]["count"] == 100


def test_first_byte_of_a_server_that_speaks_first():
    with listening(greet) as address:
        run = load("connect", f"tcp://{address}", "--first-byte", "-c", 4, "-n", 50, "--expect",
                   "errors=0")
    assert run["timings"]["first_byte"]["count"] == 50


# --- open loop ---


def test_a_rate_is_kept(server):
    run = load("connect", url(server, "ws"), "--connect-rate", 500, "-c", 100, "-d", 1,
               "--warm-up", 0, "--expect", "errors=0")
    assert 350 <= run["rate"] <= 510


def test_latency_counts_from_when_a_connection_was_due():
    served = []

    def stall(sock):
        served.append(sock)
        if len(served) == 5:
            threading.Event().wait(0.4)
        greet(sock)

    with listening(stall) as address:
        run = load("connect", f"tcp://{address}", "--first-byte", "--connect-rate", 100, "-c", 4,
                   "-d", 0.8, "--warm-up", 0, "--expect", "errors=0")
    assert run["p90"] > 200_000, "one stall makes all those wait that were due meanwhile"


# --- what goes wrong ---


def test_nobody_there():
    run = load("connect", "tcp://127.0.0.1:1", "-d", 0.2, "--warm-up", 0, status=FAILED)
    times = int(re.search(r"Connection refused \((\d+) times\)", run.err)[1])
    assert times < 1000, "a server that refuses is overrun"


@pytest.mark.parametrize("scheme, stage", [("ws", "for the handshake"),
                                           ("wss", "for the TLS handshake"),
                                           ("irc", "behind the handshake")])
def test_a_server_that_never_answers(scheme, stage):
    kept = []
    with listening(kept.append) as address:
        run = load("connect", f"{scheme}://{address}", "--timeout", 0.2, "-n", 3, "-c", 3, "-d", 1,
                   "--warm-up", 0, status=FAILED)
    assert f"no answer {stage} within the time-out (3 times)" in run.err


def test_what_is_not_tls():
    with listening(greet) as address:
        run = load("connect", f"tls://{address}", "-n", 3, status=FAILED)
    assert "what answers there is not TLS (3 times)" in run.err


def test_a_certificate_is_verified(server):
    run = load("connect", url(server, "wss"), "-n", 1, status=FAILED)
    assert "self-signed certificate: trust it with --ca FILE, or -k" in run.err
    load("connect", url(server, "wss", host="localhost"), "--ca", server.certificate, "-n", 5,
         "--expect", "connected=5")
    load("connect", url(server, "wss"), "--sni", "localhost", "--ca", server.certificate, "-n", 5,
         "--expect", "connected=5")
    run = load("connect", url(server, "wss"), "--ca", server.certificate, "-n", 1, status=FAILED)
    assert "for another name" in run.err and "--sni" in run.err


def test_a_server_that_does_not_close():
    kept = []
    with listening(kept.append) as address:
        run = load("connect", f"tcp://{address}", "-c", 2, "-n", 4, "--expect", "connected=4",
                   "--expect", "errors=0")
    assert run["reasons"][0]["text"] == "not closed by the server within 1 s after our goodbye"


# --- servers that were not written here ---


@pytest.mark.parametrize("scheme, entrance, path", [
    ("tls", "irctls", ""), ("ircs", "irctls", ""), ("wss", "web", "/echo"),
    ("https", "web", "/echo")])
def test_nginx(server, tmp_path, scheme, entrance, path):
    with Nginx(server, tmp_path) as proxy:
        host, port = proxy.addresses[entrance]
        run = load("connect", f"{scheme}://{host}:{port}{path}", "-k", "--resume", "-c", 4, "-t", 1,
                   "-n", 40, "--expect", "errors=0", "--expect", "connected=40")
        assert run["totals"]["tls_sessions_resumed"] >= 36
