"""RFC 6455 section 7, closing, as it binds the client: simul-load, before a server of bare
sockets."""
import contextlib
import socket
import time

import pytest

from answers import ONCE
from load import Run, load
from raw_server import Peer, listening, listening_websocket, server_close, server_frame, server_tls
from ws_raw import PING, PONG, TEXT

REST_SECONDS = 0.3  # much less than simul-load waits for the end of TCP
PATIENCE_SECONDS = 1


def is_silent(peer):
    """Whether nothing comes for a while, the end of TCP neither."""
    peer.sock.settimeout(REST_SECONDS)
    with contextlib.suppress(TimeoutError):
        return peer.sock.recv(1) is None
    return True


def run_once(serve):
    with listening_websocket(serve) as url:
        return Run("echo", url, *ONCE)


# --- 7.1.1: the TCP connection ---


def test_7_1_1_the_client_waits_for_the_server_to_end_tcp():
    """Both when it began to close and when the server did."""
    silent = []

    def closing_first(peer):
        peer.read()
        peer.send(server_close(1000))
        peer.read_to_close()
        silent.append(is_silent(peer))

    def closing_second(peer):
        peer.read_to_close()
        peer.send(server_close(1000))
        silent.append(is_silent(peer))

    run_once(closing_first)
    run_once(closing_second)
    assert silent == [True, True]


def test_7_1_1_it_does_not_wait_for_ever():
    waited = []

    def serve(peer):
        peer.read_to_close()
        peer.send(server_close(1000))
        began = time.monotonic()
        assert peer.at_end()
        waited.append(time.monotonic() - began)

    run_once(serve)
    assert PATIENCE_SECONDS / 2 < waited[0] < 5 * PATIENCE_SECONDS


def test_7_1_1_bytes_that_trail_do_not_cost_the_close_frame():
    """A socket that is closed with unread bytes is reset, and then the peer loses what it has not
    read yet."""
    closes = []

    def serve(peer):
        peer.read()
        peer.send(server_close(1000), server_frame(PING, b"x" * 125) * 20_000)
        peer.sock.shutdown(socket.SHUT_WR)
        closes.append(peer.read_to_close())

    run_once(serve)
    assert closes == [([], 1000)]


def test_7_1_1_over_tls_the_session_ends_cleanly(tmp_path):
    context, certificate = server_tls(tmp_path)
    ended = []

    def serve(sock):
        tls = context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
        with Peer(tls).upgrade() as peer:
            peer.read_to_close()
            peer.send(server_close(1000))
            ended.append(tls.unwrap())  # waits for the client's close_notify

    with listening(serve) as address:
        load("connect", f"wss://localhost:{address.rpartition(':')[2]}/", "-c", 1, "-n", 1, "--ca",
             certificate, "--expect", "errors=0")
    assert len(ended) == 1


# --- 7.1.2, 7.1.5 and 7.3: a close each way ---


def test_7_1_2_the_client_begins_with_1000():
    closes = []

    def serve(peer):
        closes.append(peer.read_to_close()[1])
        peer.send(server_close(1000))

    with listening_websocket(serve) as url:
        load("connect", url, "-c", 1, "-n", 1, "--expect", "errors=0")
    assert closes == [1000]


def test_7_1_3_what_comes_behind_its_close_is_no_fault_and_not_answered():
    """Data that was on its way, and pings."""
    def serve(peer):
        peer.read_to_close()
        peer.send(server_frame(TEXT, b"late"), server_frame(PING), server_close(1000))
        assert is_silent(peer)

    with listening_websocket(serve) as url:
        load("connect", url, "-c", 1, "-n", 1, "--expect", "errors=0")


@pytest.mark.parametrize("code, reason", [(1000, "bye"), (1001, ""), (1008, "not here")])
def test_7_1_5_code_and_reason_of_the_server_are_told(code, reason):
    def serve(peer):
        peer.read()
        peer.send(server_close(code, reason.encode()))
        assert peer.read_to_close() == ([], code)

    assert f"closed by the server: {code} {reason}".strip() in run_once(serve).out


def test_7_1_5_a_close_without_a_code_is_told_as_1005():
    def serve(peer):
        peer.read()
        peer.send(server_close())
        assert peer.read_to_close() == ([], None)

    assert "closed by the server: 1005" in run_once(serve).out


def test_7_1_5_closes_that_cross_are_each_the_others_answer():
    """The server's has a code of its own; there is no second one of the client."""
    said = []

    def serve(peer):
        peer.read_to_close()
        peer.send(server_close(4000))
        peer.sock.shutdown(socket.SHUT_WR)
        said.append(peer.input.read())

    with listening_websocket(serve) as url:
        load("connect", url, "-c", 1, "-n", 1, "--expect", "errors=0")
    assert said == [b""]


def test_7_2_1_a_connection_that_is_lost_is_told():
    """Without a close it ends, by a reset, or inside a frame."""
    def end(peer):
        peer.read()

    def reset(peer):
        peer.read()
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1]) + bytes(7))

    def break_off(peer):
        peer.read()
        peer.send(b"\x82\x05ab")

    for serve in (end, break_off):
        assert "closed by the server, without a word" in run_once(serve).out
    assert "the connection broke" in run_once(reset).out


def test_7_3_the_client_does_not_close_before_its_end():
    said = []

    def serve(peer):
        peer.send(server_frame(PING, b"?"))
        said.append(peer.read_to_close())
        peer.send(server_close(1000))

    with listening_websocket(serve) as url:
        began = time.monotonic()
        load("hold", url, "-c", 1, "-d", 0.5, "--warm-up", 0)
        assert time.monotonic() - began >= 0.5
    assert [([part.opcode for part in before], code) for before, code in said] == [([PONG], 1000)]


# --- 7.1.7: failing ---


def test_7_1_7_a_failure_is_told_and_closed_with_its_code():
    closes = []

    def serve(peer):
        peer.read()
        peer.send(server_frame(3))
        closes.append(peer.read_to_close())

    assert "the server broke a rule" in run_once(serve).out
    assert closes == [([], 1002)]


@pytest.mark.parametrize("behind", [server_frame(PING), server_close(4000),
                                    server_frame(TEXT, b"\xff")], ids=["ping", "close", "text"])
def test_7_1_7_nothing_behind_a_failure_is_processed(behind):
    said = []

    def serve(peer):
        peer.read()
        peer.send(server_frame(TEXT, rsv=1), behind)
        said.append((peer.read_to_close(), is_silent(peer)))

    run_once(serve)
    assert said == [(([], 1002), True)]


# --- 7.4: codes ---


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
def test_7_4_a_code_that_must_not_be_sent_fails(code):
    closes = []

    def serve(peer):
        peer.read()
        peer.send(server_close(code, b"why"))
        closes.append(peer.read_to_close())

    assert "the server broke a rule" in run_once(serve).out
    assert closes == [([], 1002)]
