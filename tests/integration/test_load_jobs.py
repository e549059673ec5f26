"""simul-load jobs, and echo over HTTP: against simuld, against servers that were not written here,
and against one with habits, of which the legal ones must be borne and the others found."""
import os
import re
import subprocess
import sys
import threading

import pytest

from http_raw import HttpConnection, get
from load import EXPECTATION, FAILED, USAGE, Script, foreign_server, load, node, trust
from proxies import Nginx
from simuld import Daemon, wait_until

US_PER_MS = 1000
DIGEST = "/jobs/digest?algorithm=sha256&rounds=10"


@pytest.fixture(scope="module")
def simuld():
    with Daemon("jobs.workers=1", "jobs.queue_max=1", "debug.stall=on", loops=1) as daemon:
        yield daemon


def web(daemon, path, scheme="http"):
    return daemon.url("web" if scheme in ("http", "ws") else "webtls", path, scheme)


# --- simuld ---

@pytest.mark.parametrize("scheme", ["http", "https"])
def test_jobs_are_done_while_others_echo(simuld, scheme):
    run = load("jobs", web(simuld, DIGEST, scheme), *trust(scheme), "-c", 1, "-d", 1, "--warm-up",
               0, "-s", "1-5000", "--expect", "errors=0", "--expect", "rate>10")
    totals, timings = run["totals"], run["timings"]
    assert totals["sent"] == totals["received"] > 10
    assert totals["connections_opened"] == 1 + 4
    assert timings["first_byte"]["count"] == timings["latency"]["count"] > 0
    # Of four connections, each a hundred times a second.
    assert 200 <= timings["beside"]["count"] <= 410


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("options", [[], ["-H", "Connection: close"]], ids=["kept", "closed"])
def test_echo_over_http(simuld, scheme, options):
    run = load("echo", web(simuld, "/echo", scheme), *trust(scheme), *options, "-c", 5, "-n", 60,
               "-s", "1-100000", "--expect", "errors=0")
    totals = run["totals"]
    assert totals["sent"] == totals["received"] == 60
    assert totals["sent_bytes"] == totals["received_bytes"]
    assert totals["connections_opened"] >= 60 if options else totals["connections_opened"] == 5
    assert totals["connections_closed_by_server"] == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_methods(simuld, method):
    run = load("jobs", web(simuld, "/echo"), "-X", method, "-c", 2, "-n", 50, "--expect",
               "errors=0", "--expect", "lost=0")
    # GET tells about the request; the others send back nothing for nothing.
    assert (run["totals"]["received_bytes"] > 0) == (method == "GET")


def test_busy_workers_are_said_and_counted(simuld):
    run = load("jobs", web(simuld, "/jobs/burn?ms=50"), "-c", 4, "-n", 20, "--beside", 0)
    refused = run.errors()["status"]
    assert run.errors() == {"status": refused}
    assert run["totals"]["received"] + refused == 20
    assert [(r["text"], r["count"]) for r in run["reasons"]] == [
        ("503 Service Unavailable", refused)]
    assert "503 Service Unavailable" in run.out


def test_a_rate_counts_the_wait_for_a_free_connection(simuld):
    """One worker, 20 ms a job, and twice as many due as can be done: the last has waited long."""
    run = load("jobs", web(simuld, "/jobs/burn?ms=20"), "-c", 1, "--rate", 100, "-n", 25,
               "--expect", "errors=0", "--beside", 0)
    assert run["max"] > 200 * US_PER_MS
    assert run["timings"]["first_byte"]["max"] < run["max"]


def test_a_stopped_loop_shows_beside(simuld):
    """Nothing is asked of the server but to stop for a while: the echoes tell."""
    said = simuld.metric("simul_ws_messages_total")

    def stall():
        with HttpConnection(simuld.connect("admin")) as admin:
            wait_until(lambda: simuld.metric("simul_ws_messages_total") > said + 20, "the load")
            admin.ask(get("/debug/stall?ms=300&by=sleep"))

    thread = threading.Thread(target=stall)
    thread.start()
    run = load("jobs", web(simuld, "/echo"), "-c", 1, "--rate", 10, "-d", 1.5, "--warm-up", 0,
               "--beside", 4, "--expect", "errors=0")
    thread.join()
    beside = run["timings"]["beside"]
    assert beside["max"] > 200 * US_PER_MS
    assert beside["p90"] > 50 * US_PER_MS  # a fifth of all came to a server that stood


def test_echo_beside_may_be_elsewhere(simuld):
    run = load("jobs", web(simuld, "/echo"), "-c", 1, "-d", 0.5, "--warm-up", 0, "--beside", 3,
               "--beside-url", "tcp://{}:{}".format(*simuld.addresses["echo"]),
               "--expect", "errors=0")
    assert run["timings"]["beside"]["count"] > 100
    assert run["timings"]["handshake"] is None


@pytest.mark.parametrize("expectation, status", [("p99<1ns", EXPECTATION), ("p99<60s", 0),
                                                 ("echo.p99<1ns", EXPECTATION),
                                                 ("echo.p99<60s", 0)])
def test_expectations_decide(simuld, expectation, status):
    run = load("jobs", web(simuld, DIGEST), "-s", 10, "-c", 1, "-d", 0.2, "--warm-up", 0,
               "--beside", 2, "--expect", expectation, status=status)
    holds = "does NOT hold" if status == EXPECTATION else "holds"
    assert re.search(f"expected {expectation}: {holds}", run.out)


def test_several_processes_have_all_connections(simuld):
    run = load("jobs", web(simuld, "/echo"), "-c", 5, "--beside", 4, "--processes", 2, "-t", 4,
               "-d", 0.5, "--warm-up", 0, "--expect", "errors=0", "--expect", "connected=9")
    assert run["timings"]["beside"]["count"] > 100


def test_nobody_there():
    run = load("jobs", "http://127.0.0.1:1/", "-d", 1, status=FAILED)
    assert "no connection could be opened" in run.err and "Connection refused" in run.err


def test_wrong_command_lines():
    assert "GET, HEAD" in load("jobs", "http://127.0.0.1:1/", "-X", "BREW", status=USAGE).err
    assert "http and https" in load("jobs", "ws://127.0.0.1:1/", status=USAGE).err
    assert "--in-flight means nothing" in load("echo", "http://127.0.0.1:1/", "--in-flight", 2,
                                               status=USAGE).err


# --- habits ---

@pytest.mark.parametrize("habit", ["chunked", "close", "endless"])
@pytest.mark.parametrize("rate", [0, 300])
def test_legal_habits_are_borne(habit, rate):
    with Script("odd_http.py", habit, 1) as server:
        run = load("jobs", f"http://{server.address}/", "-c", 3, "-n", 90, "--rate", rate,
                   "--expect", "errors=0", "--expect", "closed=0")
    assert server.said["done"] == run["totals"]["received"] == 90
    assert run["totals"]["received_bytes"] == 90 * 33
    opened = run["totals"]["connections_opened"]
    assert opened == 3 if habit == "chunked" else opened >= 90


def test_a_server_that_does_not_close_as_it_said():
    with Script("odd_http.py", "lazy", 1) as server:
        run = load("jobs", f"http://{server.address}/", "-c", 20, "-n", 40, "--expect", "errors=0")
    assert run["totals"]["connections_opened"] >= 40


def test_a_server_may_close_while_nothing_is_asked():
    with Script("odd_http.py", "early", 1) as server:
        run = load("jobs", f"http://{server.address}/", "-c", 1, "--rate", 5, "-n", 5,
                   "--expect", "errors=0", "--expect", "closed=0")
    assert run["totals"]["received"] == 5
    assert run["totals"]["connections_opened"] >= 5


@pytest.mark.parametrize("habit, expected", [
    ("cut", {"closed": 1, "lost": 1}),
    ("gone", {"closed": 1, "lost": 1}),
    ("silent", {"lost": 1}),
    ("garbage", {"protocol": 1, "lost": 1}),
    ("twice", {"protocol": 1, "lost": 1}),
    ("busy", {"status": 1}),
])
def test_wrong_habits_are_found(habit, expected):
    with Script("odd_http.py", habit, 20) as server:
        run = load("jobs", f"http://{server.address}/", "-c", 4, "-n", 100, "--timeout", 2)
    assert server.said == {"seen": 100, "done": 5}
    assert run.errors() == {kind: 5 * count for kind, count in expected.items()}
    assert run["totals"]["received"] == 95
    assert sum(reason["count"] for reason in run["reasons"]) == 5


# --- servers that were not written here ---

class ServingNginx(Nginx):
    """It closes each connection behind its tenth request."""
    ENTRANCES = ["files"]
    CONFIG = """
http {""" + Nginx.HTTP + """
    keepalive_requests 10;
    server {
        listen 127.0.0.1:%(port_files)s;
        root %(directory)s;
        location /no { return 404; }
    }
}
"""


NODE_ECHO = """
const server = require("http").createServer((ask, answer) => ask.pipe(answer));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""
FILE_BYTES = 100_000


def test_nginx(tmp_path):
    with ServingNginx(None, tmp_path) as server:
        (server.directory / "file").write_bytes(os.urandom(FILE_BYTES))
        where = server.url("files", "", "http")
        run = load("jobs", f"{where}/file", "-c", 3, "-n", 300, "--expect", "errors=0", "--expect",
                   "closed=0")
        assert run["totals"]["received_bytes"] == 300 * FILE_BYTES
        assert 30 <= run["totals"]["connections_opened"] <= 33
        run = load("jobs", f"{where}/no", "-n", 20)
        assert run.errors() == {"status": 20}


def test_python_closes_after_each(tmp_path):
    """http.server speaks HTTP/1.0."""
    (tmp_path / "file").write_bytes(os.urandom(FILE_BYTES))
    with foreign_server(sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1",
                        "--directory", str(tmp_path), "0", stderr=subprocess.DEVNULL) as port:
        run = load("jobs", f"http://127.0.0.1:{port}/file", "-c", 3, "-n", 50, "--expect",
                   "errors=0", "--expect", "closed=0")
    assert run["totals"]["received_bytes"] == 50 * FILE_BYTES
    assert run["totals"]["connections_opened"] >= 50


def test_node_echoes():
    with node(NODE_ECHO) as port:
        for options in [], ["-H", "Connection: close"]:
            load("echo", f"http://127.0.0.1:{port}/", *options, "-c", 5, "-n", 300, "-s",
                 "1-100000", "--expect", "errors=0")
