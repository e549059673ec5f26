"""`simuld healthcheck`: what containers are looked after by."""
import contextlib
import signal
import socket
import threading
import time

import pytest

from simuld import TIMEOUT, free_port, overrides, run, wait_until
from ws_raw import WebSocket

HEALTHY = (0, "", "")
NO_TIME_S = 2  # what it waits for at most


def healthcheck(*settings, env=None):
    done = run("healthcheck", *overrides(settings), env=env)
    return done.returncode, done.stdout, done.stderr


def unhealthy(why):
    return 1, "", f"simuld: {why}\n"


@pytest.mark.short
@pytest.mark.parametrize("address, asked", [
    ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("*", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")])
def test_a_ready_server_is_healthy_until_it_drains(start, address, asked):
    port = free_port()
    settings = [f"admin.address={address}", f"admin.port={port}"]
    daemon = start(*settings, "drain_seconds=60")
    assert healthcheck(*settings) == HEALTHY
    clients = [WebSocket(daemon.connect("web")) for _ in range(4)]  # the last is told late
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: healthcheck(*settings) != HEALTHY, "the drain to be told")
    assert healthcheck(*settings) == unhealthy(f"{asked}:{port}: not ready: draining")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    for client in clients:
        client.sock.close()
    status, out, why = healthcheck(*settings)
    assert (status, out) == (1, "")
    assert why == f"simuld: no server answers at {asked}:{port}: Connection refused\n"


def test_settings_come_from_file_and_environment_too(start, tmp_path):
    port = free_port()
    start(f"admin.port={port}")
    file = tmp_path / "simuld.conf"
    file.write_text(f"[admin]\nport = {port}\n")
    done = run("-c", str(file), "healthcheck")
    assert (done.returncode, done.stderr) == (0, "")
    assert healthcheck(env={"SIMUL_ADMIN_PORT": str(port)}) == HEALTHY


def test_it_asks_on_a_unix_socket(start, tmp_path):
    setting = f"admin.address=unix:{tmp_path}/admin.sock"
    daemon = start(setting)
    assert healthcheck(setting) == HEALTHY
    daemon.stop()
    why = f"no server answers at unix:{tmp_path}/admin.sock: No such file or directory"
    assert healthcheck(setting) == unhealthy(why)


@pytest.mark.parametrize("setting, why", [
    ("admin.port=off", "admin.port=off: nobody can be asked; "
                       "set a port, or admin.address=unix:/path"),
    ("admin.port=0", "admin.port=0 is any free port; set one to be asked on")])
def test_settings_that_do_not_tell_where_to_ask(setting, why):
    assert healthcheck(setting) == unhealthy(why)


def test_a_wrong_configuration_is_no_health():
    status, _, why = healthcheck("loops=many")
    assert status == 1 and "loops must be" in why


@contextlib.contextmanager
def answering(answer):
    """Somebody on a port, who sends that to whoever connects, and nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                peer = listener.accept()[0]
                with peer:
                    peer.sendall(answer)
                    if answer:
                        peer.shutdown(socket.SHUT_WR)
                    while peer.recv(4096):
                        pass
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
    thread.join(TIMEOUT)


@pytest.mark.parametrize("answer", [b"SSH-2.0-something\r\n", b"HTTP/1.1 ", b"\0" * 100_000],
                         ids=["ssh", "cut", "long"])
def test_somebody_else_on_the_port(answer):
    with answering(answer) as port:
        assert healthcheck(f"admin.port={port}") == unhealthy(
            f"127.0.0.1:{port}: what answers there is not simuld")


def test_who_does_not_answer_is_not_waited_for():
    with answering(b"") as port:
        began = time.monotonic()
        assert healthcheck(f"admin.port={port}") == unhealthy(
            f"no server answers at 127.0.0.1:{port}: it took too long")
        assert NO_TIME_S - 0.1 < time.monotonic() - began < NO_TIME_S + 10
