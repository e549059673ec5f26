#!/usr/bin/python3
"""What an echoed WebSocket message costs the server in allocations and system calls.

Runs the server twice under a preload that counts allocations, once with a thousand messages and
once with a million more, and prints the difference; and from /stats how often it received and
sent. Messages go in batches, as a client with many in flight sends them.

    loadtest/echo_cost.py build/bin/simuld
"""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH, PAYLOAD = 500, b"twenty bytes of text"


def build_preload(folder):
    library = os.path.join(folder, "alloc_count.so")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library,
                    os.path.join(HERE, "alloc_count.c")], check=True)
    return library


def start(binary, preload):
    options = {"loops": 1, "listen.web.port": 0, "listen.irc.port": "off",
               "listen.echo.port": "off", "admin.port": 0, "jobs.enabled": "off",
               "log.level": "error"}
    command = [binary]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(os.environ, LD_PRELOAD=preload))
    ports = {}
    for line in server.stdout:
        words = line.split()
        if words[0] == "ready":
            return server, ports
        ports[words[1]] = int(words[2].rsplit(":", 1)[1])
    sys.exit("the server did not start")


def frame(payload):
    mask = os.urandom(4)
    return (bytes([0x81, 0x80 | len(payload)]) + mask +
            bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))


def connect(port):
    client = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall((f"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
    assert client.recv(1024).startswith(b"HTTP/1.1 101")
    return client


def echo(client, batches):
    out = b"".join(frame(PAYLOAD) for _ in range(BATCH))
    expected = (bytes([0x81, len(PAYLOAD)]) + PAYLOAD) * BATCH
    for _ in range(batches):
        client.sendall(out)
        got = bytearray()
        while len(got) < len(expected):
            got += client.recv(1 << 20)
        assert got == expected


def loop_stats(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:
        return json.load(answer)["loops"][0]


def run(binary, preload, messages):
    server, ports = start(binary, preload)
    client = connect(ports["web"])
    before = loop_stats(ports["admin"])
    echo(client, messages // BATCH)
    after = loop_stats(ports["admin"])
    client.close()
    server.terminate()
    told = server.communicate()[1]
    allocations = int(re.search(rf"process {server.pid} allocations (\d+)", told).group(1))
    # Opening, reading and answering the second /stats is two calls of each.
    return allocations, {k: after[k] - before[k] for k in ("reads", "writes", "ws_messages")}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as temporary:
        preload_path = build_preload(temporary)
        few, _ = run(sys.argv[1], preload_path, 1_000)
        many, calls = run(sys.argv[1], preload_path, 1_001_000)
        print(f"allocations: {few} with 1,000 messages, {many} with 1,001,000: "
              f"{many - few} for a million")
        print(f"{calls['ws_messages']} messages in {calls['reads']} receives and "
              f"{calls['writes']} sends")
