"""simuld -d: what its starter sees, the pid file, and what the daemon keeps and lets go of."""
import contextlib
import os
import pathlib
import pwd
import re
import signal
import socket
import ssl
import subprocess

import pytest

import certificates
from simuld import (LISTENERS, TIMEOUT, Daemon, environment, overrides, processes_of_session,
                    program, run, wait_until)
from tools import needs_root


def session_of(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1")
        return int(fields.rpartition(")")[2].split()[3])
    return None


class Background:
    """A server that -d has put there; its pid file says which."""

    def __init__(self, directory, *settings, loops=1):
        self.pid_file = directory / "simuld.pid"
        self.done = run("-d", *overrides([*LISTENERS, f"loops={loops}", "drain_seconds=0",
                                          f"daemon.pid_file={self.pid_file}", *settings]))
        assert self.done.returncode == 0, self.done.stderr
        self.pid = int(self.pid_file.read_text())
        self.session = session_of(self.pid)

    def address(self, name):
        host, port = re.search(rf"^listening {name} (\S+):(\d+)$", self.done.stdout, re.M).groups()
        return host, int(port)

    def echo(self):
        with socket.create_connection(self.address("echo"), timeout=TIMEOUT) as sock:
            sock.sendall(b"hello")
            return sock.recv(5)

    def end(self, number=signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        wait_until(lambda: not processes_of_session(self.session), "the daemon's end")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.end()


def is_locked(pid_file):
    """Whether a server that would use this file refuses to start."""
    done = run(*overrides([*LISTENERS, f"daemon.pid_file={pid_file}", "listen.echo.port=off",
                           "tls.certificate=/nowhere", "tls.key=/nowhere"]))
    assert done.returncode == 1
    return "is held by process" in done.stderr


# --- what the starter sees ---


def test_its_starter_is_told_when_it_serves_and_has_its_terminal_back(tmp_path, loops):
    """That run() comes back at all shows that nobody holds on to the pipes it reads."""
    with Background(tmp_path, loops=loops) as daemon:
        lines = daemon.done.stdout.splitlines()
        assert [line.split()[1:2] for line in lines] == [
            ["web"], ["irc"], ["echo"], ["six"], ["echosix"], ["admin"], []]
        assert lines[-1] == "ready"
        assert daemon.echo() == b"hello"
        assert daemon.session not in (os.getsid(0), daemon.pid)
        for pid in processes_of_session(daemon.session):
            for number in range(3):
                assert os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null"


def test_a_log_that_goes_nowhere_is_warned_of(tmp_path):
    with Background(tmp_path) as daemon:
        assert re.fullmatch(r"simuld: warning: [^\n]*log\.file[^\n]*\n", daemon.done.stderr)
    with Background(tmp_path, f"log.file={tmp_path / 'log'}") as daemon:
        assert daemon.done.stderr == ""
    assert "msg=listening" in (tmp_path / "log").read_text()


def test_a_start_that_fails_is_its_starters_status_and_message(tmp_path):
    pid_file = tmp_path / "pid"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("-d", *overrides([*LISTENERS, f"daemon.pid_file={pid_file}", "log.file=/dev/null",
                                     f"listen.echo.port={port}"]))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"simuld: [^\n]*{port}[^\n]*\n", done.stderr)
    assert not pid_file.exists()

    done = run("-d", *overrides([*LISTENERS, f"daemon.pid_file={tmp_path}/no/pid"]))
    assert done.returncode == 1 and "daemon.pid_file" in done.stderr


def test_a_daemon_that_is_killed_before_it_serves_is_told_of(tmp_path):
    """It waits for somebody to open the other end of its log, which is a pipe."""
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    os.mkfifo(log)
    starter = subprocess.Popen([program(), "-d", *overrides(
        [*LISTENERS, f"log.file={log}", f"daemon.pid_file={pid_file}"])],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), "the pid file"))
    session = session_of(pid)
    os.kill(pid, signal.SIGKILL)
    out, errors = starter.communicate(timeout=TIMEOUT)
    assert (starter.returncode, out) == (1, "")
    assert "ended before it was ready" in errors
    wait_until(lambda: not processes_of_session(session), "the end of its processes")


def test_signals_that_its_starter_has_blocked_are_heard(tmp_path):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        with Background(tmp_path):
            pass  # it is ended by TERM
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


# --- what it was started with ---


@pytest.mark.parametrize("options", [[], ["-d"]], ids=["foreground", "background"])
def test_descriptors_that_are_closed_are_not_taken_for_other_things(tmp_path, options):
    pid_file = tmp_path / "pid"
    words = [program(), *options, *overrides([*LISTENERS, f"daemon.pid_file={pid_file}",
                                              "log.access=on", "drain_seconds=0"])]
    starter = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words],
                               env=environment())
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), "the pid file"))
    try:
        if options:
            assert starter.wait(TIMEOUT) == 0
        for number in range(3):
            assert os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null"
        assert pid_file.read_text() == f"{pid}\n"
    finally:
        os.kill(pid, signal.SIGTERM)
        starter.wait(TIMEOUT)


def test_a_daemon_survives_that_nobody_reads_its_warnings(tmp_path):
    ours, closed = os.pipe()
    os.close(ours)
    pid_file = tmp_path / "pid"
    done = subprocess.run([program(), "-d", *overrides([*LISTENERS, f"daemon.pid_file={pid_file}"])],
                          env=environment(), stdout=closed, stderr=closed, timeout=TIMEOUT,
                          check=False)
    os.close(closed)
    assert done.returncode == 0
    pid = int(pid_file.read_text())
    session = session_of(pid)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not processes_of_session(session), "the daemon's end")


def test_relative_paths_mean_what_they_meant_at_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    certificate, _ = certificates.make(tmp_path)
    (tmp_path / "simul.conf").write_text(
        "[tls]\ncertificate = cert.pem\nkey = key.pem\n[log]\nfile = log\n"
        "[daemon]\npid_file = pid\n[listen.webtls]\nport = 0\n[listen.irctls]\nport = 0\n")
    done = run("-d", "-c", "simul.conf", *overrides(LISTENERS))
    assert done.returncode == 0, done.stderr
    pid = int((tmp_path / "pid").read_text())
    session = session_of(pid)
    try:
        address = re.search(r"^listening webtls (\S+):(\d+)$", done.stdout, re.M).groups()
        assert ssl.get_server_certificate(address) == certificate.read_text()
        certificates.make(tmp_path)
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: ssl.get_server_certificate(address) == certificate.read_text(),
                   "the new certificate")
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not processes_of_session(session), "the daemon's end")
    assert (tmp_path / "log").exists() and not (tmp_path / "pid").exists()


# --- the pid file ---


@pytest.mark.parametrize("options", [[], ["-d"]], ids=["foreground", "background"])
def test_a_second_start_says_who_holds_the_pid_file(tmp_path, loops, options):
    with Background(tmp_path, loops=loops) as daemon:
        done = run(*options, *overrides([*LISTENERS, f"daemon.pid_file={daemon.pid_file}"]))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"simuld: pid file {daemon.pid_file} is held by process {daemon.pid}, which runs "
            "already; stop it or choose another daemon.pid_file\n")
        assert int(daemon.pid_file.read_text()) == daemon.pid
        assert daemon.echo() == b"hello"
    assert not daemon.pid_file.exists()


def test_the_foreground_has_a_pid_file_on_request(start, tmp_path):
    file = tmp_path / "pid"
    daemon = start(f"daemon.pid_file={file}")
    assert int(file.read_text()) == daemon.pid and is_locked(file)
    daemon.signal(signal.SIGHUP)
    assert daemon.admin("/livez")[0] == 200 and is_locked(file)
    daemon.stop()
    assert not file.exists()


def test_the_file_of_a_server_that_was_killed_is_taken_over(tmp_path):
    with Background(tmp_path) as killed:
        killed.end(signal.SIGKILL)
        assert killed.pid_file.exists()
    killed.pid_file.write_text("1\nand more than we write\n")
    with Background(tmp_path) as daemon:
        assert daemon.pid != killed.pid
        assert daemon.pid_file.read_text() == f"{daemon.pid}\n"


def test_a_file_that_somebody_else_has_put_there_is_left_alone(tmp_path):
    with Background(tmp_path) as daemon:
        daemon.pid_file.unlink()
        daemon.pid_file.write_text("mine\n")
    assert daemon.pid_file.read_text() == "mine\n"


def test_a_link_is_not_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious\n")
    link.symlink_to(target)
    done = run(*overrides([*LISTENERS, f"daemon.pid_file={link}"]))
    assert done.returncode == 1 and "daemon.pid_file" in done.stderr
    assert target.read_text() == "precious\n"


@needs_root
def test_a_file_that_its_user_may_not_remove_is_emptied(open_directory):
    with Background(open_directory, "daemon.user=nobody") as daemon:
        uid = os.stat(f"/proc/{daemon.pid}/task").st_uid
        assert uid in (0, pwd.getpwnam("nobody").pw_uid)
        assert daemon.pid_file.stat().st_uid == 0
        assert is_locked(daemon.pid_file)
    assert daemon.pid_file.read_text() == ""
    with Daemon(f"daemon.pid_file={daemon.pid_file}") as again:
        assert int(daemon.pid_file.read_text()) == again.pid
