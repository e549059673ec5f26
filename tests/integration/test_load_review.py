"""What simul-load measures, against a server of which it is known: latencies, rates, who was late,
and runs that must end although connections fail."""
import signal
import subprocess
import sys
import time

import pytest

from load import DONE, FAILED, Script, load, simul_load, url
from raw_server import Peer, listening, server_frame
from simuld import Daemon, environment
from ws_raw import PING

US_PER_MS = 1000


def slow_echo(*words):
    return Script("slow_echo.py", *words)


@pytest.fixture(scope="module")
def late():
    """An echo of simuld that is 50 ms late."""
    with Daemon("echo.faults=on", loops=1) as daemon:
        yield url(daemon, "ws", "/echo?delay_ms=50")


@pytest.mark.alone
def test_who_waits_for_the_server_is_not_late_itself(late):
    run = load("echo", late, "-c", 1, "--in-flight", 1, "--rate", 100, "-d", 1, "--warm-up", 0)
    assert run["p99"] > 500 * US_PER_MS  # 20 a second are served of 100
    assert run["timings"]["lag"]["p50"] < 10 * US_PER_MS
    assert "this program itself was late" not in run.out
    assert "could not be sent" in run.out


@pytest.mark.alone
def test_each_client_has_the_same_share(late):
    """Two threads with two clients and one: each of the three has 20 of 60 messages to send, 50 ms
    apart."""
    run = load("echo", late, "-c", 3, "-t", 2, "-n", 60)
    assert run["totals"]["received"] == 60
    assert 1 <= run["measured_seconds"] < 1.45  # 1.5, where a thread had 30 for its one client


@pytest.mark.alone
def test_connections_that_are_gone_hold_nobody_back():
    with slow_echo("keep=20") as server:
        run = load("echo", f"tcp://{server.address}", "-c", 3000, "-t", 1, "--rate", 300, "-d", 0.7,
                   "--warm-up", 1)
    assert run.errors()["closed"] >= 2000  # the most of them, whenever
    assert run["p50"] < 50 * US_PER_MS


def test_a_thread_that_lost_its_connections_is_not_waited_for():
    with slow_echo("keep=1") as server:
        run = load("echo", f"tcp://{server.address}", "-c", 2, "-t", 2, "-n", 100)
    # Its end comes before its first message, or upon that.
    assert run.errors() in ({"closed": 1}, {"closed": 1, "lost": 1}, {"reset": 1, "lost": 1})
    assert run["totals"]["received"] == 50


@pytest.mark.parametrize("loop", [[], ["--rate", 100]], ids=["closed", "open"])
def test_late_replies_are_replies(loop):
    """Behind the time-out, but in order: none is lost, and the latency is what it was. The sizes of
    a stream's messages must still be known."""
    with slow_echo("stall=700") as server:
        run = load("echo", f"tcp://{server.address}", "-c", 1, "-d", 0.9, "--warm-up", 0, "--timeout",
                   0.2, "-s", "16-200", *loop)
    assert not run.errors()
    assert run["max"] >= 700 * US_PER_MS


def test_a_time_out_longer_than_the_machine_runs(late):
    run = load("echo", late, "-c", 1, "-n", 10, "--timeout", "2400h")
    assert not run.errors()


def test_no_request_behind_one_that_is_not_answered():
    with slow_echo("silent") as server:
        run = load("echo", f"http://{server.address}/", "-c", 1, "-d", 1, "--warm-up", 0, "--timeout",
                   0.1)
    assert run.errors() == {"lost": run["totals"]["sent"]}
    assert run["totals"]["connections_opened"] == run["totals"]["sent"] > 1


def test_a_rate_of_connections_is_kept_by_slow_handshakes():
    with slow_echo("silent") as server:
        load("echo", f"ws://{server.address}/", "-c", 400, "-t", 1, "--connect-rate", 800,
             "--timeout", 3, status=FAILED)
    assert server.said["most_open"] == 400


def test_who_ignores_the_end_of_children_does_not_wait_for_us():
    with slow_echo() as server:
        began = time.monotonic()
        done = subprocess.run(
            [simul_load(), "echo", f"tcp://{server.address}", "-n", "10", "-q"],
            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN), env=environment(),
            stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == DONE
    assert time.monotonic() - began < 4


def test_messages_that_no_socket_takes_at_once():
    with Daemon("tls.self_signed=on", "listen.webtls.port=0", "listen.irctls.port=off",
                loops=1) as daemon:
        tcp, wss = (f"{host}:{port}" for host, port in map(daemon.addresses.get, ("echo", "webtls")))
        for where in [[f"tcp://{tcp}"], [f"wss://{wss}/echo", "-k"]]:
            load("echo", *where, "-c", 2, "--in-flight", 3, "-n", 18, "-s", "1000-4MiB", "--expect",
                 "errors=0")


def test_connections_that_replace_others_are_not_of_the_opening():
    with Daemon(loops=1) as daemon:
        host, port = daemon.addresses["web"]
        run = load("echo", f"http://{host}:{port}/echo", "-c", 4, "-d", 0.5, "--warm-up", 0, "-H",
                   "Connection: close", "--expect", "errors=0")
    opened = run["totals"]["connections_opened"]
    assert opened > 50 and run["connect.rate"] < 4 / 0.01


PING_FRAME = server_frame(PING, 125 * b"p")
PINGS = (32 << 20) // len(PING_FRAME)


def test_pings_of_a_server_that_does_not_read_cost_no_memory():
    """It sends many pings, and only then looks at what came."""
    pongs = []

    def ping_and_never_read(sock):
        with Peer(sock).upgrade() as peer:
            for _ in range(PINGS // 512):
                peer.send(512 * PING_FRAME)
            while piece := sock.recv(1 << 20):
                pongs.append(len(piece))

    with listening(ping_and_never_read) as address:
        load("echo", f"ws://{address}/", "-c", 1, "-d", 1, "--warm-up", 0, "--timeout", 0.2)
    assert 1000 < sum(pongs) < (16 << 20)  # what the kernel holds, and little more


def test_chat_ends_after_its_messages():
    with Daemon("chat.flood_lines_per_second=0", loops=1) as daemon:
        host, port = daemon.addresses["irc"]
        run = load("chat", f"irc://{host}:{port}", "--rooms", 2, "--members", 5, "-n", 20,
                   "--rate", 100)
    assert not run.errors()


FEW_PORTS = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
    file.write("40000 40003")
server = socket.create_server(("127.0.0.1", 50000))
held = [socket.create_connection(("127.0.0.1", 50000)) for _ in range(3)]
sys.exit(subprocess.run([*sys.argv[1:]]).returncode)
"""


def test_no_port_is_left():
    inside = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("no network of our own is permitted here")
    done = subprocess.run(
        [*inside, sys.executable, "-c", FEW_PORTS, simul_load(), "echo", "tcp://127.0.0.1:50000",
         "-c", "4", "-d", "0.1", "--warm-up", "0", "--timeout", "0.1", "-q"],
        env=environment(), text=True, capture_output=True, check=False)
    assert "no port is left" in done.stdout, done.stdout + done.stderr
