"""The daemon as its user sees it: command line, settings, what it prints, signals, its end."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request

import pytest

import certificates
from http_raw import HttpConnection, get
from irc import Client
from simuld import (LISTENERS, TIMEOUT, Daemon, environment, free_port, overrides, program, run,
                    processes_of_session, wait_until)
from ws_raw import PING, PONG, Frame, WebSocket, frame

FREE = overrides(LISTENERS)


def one_line(text):
    assert re.fullmatch(r"simuld: [^\n]+\n", text), text
    return text


# --- the command line ---


def test_version_is_printed():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"simuld \d+\.\d+\.\d+\n", done.stdout)


def test_help_names_every_option_and_setting():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("-c FILE", "-o ", "-t", "--version", "loops", "drain_seconds", "listen.NAME.port",
                 "listen.NAME.protocol", "admin.port", "tls.self_signed", "server.network",
                 "limits.out_bytes", "chat.motd", "ws.origins", "jobs.queue_max", "log.format"):
        assert word in done.stdout, word


@pytest.mark.parametrize("arguments", [["-x"], ["--verbose"], ["-o"], ["-c"], ["extra"],
                                       ["-o", "listen.web.port"]])
def test_a_wrong_command_line_is_exit_status_2_and_one_line(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    one_line(done.stderr)


@pytest.mark.parametrize("setting, named", [
    ("no.such=1", "no.such"),
    ("loop=1", "loop"),
    ("listen.web.colour=red", "listen.web.colour"),
    ("channel.quiet=5", "channel.quiet"),
    ("loops=-1", "loops"),
    ("loops=many", "loops"),
    ("listen.web.port=65536", "listen.web.port"),
    ("listen.web.protocol=gopher", "listen.web.protocol"),
    ("listen.web.address=example.org", "listen.web.address"),
    ("listen.new.address=127.0.0.1", "listen.new"),
    ("listen.new.tls=on", "listen.new"),
    ("log.level=loud", "log.level"),
    ("tls.certificate=/nowhere", "tls."),
])
def test_a_wrong_setting_is_exit_status_1_and_one_line(setting, named):
    for check in ([], ["-t"]):
        done = run(*FREE, "-o", setting, *check)
        assert (done.returncode, done.stdout) == (1, "")
        assert named in one_line(done.stderr)


def test_settings_can_be_checked_without_serving(tmp_path):
    file = tmp_path / "simul.conf"
    file.write_text("loops = 2\n[listen.web]\nport = 8080\n")
    assert run("-t", "-c", str(file)).returncode == 0
    file.write_text("loops = 2\n[listen.web]\nporto = 8080\n")
    done = run("-t", "-c", str(file))
    assert done.returncode == 1
    assert f"{file}:3" in one_line(done.stderr)
    assert run("-t", "-c", str(tmp_path / "missing")).returncode == 1


def network_of(daemon):
    with Client(daemon.connect("irc")) as client:
        greeting = client.register("someone")
        tokens = [p for m in greeting if m.command == "005" for p in m.params]
        return next(t.partition("=")[2] for t in tokens if t.startswith("NETWORK="))


def test_default_is_beaten_by_file_and_file_by_environment_and_that_by_the_command_line(tmp_path):
    file = tmp_path / "simul.conf"
    file.write_text("loops = 1\n[server]\nnetwork = fromfile\n[listen.web]\nport = 0\n")
    environment = {"SIMUL_SERVER_NETWORK": "fromenv"}
    override = ["-o", "server.network=fromoption"]
    cases = [([], {}, "simul"), (["-c", str(file)], {}, "fromfile"),
             (["-c", str(file)], environment, "fromenv"),
             (["-c", str(file), *override], environment, "fromoption"),
             (override, environment, "fromoption")]
    for arguments, env, network in cases:
        with Daemon(arguments=[*FREE, *arguments], env=env) as daemon:
            assert network_of(daemon) == network


def test_an_unknown_variable_of_the_environment_only_warns():
    env = {"SIMUL_WEB_SERVICE_HOST": "10.0.0.1", "SIMUL_LISTEN_EXTRA_PORT": "0"}
    with Daemon(arguments=FREE, env=env) as daemon:
        wait_until(lambda: "SIMUL_WEB_SERVICE_HOST" in daemon.stderr(), "a warning")
        line = next(l for l in daemon.stderr().split("\n") if "SIMUL_WEB_SERVICE_HOST" in l)
        assert "level=warn" in line


def test_a_wrong_value_in_the_environment_is_exit_status_1():
    done = run(*FREE, env={"SIMUL_LISTEN_WEB_PORT": "high"})
    assert done.returncode == 1
    assert "SIMUL_LISTEN_WEB_PORT" in one_line(done.stderr)


def test_loops_default_to_one_for_each_core():
    with Daemon(arguments=FREE) as daemon:
        assert len(daemon.stats()["loops"]) == len(os.sched_getaffinity(0))


# --- starting ---


@pytest.mark.short
def test_every_listener_is_announced_once_and_ready_comes_last(daemon):
    assert daemon.lines[-1] == "ready"
    names = [line.split()[1] for line in daemon.lines[:-1]]
    assert sorted(names) == sorted(["web", "irc", "echo", "webtls", "irctls", "six", "echosix",
                                    "admin"])
    for line in daemon.lines[:-1]:
        address = r"\[::1\]" if "six" in line else r"127\.0\.0\.1"
        assert re.fullmatch(rf"listening \w+ {address}:[1-9]\d*", line), line


def test_without_a_certificate_there_are_no_tls_listeners():
    with Daemon(arguments=FREE) as daemon:
        assert {"webtls", "irctls"}.isdisjoint(daemon.addresses)


def test_a_star_is_ipv4_and_ipv6(start):
    daemon = start("listen.any.address=*", "listen.any.port=0", "listen.any.protocol=echo")
    for address in ("127.0.0.1", "::1"):
        with socket.create_connection((address, daemon.port("any")), timeout=TIMEOUT) as sock:
            sock.sendall(b"hello")
            assert sock.recv(5) == b"hello"


@pytest.mark.parametrize("name", ["web", "irc", "echo", "admin", "six"])
def test_a_second_daemon_on_the_same_port_fails_with_one_line_and_leaves_nothing(daemon, name):
    key = "admin" if name == "admin" else f"listen.{name}"
    taken = f"{daemon.port(name)}"
    second = subprocess.Popen(
        [program(), *FREE, "-o", f"loops={daemon.loops}", "-o", f"{key}.port={taken}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = second.communicate(timeout=TIMEOUT)
        assert (second.returncode, out) == (1, "")
        assert taken in one_line(err) and name in err
        wait_until(lambda: not processes_of_session(second.pid), "the end of its processes")
    finally:
        second.kill()
    with HttpConnection(daemon.connect("web")) as http:
        assert http.ask(get("/echo")).status == 200


def test_a_port_can_be_taken_again_at_once(start):
    port = free_port()
    for _ in range(2):
        daemon = start(f"listen.echo.port={port}")
        with daemon.connect("echo") as sock:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
            daemon.signal(signal.SIGTERM)
            assert sock.recv(1) == b""  # who closes first leaves the port in TIME_WAIT
        daemon.expect_good_end()


def test_log_lines_are_logfmt_by_default_and_json_on_request(start):
    with Daemon(arguments=FREE) as daemon:
        wait_until(lambda: "msg=listening" in daemon.stderr(), "a log line")
    for line in daemon_lines(start("log.format=json")):
        assert {"ts", "level", "msg"} <= json.loads(line).keys()


def daemon_lines(daemon):
    daemon.stop()
    return daemon.stderr().split("\n")[:-1]


def test_the_log_can_go_to_a_file(start, tmp_path):
    file = tmp_path / "log"
    daemon = start(f"log.file={file}")
    daemon.stop()
    assert daemon.stderr() == ""
    assert any(json.loads(line)["msg"] == "listening" for line in file.read_text().splitlines())


def test_the_log_level_leaves_out_what_matters_less(start):
    daemon = start("log.level=error")
    daemon.stop()
    assert daemon.stderr() == ""


def test_a_log_that_nobody_reads_stops_nothing(loops):
    """Standard error is a pipe that is full."""
    process = subprocess.Popen([program(), *FREE, "-o", f"loops={loops}"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        addresses = {}
        while (line := process.stdout.readline().decode().split())[0] != "ready":
            addresses[line[1]] = line[2].rpartition(":")
        web = (addresses["web"][0], int(addresses["web"][2]))
        for _ in range(4000):  # each is refused with a log line of some 150 bytes
            with socket.create_connection(web, timeout=TIMEOUT) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
                assert sock.recv(12) == b"HTTP/1.1 400"
        host, _, port = addresses["admin"]
        with urllib.request.urlopen(f"http://{host}:{port}/stats", timeout=TIMEOUT) as answer:
            assert json.load(answer)["log_lines_dropped"] > 0
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)


# --- its processes ---


def test_the_process_that_the_user_starts_is_the_server_and_the_others_descend_from_it(daemon):
    assert daemon.stats()["pid"] == daemon.pid
    wait_until(lambda: len(daemon.processes()) >= 3, "server, spawner and workers")


def test_no_process_outlives_a_server_that_is_killed(start):
    daemon = start()
    wait_until(lambda: len(daemon.processes()) >= 3, "server, spawner and workers")
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    wait_until(lambda: not daemon.processes(), "the end of its processes")


def test_usr2_is_logged_and_ignored(daemon):
    before = len(daemon.log("signal ignored"))
    daemon.signal(signal.SIGUSR2)
    wait_until(lambda: len(daemon.log("signal ignored")) == before + 1, "a log line")
    assert daemon.admin("/livez")[0] == 200


def test_signals_of_the_terminal_reach_the_whole_group_and_it_still_leaves_in_good_order(start):
    daemon = start()
    os.killpg(daemon.pid, signal.SIGINT)  # Ctrl-C goes to the workers as well
    daemon.expect_good_end()


def test_a_job_that_runs_is_finished_when_the_terminal_ends_everybody(start):
    daemon = start("drain_seconds=60")
    with HttpConnection(daemon.connect("web")) as http:
        http.send(get("/jobs/burn?ms=700"))
        wait_until(lambda: daemon.metric("simul_jobs_total") == 1, "the job")
        os.killpg(daemon.pid, signal.SIGINT)
        assert http.read().status == 200
    daemon.expect_good_end()


# --- certificates ---


def certificate_of(daemon):
    with daemon.connect("webtls") as sock:
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True))


def test_a_signal_that_comes_before_it_serves_is_answered_then(start, tmp_path):
    """It waits for its message of the day meanwhile."""
    motd, pid_file = tmp_path / "motd", tmp_path / "pid"
    os.mkfifo(motd)

    def send_early():
        wait_until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"), "its pid")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(int(pid_file.read_text()), number)
        with open(motd, "w", encoding="utf-8"):  # the server has opened it too
            motd.unlink()
            motd.write_text("for the reload")

    threading.Thread(target=send_early, daemon=True).start()
    daemon = start(f"chat.motd={motd}", f"daemon.pid_file={pid_file}")
    wait_until(lambda: daemon.log("configuration reloaded"), "the reload")
    wait_until(lambda: daemon.log("signal ignored"), "the answer to USR2")


def test_a_start_that_hangs_can_be_ended(tmp_path, loops):
    motd, pid_file = tmp_path / "motd", tmp_path / "pid"
    os.mkfifo(motd)

    def send_term():
        wait_until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"), "its pid")
        os.kill(int(pid_file.read_text()), signal.SIGTERM)

    threading.Thread(target=send_term, daemon=True).start()
    ended = run(*overrides([f"loops={loops}", f"chat.motd={motd}", f"daemon.pid_file={pid_file}",
                            "listen.web.port=0", "listen.irc.port=0", "listen.echo.port=0",
                            "admin.port=0"]))
    assert ended.returncode == -signal.SIGTERM


def test_reloads_that_follow_each_other_closely_are_no_race(start):
    """One comes while the loops still have the one before; ThreadSanitizer looks."""
    daemon = start()
    with Client(daemon.connect("irc")) as client:
        client.register("someone")
        for _ in range(300):
            daemon.signal(signal.SIGHUP)
            assert client.sync() == []


def test_hup_reads_certificates_again_and_keeps_the_old_if_they_are_broken(start, tmp_path):
    certificate, key = certificates.make(tmp_path)
    daemon = start(*certificates.settings(certificate, key))
    first = certificate.read_text()
    assert certificate_of(daemon) == first
    with WebSocket(daemon.connect("webtls")) as ws:
        certificates.make(tmp_path)
        second = certificate.read_text()
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: certificate_of(daemon) == second, "the new certificate")

        certificate.write_text("broken")
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.log("configuration not reloaded, the old one stays"), "a complaint")
        assert certificate_of(daemon) == second
        ws.send(frame(PING, b"still here"))
        assert ws.read() == Frame(PONG, True, b"still here")


def test_a_certificate_that_does_not_fit_its_key_is_exit_status_1(tmp_path):
    (tmp_path / "other").mkdir()
    certificate, _ = certificates.make(tmp_path)
    _, key = certificates.make(tmp_path / "other")
    done = run(*FREE, *overrides(certificates.settings(certificate, key)))
    assert (done.returncode, done.stdout) == (1, "")
    one_line(done.stderr)


def test_what_keeps_it_from_listening_is_named_with_a_cure():
    few = ["sh", "-c", 'ulimit -n 10 && exec "$@"', "sh", program(),
           *overrides([*LISTENERS, "loops=1"])]
    done = subprocess.run(few, env=environment(), text=True, capture_output=True, timeout=TIMEOUT,
                          check=False)
    assert done.returncode == 1 and "raise the limit (ulimit -n)" in done.stderr
    done = run(*overrides([*LISTENERS, "listen.echo.address=192.0.2.1"]))
    assert done.returncode == 1 and "-o listen.echo.address=A" in done.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run(*overrides([*LISTENERS, f"listen.echo.port={taken.getsockname()[1]}"]))
    assert done.returncode == 1 and "-o listen.echo.port=N" in done.stderr
