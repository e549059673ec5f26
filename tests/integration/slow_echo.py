"""An echo server that takes its time, to prove that simul-load measures what there is.

    slow_echo.py [keep=N] [stall=MS] [silent]

prints "listening 127.0.0.1:PORT", and at TERM, as JSON, how many connections were open at most.

    keep     connections after the first N are closed at once
    stall    the second piece of each connection and what comes behind it wait so long
    silent   nothing is answered
"""
import asyncio
import json
import signal
import sys

PIECE_BYTES = 1 << 18


class Server:
    def __init__(self, keep=None, stall=0, silent=False):
        self.keep, self.stall_seconds, self.is_silent = keep, int(stall) / 1000, silent
        self.accepted = self.open = self.most_open = 0

    async def talk(self, reader, writer):
        self.accepted += 1
        if self.keep is not None and self.accepted > int(self.keep):
            writer.close()
            return
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        pieces = 0
        try:
            while piece := await reader.read(PIECE_BYTES):
                pieces += 1
                if pieces == 2:
                    await asyncio.sleep(self.stall_seconds)
                if not self.is_silent:
                    writer.write(piece)
        except ConnectionError:
            pass
        writer.close()
        self.open -= 1


async def main(words):
    server = Server(**{name: value or True for name, _, value in (w.partition("=") for w in words)})
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0, backlog=4096)
    print(f"listening 127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()
    print(json.dumps({"most_open": server.most_open}), flush=True)


asyncio.run(main(sys.argv[1:]))
