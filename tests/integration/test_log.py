"""The log: levels by module, files that logrotate moves away, a real system's log, and the access
log, which never stall a loop."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import time

import pytest

from http_raw import HttpConnection, get, post
from irc import Client
from simuld import LISTENERS, TIMEOUT, Daemon, overrides, run, wait_until
from tools import needs_root
from ws_raw import TEXT, WebSocket, close_frame, frame, upgrade

LOGROTATE = "/usr/sbin/logrotate"
ROTATION = pathlib.Path(__file__).parents[2] / "deploy" / "simul.logrotate"


def lines_of(file):
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def messages_of(file):
    return [line["msg"] for line in lines_of(file)]


def echo_once(daemon, text=b"hello"):
    with daemon.connect("echo") as sock:
        sock.sendall(text)
        assert sock.recv(len(text), socket.MSG_WAITALL) == text


def reset_by_peer(daemon):
    """The log has a line of that with level debug, from module net. Returns its address."""
    with daemon.connect("echo") as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return sock.getsockname()


def test_a_websocket_that_is_refused_is_told_with_its_peer_and_why(daemon):
    with daemon.connect("web") as sock:
        sock.sendall(upgrade("/chat", "Origin: https://elsewhere.example").encode())
        assert sock.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 403"
        line = daemon.log_of(sock, "WebSocket refused")
    assert (line["status"], line["reason"]) == (403, "Origin is not allowed")


def test_what_people_say_and_secrets_are_not_logged(start):
    mark = "unspeakable"
    daemon = start("log.level=debug", "log.access=on", f"server.password={mark}-pass",
                   f"oper.boss.password={mark}-oper", f"chat.cloak_key={mark}-cloak-key")
    with Client(daemon.connect("irc")) as stranger:
        stranger.send(f"PASS {mark}-wrong", "NICK stranger", "USER s 0 * :s")
        stranger.read_until("ERROR")
    with Client(daemon.connect("irc")) as user:
        user.send(f"PASS {mark}-pass")
        user.register("user")
        user.join("#room")
        user.send(f"PRIVMSG #room :{mark}", f"TOPIC #room :{mark}", f"OPER boss {mark}-wrong",
                  f"OPER boss {mark}-oper", f"{mark} {mark}", f"QUIT :{mark}")
        user.read_until("ERROR")
    with HttpConnection(daemon.connect("web")) as http:
        http.ask(post(f"/echo?{mark}", mark.encode()))
        http.ask(get(f"/{mark}"))
    with daemon.connect("web") as ws:
        ws.sendall(upgrade("/echo").encode() + frame(TEXT, mark.encode() + b"\xff"))
        ws.shutdown(socket.SHUT_WR)
        daemon.log_of(ws, "access")
    assert mark not in daemon.stderr()
    assert mark not in run("--print-config", *overrides([f"server.password={mark}"])).stdout


# --- levels ---


def test_modules_have_levels_of_their_own(start):
    daemon = start("log.level=error", "log.modules=net=debug")
    reset_by_peer(daemon)
    wait_until(lambda: daemon.log("connection aborted"), "a line of module net")
    daemon.stop()
    assert {line["module"] for line in daemon.log()} == {"net"}


def test_a_module_can_be_made_quieter_than_the_others(start):
    daemon = start("log.modules=server=error")
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask("GET / HTTP/1.1\r\nHost : x\r\n\r\n").status == 400
    wait_until(lambda: daemon.log("connection closed"), "a line of module net")
    daemon.stop()
    assert not [line for line in daemon.log() if line["module"] == "server"]


@pytest.mark.parametrize("value", ["nett=debug", "net=loud", "net", "net=debug,"])
def test_an_unknown_module_or_level_is_an_error_that_names_the_modules(value):
    done = run("-t", "-o", f"log.modules={value}")
    assert done.returncode == 1
    assert re.search(r"log\.modules must be MODULE=LEVEL.* server core .*net.*jobs", done.stderr)


# --- files ---


def rotate(daemon, file, turn):
    """As logrotate does it. What it is called now."""
    aside = file.with_suffix(f".{turn}")
    file.rename(aside)
    daemon.signal(signal.SIGUSR1)
    wait_until(file.exists, f"{file} again")
    return aside


def test_usr1_opens_the_files_again_and_no_line_is_lost(start, open_directory):
    log, access = open_directory / "log", open_directory / "access"
    daemon = start(f"log.file={log}", "log.access=on", f"log.access_file={access}")
    wait_until(lambda: "listening" in messages_of(log), "the log of the start")
    turns, each = 5, 20
    moved = []
    for turn in range(turns):
        for _ in range(each):
            echo_once(daemon)
        log.rename(open_directory / f"log.{turn}")
        moved.append(rotate(daemon, access, turn))
        wait_until(lambda: "log file opened again" in messages_of(log), "the log in its new file")
    daemon.stop()
    ends = [line for file in [*moved, access] for line in lines_of(file)]
    assert len(ends) == turns * each
    assert {line["msg"] for line in ends} == {"access"}
    assert "listening" in messages_of(open_directory / "log.0")
    assert "stopping" in messages_of(log)
    assert daemon.stderr() == ""


def test_a_file_that_cannot_be_opened_again_stays_and_the_log_says_why(start, open_directory):
    log = open_directory / "log"
    daemon = start(f"log.file={log}")
    aside = open_directory / "aside"
    log.rename(aside)
    log.mkdir()
    daemon.signal(signal.SIGUSR1)
    def complaints():
        return [line for line in lines_of(aside) if line["msg"].startswith("log file not opened")]
    wait_until(complaints, "a complaint")
    assert complaints()[0]["reason"] == "Is a directory"
    assert complaints()[0]["level"] == "error"
    log.rmdir()
    daemon.signal(signal.SIGUSR1)
    wait_until(log.exists, "the log in its new file")
    daemon.stop()
    assert messages_of(log)[0] == "log file opened again"


def test_usr1_without_a_file_is_logged(start):
    daemon = start()
    daemon.signal(signal.SIGUSR1)
    wait_until(lambda: daemon.log("there is no log file to open again"), "a line")


def test_a_file_that_cannot_be_opened_at_the_start_is_named(open_directory):
    for name in ("log.file", "log.access_file"):
        done = run(*overrides([*LISTENERS, "log.access=on", f"{name}={open_directory}"]))
        assert done.returncode == 1
        assert f"{name}: " in done.stderr and str(open_directory) in done.stderr


def test_files_that_contradict_other_settings_are_told():
    done = run("-t", "-o", "log.syslog=daemon", "-o", "log.file=x")
    assert done.returncode == 1 and "log.syslog" in done.stderr
    done = run("-t", *overrides([*LISTENERS, "log.access_file=/tmp/x"]))
    assert done.returncode == 0 and "log.access is off" in done.stderr


@needs_root
@pytest.mark.skipif(not os.path.exists(LOGROTATE), reason="logrotate is not installed")
def test_logrotate_rotates_what_a_server_without_root_writes(start, open_directory):
    nobody = pwd.getpwnam("nobody")
    log, access, pid_file = (open_directory / name for name in ("simul.log", "access.log", "pid"))
    daemon = start("daemon.user=nobody", f"daemon.pid_file={pid_file}", f"log.file={log}",
                   "log.access=on", f"log.access_file={access}")
    echo_once(daemon)
    wait_until(lambda: lines_of(access), "an access line")
    wait_until(lambda: "listening" in messages_of(log), "the log of the start")
    rules = open_directory / "rules"
    rules.write_text(ROTATION.read_text().replace("/var/log/simul", str(open_directory))
                     .replace("/run/simuld.pid", str(pid_file)))
    rules.chmod(0o644)
    subprocess.run([LOGROTATE, "-f", "-s", open_directory / "state", rules], check=True,
                   timeout=TIMEOUT, capture_output=True)
    wait_until(lambda: "log file opened again" in messages_of(log), "the log in its new file")
    echo_once(daemon)
    wait_until(lambda: lines_of(access), "an access line in its new file")
    daemon.stop()
    assert "listening" in messages_of(open_directory / "simul.log.1")
    assert messages_of(open_directory / "access.log.1") == ["access"]
    for file in (log, access):
        assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (nobody.pw_uid, 0o640)


# --- the system's log ---


UNSHARE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]


def with_its_own(dev):
    """Words before a command whose /dev is to be this directory, with the devices that it needs."""
    script = ["set -e"]
    for node in ("null", "zero", "full", "random", "urandom"):
        (dev / node).touch()
        script.append(f"mount --bind /dev/{node} {dev}/{node}")
    script += [f"mount --rbind {dev} /dev", 'exec "$@"']
    return [*UNSHARE, "sh", "-c", "\n".join(script), "sh"]


def can_unshare():
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


needs_namespace = pytest.mark.skipif(not can_unshare(), reason="no mount namespace is to be had")


@pytest.fixture
def syslogged(loops, open_directory):
    """A server that logs to directory/dev/log."""
    dev = open_directory / "dev"
    dev.mkdir()
    with Daemon("log.syslog=local3", "log.access=on", "log.format=logfmt", loops=loops,
                before=with_its_own(dev)) as daemon:
        yield daemon


@needs_namespace
@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not installed")
def test_a_system_log_takes_the_lines(syslogged, open_directory):
    """busybox's, which listens where the server's /dev/log is."""
    messages = open_directory / "messages"
    wait_until(lambda: has_drops(syslogged), "lines that nobody took")
    daemon = subprocess.Popen(
        ["nsenter", "-t", str(syslogged.pid), "-m", *(["-U", "--preserve-credentials"]
                                                     if os.geteuid() else []),
         "busybox", "syslogd", "-n", "-O", str(messages)])
    try:
        wait_until((open_directory / "dev" / "log").exists, "the system's log")
        def has_lines():
            echo_once(syslogged)
            text = messages.read_text() if messages.exists() else ""
            return "msg=access" in text and "log lines dropped" in text
        wait_until(has_lines, "lines")
        text = messages.read_text()
        assert re.search(rf" local3\.info simuld\[{syslogged.pid}\]: ts=\S+ level=info module=net "
                         r"msg=access ", text)
        assert re.search(r" local3\.warn simuld\[\d+\]: ts=\S+ level=warn module=core "
                         r'msg="log lines dropped" lines=[1-9]', text), "those before it came"
    finally:
        daemon.terminate()
        daemon.wait(TIMEOUT)
    assert syslogged.stderr() == ""


@needs_namespace
def test_a_system_log_that_takes_nothing_stalls_nothing(syslogged, open_directory):
    """It is there, but reads nothing: the kernel keeps some ten datagrams for it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(open_directory / "dev" / "log"))
        wait_until(lambda: crowd(syslogged) or has_drops(syslogged), "lines that are lost")
        expect_quick_echo(syslogged)
        first = deaf.recv(65536).decode()
        assert re.match(r"<1(58|56)>\w{3} [ \d]\d \d\d:\d\d:\d\d simuld\[\d+\]: ts=", first)


# --- nobody waits ---


def crowd(daemon):
    """Many connections, each with a line when it ends."""
    for _ in range(500):
        daemon.connect("echo").close()


def has_drops(daemon):
    return daemon.stats()["log_lines_dropped"] > 0


def expect_quick_echo(daemon):
    with daemon.connect("echo") as sock:
        took = []
        for _ in range(200):
            begun = time.monotonic()
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
            took.append(time.monotonic() - begun)
    assert statistics.median(took) < 0.05 and max(took) < 2, took


class Unread(Daemon):
    def stderr(self):
        return ""


def test_an_access_log_that_nobody_reads_stops_nothing(loops):
    """Standard error is a pipe."""
    reading, writing = os.pipe()
    with Unread("log.access=on", loops=loops, stderr=os.fdopen(writing, "wb")) as daemon:
        wait_until(lambda: crowd(daemon) or has_drops(daemon), "lines that are lost")
        expect_quick_echo(daemon)
        os.close(reading)


def test_a_stalled_access_file_does_not_hold_up_the_log(start, open_directory):
    """It is a named pipe that somebody has opened and does not read."""
    pipe = open_directory / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    daemon = start("log.access=on", f"log.access_file={pipe}")
    wait_until(lambda: crowd(daemon) or has_drops(daemon), "lines that are lost")
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask("GET / HTTP/1.1\r\nHost : x\r\n\r\n").status == 400
    wait_until(lambda: daemon.log("connection closed"), "a line of the log")
    os.close(reader)


# --- the access log ---


@pytest.fixture
def access(start):
    """A daemon whose access lines are asked for."""
    def begin(*settings):
        return start("log.access=on", *settings)
    return begin


def end_of(daemon, listener, address):
    """The access line of the connection from this address to that listener, when it has come."""
    def found():
        return [line for line in daemon.lines_of(address, "access") if line["listener"] == listener]
    line = wait_until(found, f"the access line of {address}")
    assert len(line) == 1
    return line[0]


def test_an_access_line_tells_of_a_tcp_connection(access):
    daemon = access("log.level=error")
    with daemon.connect("echo") as sock:
        address = sock.getsockname()
        sock.sendall(b"x" * 100_000)
        assert len(sock.recv(100_000, socket.MSG_WAITALL)) == 100_000
        time.sleep(0.05)
    line = end_of(daemon, "echo", address)
    assert line["duration_ms"] >= 50
    del line["ts"], line["duration_ms"]
    assert line == {"level": "info", "module": "net", "msg": "access",
                    "peer": f"127.0.0.1:{address[1]}", "listener": "echo", "protocol": "tcp",
                    "tls": False, "messages": 0, "reason": "closed by peer",
                    "bytes_in": 100_000, "bytes_out": 100_000}


def test_an_access_line_has_the_bytes_on_the_wire(access):
    daemon = access()
    with daemon.connect("webtls") as sock:
        address = sock.getsockname()
        with HttpConnection(sock) as http:
            assert http.ask(post("/echo", b"x" * 10_000)).body == b"x" * 10_000
    line = end_of(daemon, "webtls", address)
    assert (line["tls"], line["protocol"], line["messages"]) == (True, "http", 1)
    assert 10_000 < line["bytes_in"] < 13_000 and 10_000 < line["bytes_out"] < 14_000


def test_messages_are_counted_by_protocol(access):
    daemon = access()
    with HttpConnection(daemon.connect("six")) as http:
        web = http.sock.getsockname()
        for _ in range(3):
            assert http.ask(get("/echo")).status == 200
    sock = daemon.connect("web")
    ws = sock.getsockname()
    client = WebSocket(sock)
    client.send(*[frame(1, b"hello")] * 5)
    for _ in range(5):
        assert client.read().payload == b"hello"
    client.send(close_frame(1000))
    client.read()
    client.http.close()
    with Client(daemon.connect("irc")) as irc:
        chat = irc.lines.sock.getsockname()
        irc.register("somebody")
        irc.send("QUIT :bye")
        irc.expect("ERROR")
    line = end_of(daemon, "six", web)
    assert line["messages"] == 3 and line["peer"].startswith("[::1]:")
    line = end_of(daemon, "web", ws)
    assert (line["protocol"], line["messages"], line["reason"]) == ("ws", 6, "finished")
    line = end_of(daemon, "irc", chat)
    assert (line["protocol"], line["reason"]) == ("irc", "Quit")
    assert line["messages"] >= 3
    assert "somebody" not in json.dumps(line)


def test_reasons_are_what_ended_a_connection(access):
    daemon = access("ws.ping_seconds=1", "limits.handshake_seconds=1", "drain_seconds=1")
    ends = {name: daemon.connect("web") for name in ("silent", "quiet", "bad")}
    ends["bad"].sendall(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
    WebSocket(ends["quiet"])
    ends["no TLS"] = socket.create_connection(daemon.addresses["webtls"], timeout=TIMEOUT)
    ends["no TLS"].sendall(b"this is no TLS at all\r\n\r\n")
    reset_address = reset_by_peer(daemon)
    told = daemon.connect("echo")
    told_address = told.getsockname()
    reasons = {"reset": end_of(daemon, "echo", reset_address)["reason"]}
    for name, sock in ends.items():
        with sock:
            address = sock.getsockname()
            while sock.recv(65536):
                pass
        listener = "webtls" if name == "no TLS" else "web"
        reasons[name] = end_of(daemon, listener, address)["reason"]
    daemon.signal(signal.SIGTERM)
    assert told.recv(1) == b""
    told.close()
    daemon.expect_good_end()
    reasons["told"] = end_of(daemon, "echo", told_address)["reason"]
    assert reasons["silent"] == "timed out"
    assert reasons["quiet"] == "timed out"
    assert reasons["reset"] == "Connection reset by peer"
    assert reasons["told"] == "drain"
    closed = {line["reason"] for line in daemon.log("connection closed")}
    assert {reasons["bad"], reasons["no TLS"]} == closed, "the log's own line says the same"


def test_who_is_not_let_in_is_counted_and_has_no_access_line(access):
    daemon = access("limits.connections_per_address=1")
    with daemon.connect("echo") as first:
        kept = first.getsockname()
        first.sendall(b"x")
        assert first.recv(1) == b"x"  # it is the one that was let in
        for _ in range(20):
            with daemon.connect("echo") as sock:
                assert sock.recv(1) == b""
    end_of(daemon, "echo", kept)
    daemon.stop()
    peers = {line["peer"] for line in daemon.log("access") if line["listener"] != "admin"}
    assert peers == {f"127.0.0.1:{kept[1]}"}
    assert daemon.log("connections refused")


def test_a_proxys_client_is_the_peer(access):
    daemon = access("proxy.trusted=127.0.0.0/8", "listen.echo.proxy=on")
    with daemon.connect("echo") as sock:
        sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\nx")
        assert sock.recv(1) == b"x"
    assert end_of(daemon, "echo", ("192.0.2.7", 4711))["protocol"] == "tcp"


def test_there_are_no_access_lines_unless_asked_for(start):
    daemon = start()
    echo_once(daemon)
    daemon.stop()
    assert not daemon.log("access")
