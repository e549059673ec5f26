"""simul-load as a process: what it shows, how it takes signals, what it leaves behind, and with
which status it ends."""
import json
import os
import re
import signal

import pytest

from load import DONE, EXPECTATION, FAILED, USAGE, Started, load, url
from simuld import TIMEOUT, Daemon, wait_until

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture(scope="module")
def echo():
    with Daemon("echo.faults=on", loops=2) as daemon:
        yield url(daemon, "ws")


@pytest.fixture
def mute(echo):
    """Answers nothing, so that replies are waited for in vain."""
    return f"{echo}?drop=1/1"


def report_of(path):
    return json.loads(path.read_text())


# --- exit statuses ---

STATUSES = {
    "done": (DONE, ["echo", "URL", "-n", 100]),
    "all-expected": (DONE, ["echo", "URL", "-n", 100, "--expect", "errors=0"]),
    "help": (DONE, ["--help"]),
    "help-of-a-scenario": (DONE, ["echo", "--help"]),
    "help-of-compare": (DONE, ["compare", "--help"]),
    "version": (DONE, ["--version"]),
    "nobody-there": (FAILED, ["echo", "tcp://127.0.0.1:1", "-n", 1]),
    "nobody-there-as-expected": (FAILED, ["echo", "tcp://127.0.0.1:1", "--expect", "connected=0"]),
    "report-not-written": (FAILED, ["echo", "URL", "-n", 100, "--csv", "/dev/full"]),
    "report-not-written-in-time": (USAGE, ["echo", "URL", "--csv", "/nonexistent/a.csv"]),
    "compared-with-nothing": (FAILED, ["compare", "/nonexistent/a.json", "/nonexistent/b.json"]),
    "nothing-to-compare": (USAGE, ["compare"]),
    "nothing-to-do": (USAGE, []),
    "no-such-scenario": (USAGE, ["ehco", "URL"]),
    "no-such-option": (USAGE, ["echo", "URL", "--rats", 1]),
    "no-such-figure": (USAGE, ["echo", "URL", "--expect", "p98<1ms"]),
    "not-as-expected": (EXPECTATION, ["echo", "URL", "-n", 100, "--expect", "connected=0"]),
}


@pytest.mark.parametrize("status, arguments", STATUSES.values(), ids=STATUSES)
def test_exit_status(echo, status, arguments):
    with Started(*[echo if word == "URL" else word for word in arguments]) as run:
        assert run.await_end() == status, run.said
    assert run.said


def test_what_failed_is_said_once():
    for arguments in (["-q"], ["-t", 2, "--processes", 2]):
        run = load("echo", "tcp://127.0.0.1:1", *arguments, status=FAILED)
        assert run.err.count("Connection refused") == 1 and not run.out
        assert run["reasons"] == [{"text": "connect to 127.0.0.1:1: Connection refused",
                                   "count": 10}]
        assert run.errors() == {"refused": 10} and run["connected"] == 0
        assert run["p99"] is None and run["measured_seconds"] == 0


# --- how long it lasts ---

def test_messages_or_duration_whichever_is_first(echo):
    run = load("echo", echo, "-n", 500, "-d", 60, "--warm-up", 0)
    assert run["totals"]["sent"] == run["totals"]["received"] == 500
    assert run["seconds"] < 30
    run = load("echo", echo, "-n", 10 ** 9, "-d", 0.5, "--warm-up", 0, "--rate", 500)
    assert 0 < run["totals"]["sent"] < 1000
    assert 0.5 <= run["measured_seconds"] < 2 and not run["interrupted"]


def test_quiet(echo):
    loud = load("echo", echo, "-d", 0.6, "--warm-up", 0)
    quiet = load("echo", echo, "-d", 0.6, "--warm-up", 0, "-q")
    assert "running" in loud.err and not quiet.err
    assert "no errors" in loud.out and "no errors" in quiet.out


# --- signals ---

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_report(echo, tmp_path, number):
    path = tmp_path / "report.json"
    with Started("echo", echo, "-d", 0, "--warm-up", 0, "--rate", 500, "--processes", 2, "-t", 2,
                 "--json", path) as run:
        run.await_said("running")
        run.process.send_signal(number)
        assert run.await_end() == DONE
    assert "; interrupted" in run.said and "no errors" in run.said
    report = report_of(path)
    assert report["interrupted"] and report["plan"]["duration_s"] == 0
    assert report["totals"]["received"] == report["totals"]["sent"] > 0
    assert 0 < report["measured_seconds"] <= report["seconds"]


def test_a_signal_while_it_opens(echo, tmp_path):
    with Started("echo", echo, "-c", 100, "--connect-rate", 10, "--json",
                 tmp_path / "a.json") as run:
        run.await_said("opening")
        run.process.send_signal(signal.SIGINT)
        assert run.await_end() == DONE
    report = report_of(tmp_path / "a.json")
    assert report["interrupted"] and report["totals"]["sent"] == report["measured_seconds"] == 0
    assert 0 < report["connected"] < 100


@pytest.mark.parametrize("numbers", [[signal.SIGINT, signal.SIGINT], [signal.SIGQUIT]],
                         ids=["twice", "quit"])
def test_in_a_hurry_it_leaves_at_once(mute, tmp_path, numbers):
    with Started("echo", mute, "-d", 0, "--warm-up", 0, "--timeout", 100, "--processes", 2,
                 "-t", 2, "--json", tmp_path / "report.json") as run:
        run.await_said("running")
        for number in numbers[:-1]:
            run.process.send_signal(number)
            run.await_said("draining")
        run.process.send_signal(numbers[-1])
        assert run.await_end() == FAILED
    assert not (tmp_path / "report.json").exists()


def test_a_signal_to_its_whole_group_is_one(echo, tmp_path):
    """timeout(1) signals its child, and then the process group, of which that is a part."""
    with Started("echo", echo, "-d", 0, "--warm-up", 0, "--rate", 100,
                 "--json", tmp_path / "a.json", before=["timeout", "2"]) as run:
        assert run.await_end() == 124
    report = report_of(tmp_path / "a.json")
    assert report["interrupted"] and report["errors"] == 0 and report["totals"]["received"] > 0


def test_nohup_is_respected(echo):
    with Started("echo", echo, "-d", 1.5, "--warm-up", 0, before=["nohup"]) as run:
        run.await_said("running")
        run.process.send_signal(signal.SIGHUP)
        assert run.await_end() == DONE
    assert "; interrupted" not in run.said


# --- processes that die ---

def test_no_child_outlives_its_parent(echo):
    with Started("echo", echo, "-d", 0, "--warm-up", 0, "--processes", 3, "-t", 3) as run:
        run.await_said("running")
        assert len(run.children()) == 3
        run.process.kill()
        assert run.await_end() == -signal.SIGKILL


def test_a_process_that_dies_is_an_error(echo, tmp_path):
    with Started("echo", echo, "-c", 10, "-d", 2, "--warm-up", 0, "--rate", 500,
                 "--processes", 2, "-t", 2, "--json", tmp_path / "a.json") as run:
        run.await_said("running")
        os.kill(run.children()[0], signal.SIGKILL)
        assert run.await_end() == DONE
    report = report_of(tmp_path / "a.json")
    assert report["errors_by_kind"]["local"] == report["errors"] == 1
    assert report["reasons"] == [{"text": "a process of simul-load died by signal 9", "count": 1}]
    assert report["measured_seconds"] >= 2  # the other one went on
    last = [sample for sample in report["samples"] if sample["measured"]][-1]
    assert last["open"] == 5 and last["received"] > 0
    assert "ERRORS: 1" in run.said and "died by signal 9" in run.said


def test_the_only_process_dies(echo, tmp_path):
    with Started("echo", echo, "-d", 0, "--warm-up", 0, "-t", 1, "--json",
                 tmp_path / "a.json") as run:
        run.await_said("running")
        os.kill(run.children()[0], signal.SIGKILL)
        assert run.await_end() == DONE
    report = report_of(tmp_path / "a.json")
    assert report["errors_by_kind"]["local"] == 1 and report["totals"]["received"] > 0
    assert not report["interrupted"]


def test_a_process_that_stands_still_when_sending_ends_loses_nothing(echo):
    """What it sends last it has not sent yet, and so does not wait for it yet either."""
    with Started("hold", echo, "-c", 10, "-d", 1.5, "--echo-sample", 10) as run:
        run.await_said("running")
        child, = run.children()
        os.kill(child, signal.SIGSTOP)
        run.await_said("draining", times=2)  # that they begin, and a second of it
        os.kill(child, signal.SIGCONT)
        assert run.await_end() == DONE
    assert "no errors" in run.said, run.said


# --- on a terminal ---

def expect_cursor_back(run):
    assert run.said.count(HIDE) == run.said.count(SHOW) == 1
    assert run.said.index(HIDE) < run.said.index(SHOW)
    return run.said.rpartition(SHOW)


def test_the_live_view(echo):
    with Started("echo", echo, "-c", 7, "-d", 1, "--warm-up", 0.5, is_terminal=True) as run:
        run.await_said("p99.9")
        assert run.await_end() == DONE
    drawn, _, after = expect_cursor_back(run)
    for what in (f"echo {echo}", "7 connections", "warming up", "measuring", "received", "so far",
                 "p99", "errors", "none", "% "):
        assert what in drawn, what
    assert drawn.rstrip().endswith("\x1b[J")  # it is cleared away
    assert "no errors" in after and not re.search(r"\x1b\[(\d*A|K|J)", after)
    assert not re.search(r"^ *0:0\d .*running", run.said, re.M)  # lines are for pipes


@pytest.mark.parametrize("end", ["key", signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_the_cursor_comes_back(echo, end):
    with Started("echo", echo, "-d", 0, "--warm-up", 0, is_terminal=True) as run:
        run.await_said("so far")
        if end == "key":
            run.press(b"\x03")
        else:
            run.process.send_signal(end)
        assert run.await_end() == DONE
    assert "; interrupted" in expect_cursor_back(run)[2]


def test_the_cursor_comes_back_when_it_leaves_at_once(mute):
    with Started("echo", mute, "-d", 0, "--warm-up", 0, "--timeout", 100, is_terminal=True) as run:
        run.await_said("measuring")
        run.press(b"\x03")
        run.await_said("finishing", times=3)  # it is drawn ten times a second
        run.press(b"\x03")
        assert run.await_end() == FAILED
    expect_cursor_back(run)


def test_the_cursor_comes_back_while_it_is_stopped(echo):
    with Started("echo", echo, "-d", 0, "--warm-up", 0, is_terminal=True) as run:
        run.await_said("so far")
        run.press(b"\x1a")
        run.await_said(SHOW)
        os.waitid(os.P_PID, run.process.pid, os.WSTOPPED)
        run.process.send_signal(signal.SIGCONT)
        run.await_said(HIDE)
        run.await_said("so far")
        run.press(b"\x03")
        assert run.await_end() == DONE
    assert run.said.count(HIDE) == run.said.count(SHOW) == 2
    assert "no errors" in run.said.rpartition(SHOW)[2]


def test_the_terminal_goes_away(echo, tmp_path):
    with Started("echo", echo, "-d", 0, "--warm-up", 0, "--json", tmp_path / "a.json",
                 is_terminal=True) as run:
        run.await_said("so far")
        run.close()
        run.process.wait(TIMEOUT)
        wait_until(lambda: not run.processes(), "the end of its processes")
    assert report_of(tmp_path / "a.json")["interrupted"]
