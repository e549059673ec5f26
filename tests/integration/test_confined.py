"""Workers are confined: one that opens a file or makes a socket is killed, replaced and counted.
`/jobs/debug-open` and `/jobs/debug-socket` do so on purpose."""
import json
import os
import pathlib
import re
import signal

import pytest

from http_raw import HttpConnection, get, post
from simuld import wait_until

WORKERS = 2
SETTINGS = [f"jobs.workers={WORKERS}", "debug.jobs=on"]


@pytest.fixture(autouse=True)
def confinement(daemon):
    """What the server says is in force; tests of that want a kernel that can."""
    told = daemon.stats()["confinement"]
    if not all(told.values()):
        pytest.skip(f"not in force here: {told}")
    return told


@pytest.fixture
def http(daemon):
    with HttpConnection(daemon.connect("web")) as connection:
        yield connection


def status_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return dict(re.findall(r"^(\w+):\s*(.*?)\s*$", status, re.M))


def burn(http):
    """The id of the worker process that does a short job."""
    answer = http.ask(get("/jobs/burn?ms=1"))
    assert answer.status == 200
    return json.loads(answer.body)["pid"]


def by_filter(daemon):
    """The log lines of those that their filter has ended."""
    return [line for line in daemon.log("worker ended") if line["signal"] == signal.SIGSYS]


@pytest.mark.parametrize("job", ["debug-open", "debug-socket"])
def test_a_worker_that_does_what_it_may_not_is_killed_replaced_and_counted(daemon, http, job):
    def numbers():
        jobs = daemon.stats()["jobs"]
        return jobs["worker_violations"], jobs["worker_restarts"], jobs["jobs_died"]

    violations, restarts, died = numbers()
    known = by_filter(daemon)
    answer = http.ask(post(f"/jobs/{job}", b""))
    assert (answer.status, answer.body) == (502, b"the worker that ran the job died\n")
    wait_until(lambda: numbers() == (violations + 1, restarts + 1, died + 1), "the numbers")
    assert daemon.metric("simul_worker_violations_total") == violations + 1
    lines = wait_until(lambda: by_filter(daemon)[len(known):], "a log line")
    assert len(lines) == 1
    line = lines[0]
    assert "system call" in line["reason"]
    assert line["level"] == "warn" and line["pid"] not in daemon.processes()
    wait_until(lambda: daemon.stats()["jobs"]["workers"] == WORKERS, "another worker")
    assert {burn(http) for _ in range(2 * WORKERS)}.isdisjoint({line["pid"]})


def test_workers_that_die_otherwise_are_no_violations(daemon, http):
    violations = daemon.stats()["jobs"]["worker_violations"]
    restarts = daemon.stats()["jobs"]["worker_restarts"]
    pid = burn(http)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: daemon.stats()["jobs"]["worker_restarts"] == restarts + 1, "another worker")
    assert daemon.stats()["jobs"]["worker_violations"] == violations


def test_only_workers_have_a_filter_and_nobody_gains_anything_by_executing(daemon):
    def filters():
        """By the processes' names."""
        found = {}
        for pid in daemon.processes():
            status = status_of(pid)
            assert status["NoNewPrivs"] == "1"
            found.setdefault(status["Name"], []).append(status["Seccomp"])
        return found

    wait_until(lambda: filters() == {"simuld": ["0"], "simuld-spawner": ["0"],
                                     "simuld-worker": ["2"] * WORKERS}, "all processes")


def test_what_is_in_force_is_logged_and_told(daemon, confinement):
    line = wait_until(lambda: daemon.log("starting"), "a log line")[0]
    assert (line["landlock"], line["seccomp"]) == ("on", "on")
    assert confinement == {"landlock": True, "seccomp": True}


def test_jobs_for_tests_are_there_for_tests_only(start):
    with HttpConnection(start().connect("web")) as http:
        for job in ("debug-open", "debug-socket"):
            assert http.ask(post(f"/jobs/{job}", b"")).status == 404
