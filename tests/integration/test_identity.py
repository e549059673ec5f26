"""Who the daemon is once it serves: started as root it becomes daemon.user and daemon.group and keeps
nothing of what root may do, unless it is told to serve as root."""
import grp
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

import certificates
from http_raw import HttpConnection, get
from simuld import LISTENERS, TIMEOUT, environment, overrides, program, run, wait_until
from tools import needs_root

FREE = overrides(LISTENERS)
NOBODY = pwd.getpwnam("nobody")
AUTO_USER = "simul" if "simul" in (user.pw_name for user in pwd.getpwall()) else "nobody"
ANOTHER_GROUP = next(group for group in grp.getgrall() if group.gr_gid not in (0, NOBODY.pw_gid))

UNREADABLE = "HUP will not be able to read this file again"


def rights(pid):
    """What /proc says of its users, groups, capabilities and no_new_privs."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return dict(re.findall(r"^(Uid|Gid|Groups|Cap\w+|NoNewPrivs):\s*(.*?)\s*$", status, re.M))


def one_line(text):
    assert re.fullmatch(r"simuld: [^\n]+\n", text), text
    return text


def certificate_of(daemon):
    return ssl.get_server_certificate(daemon.addresses["webtls"])


def expect_powerless(daemon, user, group):
    wait_until(lambda: len(daemon.processes()) >= 3, "server, spawner and workers")
    for pid in daemon.processes():
        for thread in os.listdir(f"/proc/{pid}/task"):
            has = rights(f"{pid}/task/{thread}")
            assert has["Uid"].split() == [str(user)] * 4
            assert has["Gid"].split() == [str(group)] * 4
            assert "0" not in has["Groups"].split()
            assert {int(has[name], 16) for name in has if name.startswith("Cap")} == {0}
            assert has["NoNewPrivs"] == "1"


def free_low_port():
    for port in range(1023, 1, -1):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("every port below 1024 is taken")


@needs_root
def test_root_becomes_a_user_without_any_power_after_it_has_bound_its_ports(start):
    port = free_low_port()
    daemon = start("daemon.user=auto", f"listen.echo.port={port}", "watchdog_ms=1000")
    user = pwd.getpwnam(AUTO_USER)
    expect_powerless(daemon, user.pw_uid, user.pw_gid)
    starting = wait_until(lambda: daemon.log("starting"), "the first line of the log")
    assert starting[0]["user"] == AUTO_USER
    with daemon.connect("echo") as sock:
        assert sock.getpeername()[1] == port
        sock.sendall(b"hello")
        assert sock.recv(5) == b"hello"
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/jobs/burn?ms=1")).status == 200
    assert daemon.stats()["pid"] == daemon.pid


@needs_root
def test_the_group_can_be_chosen(start):
    daemon = start("daemon.user=nobody", f"daemon.group={ANOTHER_GROUP.gr_name}")
    expect_powerless(daemon, NOBODY.pw_uid, ANOTHER_GROUP.gr_gid)


@needs_root
def test_it_stays_root_only_when_told_to_and_even_then_gains_nothing_by_executing(start):
    daemon = start("daemon.user=root")
    for pid in daemon.processes():
        has = rights(pid)
        assert has["Uid"].split() == ["0"] * 4 and has["NoNewPrivs"] == "1"
    empty = start("daemon.user=")
    expect_powerless(empty, pwd.getpwnam(AUTO_USER).pw_uid, pwd.getpwnam(AUTO_USER).pw_gid)


@needs_root
def test_the_program_may_lie_where_its_user_cannot_reach_it(start, tmp_path, monkeypatch):
    """As after a build in root's home: the spawner, the workers and the watchdog's names need it."""
    tmp_path.chmod(0o700)
    copy = tmp_path / "simuld"
    shutil.copy(program(), copy)
    monkeypatch.setenv("SIMULD", str(copy))
    daemon = start("daemon.user=nobody", "debug.stall=on", "watchdog_ms=200")
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/jobs/burn?ms=1")).status == 200

    def stall():
        """The watchdog overlooks one where the whole machine was stopped for a moment."""
        assert daemon.admin("/debug/stall?ms=1000")[0] == 200
        return daemon.log("loop is stuck")

    stuck = wait_until(stall, "the watchdog")
    assert "stall_by_burning+0x" in stuck[0]["backtrace"]


@needs_root
def test_a_key_that_its_group_may_read_is_read_again_on_hup(start, open_directory):
    certificate, key = certificates.make(open_directory)

    def give_to_group(mode):
        os.chown(key, 0, ANOTHER_GROUP.gr_gid)
        key.chmod(mode)

    give_to_group(0o640)
    daemon = start("daemon.user=nobody", f"daemon.group={ANOTHER_GROUP.gr_name}",
                   *certificates.settings(certificate, key))
    assert certificate_of(daemon) == certificate.read_text()
    certificates.make(open_directory)
    give_to_group(0o640)
    second = certificate.read_text()
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: certificate_of(daemon) == second, "the new certificate")
    assert not daemon.log(UNREADABLE)

    certificates.make(open_directory)
    give_to_group(0o600)
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: daemon.log("configuration not reloaded, the old one stays"), "a complaint")
    assert certificate_of(daemon) == second


@needs_root
def test_a_key_of_roots_alone_is_read_at_the_start_and_warned_of(start, open_directory):
    certificate, key = certificates.make(open_directory)
    assert key.stat().st_mode & 0o077 == 0
    daemon = start("daemon.user=nobody", *certificates.settings(certificate, key))
    assert certificate_of(daemon) == certificate.read_text()
    lines = wait_until(lambda: daemon.log(UNREADABLE), "a warning")
    assert [line["file"] for line in lines] == [str(key)]


@needs_root
def test_settings_of_roots_alone_are_warned_of(start, open_directory):
    file = open_directory / "simuld.conf"
    file.write_text("[chat]\nmotd =\n", encoding="utf-8")
    for mode, warned in ((0o600, [str(file)]), (0o644, [])):
        file.chmod(mode)
        daemon = start(arguments=["-c", str(file), *FREE, "-o", "daemon.user=nobody",
                                  "-o", "log.format=json"])
        daemon.stop()
        assert [line["file"] for line in daemon.log(UNREADABLE)] == warned


@needs_root
def test_the_log_file_is_its_users(start, open_directory):
    file = open_directory / "log"
    daemon = start("daemon.user=nobody", f"log.file={file}")
    daemon.stop()
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (NOBODY.pw_uid, 0o640)
    assert '"msg":"listening"' in file.read_text()

    link = open_directory / "link"
    link.symlink_to("/etc/nothing-of-that-name")
    done = run(*FREE, *overrides(["daemon.user=nobody", f"log.file={link}"]))
    assert done.returncode == 1
    assert "nobody" in one_line(done.stderr) and str(link) in done.stderr
    assert not os.path.exists("/etc/nothing-of-that-name")


@pytest.mark.parametrize("setting", ["daemon.user=no-such-user", "daemon.group=no-such-group"])
def test_an_unknown_user_or_group_is_exit_status_1_and_one_line(setting):
    for check in ([], ["-t"]):
        done = run(*FREE, "-o", setting, *check)
        assert (done.returncode, done.stdout) == (1, "")
        key, _, name = setting.partition("=")
        assert key in one_line(done.stderr) and name in done.stderr


def start_as_nobody(directory, *arguments, by=()):
    """A process, ready, that was not started by root; `by` are words before the program's. The
    program is copied to where nobody can reach it."""
    copy = shutil.copy(program(), directory)
    changed = {} if by else {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
    process = subprocess.Popen([*by, copy, *FREE, *arguments],
                               env=environment({"SIMUL_DAEMON_USER": "auto"}), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, **changed)
    while (line := process.stdout.readline()) != "ready\n":
        assert line, process.communicate(timeout=TIMEOUT)[1]
    return process


def end(process):
    """What it said on standard error."""
    process.terminate()
    errors = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 0, errors
    return errors


@needs_root
def test_another_user_than_root_stays_what_it_is_and_is_told(open_directory):
    process = start_as_nobody(open_directory, "-o", "daemon.user=daemon")
    has = rights(process.pid)
    assert has["Uid"].split() == [str(NOBODY.pw_uid)] * 4 and has["NoNewPrivs"] == "1"
    assert re.search(r"level=warn .*daemon\.user", end(process))


@needs_root
def test_capabilities_that_another_user_was_started_with_are_given_up_as_well(open_directory):
    """As a service manager gives them: it binds the port, and has them no longer."""
    process = start_as_nobody(open_directory, "-o", f"listen.echo.port={free_low_port()}",
                              by=["setpriv", "--reuid", "nobody", "--regid", str(NOBODY.pw_gid),
                                  "--clear-groups", "--inh-caps=+net_bind_service",
                                  "--ambient-caps=+net_bind_service"])
    has = rights(process.pid)
    end(process)
    assert {int(has[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
