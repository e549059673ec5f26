"""WebSocket clients that were not written here. All have the same methods, and one connection at a
time.

Those that run as programs of their own are driven by lines of words. Commands: `open URL OFFER
PROTOCOL`, `text HEX`, `binary HEX`, `read`, `close CODE`. Answers: `open PROTOCOL EXTENSIONS`, to each
message `text HEX` or `binary HEX`, at the end `close CODE` (0: the client does not tell); or `error
TEXT`. What is empty is `-` in those of `open`. A message may be told before it is read.
"""
import asyncio
import ctypes
import itertools
import select
import subprocess

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from simuld import TIMEOUT, client_tls
from tools import TESTS, tool

HERE = TESTS / "integration"

# What of permessage-deflate a client offers: nothing, what it does by itself, windows of 1 KiB.
NONE, USUAL, SMALL = "none", "usual", "small"


class WebSocketClient:
    OFFERS = [NONE, USUAL, SMALL]

    def __init__(self, directory):
        """May build something in the directory."""

    def open(self, url, offer, protocol=None):
        """Returns the subprotocol and the extensions of the answer; None, and "", without."""
        raise NotImplementedError

    def send(self, message):
        raise NotImplementedError

    def read(self):
        """The next message, text or bytes."""
        raise NotImplementedError

    def close(self, code):
        """Returns the code that came back; None if the client does not tell."""
        raise NotImplementedError

    def stop(self):
        """Safe at any time."""


class Driven(WebSocketClient):
    """One that is a program of its own. It runs on for the next connection, unless the last came to
    no good end."""

    def __init__(self, directory, *command):
        super().__init__(directory)
        self.command = command
        self.process, self.is_idle = None, False

    def start(self):
        self.stop()
        self.process = subprocess.Popen(self.command, cwd=TESTS, text=True, bufsize=1 << 20,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self, *wanted):
        line = self.process.stdout.readline().rstrip("\n")
        word, _, rest = line.partition(" ")
        assert word in wanted, f"not {wanted}, but {line[:200]!r}"
        return word, rest

    def open(self, url, offer, protocol=None):
        if not self.is_idle:
            self.start()
        self.is_idle = False
        self.tell("open", url, offer, protocol or "-")
        chosen, extensions = self.hear("open")[1].split(" ", 1)
        return None if chosen == "-" else chosen, "" if extensions == "-" else extensions

    def send(self, message):
        if isinstance(message, str):
            self.tell("text", message.encode().hex())
        else:
            self.tell("binary", message.hex())

    def read(self):
        self.tell("read")
        kind, data = self.hear("text", "binary")
        data = bytes.fromhex(data)
        return data.decode() if kind == "text" else data

    def close(self, code):
        self.tell("close", code)
        answer = int(self.hear("close")[1])
        self.is_idle = True
        return answer or None

    def stop(self):
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()  # it waits for something else
            self.process.wait(TIMEOUT)
        self.process.stdout.close()


class Ws(Driven):
    """npm's ws, which Debian's node-ws is, too."""
    LIBRARY = "ws"

    def __init__(self, directory):
        assert (TESTS / "node_modules" / self.LIBRARY).is_dir(), f"npm's {self.LIBRARY} is missing"
        super().__init__(directory, tool("node"), HERE / "ws_client.js", self.LIBRARY)


class Faye(Ws):
    """npm's faye-websocket with permessage-deflate, which share nothing with ws."""
    LIBRARY = "faye-websocket"


class Libwebsockets(Driven):
    """That of Debian 12 hears a message for ever that is not compressed, once it has agreed to compress
    (warmcat/libwebsockets#2794): in chat all messages are, if only by their form."""

    def __init__(self, directory):
        program = directory / "lws_client"
        flags = self.pkg_config("--cflags", "--libs").split()
        subprocess.run([tool("cc"), "-o", program, HERE / "lws_client.c", *flags], check=True)
        super().__init__(directory, program)

    @staticmethod
    def pkg_config(*options):
        return subprocess.run([tool("pkg-config"), *options, "libwebsockets"],
                              capture_output=True, text=True, check=True).stdout


class PythonWebsockets(WebSocketClient):
    def __init__(self, directory):
        super().__init__(directory)
        self.runner = asyncio.Runner()
        self.ws = None

    def run(self, call, *arguments, **options):
        async def wait():
            return await asyncio.wait_for(call(*arguments, **options), TIMEOUT)
        return self.runner.run(wait())

    def open(self, url, offer, protocol=None):
        options = {"max_size": None, "compression": "deflate" if offer == USUAL else None}
        if offer == SMALL:
            options["extensions"] = [ClientPerMessageDeflateFactory(
                server_max_window_bits=10, client_max_window_bits=10)]
        if url.startswith("wss:"):
            options["ssl"] = client_tls()
        if protocol is not None:
            options["subprotocols"] = [protocol]
        self.ws = self.run(websockets.connect, url, **options)
        # The name of what has the answer's headers changed between Debian 12 and 13.
        answer = getattr(self.ws, "response", None)
        headers = self.ws.response_headers if answer is None else answer.headers
        return self.ws.subprotocol, headers.get("Sec-WebSocket-Extensions", "")

    def send(self, message):
        self.run(self.ws.send, message)

    def read(self):
        return self.run(self.ws.recv)

    def close(self, code):
        self.run(self.ws.close, code, "done")
        return self.ws.close_code

    def stop(self):
        self.runner.close()


# --- libcurl, by its functions: curl itself does not send messages before 8.16 ---

# Of its headers.
URL, CONNECT_ONLY, VERIFY_PEER, VERIFY_HOST, HTTP_HEADER = 10002, 141, 64, 81, 10023
ACTIVE_SOCKET = 0x50002c
AGAIN = 81
FROM_ANSWER, LAST_REQUEST = 1 | 8, -1
FLAG_TEXT, FLAG_BINARY, FLAG_CONT, FLAG_CLOSE = 1, 2, 4, 8


class VersionInfo(ctypes.Structure):
    """What curl_version_info returns, up to what is of interest."""
    _fields_ = [("age", ctypes.c_int), ("version", ctypes.c_char_p),
                ("version_num", ctypes.c_uint), ("host", ctypes.c_char_p),
                ("features", ctypes.c_int), ("ssl_version", ctypes.c_char_p),
                ("ssl_version_num", ctypes.c_long), ("libz_version", ctypes.c_char_p),
                ("protocols", ctypes.POINTER(ctypes.c_char_p))]


class Header(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("value", ctypes.c_char_p)]


class FrameInfo(ctypes.Structure):
    _fields_ = [("age", ctypes.c_int), ("flags", ctypes.c_int), ("offset", ctypes.c_int64),
                ("bytesleft", ctypes.c_int64)]


def load_curl():
    """libcurl, and why it is of no use here; None if it is."""
    library = ctypes.CDLL("libcurl.so.4")
    library.curl_version_info.restype = ctypes.POINTER(VersionInfo)
    info = library.curl_version_info(0).contents
    protocols = itertools.takewhile(bool, (info.protocols[i] for i in itertools.count()))
    missing = None if b"ws" in protocols else f"libcurl {info.version.decode()} has no WebSocket"
    return library, missing


class Curl(WebSocketClient):
    """It does not compress."""
    OFFERS = [NONE]

    def __init__(self, directory):
        super().__init__(directory)
        self.library, missing = load_curl()
        assert missing is None, missing
        self.library.curl_easy_init.restype = ctypes.c_void_p
        self.library.curl_slist_append.restype = ctypes.c_void_p
        self.handle, self.lines = None, None

    def call(self, name, *arguments):
        return getattr(self.library, name)(ctypes.c_void_p(self.handle), *arguments)

    def must(self, name, *arguments):
        status = self.call(name, *arguments)
        assert status == 0, f"{name}: error {status}"

    def set(self, option, value):
        self.must("curl_easy_setopt", option, value)

    def header(self, name):
        found = ctypes.POINTER(Header)()
        status = self.call("curl_easy_header", name, ctypes.c_size_t(0), FROM_ANSWER, LAST_REQUEST,
                           ctypes.byref(found))
        return found.contents.value.decode() if status == 0 else None

    def open(self, url, offer, protocol=None):
        self.handle = self.library.curl_easy_init()
        self.set(URL, url.encode())
        self.set(CONNECT_ONLY, ctypes.c_long(2))  # for WebSocket
        self.set(VERIFY_PEER, ctypes.c_long(0))
        self.set(VERIFY_HOST, ctypes.c_long(0))
        if protocol is not None:
            line = f"Sec-WebSocket-Protocol: {protocol}".encode()
            self.lines = ctypes.c_void_p(self.library.curl_slist_append(None, line))
            self.set(HTTP_HEADER, self.lines)
        self.must("curl_easy_perform")
        return (self.header(b"Sec-WebSocket-Protocol"),
                self.header(b"Sec-WebSocket-Extensions") or "")

    def wait(self, name, *arguments):
        """Calls until there is something to read, or room to write."""
        number = ctypes.c_int()
        self.must("curl_easy_getinfo", ACTIVE_SOCKET, ctypes.byref(number))
        sockets = [number.value]
        while (status := self.call(name, *arguments)) == AGAIN:
            is_sending = name == "curl_ws_send"
            assert any(select.select([] if is_sending else sockets,
                                     sockets if is_sending else [], [], TIMEOUT)), name
        assert status == 0, f"{name}: error {status}"

    def send_frame(self, data, flags):
        count = ctypes.c_size_t()
        while True:
            self.wait("curl_ws_send", data, ctypes.c_size_t(len(data)), ctypes.byref(count),
                      ctypes.c_int64(0), flags)
            data = data[count.value:]
            if not data:
                return

    def send(self, message):
        is_text = isinstance(message, str)
        self.send_frame(message.encode() if is_text else message,
                        FLAG_TEXT if is_text else FLAG_BINARY)

    def read_frames(self, wanted):
        """The flags of the first of them, and what is in all."""
        room, count = ctypes.create_string_buffer(1 << 16), ctypes.c_size_t()
        info, kind, data = ctypes.POINTER(FrameInfo)(), 0, bytearray()
        while True:
            self.wait("curl_ws_recv", room, ctypes.c_size_t(len(room)), ctypes.byref(count),
                      ctypes.byref(info))
            flags = info.contents.flags
            if not flags & (wanted | FLAG_CONT):
                continue
            kind |= flags
            data += room[:count.value]
            if info.contents.bytesleft == 0 and not flags & FLAG_CONT:
                return kind, bytes(data)

    def read(self):
        kind, data = self.read_frames(FLAG_TEXT | FLAG_BINARY)
        return data.decode() if kind & FLAG_TEXT else data

    def close(self, code):
        self.send_frame(code.to_bytes(2, "big"), FLAG_CLOSE)
        _, data = self.read_frames(FLAG_CLOSE)
        self.stop()
        return int.from_bytes(data[:2], "big")

    def stop(self):
        if self.handle is not None:
            self.call("curl_easy_cleanup")
            self.library.curl_slist_free_all(self.lines)
            self.handle = self.lines = None


ALL = [PythonWebsockets, Ws, Faye, Libwebsockets, Curl]
