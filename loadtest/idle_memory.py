#!/usr/bin/python3
"""Memory of the server per idle WebSocket echo connection.

Opens connections to /echo, and prints the slope of the server's resident memory between 5,000 and
19,000 of them. Clients are spread over 200 loopback addresses, since one address makes the
kernel's search for a free port slow.

    loadtest/idle_memory.py build/bin/simuld [loops ...]
"""

import base64
import os
import re
import socket
import subprocess
import sys

FIRST, LAST = 5_000, 19_000
KEY = base64.b64encode(os.urandom(16)).decode()


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def start(binary, loops, more=None):
    options = {"loops": loops, "listen.web.port": 0, "listen.irc.port": "off",
               "listen.echo.port": "off", "admin.port": "off", "ws.ping_seconds": 0,
               "jobs.enabled": "off", "log.level": "error"} | (more or {})
    command = [binary]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    port = None
    for line in server.stdout:
        if line.startswith("listening web"):
            port = int(line.rsplit(":", 1)[1])
        if line.strip() == "ready":
            return server, port
    sys.exit("the server did not start")


def connect(number, port):
    client = socket.socket()
    client.bind((f"127.0.{1 + number % 200}.1", 0))
    client.connect(("127.0.0.1", port))
    client.sendall((f"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Key: {KEY}\r\n\r\n").encode())
    answer = client.recv(1024)
    if not answer.startswith(b"HTTP/1.1 101"):
        sys.exit(f"connection {number}: {answer!r}")
    return client


def measure(binary, loops):
    server, port = start(binary, loops)
    try:
        clients = []
        sizes = {}
        for number in range(LAST):
            clients.append(connect(number, port))
            if number + 1 in (FIRST, LAST):
                sizes[number + 1] = resident_bytes(server.pid)
        slope = (sizes[LAST] - sizes[FIRST]) / (LAST - FIRST)
        print(f"loops={loops}: {sizes[FIRST] >> 10} KiB at {FIRST}, {sizes[LAST] >> 10} KiB at "
              f"{LAST}: {slope:.0f} bytes per connection", flush=True)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for count in sys.argv[2:] or ["1", "8"]:
        measure(sys.argv[1], count)
