"""WebSocket with permessage-deflate (RFC 7692) on a bare socket: zlib as the standard says, so that a
server that uses a larger window than was agreed on, or what it said before, is found out."""
import random
import zlib

from irc import WebSocketLines
from ws_raw import CONTINUATION, RSV1, WebSocket, frame

TAIL = b"\0\0\xff\xff"
OFFER = "permessage-deflate"
STEP = 64  # bytes
WORDS = ["wolność", "loop", "master", "board", "move", "☕", "table", "chess"]


def prose(count, seed=1):
    """Text of so many bytes, which repeats itself near and far."""
    chance = random.Random(seed)
    parts, size = [], 0
    while size < count:
        parts.append(chance.choice(WORDS).encode() + b" ")
        size += len(parts[-1])
    return b"".join(parts)[:count].decode(errors="ignore").encode().ljust(count)


def noise(count, seed=1):
    """Bytes that no compression makes fewer."""
    return random.Random(seed).randbytes(count)


def parse(answer):
    """The parameters of an answer; None: nothing was agreed on."""
    if answer is None:
        return None
    name, *params = [part.strip() for part in answer.split(";")]
    assert name == OFFER
    return dict(param.partition("=")[::2] for param in params)


def compressor(bits=15, level=6):
    return zlib.compressobj(level, zlib.DEFLATED, -bits)


def compress(data, bits=15, engine=None):
    """A message's payload; the engine remembers what it has said before."""
    engine = engine or compressor(bits)
    return (engine.compress(data) + engine.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def stored(data):
    """The same without compression (RFC 7692 section 7.2.3.3)."""
    length = len(data).to_bytes(2, "little")
    return b"\0" + length + bytes(byte ^ 255 for byte in length) + data + b"\0"


def inflate(payload, bits=15):
    """What was compressed by itself, in a window of 2^bits bytes. zlib notices a reference beyond the
    window only if it goes beyond what the same call has put out, too: that is kept short."""
    engine = zlib.decompressobj(-bits)
    parts, rest = [], payload + TAIL
    while rest or len(parts[-1]) == STEP:
        parts.append(engine.decompress(rest, STEP))
        rest = engine.unconsumed_tail
    assert not engine.unused_data
    return b"".join(parts)


def frames(opcode, payload, sizes=()):
    """The frames of a message that is compressed already: fragments of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(payload[:size])
        payload = payload[size:]
    pieces.append(payload)
    return [frame(CONTINUATION if i else opcode, piece, fin=i == len(pieces) - 1, rsv=0 if i else RSV1)
            for i, piece in enumerate(pieces)]


class Deflated(WebSocket):
    """A client that agreed on permessage-deflate, or offered it in vain (params: None)."""

    def __init__(self, sock, target="/echo", *headers, offer=OFFER):
        super().__init__(sock, target, f"Sec-WebSocket-Extensions: {offer}", *headers)
        self.params = parse(self.response.get("Sec-WebSocket-Extensions"))
        self.was_compressed = False  # the message that was read last, if only by its form
        self.was_stored = False  # that is, in a block without compression, and no other
        if self.is_agreed:
            assert "server_no_context_takeover" in self.params
            self.in_bits = int(self.params.get("server_max_window_bits", 15))
            self.out_bits = int(self.params.get("client_max_window_bits", 15))
            self.engine = self.new_engine()

    @property
    def is_agreed(self):
        return self.params is not None

    @property
    def keeps(self):
        """We may compress with what we have said before."""
        return "client_no_context_takeover" not in self.params

    def new_engine(self):
        return compressor(self.out_bits) if self.keeps else None

    def compress(self, data):
        return compress(data, self.out_bits, self.engine)

    def send_message(self, opcode, data, sizes=()):
        self.send(*frames(opcode, self.compress(data), sizes))

    def inflate(self, payload):
        return inflate(payload, self.in_bits)

    def read_message(self):
        """Opcode and what was said, inflated if it came compressed."""
        part = self.read()
        opcode, payload, self.was_compressed = part.opcode, part.payload, part.rsv == RSV1
        while not part.fin:
            part = self.read()
            assert (part.opcode, part.rsv) == (CONTINUATION, 0)
            payload += part.payload
        if not self.was_compressed:
            return opcode, payload
        data = self.inflate(payload)
        self.was_stored = len(data) < 1 << 16 and payload == stored(data)
        return opcode, data


class DeflatedLines(WebSocketLines):
    """For irc.Client; what it says goes compressed."""

    def __init__(self, sock, target="/chat", *headers, offer=OFFER):
        super().__init__(sock, target, *headers, client=lambda *at: Deflated(*at, offer=offer))

    def send(self, line):
        self.ws.send_message(self.opcode, line)
