"""A server on bare sockets, to see what a client does, and does when it is treated badly. It serves
one connection after the other."""
import base64
import contextlib
import hashlib
import re
import socket
import ssl
import struct
import threading
from dataclasses import dataclass

import certificates
from simuld import TIMEOUT
from ws_raw import CLOSE, frame, mask

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


@contextlib.contextmanager
def listening(serve):
    """`serve` has each connection in turn, on a thread. Yields the address. What `serve` complains
    of, the test complains of."""
    complaints = []
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        def accept():
            with contextlib.suppress(OSError):
                while True:
                    sock = listener.accept()[0]
                    sock.settimeout(TIMEOUT)
                    try:
                        serve(sock)
                    except Exception as complaint:
                        complaints.append(complaint)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield "127.0.0.1:{}".format(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
    if complaints:
        raise complaints[0]


def server_tls(directory):
    """A context with a certificate for "localhost", and that certificate. An end without
    close_notify is an error, where ragged ends are not suppressed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    certificate, key = certificates.make(directory)
    context.load_cert_chain(certificate, key)
    return context, certificate


@dataclass
class Request:
    text: str

    @property
    def line(self):
        return self.text.partition("\r\n")[0]

    def values(self, name):
        """Of all headers of this name."""
        return re.findall(rf"(?im)^{name}:[ \t]*(.*?)[ \t]*\r$", self.text)

    @property
    def key(self):
        return self.values("Sec-WebSocket-Key")[0]


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def response(*headers, status="101 Switching Protocols", version="HTTP/1.1", body=""):
    return "\r\n".join([f"{version} {status}", *headers, "", body]).encode("latin-1")


def upgraded(key, *headers):
    """The answer that completes the handshake."""
    return response("Upgrade: websocket", "Connection: Upgrade",
                    f"Sec-WebSocket-Accept: {accept_of(key)}", *headers)


def server_frame(opcode, payload=b"", **how):
    return frame(opcode, payload, masked=False, **how)


def server_close(code=None, reason=b""):
    return server_frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


@dataclass
class ClientFrame:
    opcode: int
    fin: bool
    rsv: int
    key: bytes
    payload: bytes


class Peer:
    """One connection of a client, seen from the server."""

    def __init__(self, sock):
        self.sock, self.input = sock, sock.makefile("rb")
        self.request = None

    def read_request(self):
        lines = list(iter(self.input.readline, b"\r\n"))
        assert all(line.endswith(b"\r\n") for line in lines), lines
        self.request = Request(b"".join(lines).decode("latin-1"))
        return self.request

    def upgrade(self, *headers):
        self.send(upgraded(self.read_request().key, *headers))
        return self

    def send(self, *parts):
        self.sock.sendall(b"".join(parts))

    def read_exactly(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise EOFError(f"{len(data)} of {count} bytes")
        return data

    def read(self):
        first, second = self.read_exactly(2)
        assert second & 0x80, "a client's frame is not masked"
        length = second & 0x7f
        if length >= 126:
            length = int.from_bytes(self.read_exactly(2 if length == 126 else 8), "big")
        key = self.read_exactly(4)
        payload = mask(self.read_exactly(length), key)
        return ClientFrame(first & 0x0f, bool(first & 0x80), first >> 4 & 7, key, payload)

    def read_to_close(self):
        """The frames before the one that closes, and its code (None: it has none)."""
        frames = []
        while (part := self.read()).opcode != CLOSE:
            frames.append(part)
        return frames, struct.unpack("!H", part.payload[:2])[0] if part.payload else None

    def at_end(self):
        """Whether the client has ended what it sends, cleanly; waits for it."""
        return self.input.read(1) == b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.sock.close()


def serve_websocket(sock, serve, *headers):
    """Shakes hands, and gives `serve` the Peer. The client may go at any time."""
    with Peer(sock) as peer, contextlib.suppress(EOFError, ConnectionError):
        serve(peer.upgrade(*headers))


@contextlib.contextmanager
def listening_websocket(serve, *headers):
    """The same for connections that have shaken hands, with these headers in the answer. Yields the
    URL."""
    with listening(lambda sock: serve_websocket(sock, serve, *headers)) as address:
        yield f"ws://{address}/"
