"""How the server comes to its end: whom it tells when, what it finishes, how long it takes."""
import os
import select
import selectors
import signal
import socket
import time

import pytest

from http_raw import HttpConnection, get
from irc import Client
from simuld import TIMEOUT, seconds_of, wait_until
from ws_raw import TEXT, WebSocket, frame

SPAN = 3  # seconds to drain; all are told within nine tenths of them
CLIENTS = 80  # of each kind
GOING_AWAY = b"\x03\xe9"  # 1001, at the begin of a close frame's payload

def refuses_connections(daemon, name):
    try:
        socket.create_connection(daemon.addresses[name], timeout=TIMEOUT).close()
    except ConnectionError:
        return True
    return False


@pytest.mark.short
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term_and_int_tell_the_clients_and_finish_what_was_begun(start, number):
    daemon = start("drain_seconds=4")
    slow = HttpConnection(daemon.connect("web"))
    streaming = HttpConnection(daemon.connect("web"))
    idle = HttpConnection(daemon.connect("web"))
    echo_ws = WebSocket(daemon.connect("web"))
    chat_ws = WebSocket(daemon.connect("web"), "/chat")
    irc, echo = Client(daemon.connect("irc")), daemon.connect("echo")
    admin = HttpConnection(daemon.connect("admin"))
    irc.register("someone")
    idle.ask(get("/echo"))
    streaming.send(get("/echo", "Content-Length: 10", method="POST") + "hello")
    streaming.read_head()
    # What is behind the first request in the same segment has begun when that is answered.
    slow.ask(get("/echo") + get("/echo?delay_ms=2000"))

    daemon.signal(number)
    for name in ("web", "irc", "echo", "webtls", "irctls", "six"):
        wait_until(lambda: refuses_connections(daemon, name), f"{name} to be closed")
    assert admin.ask(get("/readyz")).status == 503

    streaming.send("world")
    assert streaming.input.read(10) == b"helloworld"
    assert streaming.at_end()
    assert chat_ws.read().payload.startswith(b"ERROR :")
    chat_ws.expect_close(1001)
    echo_ws.expect_close(1001)
    assert irc.read_until("ERROR")
    assert irc.read() is None
    assert idle.at_end()
    assert echo.recv(1) == b""
    answer = slow.read()
    assert (answer.status, answer.get("Connection")) == (200, "close")
    for client in (slow, streaming, idle, echo_ws, chat_ws, irc, echo, admin):
        client.close()
    daemon.expect_good_end()


def test_the_admin_listener_closes_last_and_says_that_it_drains(start):
    daemon = start("drain_seconds=30")
    with HttpConnection(daemon.connect("web")) as http:
        http.ask(get("/echo", "Content-Length: 2", method="POST") + "x", to_head=True)
        daemon.signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(daemon, "web"), "the web listener to be closed")
        assert daemon.admin("/readyz")[0] == 503
        assert daemon.admin("/livez")[0] == 200
        assert daemon.stats()["draining"] is True
    daemon.expect_good_end()


def test_clients_that_never_close_do_not_hold_it_beyond_drain_seconds(start):
    daemon = start("drain_seconds=1")
    clients = [daemon.connect("echo"), daemon.connect("irc"), daemon.connect("web")]
    clients[2].sendall(b"GET /echo?delay_ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n")
    ws = WebSocket(daemon.connect("web"))
    tls = daemon.connect("webtls")
    assert seconds_of(daemon.stop) < 30  # the answer has a minute to wait
    for client in (*clients, ws, tls):
        client.close()


def test_what_is_queued_is_sent_before_it_leaves(start):
    daemon = start()
    data = os.urandom(200_000)
    with daemon.connect("echo") as sock:
        sock.sendall(data)
        received = sock.recv(1)
        daemon.signal(signal.SIGTERM)
        while part := sock.recv(1 << 16):
            received += part
        assert data.startswith(received) and len(received) > 1
    daemon.expect_good_end()

# --- turns ---


class Crowd:
    """Clients that last, of every kind: they leave when they are told, and it is noted when."""

    def __init__(self, daemon, each=CLIENTS):
        self.told_at_s = []
        self.selector = selectors.DefaultSelector()
        for number in range(each):
            self.add(daemon.connect("echo"), None)
            self.add(WebSocket(daemon.connect("web")).sock, GOING_AWAY)
            chat = WebSocket(daemon.connect("web"), "/chat")
            chat.send(frame(TEXT, f"NICK w{number}".encode()),
                      frame(TEXT, b"USER u 0 * :u"))
            self.add(chat.sock, GOING_AWAY)
            irc = daemon.connect("irc")
            irc.sendall(f"NICK i{number}\r\nUSER u 0 * :u\r\n".encode())
            self.add(irc, b"ERROR :")

    def add(self, sock, farewell):
        self.selector.register(sock, selectors.EVENT_READ, [farewell, b""])

    def __len__(self):
        return len(self.selector.get_map())

    def hear(self, sock, state):
        farewell = state[0]
        data = sock.recv(1 << 16)
        state[1] = (state[1] + data)[-500:]
        is_told = not data if farewell is None else farewell in state[1]
        assert data or is_told, f"no farewell: {state[1]}"
        if is_told:
            self.told_at_s.append(time.monotonic())
            self.selector.unregister(sock)
            sock.close()

    def listen(self, seconds):
        until_s = time.monotonic() + seconds
        while len(self) and time.monotonic() < until_s:
            for key, _ in self.selector.select(0.05):
                self.hear(key.fileobj, key.data)

    def settle(self):
        """Hears all that comes before the end begins."""
        while ready := self.selector.select(0.2):
            for key, _ in ready:
                self.hear(key.fileobj, key.data)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


@pytest.mark.alone
def test_lasting_clients_are_told_evenly_over_the_time_there_is(start):
    daemon = start(f"drain_seconds={SPAN}")
    crowd = Crowd(daemon)
    crowd.settle()
    count = len(crowd)
    began_s = time.monotonic()
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: daemon.admin("/readyz")[0] == 503, "the drain")
    assert time.monotonic() - began_s < 0.5
    crowd.listen(2 * SPAN)
    assert not len(crowd)
    told_s = sorted(at_s - began_s for at_s in crowd.told_at_s)
    assert len(told_s) == count
    assert told_s[0] < 0.5
    assert 0.8 * SPAN < told_s[-1] < SPAN
    tenths = [0] * 9
    for at_s in told_s:
        tenths[min(8, int(at_s / SPAN * 10))] += 1
    assert all(count / 18 < told < count / 4.5 for told in tenths), tenths
    gaps = [after - before for before, after in zip(told_s, told_s[1:])]
    assert max(gaps) < SPAN / 6, max(gaps)
    daemon.expect_good_end()
    assert time.monotonic() - began_s < SPAN + 5  # the sanitizers look for leaks
    crowd.close()


def test_few_on_several_loops_are_told_one_after_the_other(start):
    daemon = start(f"drain_seconds={SPAN}")
    few = [daemon.connect_to_loop("echo", number % daemon.loops)[0] for number in range(4)]
    began_s = time.monotonic()
    daemon.signal(signal.SIGTERM)
    for number in range(len(few)):
        told, _, _ = select.select(few, [], [], TIMEOUT)
        # The server's clock counts whole milliseconds.
        assert time.monotonic() - began_s > 0.9 * SPAN * number / 4 - 0.002
        assert told[0].recv(1) == b""
        few.remove(told[0])
        told[0].close()
    daemon.expect_good_end()


def test_who_is_not_told_yet_goes_on(start):
    daemon = start("drain_seconds=1000")
    people = [Client(daemon.connect_to_loop("irc", 0)[0]) for _ in range(20)]
    for number, person in enumerate(people):
        person.register(f"person{number}")
        person.join("#last")
    for person in people:
        person.sync()
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: daemon.admin("/readyz")[0] == 503, "the drain, on the same loop")
    left = [person for person in people if is_served(person)]
    assert len(left) == 19
    left[0].send("PRIVMSG #last :who is still here?")
    for person in left[1:]:
        assert person.read_until("PRIVMSG")[-1].params[1] == "who is still here?"
    daemon.signal(signal.SIGTERM)
    daemon.expect_good_end()
    for person in people:
        person.close()


def is_served(person):
    person.send("PING here")
    while message := person.read():
        if message.command in ("PONG", "ERROR"):
            return message.command == "PONG"
    return False


def test_when_all_have_gone_it_leaves_early(start):
    daemon = start("drain_seconds=1000")
    crowd = Crowd(daemon, 5)
    crowd.settle()
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: daemon.admin("/readyz")[0] == 503, "the drain")
    crowd.close()
    daemon.expect_good_end()


def test_a_second_signal_ends_it_at_once(start):
    daemon = start("drain_seconds=1000")
    crowd = Crowd(daemon, 5)
    crowd.settle()
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: daemon.log("draining"), "the drain")
    daemon.signal(signal.SIGTERM)
    daemon.expect_good_end()
    crowd.close()


def test_without_time_all_are_told_at_once(start):
    daemon = start("drain_seconds=0")
    crowd = Crowd(daemon, 5)
    crowd.settle()
    daemon.signal(signal.SIGTERM)
    crowd.listen(10)
    assert not len(crowd)
    daemon.expect_good_end()
    crowd.close()


def test_an_admin_client_holds_up_nothing(start):
    daemon = start("drain_seconds=1000")
    with daemon.connect("admin") as silent, HttpConnection(daemon.connect("admin")) as idle:
        idle.ask(get("/stats"))
        silent.sendall(b"GET /st")
        daemon.stop()
