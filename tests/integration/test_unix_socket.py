"""Listeners on Unix sockets, and sockets that somebody else has opened for us."""
import itertools
import json
import os
import pwd
import stat
import subprocess
import tempfile

import pytest

from http_raw import HttpConnection, get
from irc import Client, WebSocketLines
from proxies import HAProxy
from simuld import LISTENERS, TIMEOUT, Daemon, dial, free_port, overrides, run, wait_until
from tools import needs_root, tool

numbers = itertools.count()
NAMES = ["web", "irc", "echo", "webtls", "irctls"]


def paths(directory, *names):
    return [f"listen.{name}.address=unix:{directory}/{name}" for name in names]


@pytest.fixture(scope="module")
def daemon(loops, tmp_path_factory):
    directory = tmp_path_factory.mktemp("sockets")
    with Daemon(*paths(directory, *NAMES), f"admin.address=unix:{directory}/admin",
                "listen.web.mode=0600", loops=loops) as one:
        yield one


# --- what is served there ---

def curl(daemon, path, *options, listener="web", host="localhost"):
    done = subprocess.run([tool("curl"), "-sS", "--unix-socket", daemon.addresses[listener],
                           *options, f"http://{host}{path}"], capture_output=True, timeout=TIMEOUT,
                          check=True)
    return done.stdout


def test_http(daemon):
    assert curl(daemon, "/echo", "--data-binary", "hello") == b"hello"
    assert json.loads(curl(daemon, "/echo"))["peer"] == "unix:"


def test_the_admin_listener_takes_any_host(daemon):
    # Where no page of a browser's can come, its name tells nothing.
    assert curl(daemon, "/livez", "-f", listener="admin", host="simul.example")


def test_tcp_echo(daemon):
    data = os.urandom(300_000)
    done = subprocess.run([tool("nc"), "-N", "-U", daemon.addresses["echo"]], input=data,
                          capture_output=True, timeout=TIMEOUT, check=True)
    assert done.stdout == data


@pytest.mark.parametrize("name", ["irc", "irctls"])
def test_irc(daemon, name):
    with Client(daemon.connect(name)) as client:
        nick = f"local{next(numbers)}"
        client.register(nick)
        client.send(f"WHOIS {nick}")
        replies = {m.command: m.params for m in client.read_until("318")}
        assert replies["311"][3] == "localhost"
        assert replies["338"][2:4] == [f"~{nick}@localhost", "localhost"]
        client.send("QUIT")
        assert client.expect_end().params[0].startswith("Closing Link: localhost")


@pytest.mark.parametrize("name", ["web", "webtls"])
def test_websocket(daemon, name):
    with Client(WebSocketLines(daemon.connect(name))) as client:
        client.register(f"overws{next(numbers)}")


def test_a_browser_is_let_in_by_the_rule_of_loopback(daemon):
    for host, status in (("localhost", 101), ("elsewhere.example", 403)):
        with HttpConnection(daemon.connect("web")) as http:
            http.send(get("/chat", "Upgrade: websocket", "Connection: Upgrade",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                          f"Origin: http://{host}").replace("Host: localhost", f"Host: {host}"))
            assert http.read_head().status == status


def test_the_admin_listener(daemon):
    with HttpConnection(dial(daemon.addresses["admin"])) as http:
        assert http.ask(get("/livez")).status == 200


def test_files_have_their_modes(daemon):
    modes = {name: stat.S_IMODE(os.stat(daemon.addresses[name]).st_mode) for name in NAMES}
    assert modes == {"web": 0o600} | {name: 0o660 for name in NAMES[1:]}


def test_every_loop_gets_some(daemon):
    def served():
        with HttpConnection(dial(daemon.addresses["admin"])) as http:
            loops = json.loads(http.ask(get("/stats")).body)["loops"]
            return [loop["accepted"] for loop in loops][:daemon.loops]

    before = served()
    rounds = 0
    while not all(now > then for now, then in zip(served(), before)):
        socks = [daemon.connect("echo") for _ in range(200)]
        for sock in socks:
            sock.sendall(b"x")
        for sock in socks:
            assert sock.recv(1) == b"x"
            sock.close()
        rounds += 1
        assert rounds < 50
    assert sum(served()) > 0


# --- the files ---

def test_files_go_with_the_server(start, tmp_path):
    daemon = start(*paths(tmp_path, "echo"))
    assert (tmp_path / "echo").is_socket()
    daemon.stop()
    assert not (tmp_path / "echo").exists()


def test_what_a_killed_server_has_left_is_replaced(start, tmp_path):
    start(*paths(tmp_path, "echo")).kill()
    assert (tmp_path / "echo").is_socket()
    daemon = start(*paths(tmp_path, "echo"))
    with daemon.connect("echo") as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"


def test_a_second_server_does_not_take_the_socket(start, tmp_path):
    first = start(*paths(tmp_path, "echo"))
    done = run(*overrides([*LISTENERS, *paths(tmp_path, "echo")]))
    assert done.returncode == 1
    assert done.stderr == (f"simuld: cannot listen on unix:{tmp_path}/echo (echo): another program "
                           "listens there; choose another path with -o listen.echo.address=unix:PATH\n")
    with first.connect("echo") as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"


def test_a_file_of_another_kind_stays(tmp_path):
    (tmp_path / "echo").write_text("mine")
    done = run(*overrides([*LISTENERS, *paths(tmp_path, "echo")]))
    assert done.returncode == 1
    assert "there is a file that is no socket" in done.stderr
    assert (tmp_path / "echo").read_text() == "mine"


@needs_root
def test_files_belong_to_who_serves(start):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o777)
        daemon = start(*paths(directory, "echo"), "listen.echo.mode=0600", "daemon.user=nobody")
        file = os.stat(daemon.addresses["echo"])
        nobody = pwd.getpwnam("nobody")
        assert (file.st_uid, file.st_gid) == (nobody.pw_uid, nobody.pw_gid)
        assert stat.S_IMODE(file.st_mode) == 0o600
        daemon.stop()
        assert os.listdir(directory) == []


# --- behind a proxy ---

class Local(HAProxy):
    ENTRANCES = ["irc"]
    CONFIG = """
listen irc
    bind 127.0.0.1:%(port_irc)s
    server simul unix@%(path_irc)s send-proxy-v2
"""


def test_a_proxy_may_come_by_a_unix_socket(start, tmp_path):
    daemon = start(*paths(tmp_path, "irc"), "listen.irc.proxy=on", "proxy.trusted=unix",
                   "limits.connections_per_address=1")
    with Local(daemon, tmp_path) as proxy:
        with Client(dial(proxy.addresses["irc"], "127.0.0.7")) as client:
            client.register("behind")
            assert client.whois()[1] == "127.0.0.7"
            with Client(dial(proxy.addresses["irc"], "127.0.0.7")) as other:
                assert "127.0.0.7" in other.expect_end().params[0]


# --- socket activation ---

def activated(loops, sockets, *settings, listeners=("web", "irc"), options=()):
    """A daemon that systemd's own tool starts, at the first connection. `sockets` are its names and
    addresses in systemd's manner; each listener it has must get one of them."""
    off = [f"listen.{name}.port=off" for name in ("web", "irc", "echo") if name not in listeners]
    names = ":".join(name for name, _ in sockets)
    words = [f"--listen={address}" for _, address in sockets]
    return subprocess.Popen(
        [tool("systemd-socket-activate"), *words, f"--fdname={names}", os.environ["SIMULD"], *options,
         *overrides(["admin.port=off", "tls.self_signed=on", "listen.webtls.port=off",
                     "listen.irctls.port=off", f"loops={loops}", *off, *settings])],
        env={"PATH": os.environ["PATH"], "SIMUL_DAEMON_USER": "root"} if os.geteuid() == 0 else
            {"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_there(address):
    try:
        dial(address).close()
        return True
    except (ConnectionRefusedError, FileNotFoundError):
        return False


def finish(process):
    process.terminate()
    out, err = process.communicate(timeout=TIMEOUT)
    return out, err


def test_sockets_that_systemd_has_opened(loops, tmp_path):
    port, path = free_port(), str(tmp_path / "irc")
    process = activated(loops, [("web", f"127.0.0.1:{port}"), ("irc", path)])
    try:
        wait_until(lambda: is_there(("127.0.0.1", port)), "its sockets")
        for _ in range(20):
            with HttpConnection(dial(("127.0.0.1", port))) as http:
                assert http.ask(get("/")).status == 200
            with Client(dial(path)) as client:
                client.register(f"first{next(numbers)}")
                client.send("QUIT")
                client.expect_end()
    finally:
        out, err = finish(process)
    assert f"listening web 127.0.0.1:{port}\nlistening irc unix:{path}\nready\n" == out, err
    assert process.returncode == 0, err
    assert os.path.exists(path)  # whose it is, removes it


def test_other_names_are_found_by_address(loops):
    port = free_port()
    process = activated(loops, [("simuld.socket", f"127.0.0.1:{port}")], f"listen.web.port={port}",
                        listeners=["web"])
    try:
        wait_until(lambda: is_there(("127.0.0.1", port)), "its socket")
        with HttpConnection(dial(("127.0.0.1", port))) as http:
            assert http.ask(get("/")).status == 200
    finally:
        out, err = finish(process)
    assert out == f"listening web 127.0.0.1:{port}\nready\n", err


def test_a_socket_that_belongs_to_no_listener_is_an_error(loops):
    port = free_port()
    process = activated(loops, [("stranger", f"127.0.0.1:{port}")], "listen.web.port=0",
                        listeners=["web"])
    wait_until(lambda: is_there(("127.0.0.1", port)), "its socket")
    out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert out == ""
    assert (f"simuld: the socket 127.0.0.1:{port}, which was opened for us (LISTEN_FDS), is called "
            "'stranger', and belongs to no listener; set FileDescriptorName= to the listener's name"
            in err)


def test_the_check_looks_at_sockets_that_systemd_has_opened(loops):
    for name, status, told in (("web", 0, ""), ("other", 1, "is called 'other', and belongs to no")):
        port = free_port()
        process = activated(loops, [(name, f"127.0.0.1:{port}")], "listen.web.address=192.0.2.1",
                            listeners=["web"], options=["-t"])
        wait_until(lambda port=port: is_there(("127.0.0.1", port)), "its socket")
        _, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == status, err
        assert told in err
        assert ("192.0.2.1:8080 is no address of this machine" in err) == (status != 0)


def test_without_a_pid_that_is_ours_nothing_is_taken(start):
    daemon = start(env={"LISTEN_FDS": "3", "LISTEN_PID": "1"})
    assert daemon.connect("echo")
