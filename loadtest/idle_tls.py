#!/usr/bin/python3
"""Memory of the server per idle TLS connection: a WebSocket to /echo.

Prints the slope of the server's resident memory between 500 and 5,000 of them. What OpenSSL keeps
for a connection depends on its version, which is printed too.

    loadtest/idle_tls.py build/bin/simuld [loops]
"""

import ssl
import sys

from idle_memory import connect, measure, start, upgrade

FIRST, LAST = 500, 5_000
OPTIONS = {"tls.self_signed": "on", "listen.webtls.port": 0, "listen.irctls.port": "off"}


def main(binary, loops):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server, port = start(binary, loops, OPTIONS, "webtls")
    measure(server, ssl.OPENSSL_VERSION, FIRST, LAST,
            lambda _: upgrade(context.wrap_socket(connect(port)), "/echo"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else 1)
