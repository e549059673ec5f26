"""What the daemon says of its configuration: -t, --print-config, --print-default-config."""
import os
import re
import shutil
import socket
import subprocess

import pytest

import certificates
from simuld import LISTENERS, TIMEOUT, environment, overrides, program, run

FREE = overrides(LISTENERS)


def settings_of(text):
    """The settings that a file has, each with its value: {"listen.web.port": "8080"}."""
    found, section = {}, ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            section = header[1] + "."
        elif setting := re.fullmatch(r"([a-z_]+) = ?(.*?)(\s+;.*)?", line):
            found[section + setting[1]] = setting[2].strip()
    return found


def printed(*arguments, env=None):
    done = run("--print-config", *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


# --- what is in force ---


def test_print_config_says_where_each_setting_comes_from(tmp_path):
    file = tmp_path / "simuld.conf"
    file.write_text("drain_seconds = 3\n\n[chat]\nnick_length = 9\n")
    text = printed("-c", str(file), "-o", "slow_ms=7", env={"SIMUL_CHAT_NICK_LENGTH": "12"})
    for line in (f"drain_seconds = 3 +; {file}:1", "slow_ms = 7 +; -o",
                 "nick_length = 12 +; environment SIMUL_CHAT_NICK_LENGTH",
                 "watchdog_ms = 1000 +; default", r"loops = \d+ +; default: auto"):
        assert re.search(f"^{line}$", text, re.M), line


def test_what_print_config_prints_gives_the_same_settings(tmp_path):
    text = printed("-o", "listen.web.port=off", "-o", "listen.new.port=8000", "-o", "loops=3",
                   "-o", "tls.self_signed=on", "-o", "log.level=debug")
    file = tmp_path / "printed.conf"
    file.write_text(text)
    again = settings_of(printed("-c", str(file)))
    assert settings_of(text) == again
    assert again["listen.web.port"] == "off" and again["listen.new.port"] == "8000"
    assert again["listen.webtls.tls"] == "on"


def test_print_config_shows_no_secret():
    text = printed("-o", "server.password=confidential", "-o", "oper.alice.password=confidential",
                   env={"SIMUL_CHAT_CLOAK_KEY": "confidential-0123456789"})
    assert "confidential" not in text
    assert text.count("is set, and not shown") == 3


def test_print_config_of_a_wrong_one_is_exit_status_1():
    done = run("--print-config", "-o", "loops=many")
    assert (done.returncode, done.stdout) == (1, "")
    assert "loops must be" in done.stderr


# --- a file to begin with ---


def test_the_default_file_says_nothing_but_the_defaults(tmp_path):
    text = run("--print-default-config").stdout
    file = tmp_path / "default.conf"
    file.write_text(text)
    assert settings_of(printed("-c", str(file))) == settings_of(printed())
    file.write_text(re.sub("^;", "", text, flags=re.M))
    spoken = printed("-c", str(file))
    assert settings_of(spoken) == settings_of(printed())
    assert "; default" not in spoken, "every setting stands in the file"


# --- the check ---


def test_the_check_tells_of_all_wrong_lines_in_order(tmp_path):
    file = tmp_path / "simuld.conf"
    file.write_text("loops = many\nlop = 1\n[listen.web]\nprot = irc\nport = 70000\n")
    done = run("-t", "-c", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    for line, start in zip(lines, (f"simuld: {file}:1: loops must be",
                                   f"simuld: {file}:2: unknown setting lop; did you mean loops?",
                                   f"simuld: {file}:4: unknown setting listen.web.prot; did you "
                                   "mean listen.web.port or listen.web.protocol?",
                                   f"simuld: {file}:5: listen.web.port must be"), strict=True):
        assert line.startswith(start), line
    assert len(run("-c", str(file)).stderr.splitlines()) == 1, "a start tells of the first"


def test_the_check_is_content_and_says_so():
    done = run(*FREE, "-t")
    assert (done.returncode, done.stdout, done.stderr) == (0, "configuration ok\n", "")


def test_the_check_beside_a_running_daemon_has_nothing_to_tell(daemon):
    done = run(*FREE, "-t", "-o", f"listen.web.port={daemon.port('web')}",
               "-o", f"admin.port={daemon.port('admin')}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "configuration ok\n", "")
    assert daemon.admin("/livez")[0] == 200


def test_the_check_tells_of_all_that_would_go_wrong_and_makes_nothing(tmp_path):
    (tmp_path / "other").mkdir()
    certificate, _ = certificates.make(tmp_path)
    _, key = certificates.make(tmp_path / "other")
    before = sorted(tmp_path.rglob("*"))
    done = run(*FREE, "-t", *overrides(certificates.settings(certificate, key)),
               "-o", f"chat.motd={tmp_path}/motd", "-o", f"log.file={tmp_path}/none/log",
               "-o", "listen.web.address=192.0.2.1")
    assert (done.returncode, done.stdout) == (1, "")
    problems = [line for line in done.stderr.splitlines() if "warning" not in line]
    for line, start in zip(sorted(problems), ("chat.motd: ", "listen.web.address: ", "log.file: ",
                                              "tls.key: "), strict=True):
        assert line.startswith(f"simuld: {start}"), line
    assert sorted(tmp_path.rglob("*")) == before


def may_all_listen_on(port):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        return port >= int(file.read())


needs_a_forbidden_port = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or may_all_listen_on(80),
    reason="here everybody, or nobody, may listen on port 80")


def check_without_right_to_low_ports(*settings):
    return subprocess.run(
        ["setpriv", "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service",
         program(), *FREE, "-t", *overrides(settings)],
        env=environment(), text=True, capture_output=True, timeout=TIMEOUT, check=False)


@needs_a_forbidden_port
def test_the_check_tells_how_to_get_a_port_that_is_not_permitted():
    done = check_without_right_to_low_ports("listen.web.port=80")
    assert (done.returncode, done.stdout) == (1, "")
    assert "listen.web.port: no permission to listen on 127.0.0.1:80; start" in done.stderr


@needs_a_forbidden_port
def test_a_port_that_somebody_has_who_may_is_nothing_to_tell():
    """Systemd, perhaps, which opens it for simuld: a reload checks as who has no such right."""
    with socket.create_server(("127.0.0.80", 80)):
        done = check_without_right_to_low_ports("listen.web.address=127.0.0.80",
                                                "listen.web.port=80")
    assert (done.returncode, done.stderr) == (0, "")
