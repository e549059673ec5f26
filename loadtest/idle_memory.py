#!/usr/bin/python3
"""Memory of the server per idle WebSocket echo connection, without and with permessage-deflate.

Opens connections to /echo, and prints the slope of the server's resident memory between 5,000 and
19,000 of them. Clients are spread over 200 loopback addresses, since one address makes the
kernel's search for a free port slow.

    loadtest/idle_memory.py build/bin/simuld [loops ...]
"""

import base64
import os
import random
import re
import socket
import subprocess
import sys

FIRST, LAST = 5_000, 19_000
KEY = base64.b64encode(os.urandom(16)).decode()


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def start(binary, loops, more=None, listener="web"):
    """The server, and the port of one of its listeners."""
    options = {"loops": loops, "listen.web.port": 0, "listen.irc.port": "off",
               "listen.echo.port": "off", "admin.port": "off", "ws.ping_seconds": 0,
               "jobs.enabled": "off", "log.level": "error"} | (more or {})
    command = [binary]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    port = None
    for line in server.stdout:
        if line.startswith(f"listening {listener} "):
            port = int(line.rsplit(":", 1)[1])
        if line.strip() == "ready":
            return server, port
    sys.exit("the server did not start")


def connect(port):
    client = socket.socket()
    client.bind((f"127.0.{random.randrange(1, 201)}.1", 0))
    client.connect(("127.0.0.1", port))
    return client


def upgrade(client, path, *headers):
    """Makes it a WebSocket, and returns it."""
    more = "".join(f"{header}\r\n" for header in headers)
    client.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{more}"
                    f"Sec-WebSocket-Key: {KEY}\r\n\r\n").encode())
    answer = client.recv(1024)
    if not answer.startswith(b"HTTP/1.1 101"):
        sys.exit(f"{path}: {answer!r}")
    return client


def measure(server, name, first, last, make):
    """Prints what each of the clients costs that `make` makes, by number."""
    try:
        clients = []
        sizes = {}
        for number in range(last):
            clients.append(make(number))
            if number + 1 in (first, last):
                sizes[number + 1] = resident_bytes(server.pid)
        slope = (sizes[last] - sizes[first]) / (last - first)
        print(f"{name}: {sizes[first] >> 10} KiB at {first}, {sizes[last] >> 10} KiB at {last}: "
              f"{slope:.0f} bytes each", flush=True)
    finally:
        server.kill()
        server.wait()


def main(loops):
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    for name, settings, headers in (("", {}, []), (", deflate", {"ws.deflate": "on"}, [offer])):
        server, port = start(sys.argv[1], loops, settings)
        measure(server, f"loops={loops}{name}", FIRST, LAST,
                lambda _, port=port, headers=headers: upgrade(connect(port), "/echo", *headers))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for count in sys.argv[2:] or ["1", "8"]:
        main(count)
