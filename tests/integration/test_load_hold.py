"""simul-load hold: connections that are kept, and who closes which and why."""
import asyncio
import contextlib
import re
import signal
import subprocess
import threading

import pytest
import websockets

from load import DONE, ECHOTLS, LISTENERS, Started, load, npm_ws, simul_load, trust, url
from simuld import TIMEOUT, Daemon, environment, wait_until
from tools import TESTS


@pytest.fixture(scope="module")
def server():
    with Daemon(*ECHOTLS, loops=2) as daemon:
        yield daemon


@contextlib.contextmanager
def websocket_server(handle, **options):
    """Python's websockets, on a thread with a loop of its own. Yields its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start():
        return await websockets.serve(handle, "127.0.0.1", 0, **options)

    async def stop(server):
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(TIMEOUT)
    try:
        yield "ws://127.0.0.1:{}".format(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(TIMEOUT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def await_open(run, count):
    """Until it says, once a second, that so many have shaken hands."""
    run.await_said(f"{count:10}         0/s")


# --- they are kept ---


@pytest.mark.parametrize("scheme", LISTENERS)
def test_connections_are_kept(server, scheme):
    run = load("hold", url(server, scheme), *trust(scheme), "-c", 40, "-d", 0.3,
               "--expect", "errors=0", "--expect", "connected=40", "--expect", "closed=0")
    assert run["open_max"] == run["totals"]["connections_started"] == 40
    wait_until(lambda: server.metric("simul_connections") <= 1, "the end of all connections")


def test_irc_over_websocket_is_kept(server):
    run = load("hold", url(server, "ws", "/chat"), "--irc", "-c", 20, "-d", 0.3,
               "--expect", "errors=0", "--expect", "connected=20")
    assert run["timings"]["handshake"]["count"] == 40  # the Upgrade and the registration


@pytest.mark.parametrize("scheme", ["ws", "irc"])
def test_pings_are_answered(scheme):
    """Whoever does not answer within a second is closed by this server."""
    with Daemon("ws.ping_seconds=1", "chat.ping_seconds=1", loops=2) as server:
        load("hold", url(server, scheme), "-c", 20, "-d", 3, "--expect", "closed=0",
             "--expect", "errors=0")


@pytest.mark.parametrize("scheme", ["tcp", "tls", "ws", "wss"])
def test_a_sample_echoes_at_the_end(server, scheme):
    run = load("hold", url(server, scheme), *trust(scheme), "-c", 50, "-d", 0.1, "--echo-sample",
               10, "--expect", "errors=0")
    assert run["totals"]["sent"] == run["totals"]["received"] == 10
    assert run["timings"]["latency"]["count"] == 10


def test_several_processes_and_servers(server):
    run = load("hold", url(server, "ws"), url(server, "ws"), "-c", 60, "-d", 0.1, "--processes", 2,
               "--echo-sample", 1000, "--expect", "connected=60", "--expect", "errors=0")
    assert run["totals"]["received"] == 60


def test_memory_of_the_server(server):
    run = load("hold", url(server, "ws"), "-c", 300, "-d", 0.3, "--pid", server.pid)
    assert run["server"]["memory_open_bytes"] >= run["server"]["memory_begin_bytes"] > 0


def test_until_ctrl_c(server):
    with Started("hold", url(server, "ws"), "-c", 7, "-d", 0) as run:
        await_open(run, 7)
        run.process.send_signal(signal.SIGINT)
        assert run.await_end() == DONE
    assert "interrupted" in run.said and "no errors" in run.said


# --- they are closed ---


def test_a_server_that_closes_with_a_reason():
    async def close(socket, *_):
        await asyncio.sleep(0.2)
        await socket.close(1001, "for maintenance")

    with websocket_server(close) as address:
        run = load("hold", address, "-c", 10, "-d", 0, "--expect", "closed=10")
    assert run.errors() == {"closed": 10} and run["totals"]["connections_closed_by_server"] == 10
    assert run["reasons"] == [{"count": 10, "text": "closed by the server: 1001 for maintenance"}]


@pytest.mark.parametrize("scheme, kill, reason", [
    ("ws", Daemon.stop, "closed by the server: 1001"),
    ("tcp", Daemon.kill, "closed by the server, without a word"),
], ids=["drains", "dies"])
def test_a_server_that_ends(scheme, kill, reason):
    with Daemon() as daemon, \
            Started("hold", url(daemon, scheme), "-c", 9, "-d", 0) as run:
        await_open(run, 9)
        kill(daemon)
        assert run.await_end() == DONE
    assert re.search(rf"\b9 +{reason}", run.said), run.said


def test_a_server_that_takes_no_more():
    with Daemon("limits.connections=20", loops=1) as daemon:
        run = load("hold", url(daemon, "ws"), "-c", 30, "-d", 0.3, "--timeout", 1)
    assert set(run.errors()) == {"timeout"} and 8 <= run.errors()["timeout"] <= 12


# --- many ---


def million(n):
    return subprocess.run([TESTS.parent / "loadtest" / "million.sh", str(n)], text=True,
                          env=environment({"SIMUL_LOAD": simul_load(), "HOLD_SECONDS": "1"}),
                          capture_output=True, timeout=TIMEOUT, check=False)


def test_many_are_held():
    done = million(200)
    assert done.returncode == 0, done
    assert re.search(r"held at once +200  of 200\n", done.stdout), done
    assert re.search(r"echoed while all were held +200  of 200\n", done.stdout), done


def test_more_than_memory_are_refused():
    done = million(1_000_000_000)
    assert done.returncode == 1 and "are available: about" in done.stderr, done


# --- servers that were not written here ---


def test_python_websockets():
    async def echo(socket, *_):
        async for message in socket:
            await socket.send(message)

    with websocket_server(echo, ping_interval=0.2, ping_timeout=1) as address:
        run = load("hold", address, "-c", 20, "-d", 1.5, "--echo-sample", 5, "--expect",
                   "closed=0", "--expect", "errors=0")
    assert run["totals"]["received"] == 5


def test_npm_ws():
    with npm_ws("setTimeout(() => c.close(1001, 'going away'), 300)") as port:
        run = load("hold", f"ws://127.0.0.1:{port}", "-c", 10, "-d", 5)
    assert run["reasons"] == [{"count": 10, "text": "closed by the server: 1001 going away"}]
