"""An HTTP server with habits, to prove that simul-load bears the legal ones and finds the others.

    odd_http.py HABIT EVERY

prints "listening 127.0.0.1:PORT", and at TERM, as JSON, how often it had its way. Every so manieth
request, of all connections together, is answered

legally:
    chunked     in chunks that are cut anywhere, behind an interim response, with a trailer
    close       with "Connection: close", and it does
    endless     by HTTP/1.0, with a body that ends where the connection does
    lazy        with "Connection: close", and it does not
    early       whole; then the connection is closed, a little later and without a word before
wrongly:
    cut         with less than was promised, and the close
    gone        with the close alone
    silent      not at all
    garbage     with something else
    twice       with two responses
    busy        with 503

the others with BODY.
"""
import asyncio
import json
import signal
import sys

BODY = b"a body of thirty-two bytes, or so"
PIECE = 7
EARLY_SECONDS = 0.02


def response(*headers, version="1.1", status="200 OK", body=BODY):
    lines = [f"HTTP/{version} {status}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def whole(*headers, **others):
    return response(f"Content-Length: {len(BODY)}", *headers, **others)


def in_chunks():
    chunks = b"".join(b"%x;an=extension\r\n%s\r\n" % (len(BODY[i:i + 5]), BODY[i:i + 5])
                      for i in range(0, len(BODY), 5))
    return response("Transfer-Encoding: chunked", body=chunks + b"0\r\nA-Trailer: yes\r\n\r\n")


# What is sent, and whether the connection is closed then.
HABITS = {
    "chunked": (response(status="103 Early Hints", body=b"") + in_chunks(), False),
    "close": (whole("Connection: close"), True),
    "lazy": (whole("Connection: close"), False),
    "endless": (response(version="1.0"), True),
    "early": (whole(), False),
    "cut": (whole()[:-1], True),
    "gone": (b"", True),
    "silent": (b"", False),
    "garbage": (b"250 OK\r\n", False),
    "twice": (whole() + whole(), False),
    "busy": (whole(status="503 Service Unavailable"), False),
}


class Server:
    def __init__(self, habit, every):
        self.habit, self.every = habit, every
        self.seen = self.done = 0

    async def answer(self, writer):
        """Whether the connection goes on."""
        self.seen += 1
        if self.seen % self.every != 0:
            writer.write(whole())
            return True
        self.done += 1
        text, is_closed = HABITS[self.habit]
        size = PIECE if self.habit == "chunked" else len(text) + 1
        for at in range(0, len(text), size):
            writer.write(text[at:at + size])
            await asyncio.sleep(0)
        if self.habit == "early":
            asyncio.get_running_loop().call_later(EARLY_SECONDS, writer.close)
        return not is_closed

    async def talk(self, reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if not await self.answer(writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


async def main(habit, every):
    server = Server(habit, int(every))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    socket = (await asyncio.start_server(server.talk, "127.0.0.1", 0)).sockets[0]
    print(f"listening 127.0.0.1:{socket.getsockname()[1]}", flush=True)
    await ended.wait()
    print(json.dumps({"seen": server.seen, "done": server.done}), flush=True)


asyncio.run(main(*sys.argv[1:]))
