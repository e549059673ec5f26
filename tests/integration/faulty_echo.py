"""An echo server over TCP with faults, to prove that simul-load finds them: simuld does such things
to single bytes of a stream, this one to messages of a size that it knows.

    faulty_echo.py SIZE FAULT EVERY

prints "listening 127.0.0.1:PORT", and at TERM, as JSON, how often it did wrong. Of each connection
every so manieth message is

    drop        not answered              duplicate   answered twice
    alter       answered with one byte changed
    swap        answered behind the next one
    stall       answered 100 ms later, and so are all that come meanwhile, on all connections
    none        answered
"""
import asyncio
import collections
import json
import signal
import sys
import time

STALL_SECONDS = 0.1


class Faults:
    def __init__(self, kind, every):
        self.kind, self.every = kind, every
        self.done = 0

    def answers(self, state, message):
        """What is to be sent for a message; `state` is the connection's."""
        state["seen"] += 1
        held = state.pop("held", None)
        if held is not None:
            return [message, held]
        if self.kind == "none" or state["seen"] % self.every != 0:
            return [message]
        self.done += 1
        if self.kind == "drop":
            return []
        if self.kind == "duplicate":
            return [message, message]
        if self.kind == "alter":
            return [message[:-1] + (b"!" if isinstance(message, bytes) else "!")]
        if self.kind == "swap":
            state["held"] = message
            return []
        time.sleep(STALL_SECONDS)  # the one thread of this server: all of it stands
        return [message]


async def serve_tcp(faults, size):
    async def talk(reader, writer):
        state = collections.Counter()
        try:
            while True:
                for answer in faults.answers(state, await reader.readexactly(size)):
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return (await asyncio.start_server(talk, "127.0.0.1", 0)).sockets[0]


async def main(size, kind, every):
    faults = Faults(kind, int(every))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    socket = await serve_tcp(faults, int(size))
    print(f"listening 127.0.0.1:{socket.getsockname()[1]}", flush=True)
    await ended.wait()
    print(json.dumps({"done": faults.done}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
