"""RFC 6455 section 7, closing, as it binds the server: who says what, who ends TCP first, and that
nothing is lost on the way. All codes are tested beside this, in C; here are some of each range."""
import signal
import socket
import struct

import pytest

from simuld import TIMEOUT, client_tls
from ws_raw import BINARY, PING, PONG, TEXT, Frame, WebSocket, close_frame, frame

SETTINGS = ["ws.deflate=on", "echo.faults=on"]
BEHIND = [frame(TEXT, b"PING :x"), frame(PING, b"behind"), frame(3), frame(TEXT, b"\xff"),
          close_frame(1001), close_frame(4000)]
TRAILING = frame(BINARY, bytes(16 << 20))  # more than sockets hold: somebody must read it
SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3500,
            3999, 4000, 4500, 4999]
UNSENDABLE = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 65535]


def closes(daemon, endpoint, code, *reasons, answer):
    """Closes a connection with the code and each of the reasons."""
    for reason in reasons:
        with WebSocket(daemon.connect("web"), *endpoint) as ws:
            ws.send(close_frame(code, reason))
            ws.expect_close(answer)


# --- 7.1.1: the TCP connection ---


@pytest.mark.parametrize("last", [close_frame(1000), frame(3)], ids=["close", "failure"])
def test_7_1_1_the_server_ends_tcp_first(ws, last):
    """Its end comes although ours does not."""
    ws.send(last)
    ws.read_to_close()


@pytest.mark.parametrize("last, code", [(close_frame(1000), 1000), (frame(3), 1002)],
                         ids=["close", "failure"])
def test_7_1_1_bytes_that_trail_do_not_cost_the_close_frame(ws, last, code):
    """They are read and thrown away: a socket that is closed with unread bytes is reset, and then
    the peer loses what it has not read yet."""
    ws.send(last, TRAILING)
    ws.expect_close(code)


def test_7_1_1_over_tls_the_session_ends_cleanly(daemon, endpoint):
    plain = socket.create_connection(daemon.addresses["webtls"], timeout=TIMEOUT)
    tls = client_tls().wrap_socket(plain, suppress_ragged_eofs=False)
    with WebSocket(tls, *endpoint) as ws:
        ws.send(close_frame(1000), frame(PING), frame(TEXT, b"x" * 5000))
        ws.expect_close(1000)


def test_7_1_1_who_ends_its_half_gets_what_it_is_owed(daemon):
    with WebSocket(daemon.connect("web")) as ws:
        ws.send(*[frame(BINARY, b"%d" % number * 1000) for number in range(1000)])
        ws.sock.shutdown(socket.SHUT_WR)
        for number in range(1000):
            assert ws.read_message() == (BINARY, b"%d" % number * 1000)
        assert ws.http.ends_cleanly()


def test_7_1_1_a_close_and_the_end_in_one_are_answered(ws):
    ws.send(close_frame(1000))
    ws.sock.shutdown(socket.SHUT_WR)
    ws.expect_close(1000)


# --- 7.1.2 to 7.1.4: the closing handshake ---


def test_7_1_2_what_was_asked_before_a_close_is_answered_before_it(ws):
    ws.send(*[frame(TEXT, b"PING :x"), frame(PING, b"?")] * 100, close_frame(1000))
    before, code = ws.read_to_close()
    assert [part.opcode for part in before] == [TEXT, PONG] * 100 and code == 1000


@pytest.mark.parametrize("behind", BEHIND, ids=["text", "ping", "bad opcode", "bad text", "close",
                                                "another code"])
def test_7_1_3_nothing_behind_a_close_is_answered(ws, behind):
    """In the same segment and in a later one."""
    ws.send(close_frame(1000), behind)
    ws.send(behind)
    ws.expect_close(1000)


def test_7_1_4_a_connection_that_is_lost_costs_nobody_else_anything(daemon, ws):
    with WebSocket(daemon.connect("web")) as lost:
        lost.send(frame(TEXT, b"x", fin=False))
        reset = struct.pack("ii", 1, 0)
        lost.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    ws.send(frame(PING))
    assert ws.read() == Frame(PONG, True, b"")


# --- 7.1.5 and 7.1.6: code and reason ---


@pytest.mark.parametrize("code", SENDABLE)
def test_7_1_5_a_code_is_answered_with_itself(daemon, endpoint, code):
    closes(daemon, endpoint, code, b"", b"bye", answer=code)


def test_7_1_5_a_close_without_a_code_is_answered_without(ws):
    ws.send(close_frame())
    ws.expect_close(None)


def test_7_1_6_a_reason_may_be_any_text(daemon, endpoint):
    closes(daemon, endpoint, 1000, b"x", b"x" * 123, "ż".encode() * 61, "🐢".encode() * 30, b"\0",
           b"a\r\nb", answer=1000)


def test_7_1_6_a_reason_that_is_not_utf8_fails(daemon, endpoint):
    closes(daemon, endpoint, 1000, b"\xff", b"ok\x80", b"\xc0\x80", b"\xed\xa0\x80",
           b"\xf4\x90\x80\x80", b"x" * 120 + b"\xe2\x82", answer=1007)


# --- 7.1.7: failing ---


def test_7_1_7_what_came_before_is_answered_before_the_close(daemon):
    with WebSocket(daemon.connect("web")) as ws:
        ws.send(*[frame(TEXT, b"%d" % number) for number in range(100)], frame(3))
        before, code = ws.read_to_close()
    assert [part.payload for part in before] == [b"%d" % number for number in range(100)]
    assert code == 1002


@pytest.mark.parametrize("behind", BEHIND, ids=["text", "ping", "bad opcode", "bad text", "close",
                                                "another code"])
def test_7_1_7_nothing_behind_a_failure_is_processed(ws, behind):
    ws.send(frame(TEXT, b"x", rsv=1), behind)
    ws.send(behind)
    ws.expect_close(1002)


@pytest.mark.parametrize("bad, reason", [(frame(3), "reserved opcode"),
                                         (frame(TEXT, b"\xff"), "text is not UTF-8")],
                         ids=["opcode", "text"])
def test_7_1_7_a_failure_is_logged(daemon, ws, bad, reason):
    ws.send(bad)
    ws.read_to_close()
    assert daemon.log_of(ws.sock, "connection closed")["reason"] == reason


# --- 7.3: what the server begins ---


def test_7_3_who_is_there_at_a_drain_is_told_1001(start, endpoint):
    daemon = start(*SETTINGS)
    with WebSocket(daemon.connect("web"), *endpoint) as idle, \
            WebSocket(daemon.connect("web"), *endpoint) as busy:
        busy.send(frame(TEXT, b"PING :x", fin=False))
        daemon.signal(signal.SIGTERM)
        assert [ws.read_to_close()[1] for ws in (idle, busy)] == [1001, 1001]
    daemon.expect_good_end()


def test_7_3_closes_that_cross_are_each_the_others_answer(start, endpoint):
    """Ours is sent before the server's is read, and there is no second one."""
    daemon = start(*SETTINGS)
    with WebSocket(daemon.connect("web"), *endpoint) as ws:
        daemon.signal(signal.SIGTERM)
        ws.sock.recv(1, socket.MSG_PEEK)  # its close has come
        ws.send(close_frame(4000))
        assert ws.read_to_close()[1] == 1001
    daemon.expect_good_end()


# --- 7.4: codes ---


@pytest.mark.parametrize("code", UNSENDABLE)
def test_7_4_a_code_that_must_not_be_sent_fails(daemon, endpoint, code):
    closes(daemon, endpoint, code, b"", b"bye", answer=1002)
