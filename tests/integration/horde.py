"""Thousands of connections that one process holds at once, and a few honest clients in another that
must not notice.

A horde connects, says its opening, and from then on each member sends a byte now and then, or takes
one if it is no horde that reads, until it is closed. Members come from several loopback addresses, as the kernel is slow in finding thousands
of free ports on one."""
import errno
import multiprocessing
import select
import socket
import time

from irc import Client
from simuld import TIMEOUT
from ws_raw import BINARY, WebSocket, frame

ADDRESSES = 50
GONE = (errno.ECONNRESET, errno.EPIPE)


class Member:
    def __init__(self, number, target, opening, receive_bytes):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.bind((f"127.0.{1 + number % ADDRESSES}.1", 0))
        self.sock.connect_ex(target)
        self.unsent = opening
        self.made_s = time.monotonic()
        self.began_s = self.ended_s = None
        self.heard = b""

    def send(self):
        """What can be sent of what is to be sent; whether that was all."""
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent):]
        except BlockingIOError:
            pass
        return not self.unsent

    def hear(self):
        """Takes what has come; false at the end."""
        data = self.sock.recv(1 << 16)
        self.heard = (self.heard + data)[-1000:]
        return bool(data)


class Horde:
    """`opening` gives the bytes that the member of a number begins with."""

    def __init__(self, target, count, opening, trickle=b"x", reads=True, receive_bytes=0):
        self.trickle, self.reads = trickle, reads
        self.epoll = select.epoll()
        self.members = {}
        self.ended = []
        for number in range(count):
            member = Member(number, target, opening(number), receive_bytes)
            self.members[member.sock.fileno()] = member
            self.epoll.register(member.sock, select.EPOLLOUT)
        self.trickle_at_s = time.monotonic()

    def begun(self):
        """How many hold on, with their opening said."""
        return sum(member.began_s is not None for member in self.members.values())

    def end(self, member):
        member.ended_s = time.monotonic()
        del self.members[member.sock.fileno()]
        self.epoll.unregister(member.sock)
        member.sock.close()
        self.ended.append(member)

    def serve(self, member, event):
        try:
            if event & select.EPOLLOUT and member.send():
                member.began_s = time.monotonic()
                self.epoll.modify(member.sock, select.EPOLLIN if self.reads else 0)
            if event & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP) and not member.hear():
                self.end(member)
        except OSError as error:
            if error.errno not in GONE:
                raise
            self.end(member)

    def send_trickle(self):
        for member in list(self.members.values()):
            if member.began_s is None:
                continue
            try:
                if self.reads:
                    member.sock.send(self.trickle)
                else:
                    member.sock.recv(1)
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno not in GONE:
                    raise  # the end itself is seen by the next poll

    def run(self, seconds):
        """Goes on for so long, or until nobody is left."""
        until_s = time.monotonic() + seconds
        while self.members and time.monotonic() < until_s:
            for fd, event in self.epoll.poll(0.02):
                self.serve(self.members[fd], event)
            if self.trickle and time.monotonic() >= self.trickle_at_s:
                self.send_trickle()
                self.trickle_at_s = time.monotonic() + 0.5

    def shortest_life_s(self):
        """From the connect, which is before the server's clock begins to count."""
        return min(member.ended_s - member.made_s for member in self.ended)

    def longest_life_s(self):
        """Of those whose opening was said, from then on."""
        return max(member.ended_s - member.began_s for member in self.ended if member.began_s)

    def close(self):
        for member in list(self.members.values()):
            self.end(member)
        self.epoll.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def be_honest(addresses, pipe):
    """Echoes and chats until told to stop; tells how long each round trip took."""

    def connect(name):
        sock = socket.create_connection(addresses[name], timeout=TIMEOUT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    seconds = []
    chat_at_s = 0
    with connect("echo") as echo, WebSocket(connect("web")) as ws, \
            Client(connect("irc")) as alice, Client(connect("irc")) as bob:
        for nick, client in (("honest-alice", alice), ("honest-bob", bob)):
            client.register(nick)
            client.join("#honest")
        alice.expect("JOIN", "#honest")
        pipe.send("ready")
        while not pipe.poll(0.01):
            began_s = time.monotonic()
            echo.sendall(b"hello")
            assert echo.recv(5, socket.MSG_WAITALL) == b"hello"
            seconds.append(time.monotonic() - began_s)
            began_s = time.monotonic()
            ws.send(frame(BINARY, b"hello"))
            assert ws.read().payload == b"hello"
            seconds.append(time.monotonic() - began_s)
            if time.monotonic() >= chat_at_s:  # well within what flood control allows
                began_s = chat_at_s = time.monotonic()
                chat_at_s += 0.3
                alice.send("PRIVMSG #honest :hello")
                bob.expect("PRIVMSG", "#honest", "hello")
                seconds.append(time.monotonic() - began_s)
    pipe.send(seconds)


class Honest:
    """A process of honest clients, for as long as the block lasts; `seconds` is then there."""

    def __init__(self, daemon):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=be_honest, args=(daemon.addresses, theirs), daemon=True)
        self.process.start()
        theirs.close()
        assert self.pipe.recv() == "ready"

    def expect_unharmed(self):
        """Nobody waited for what others did, though the machine may have other things to do."""
        longest, count = self.seconds[-5:], len(self.seconds)
        assert self.seconds[count // 2] < 0.1 and self.seconds[count * 9 // 10] < 1, longest
        assert longest[-1] < 15, longest

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.pipe.send("stop")
            self.seconds = sorted(self.pipe.recv())
        self.process.terminate() if kind else self.process.join(TIMEOUT)
        self.pipe.close()
