"""What tests of a WebSocket echo with faults say and look at."""
import struct

from ws_raw import CLOSE, TEXT, close_frame, frame, mask

TEXTS = [f"message-{i:03}" for i in range(200)]


def say(ws, *texts):
    ws.send(*(frame(TEXT, text.encode()) for text in texts))


def answers(ws, count):
    return [ws.read_message()[1].decode() for _ in range(count)]


def all_answers(ws, texts):
    """What comes back of the texts, up to the answer to our close."""
    say(ws, *texts)
    ws.send(close_frame(1000))
    heard = []
    while (part := ws.read()).opcode != CLOSE:
        assert part.fin
        heard.append(part.payload.decode())
    assert ws.http.at_end()
    return heard


def raw_frame(ws):
    """First byte, whether it is masked, and the payload; whatever a server should not send."""
    first, second = ws.read_exactly(2)
    length = second & 0x7f
    if length == 126:
        length = struct.unpack("!H", ws.read_exactly(2))[0]
    elif length == 127:
        length = struct.unpack("!Q", ws.read_exactly(8))[0]
    key = ws.read_exactly(4) if second & 0x80 else None
    payload = ws.read_exactly(length)
    return first, key is not None, mask(payload, key) if key else payload
