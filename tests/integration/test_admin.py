"""The admin listener: /metrics, /livez, /readyz, /stats."""
import json
import subprocess

import pytest

from http_raw import HttpConnection, get
from simuld import wait_until
from tools import tool


@pytest.mark.short
def test_it_is_alive_and_ready(daemon):
    assert daemon.admin("/livez") == (200, "ok\n")
    assert daemon.admin("/readyz") == (200, "ok\n")


def test_promtool_accepts_the_metrics(daemon):
    status, text = daemon.admin("/metrics")
    assert status == 200
    check = subprocess.run([tool("promtool"), "check", "metrics"], input=text, text=True,
                           capture_output=True, check=False)
    assert (check.returncode, check.stdout + check.stderr) == (0, "")


def test_metrics_have_the_type_of_prometheus(daemon):
    with HttpConnection(daemon.connect("admin")) as http:
        assert http.ask(get("/metrics")).get("Content-Type").startswith("text/plain; version=0.0.4")


def test_stats_are_json_with_every_loop(daemon):
    stats = daemon.stats()
    assert [loop["index"] for loop in stats["loops"]] == list(range(daemon.loops))
    assert stats["pid"] == daemon.pid
    assert stats["draining"] is False
    with HttpConnection(daemon.connect("admin")) as http:
        assert http.ask(get("/stats")).get("Content-Type") == "application/json"


def test_stats_count_the_connections_of_each_loop(daemon):
    def connections():
        return [loop["connections"] for loop in daemon.stats()["loops"]]

    first, one = daemon.connect_to_loop("echo")
    second, two = daemon.connect_to_loop("echo", (one + 1) % daemon.loops)
    wait_until(lambda: connections()[one] >= 1 and connections()[two] >= 1, "both")
    assert daemon.loops == 1 or one != two
    first.close()
    second.close()
    # The one that asks is itself a connection, on loop 0.
    wait_until(lambda: sum(connections()) == 1, "the end of both")


def test_metrics_count_what_happens(daemon):
    before = daemon.metric("simul_http_requests_total")
    with HttpConnection(daemon.connect("web")) as http:
        for _ in range(10):
            http.ask(get("/echo"))
    assert daemon.metric("simul_http_requests_total") >= before + 10


def test_what_is_public_is_not_on_the_admin_listener_and_the_other_way_round(daemon):
    for path in ("/", "/echo", "/chat", "/jobs/burn?ms=0"):
        assert daemon.admin(path)[0] == 404
    with HttpConnection(daemon.connect("web")) as http:
        for path in ("/metrics", "/livez", "/readyz", "/stats"):
            assert http.ask(get(path)).status == 404


def test_a_page_whose_name_points_here_reads_nothing(start):
    daemon = start("proxy.trusted=127.0.0.0/8")
    rebound = get("/stats").replace("Host: localhost", "Host: evil.example")
    with HttpConnection(daemon.connect("admin")) as http:
        assert http.ask(rebound).status == 403
        passed_on = rebound.replace("\r\n\r\n", "\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        assert http.ask(passed_on).status == 200
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/echo").replace("localhost", "chat.example")).status == 200


def test_other_methods_are_405(daemon):
    with HttpConnection(daemon.connect("admin")) as http:
        answer = http.ask(get("/metrics", method="POST"))
        assert (answer.status, answer.get("Allow")) == (405, "GET, HEAD")


def test_the_admin_listener_can_be_left_out(start):
    assert "admin" not in start("admin.port=off").addresses


def test_debug_loops_tells_where_the_time_went(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        http.ask(get("/echo"))

    def loops():
        return json.loads(daemon.admin("/debug/loops")[1])

    def names():
        """Of the sessions that have run; others are counted when they begin."""
        return {session["session"] for loop in loops() for session in loop["sessions"]
                if session["resumes"] > 0}

    wait_until(lambda: {"auto", "http", "admin"} <= names(), "the usual sessions")
    first = loops()[0]
    assert first["tick"]["count"] > 0 and first["resume"]["count"] > 0
    assert first["tick"]["p50_us"] <= first["tick"]["p99_us"] <= first["tick"]["max_us"]
