"""An IRC server with faults, to prove that simul-load finds them.

    faulty_irc.py FAULT EVERY

prints "listening 127.0.0.1:PORT", and at TERM, as JSON, how often it did wrong. Every so manieth
line that a member of a channel is to hear is dealt with as faulty_echo.py says. Other faults are
done to every so manieth client:

    taken     its nick is in use, the first three times
    refuse    it is answered that it is banned from the channel
    error     it is sent ERROR when it registers, and closed
    kick      it is kicked out of the channel when somebody speaks for the first time
    silent    it is never welcomed
"""
import asyncio
import collections
import itertools
import json
import signal
import sys

from faulty_echo import Faults

LINES = ("drop", "duplicate", "alter", "swap", "stall", "none")


class Client:
    def __init__(self, writer, is_victim):
        self.writer, self.is_victim = writer, is_victim
        self.nick, self.channel = "*", None
        self.refusals = 0
        self.state = collections.Counter()  # of Faults

    def send(self, line):
        self.writer.write(line.encode() + b"\r\n")

    def reply(self, numeric, rest):
        self.send(f":faulty {numeric} {self.nick} {rest}")


class Server:
    def __init__(self, fault, every):
        self.fault, self.every = fault, every
        self.faults = Faults(fault if fault in LINES else "none", every)
        self.channels = collections.defaultdict(set)
        self.numbers = itertools.count(1)

    def wrongs(self, client, fault):
        """Whether that is to be done to this client; then it is counted."""
        is_victim = client.is_victim and self.fault == fault
        self.faults.done += is_victim
        return is_victim

    async def talk(self, reader, writer):
        client = Client(writer, next(self.numbers) % self.every == 0)
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                command, _, rest = line.partition(" ")
                if command == "QUIT":
                    break
                handler = getattr(self, f"on_{command.lower()}", None)
                if handler is not None and handler(client, rest):
                    break
        except ConnectionError:
            pass
        self.channels[client.channel].discard(client)
        writer.close()

    # Each returns whether the connection is to be closed.

    def on_nick(self, client, nick):
        if client.refusals < 3 and self.wrongs(client, "taken"):
            client.refusals += 1
            client.reply(433, f"{nick} :Nickname is already in use")
            return
        client.nick = nick
        if client.refusals > 0:  # USER has come
            self.welcome(client)

    def on_user(self, client, _):
        if self.wrongs(client, "error"):
            client.send("ERROR :You are not wanted here")
            return True
        if client.nick != "*" and not self.wrongs(client, "silent"):
            self.welcome(client)
        return False

    def welcome(self, client):
        client.send(f"PING :{client.nick}")
        client.reply("001", ":Welcome")

    def on_join(self, client, channel):
        if self.wrongs(client, "refuse"):
            client.reply(474, f"{channel} :Cannot join channel (+b)")
            return
        client.channel = channel
        self.channels[channel].add(client)
        for member in self.channels[channel]:
            member.send(f":{client.nick}!load@here JOIN {channel}")
        client.reply(366, f"{channel} :End of /NAMES list")

    def on_privmsg(self, client, rest):
        channel, _, text = rest.partition(" ")
        for member in self.channels[channel] - {client}:
            if member.state["seen"] == 0 and self.wrongs(member, "kick"):
                self.channels[channel].discard(member)
                member.send(f":op!op@here KICK {channel} {member.nick} :go")
                continue
            for answer in self.faults.answers(member.state, text):
                member.send(f":{client.nick}!load@here PRIVMSG {channel} {answer}")


async def main(fault, every):
    server = Server(fault, int(every))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    print(f"listening 127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()
    print(json.dumps({"done": server.faults.done}), flush=True)


asyncio.run(main(*sys.argv[1:]))
