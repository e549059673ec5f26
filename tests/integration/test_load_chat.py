"""simul-load chat: against simuld, against ngIRCd, and against a server that does wrong, of which
each fault must be found."""
import collections
import contextlib
import os
import socket
import subprocess
import threading

import pytest

from irc import Client
from load import FAILED, Script, load
from simuld import TLS, Daemon, free_port, wait_until
from tools import UNPACKED, tool

US_PER_MS = 1000


@pytest.fixture(scope="module")
def chat(loops):
    with Daemon(*TLS, loops=loops) as daemon:
        yield daemon


def url(daemon, scheme):
    listener, path = {"irc": ("irc", ""), "ircs": ("irctls", ""), "ws": ("web", "/chat"),
                      "wss": ("webtls", "/chat")}[scheme]
    host, port = daemon.addresses[listener]
    return f"{scheme}://{host}:{port}{path}"


def trust(scheme):
    return ["-k"] if scheme in ("ircs", "wss") else []


def check_totals(run, sent, listeners):
    assert not run.errors(), run.out
    assert run["totals"]["sent"] == sent
    assert run["totals"]["received"] == sent * listeners


# --- simuld ---

@pytest.mark.parametrize("scheme", ["irc", "ircs", "ws", "wss"])
def test_everybody_hears_everything(chat, scheme):
    run = load("chat", url(chat, scheme), *trust(scheme), "--rooms", 3, "--members", 10,
               "--publishers", 2, "-n", 1000, "--in-flight", 4, "-s", "30-400",
               "--expect", "errors=0", "--expect", "connected=30")
    check_totals(run, sent=1000, listeners=9)
    assert run["max"] >= run["p99"] >= run["p50"] > 0


def test_binary_messages(chat):
    run = load("chat", url(chat, "ws"), "--binary", "--members", 5, "-n", 100, "--in-flight", 1)
    check_totals(run, sent=100, listeners=4)


def test_a_rate_is_kept(chat):
    run = load("chat", url(chat, "irc"), "--rooms", 2, "--members", 6, "--rate", 500, "-d", 2,
               "--warm-up", 0, "--expect", "errors=0")
    assert 800 <= run["totals"]["sent"] <= 1050
    assert run["totals"]["received"] == run["totals"]["sent"] * 5


@pytest.mark.parametrize("pace", [["--in-flight", 2], ["--rate", 5000]])
def test_several_processes_and_threads(chat, pace):
    run = load("chat", url(chat, "irc"), "--processes", 2, "-t", 4, "--rooms", 3, "--members", 7,
               "--publishers", 3, *pace, "-n", 1001, "--expect", "errors=0")
    check_totals(run, sent=1001, listeners=6)


def test_everybody_speaks(chat):
    run = load("chat", url(chat, "irc"), "--members", 12, "--publishers", 12, "-t", 2, "-n", 600,
               "--in-flight", 3)
    check_totals(run, sent=600, listeners=11)


@pytest.mark.parametrize("share", [["-t", 1], ["-t", 2, "--processes", 2]])
@pytest.mark.parametrize("pace", [["--in-flight", 4], ["--rate", 1000]])
def test_churn_is_no_error(chat, share, pace):
    run = load("chat", url(chat, "irc"), "--rooms", 2, "--members", 10, "--publishers", 2, *share,
               *pace, "--churn", 2000, "-d", 0.5, "--warm-up", 0, "--expect", "errors=0",
               "--expect", "connected=20", "--expect", "closed=0")
    assert run["totals"]["received"] > run["totals"]["sent"] > 100


def test_members_leave_and_join_in_turn(chat):
    with Client(chat.connect("irc")) as watcher:
        watcher.register("watcher")
        watcher.join("#churn0")
        load("chat", url(chat, "irc"), "--channel", "#churn", "--members", 10, "--rate", 10,
             "-t", 1, "--churn", 20, "-d", 2, "--warm-up", 0, "--expect", "errors=0")
        heard = watcher.sync()
    moves = [message for message in heard if message.command in ("JOIN", "PART")][10:]
    assert 36 <= len(moves) <= 44
    leaving = collections.Counter(m.nick for m in moves if m.command == "PART")
    assert len(leaving) == 9  # all but the publisher
    assert max(leaving.values()) - min(leaving.values()) <= 2  # two laps; loops may be late
    for nick in set(leaving):  # each comes back before it leaves again
        commands = [message.command for message in moves if message.nick == nick]
        assert commands == (["PART", "JOIN"] * len(commands))[:len(commands)]


@contextlib.contextmanager
def chatterbox(daemon, channel):
    """Somebody who speaks there all the time."""
    ended = threading.Event()

    def speak(client):
        while not ended.wait(0.01):
            client.send(f"PRIVMSG {channel} :is anybody there?")

    with Client(daemon.connect("irc")) as client:
        client.register("chatterbox")
        client.join(channel)
        thread = threading.Thread(target=speak, args=[client])
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def test_other_people_may_speak(chat):
    with chatterbox(chat, "#open0"):
        run = load("chat", url(chat, "irc"), "--channel", "#open", "--members", 5, "--rate", 100,
                   "-d", 0.5, "--warm-up", 0, "--expect", "errors=0")
    assert run["totals"]["received"] == run["totals"]["sent"] * 4


def test_nicks_that_are_taken(chat):
    with Client(chat.connect("irc")) as other:
        other.register("taken1")
        run = load("chat", url(chat, "irc"), "--nick", "taken", "--members", 4, "-n", 10,
                   "--in-flight", 1)
    check_totals(run, sent=10, listeners=3)


def test_a_password(loops):
    with Daemon("server.password=open sesame", loops=loops) as daemon:
        load("chat", url(daemon, "irc"), "--members", 2, "-n", 5, "--password", "open sesame",
             "--expect", "errors=0")
        run = load("chat", url(daemon, "irc"), "--members", 2, "-n", 5, "--timeout", 5,
                   status=FAILED)
    assert "464" in run.err


def test_flood_control_is_said(loops):
    """simuld's own, which the README says to turn off."""
    with Daemon("chat.flood_lines_per_second=5", "chat.flood_burst=10", loops=loops) as daemon:
        run = load("chat", url(daemon, "irc"), "--members", 2, "--rate", 2000, "-d", 1,
                   "--warm-up", 0, "--timeout", 1)
    assert run.errors(), run.out


# --- a server that was not written here ---

NGIRCD = """
[Global]
Name = ng.example
Info = for a test
Listen = 127.0.0.1
Ports = {port}
ServerUID = nobody
ServerGID = nogroup
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""


@pytest.fixture(scope="module")
def ngircd(tmp_path_factory):
    """Where it listens. Its library may lie beside it, in build-tools."""
    port = free_port()
    path = tmp_path_factory.mktemp("ngircd") / "ngircd.conf"
    path.write_text(NGIRCD.format(port=port))
    libraries = ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu")))
    with subprocess.Popen([tool("ngircd"), "--nodaemon", "--config", path],
                          env=os.environ | {"LD_LIBRARY_PATH": libraries},
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_until(lambda: listens(port), "ngIRCd")
        yield f"irc://127.0.0.1:{port}"
        server.terminate()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("pace", [["--in-flight", 4], ["--rate", 1000, "--churn", 100]])
def test_ngircd(ngircd, pace):
    # It accepts few at a time; whoever is not among these is kept waiting for a second by the
    # kernel.
    run = load("chat", ngircd, "--connect-rate", 200, "--rooms", 2, "--members", 10,
               "--publishers", 2, "-t", 2, *pace, "-n", 1000, "--expect", "errors=0",
               "--expect", "connected=20")
    assert run["totals"]["sent"] == 1000
    assert run["totals"]["received"] == 9000 or "--churn" in pace


# --- a server that does wrong ---

def find(fault, every, *arguments, **options):
    """What simul-load finds where a fault is done, and how often it was."""
    with Script("faulty_irc.py", fault, every) as server:
        run = load("chat", f"irc://{server.address}", *arguments, **options)
    return run, server.said["done"]


@pytest.mark.parametrize("share", [["-t", 1], ["-t", 4, "--processes", 2]])
@pytest.mark.parametrize("fault, counted", [("drop", "lost"), ("duplicate", "duplicated"),
                                            ("alter", "wrong"), ("swap", "reordered"),
                                            ("none", None)])
def test_faults_are_found(fault, counted, share):
    # Each of 2 * 4 members hears 1,020 messages; none is held back at the end.
    run, done = find(fault, 50, "--rooms", 2, "--members", 5, "-n", 2040, "--rate", 2000, *share,
                     "-s", "30-100")
    assert run["totals"]["sent"] == 2040
    assert done == (0 if fault == "none" else 2 * 4 * 20)
    assert run.errors() == ({counted: done} if counted else {})


def test_faults_do_not_stop_the_closed_loop():
    run, done = find("drop", 50, "--members", 5, "-n", 1020, "--in-flight", 8)
    assert run["totals"]["sent"] == 1020 and run.errors() == {"lost": done}


def test_what_is_lost_at_the_end_is_found_by_the_drain():
    run, done = find("drop", 100, "--members", 3, "-n", 100, "--in-flight", 4, "--timeout", 2)
    assert done == 2 and run.errors() == {"lost": 2}


def test_a_stall_is_shown():
    run, done = find("stall", 400, "--members", 3, "--rate", 500, "-d", 2, "--warm-up", 0)
    assert done >= 2 and not run.errors()
    assert run["max"] > 95 * US_PER_MS and run["p90"] > 20 * US_PER_MS


@pytest.mark.parametrize("fault, errors, words", [
    ("refuse", {"handshake": 2}, "474: Cannot join channel (+b)"),
    ("error", {"handshake": 2}, "You are not wanted here"),
    ("silent", {"timeout": 2}, "no answer"),
    ("kick", {"closed": 2, "lost": 2}, "kicked"),  # it had not heard the first message yet
])
def test_refusals_are_said_in_words(fault, errors, words):
    run, done = find(fault, 4, "--members", 8, "-n", 50, "--in-flight", 1, "--timeout", 2)
    assert done == 2 and run.errors() == errors
    assert run["totals"]["sent"] == 50
    assert any(words in reason["text"] and reason["count"] == 2 for reason in run["reasons"])


def test_nicks_that_are_taken_are_no_errors():
    run, done = find("taken", 4, "--members", 8, "-n", 50, "--in-flight", 1)
    check_totals(run, sent=50, listeners=7)
    assert done == 2 * 3


def test_nobody_there():
    run = load("chat", "irc://127.0.0.1:1", "-d", 1, status=FAILED)
    assert "no connection could be opened" in run.err and "Connection refused" in run.err
