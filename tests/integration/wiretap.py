"""What passes between a client and a server, looked at from between them."""
import socket
import struct
import threading
from collections import namedtuple

from simuld import TIMEOUT

Seen = namedtuple("Seen", "opcode fin rsv length")


class Wiretap:
    """Takes one connection at its address, hands everything on to and from another, and keeps it."""

    def __init__(self, target):
        self.target = target
        self.sent, self.received = bytearray(), bytearray()  # by the client
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(TIMEOUT)
        self.address = self.listener.getsockname()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            client = self.listener.accept()[0]
        except OSError:
            return  # nobody came
        server = socket.create_connection(self.target, timeout=TIMEOUT)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(TIMEOUT)
        back = threading.Thread(target=hand_on, args=(server, client, self.received), daemon=True)
        back.start()
        hand_on(client, server, self.sent)
        back.join(TIMEOUT)
        client.close()
        server.close()

    # What follows can be read without TLS only.

    def answer(self, name):
        """The value of a header that comes once in the answer to the handshake, or None."""
        lines = self.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        headers = [line.split(": ", 1) for line in lines]
        values = [value for own, value in headers if own.lower() == name.lower()]
        assert len(values) <= 1
        return values[0] if values else None

    def frames_sent(self):
        return frames(self.sent.partition(b"\r\n\r\n")[2])

    def frames_received(self):
        return frames(self.received.partition(b"\r\n\r\n")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def hand_on(source, sink, kept):
    try:
        while data := source.recv(1 << 16):
            kept += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction ends, too


def frames(data):
    """The whole frames (RFC 6455 section 5.2) at the front of the bytes."""
    found, at = [], 0
    while at + 2 <= len(data):
        first, second = data[at:at + 2]
        length, at = second & 0x7f, at + 2
        if length >= 126:
            size, form = (2, "!H") if length == 126 else (8, "!Q")
            if at + size > len(data):
                break
            length = struct.unpack_from(form, data, at)[0]
            at += size
        at += length + (4 if second & 0x80 else 0)
        if at <= len(data):
            found.append(Seen(first & 0x0f, bool(first & 0x80), first >> 4 & 7, length))
    return found
