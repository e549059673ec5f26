"""HTTP on a bare socket: what is sent is what a test says, and answers are read one by one."""
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    headers: list  # of (lower-case name, value)
    body: bytes

    def get(self, name):
        """The value of a header that comes at most once; None if it does not."""
        values = [value for own, value in self.headers if own == name.lower()]
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None


class HttpConnection:
    def __init__(self, sock):
        self.sock = sock
        self.input = sock.makefile("rb")

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def read_line(self):
        line = self.input.readline()
        assert line.endswith(b"\r\n"), f"not a line: {line!r}"
        return line[:-2].decode("latin-1")

    def read_head(self):
        version, status, _ = self.read_line().split(" ", 2)
        assert version == "HTTP/1.1"
        headers = []
        while line := self.read_line():
            name, value = line.split(": ", 1)
            headers.append((name.lower(), value))
        return Response(int(status), headers, b"")

    def read_chunk(self):
        """The next chunk; empty at the end of the body."""
        data = self.input.read(int(self.read_line(), 16))
        assert self.read_line() == ""
        return data

    def read(self, to_head=False):
        """One whole answer. One that has neither a length nor chunks goes on to the end."""
        response = self.read_head()
        if to_head or response.status in (204, 304) or response.status < 200:
            return response
        if response.get("Transfer-Encoding") == "chunked":
            response.body = b"".join(iter(self.read_chunk, b""))
        elif response.get("Content-Length") is not None:
            response.body = self.input.read(int(response.get("Content-Length")))
            assert len(response.body) == int(response.get("Content-Length"))
        else:
            response.body = self.input.read()
        return response

    def ask(self, data, to_head=False):
        self.send(data)
        return self.read(to_head)

    def at_end(self):
        """Whether the peer has closed; waits for it."""
        try:
            return self.input.read(1) == b""
        except ConnectionResetError:
            return True

    def ends_cleanly(self):
        """Whether the peer has ended what it sends, with all of it read, and has reset nothing."""
        return self.input.read(1) == b""

    def close(self):
        self.input.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(target, *headers, method="GET"):
    """The text of a request without a body."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""])


def post(target, body, *headers, method="POST"):
    return get(target, f"Content-Length: {len(body)}", *headers, method=method).encode() + body
