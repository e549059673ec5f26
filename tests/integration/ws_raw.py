"""WebSocket on a bare socket: frames as a test wants them, right or wrong (RFC 6455 section 5)."""
import os
import struct
from dataclasses import dataclass

from http_raw import HttpConnection, get

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1 = 4  # of frame(): the message is compressed (RFC 7692 section 6)
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def upgrade(target="/echo", *headers, key=KEY, version="13"):
    """The text of a handshake's request."""
    return get(target, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
               f"Sec-WebSocket-Version: {version}", *headers)


def handshake(daemon, request, listener="web"):
    """The answer to a request on a connection of its own."""
    with HttpConnection(daemon.connect(listener)) as http:
        return http.ask(request)


def mask(data, key):
    if not data:
        return b""
    repeated = (key * (len(data) // 4 + 1))[:len(data)]
    whole = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
    return whole.to_bytes(len(data), "big")


def frame_header(opcode, length, fin=True, rsv=0, key=None):
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    masked = 0x80 if key is not None else 0
    if length < 126:
        head = struct.pack("!BB", first, masked | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    return head + (key or b"")


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True):
    """A client's frame."""
    key = os.urandom(4) if masked else None
    head = frame_header(opcode, len(payload), fin, rsv, key)
    return head + (mask(payload, key) if masked else payload)


def close_frame(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


@dataclass
class Frame:
    opcode: int
    fin: bool
    payload: bytes
    rsv: int = 0


class WebSocket:
    """A client after the handshake."""

    def __init__(self, sock, target="/echo", *headers):
        self.http = HttpConnection(sock)
        self.sock, self.input = sock, self.http.input
        self.response = self.http.ask(upgrade(target, *headers))
        assert self.response.status == 101, self.response
        assert self.response.get("Sec-WebSocket-Accept") == ACCEPT
        self.protocol = self.response.get("Sec-WebSocket-Protocol")
        self.rsv_allowed = RSV1 if self.response.get("Sec-WebSocket-Extensions") else 0

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))

    def read_exactly(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise EOFError(f"{len(data)} of {count} bytes")
        return data

    def read_header(self):
        """Opcode, fin, and how long the payload is that follows."""
        first, second = self.read_exactly(2)
        self.rsv = first >> 4 & 7
        assert self.rsv & ~self.rsv_allowed == 0, "reserved bits are set"
        assert second & 0x80 == 0, "a server's frame is masked"
        length = second
        if length == 126:
            length = struct.unpack("!H", self.read_exactly(2))[0]
            assert length >= 126, "not in the shortest form"
        elif length == 127:
            length = struct.unpack("!Q", self.read_exactly(8))[0]
            assert length >= 1 << 16, "not in the shortest form"
        return first & 0x0f, bool(first & 0x80), length

    def read(self):
        opcode, fin, length = self.read_header()
        return Frame(opcode, fin, self.read_exactly(length), self.rsv)

    def read_message(self):
        """Opcode and payload of a message, put together; there must be no control frame in it."""
        part = self.read()
        opcode, payload = part.opcode, [part.payload]
        while not part.fin:
            part = self.read()
            assert part.opcode == CONTINUATION
            payload.append(part.payload)
        return opcode, b"".join(payload)

    def read_to_close(self):
        """The frames that come before the one that closes, and its code (None: it has none); the
        connection has ended then."""
        frames = []
        while (part := self.read()).opcode != CLOSE:
            frames.append(part)
        assert part.fin and len(part.payload) != 1, part
        part.payload[2:].decode()  # the reason is UTF-8
        assert self.http.ends_cleanly()
        return frames, struct.unpack("!H", part.payload[:2])[0] if part.payload else None

    def expect_close(self, code):
        """The next frame closes with this code (None: without one); then the connection ends."""
        assert self.read_to_close() == ([], code)

    def close(self):
        self.http.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
