"""An IRC client for tests: over a socket (TCP, TLS) or a WebSocket, one line at a time."""
import socket
from dataclasses import dataclass, field

from ws_raw import BINARY, TEXT, WebSocket, frame


@dataclass
class Message:
    source: str
    command: str
    params: list
    tags: dict = field(default_factory=dict)

    @property
    def nick(self):
        return self.source.partition("!")[0]


def parse(line):
    tags, source = {}, ""
    if line.startswith("@"):
        text, line = line[1:].split(" ", 1)
        tags = dict(tag.partition("=")[::2] for tag in text.split(";"))
    if line.startswith(":"):
        source, line = line[1:].split(" ", 1)
    line, colon, trailing = line.partition(" :")
    command, *params = line.split()
    return Message(source, command, params + [trailing] if colon else params, tags)


class SocketLines:
    """Lines that end in CR LF."""

    def __init__(self, sock):
        self.sock = sock
        self.input = sock.makefile("rb")

    def send(self, line):
        self.sock.sendall(line + b"\r\n")

    def read(self):
        """The next line; None at the end."""
        line = self.input.readline()
        if not line:
            return None
        assert line.endswith(b"\r\n"), line
        return line[:-2]

    def close(self):
        self.input.close()
        self.sock.close()


class WebSocketLines:
    """A line is a message, without CR LF (IRCv3 WebSocket)."""

    def __init__(self, sock, target="/chat", *headers, client=WebSocket):
        self.ws = client(sock, target, *headers)
        self.protocol = self.ws.protocol
        self.opcode = BINARY if self.protocol == "binary.ircv3.net" else TEXT

    def send(self, line):
        self.ws.send(frame(self.opcode, line))

    def read(self):
        opcode, line = self.ws.read_message()
        if opcode == 8:
            return None
        assert opcode == self.opcode, "text or binary, as was agreed"
        assert b"\r" not in line and b"\n" not in line, line
        return line

    def close(self):
        self.ws.close()


class Client:
    def __init__(self, lines):
        self.lines = SocketLines(lines) if isinstance(lines, socket.socket) else lines
        self.nick = "*"

    # --- sending ---

    def send(self, *lines):
        for line in lines:
            self.lines.send(line.encode() if isinstance(line, str) else line)

    def register(self, nick, *caps):
        """Asks for the capabilities, registers, and reads the greeting, which is returned."""
        if caps:
            self.send(f"CAP REQ :{' '.join(caps)}")
            self.expect("CAP", "*", "ACK")
            self.send("CAP END")
        self.send(f"NICK {nick}", f"USER {nick} 0 * :{nick} of the tests")
        self.nick = nick
        greeting = [self.read()]
        while greeting[-1].command not in ("376", "422"):
            greeting.append(self.read())
        return greeting

    def whois(self):
        """What WHOIS says of the client itself: the host that others see, and the address."""
        self.send(f"WHOIS {self.nick}")
        replies = {message.command: message.params for message in self.read_until("318")}
        return replies["311"][3], replies["338"][3]

    def join(self, channel):
        """Joins and reads the list of names; returns them with their prefixes."""
        self.send(f"JOIN {channel}")
        self.expect("JOIN", channel)
        return self.read_names()

    # --- reading ---

    def read(self):
        """The next message; None at the end. PINGs are answered on the way."""
        while (line := self.lines.read()) is not None:
            message = parse(line.decode())
            if message.command != "PING":
                return message
            self.send(f"PONG :{message.params[-1]}")
        return None

    def expect(self, command, *params):
        """The next message, which must be this, with params that begin so."""
        message = self.read()
        assert message is not None, f"the end, instead of {command} {params}"
        assert (message.command, message.params[:len(params)]) == (command, list(params)), message
        return message

    def expect_numeric(self, numeric, *params):
        """As expect, for a reply to us: its first param is our nick."""
        return self.expect(numeric, self.nick, *params)

    def expect_end(self):
        """An ERROR and then the end."""
        message = self.expect("ERROR")
        assert self.read() is None
        return message

    def read_until(self, command):
        """All messages up to the first of this command, which is the last of them."""
        messages = [self.read()]
        while messages[-1] is not None and messages[-1].command != command:
            messages.append(self.read())
        assert messages[-1] is not None, f"the end, and no {command}: {messages}"
        return messages

    def read_names(self):
        """The names of a list of 353 that ends in 366; a topic before it is skipped."""
        messages = [m for m in self.read_until("366") if m.command not in ("332", "333")]
        assert all(m.command == "353" for m in messages[:-1]), messages
        return sorted(name for m in messages[:-1] for name in m.params[-1].split())

    def count_users(self):
        """How many the hub knows, which may be some time after their connections have ended."""
        self.send("LUSERS")
        return int(self.read_until("266")[-1].params[1])

    def sync(self):
        """What has come up to here, in reply to what we have sent."""
        self.send("PING :sync")
        messages = self.read_until("PONG")
        assert messages[-1].params[-1] == "sync"
        return messages[:-1]

    def close(self):
        self.lines.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
