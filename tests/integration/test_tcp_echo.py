"""TCP echo: bytes as they come, half-close honoured."""
import os
import socket
import threading

import pytest

from simuld import MEASURED, TIMEOUT

MIB = 1 << 20


def read_all(sock):
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def read_exactly(sock, count):
    data = bytearray()
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"the end after {len(data)} of {count} bytes"
        data += part
    return bytes(data)


@pytest.mark.short
@pytest.mark.parametrize("listener", ["echo", "echosix"])
def test_what_is_sent_comes_back_over_ipv4_and_ipv6(daemon, listener):
    with daemon.connect(listener) as sock:
        for data in (b"x", b"two\nlines\n", bytes(range(256)), os.urandom(100_000)):
            sock.sendall(data)
            assert read_exactly(sock, len(data)) == data


def test_a_byte_comes_back_without_waiting_for_a_line(daemon):
    with daemon.connect("echo") as sock:
        for byte in b"GET / HTTP/1.1\r\n\r\n":
            sock.sendall(bytes([byte]))
            assert sock.recv(2) == bytes([byte])


@pytest.mark.short
def test_half_close_is_answered_after_everything_came_back(daemon):
    data = os.urandom(3 * MIB)
    with daemon.connect("echo") as sock:
        def send():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert read_all(sock) == data
        sender.join()


def test_half_close_without_a_byte_closes(daemon):
    with daemon.connect("echo") as sock:
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""


def test_many_connections_keep_their_bytes_apart(daemon):
    socks = [daemon.connect("echo") for _ in range(200)]
    for number, sock in enumerate(socks):
        sock.sendall(f"{number}\n".encode() * 100)
    for number, sock in enumerate(socks):
        expected = f"{number}\n".encode() * 100
        assert read_exactly(sock, len(expected)) == expected
        sock.close()


def test_a_peer_that_resets_does_not_disturb_another(daemon):
    with daemon.connect("echo") as other:
        for _ in range(50):
            sock = daemon.connect("echo")
            sock.sendall(b"x" * 1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        other.sendall(b"still here")
        assert read_exactly(other, 10) == b"still here"


def test_a_slow_reader_of_64_mib_costs_no_memory(start):
    daemon = start(env=MEASURED)
    block = os.urandom(MIB)
    with daemon.connect("echo") as sock:
        sock.setblocking(False)
        sent = 0
        # Nobody reads: the daemon stops reading once its queue is full, and then we cannot send.
        before = daemon.rss_kb()
        stuck = 0
        while stuck < 100 and sent < 64 * MIB:
            try:
                sent += sock.send(block[sent % MIB:])
                stuck = 0
            except BlockingIOError:
                stuck += 1
                daemon.admin("/livez")  # a tick or more of the daemon
        assert sent < 64 * MIB, "it took everything, though nobody read"
        sock.settimeout(TIMEOUT)

        def send_rest():
            at = sent
            while at < 64 * MIB:
                at += sock.send(block[at % MIB:])
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send_rest)
        sender.start()
        for at in range(64):
            assert read_exactly(sock, MIB) == block, f"MiB {at} differs"
        assert sock.recv(1) == b""
        sender.join()
        assert daemon.rss_kb() - before < 24 * 1024


def test_clients_on_different_loops_are_served(daemon):
    first, index = daemon.connect_to_loop("echo")
    second, other = daemon.connect_to_loop("echo", (index + 1) % daemon.loops)
    assert (index != other) == (daemon.loops > 1)
    for sock in (first, second):
        sock.sendall(b"hello")
        assert read_exactly(sock, 5) == b"hello"
        sock.close()
