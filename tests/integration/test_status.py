"""/status, the page, and its events; /debug/loops."""
import contextlib
import http.client
import json
import threading

import pytest

from http_raw import HttpConnection, get
from irc import Client
from simuld import TIMEOUT, wait_until

WATCHERS_MAX = 32


class Watcher:
    """Reads server-sent events one by one."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection(*daemon.addresses["admin"], timeout=TIMEOUT)
        self.connection.request("GET", "/status/events")
        self.answer = self.connection.getresponse()

    def event(self, wanted):
        """The data of the next event of that name; all others before it are dropped."""
        while True:
            fields = {}
            while (line := self.answer.readline().decode()) not in ("\n", ""):
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
            assert line != "", "the events have ended"
            if fields.get("event") == wanted:
                return json.loads(fields["data"])

    def sample_where(self, condition):
        while True:
            event = self.event("sample")
            if condition(event):
                return event

    def close(self):
        self.answer.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def let_in(daemon):
    """One that has a place, for which it may have to wait until an earlier one's end is noticed."""
    def try_one():
        watcher = Watcher(daemon)
        if watcher.answer.status == 200:
            return watcher
        watcher.close()
        return None

    return wait_until(try_one, "a place")


def test_the_page_and_its_files_are_served_under_the_policy(daemon):
    with HttpConnection(daemon.connect("admin")) as admin:
        for path, kind in {"/status": "text/html", "/status/main.js": "text/javascript",
                           "/status/plot.js": "text/javascript", "/status/style.css": "text/css",
                           "/palette.css": "text/css", "/favicon.svg": "image/svg+xml"}.items():
            answer = admin.ask(get(path))
            assert answer.status == 200 and answer.get("Content-Type").startswith(kind)
            assert "default-src 'none'" in answer.get("Content-Security-Policy")
        for path in ("/status/", "/status/none.js", "/index.html", "/main.js", "/style.css"):
            assert admin.ask(get(path)).status == 404


def test_the_public_listeners_know_nothing_of_it(daemon):
    with HttpConnection(daemon.connect("web")) as http_:
        for path in ("/status", "/status/main.js", "/status/events", "/debug/loops"):
            assert http_.ask(get(path)).status == 404


def test_events_are_framed_as_the_standard_says(daemon):
    with HttpConnection(daemon.connect("admin")) as admin:
        admin.send(get("/status/events"))
        head = admin.read_head()
        assert head.get("Content-Type") == "text/event-stream"
        assert head.get("Cache-Control") == "no-store"
        text = b""
        while text.count(b"event: sample") < 2:
            text += admin.read_chunk()
    blocks = text.decode().split("\n\n")
    assert blocks.pop() == "" and blocks[0].startswith("retry: ")
    for block in blocks[1:]:
        kind, data = block.split("\n")
        assert kind in ("event: begin", "event: past", "event: sample")
        assert data.startswith("data: ")
        json.loads(data.removeprefix("data: "))


def test_samples_have_figures_of_every_loop(daemon):
    with Watcher(daemon) as watcher:
        begin = watcher.event("begin")
        assert begin["pid"] == daemon.pid and begin["draining"] is False
        assert begin["loops"] == daemon.loops + (daemon.loops > 1)
        first, second = (watcher.event("sample")["sample"] for _ in range(2))
        assert second["at_ms"] - first["at_ms"] >= 900
        assert len(second["lag_us"]) == begin["loops"]
        assert second["resident_bytes"] > 1e6

        def is_complete(event):
            """Each loop was probed within the second, and had something to do."""
            median, nearly_all, longest = event["sample"]["tick_us"]
            return all(lag is not None and lag >= 0 for lag in event["sample"]["lag_us"]) and \
                0 < median <= nearly_all <= longest

        watcher.sample_where(is_complete)


def test_rates_are_of_the_last_second(daemon):
    with Watcher(daemon) as watcher, HttpConnection(daemon.connect("web")) as http_:
        watcher.event("sample")
        for _ in range(200):
            assert http_.ask(get("/echo")).status == 200
        watcher.sample_where(lambda event: event["sample"]["http_requests"] > 5)
        watcher.sample_where(lambda event: event["sample"]["http_requests"] < 5)


def test_busy_channels_come_first_and_secret_ones_too(daemon, person, channel):
    user = person("busy")
    with Watcher(daemon) as watcher:
        user.send(f"JOIN {channel},{channel}-quiet", f"MODE {channel} +s")
        stop = threading.Event()

        def talk():
            while not stop.wait(0.01):
                user.send(f"PRIVMSG {channel} :x")

        talker = threading.Thread(target=talk)
        talker.start()
        try:
            event = watcher.sample_where(lambda event: event["channels"] is not None and
                                         event["channels"]["busiest"] and
                                         event["channels"]["busiest"][0]["messages"] > 10)
        finally:
            stop.set()
            talker.join()
        busiest = event["channels"]["busiest"]
        assert busiest[0]["name"] == channel and busiest[0]["members"] == 1
        assert event["channels"]["count"] >= 2
        assert len(busiest) <= 10


def test_a_page_that_is_loaded_again_has_no_gap(daemon):
    with Watcher(daemon) as watcher:
        first = watcher.event("sample")["sample"]["at_ms"]
        watcher.event("sample")
    with Watcher(daemon) as watcher:
        assert first in [sample["at_ms"] for sample in watcher.event("past")["samples"]]


def test_there_is_a_limit_of_watchers(daemon):
    with contextlib.ExitStack() as stack:
        for _ in range(WATCHERS_MAX):
            stack.enter_context(let_in(daemon))
        status, _ = daemon.admin("/status/events")
        assert status == 503
    let_in(daemon).close()


def test_who_asks_for_the_head_alone_does_not_watch(daemon):
    with contextlib.ExitStack() as stack:
        for _ in range(WATCHERS_MAX):
            asker = stack.enter_context(HttpConnection(daemon.connect("admin")))
            asker.send(get("/status/events", "Content-Length: 1", method="HEAD"))
            assert asker.read_head().status == 200
        let_in(daemon).close()


def test_watchers_do_not_hold_up_the_exit(start):
    daemon = start()
    with Watcher(daemon) as watcher, Client(daemon.connect("irc")) as user:
        user.register("lasting")
        watcher.event("sample")
        daemon.stop()
        with pytest.raises((AssertionError, http.client.HTTPException, ConnectionError)):
            while True:
                watcher.event("sample")


def test_debug_loops_tell_the_longest_resume_and_the_stages_of_ticks(daemon):
    with HttpConnection(daemon.connect("web")) as http_:
        http_.ask(get("/echo"))
    loops = json.loads(daemon.admin("/debug/loops")[1])
    assert [loop["runs_hub"] for loop in loops].count(True) == 1
    for loop in loops:
        assert [stage["stage"] for stage in loop["stages"]] == [
            "arrive", "sessions", "hub", "fan_out", "flush"]

    def is_told():
        """Other loops count on while this one reads what they have counted."""
        loops = json.loads(daemon.admin("/debug/loops")[1])
        busy = [loop for loop in loops if any(s["resumes"] for s in loop["sessions"])]
        sessions = [s for loop in busy for s in loop["sessions"] if s["resumes"]]
        stages = [(loop, stage) for loop in busy for stage in loop["stages"]]
        return any(s["longest"]["to_line"] for s in sessions if s["session"] == "admin") and all(
            0 < s["longest"]["us"] <= s["seconds"] * 1e6 + 1 for s in sessions) and all(
            stage["seconds"] * 1e6 >= stage["longest_us"] > 0
            if stage["stage"] != "hub" or loop["runs_hub"] else stage["seconds"] == 0
            for loop, stage in stages)

    wait_until(is_told, "the longest of all that has run")
