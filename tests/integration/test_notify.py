"""What a service manager hears (sd_notify(3)): here on a socket of our own; from systemd itself see
tests/deploy/."""
import signal
import socket
import threading
import time

import pytest

from simuld import TIMEOUT

WATCHDOG_SECONDS = 1


class Manager:
    """Listens where NOTIFY_SOCKET points to."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.sock.settimeout(TIMEOUT)
        self.env = {"NOTIFY_SOCKET": str(path)}

    def next(self):
        """The next message's assignments."""
        return dict(line.split("=", 1) for line in self.sock.recv(4096).decode().split("\n"))

    def await_key(self, key):
        while key not in (message := self.next()):
            pass
        return message


@pytest.fixture
def manager(tmp_path):
    one = Manager(tmp_path / "notify")
    yield one
    one.sock.close()


def test_ready_and_stopping(start, manager):
    daemon = start("drain_seconds=3", env=manager.env)
    ready = manager.next()
    assert ready["READY"] == "1" and ready["MAINPID"] == str(daemon.pid)
    assert ready["STATUS"]
    daemon.signal(signal.SIGTERM)
    stopping = manager.next()
    assert stopping["STOPPING"] == "1"
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) > 3_000_000
    daemon.expect_good_end()


def test_the_watchdog_is_fed_while_every_loop_ticks(start, manager):
    daemon = start("debug.stall=on", "watchdog_ms=0",
                   env={**manager.env, "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000)})
    manager.await_key("WATCHDOG")
    began = time.monotonic()
    for _ in range(3):
        manager.await_key("WATCHDOG")
    assert time.monotonic() - began > 0.5 * WATCHDOG_SECONDS  # not more often than it helps

    # Each loop in turn is stuck, the hub's own included: meanwhile nothing is said.
    hub_loops = 1 if daemon.loops > 1 else 0
    for loop in range(daemon.loops + hub_loops):
        stall = threading.Thread(
            target=daemon.admin,
            args=(f"/debug/stall?ms={2000 * WATCHDOG_SECONDS}&loop={loop}&by=sleep",))
        stall.start()
        began, gap = time.monotonic(), 0
        while gap < 1.2 * WATCHDOG_SECONDS and time.monotonic() - began < TIMEOUT:
            before = time.monotonic()
            manager.await_key("WATCHDOG")
            gap = time.monotonic() - before
        assert gap >= 1.2 * WATCHDOG_SECONDS, f"loop {loop} was stuck, and the watchdog fed"
        stall.join()


def test_nobody_else_is_told(start, manager):
    """Neither workers nor the spawner inherit the manager's variables."""
    daemon = start(env=manager.env)
    for pid in daemon.processes():
        if pid != daemon.pid:
            with open(f"/proc/{pid}/environ", "rb") as environ:
                assert b"NOTIFY_SOCKET" not in environ.read()
