#!/usr/bin/python3
"""Writes the seeds of connection_fuzz, plays for a few clients: play.py DIRECTORY."""
import pathlib
import sys

SEATS = 4
SAY, FRAME, OPEN, HEAR, PASS, SHUT, CLOSE, UPGRADE = range(8)
AUTO, IRC, HTTP, ECHO, COMMAND, TLS, PROXIED, ADMIN, SECURE_AUTO, SECURE_IRC = range(10)
CHAT, CHAT_DEFLATE, ECHO_WS, ECHO_DEFLATE = range(4)
TEXT, BINARY, END, PING = 0x81, 0x82, 0x88, 0x89


def step(action, seat, *behind):
    return bytes([action * SEATS + seat, *behind])


def say(seat, text):
    data = text.encode() if isinstance(text, str) else text
    pieces = [data[i:i + 255] for i in range(0, len(data), 255)]
    return b"".join(step(SAY, seat, len(piece)) + piece for piece in pieces)


def frame(seat, first, payload=b""):
    data = payload.encode() if isinstance(payload, str) else payload
    return step(FRAME, seat, first, len(data)) + data


def sit(seat, kind):
    return step(OPEN, seat, kind)


def register(seat, nick, kind=IRC):
    return sit(seat, kind) + say(seat, f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n") + step(HEAR, seat)


def request(path, more="", method="GET", body=""):
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n{body}"


def ask_all(seat, *paths):
    return b"".join(say(seat, request(path)) + step(HEAR, seat) for path in paths)


SECOND = 11  # and a little more; PASS squares it
ALL_CAPS = ("CAP LS 302\r\nCAP REQ :message-tags server-time echo-message batch labeled-response "
            "account-tag away-notify extended-join multi-prefix userhost-in-names\r\n")
PLAYS = {
    "room": register(0, "ada") + register(1, "bob") + say(0, "JOIN #r\r\n") + say(1, "JOIN #r\r\n")
            + say(0, "PRIVMSG #r :hello\r\n") + step(HEAR, 1) + say(1, "PART #r :bye\r\n")
            + step(HEAR, 0) + say(0, "QUIT :gone\r\n") + step(HEAR, 0),
    "modes": register(0, "ada") + register(1, "bob")
             + say(0, "JOIN #r\r\nMODE #r +klntb key 5 *!*@bad\r\nMODE #r\r\nTOPIC #r :t\r\n")
             + say(1, "JOIN #r key\r\nNAMES #r\r\nWHO #r\r\nWHOIS ada\r\n")
             + say(0, "MODE #r +o bob\r\nKICK #r bob :out\r\nINVITE bob #r\r\nMODE #r b\r\n")
             + step(HEAR, 0) + step(HEAR, 1),
    "caps": sit(0, IRC) + say(0, ALL_CAPS + "NICK c\r\nUSER c 0 * :c\r\nCAP END\r\n")
            + say(0, "@label=1;+x=y PRIVMSG c :me\r\n@label=2 WHO *\r\nMONITOR + d,e\r\nLIST\r\n")
            + register(1, "d") + step(CLOSE, 1) + say(0, "WHOWAS d\r\nAWAY :x\r\n") + step(HEAR, 0),
    "silence": register(0, "ada") + step(PASS, 0, 110) + step(PASS, 0, 110) + step(HEAR, 0)
               + sit(1, HTTP) + say(1, "GET / HT") + step(PASS, 0, 40),
    "web": sit(0, AUTO) + step(UPGRADE, 0, CHAT)
           + frame(0, TEXT, "NICK w") + frame(0, TEXT, "USER w 0 * :w")
           + frame(0, TEXT, "JOIN #r") + register(1, "ada") + say(1, "JOIN #r\r\nPRIVMSG #r :hi\r\n")
           + frame(0, PING, "p") + frame(0, END, b"\x03\xe8") + step(HEAR, 0),
    "web-deflate": sit(0, AUTO) + step(UPGRADE, 0, CHAT_DEFLATE) + frame(0, BINARY, "NICK w")
                   + frame(0, 0xC2, b"\x0a\x0d\x76\x0d\x52\x30\x50\xd0\x52\xb0\x2a\x07\x00")
                   + frame(0, 0x02, "JOI") + frame(0, 0x80, "N #r"),
    "echo-ws": sit(0, HTTP) + step(UPGRADE, 0, ECHO_WS) + frame(0, TEXT, "hello")
               + frame(0, 0x01, "in ") + frame(0, PING, "now") + frame(0, 0x80, "parts")
               + step(HEAR, 0) + frame(0, TEXT, b"\xff"),
    "echo-deflate": sit(0, HTTP) + step(UPGRADE, 0, ECHO_DEFLATE)
                    + frame(0, 0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00") + frame(0, 0xC1, b"\x00"),
    "http": sit(0, HTTP) + say(0, request("/")) + say(0, request("/style.css", "Accept: */*\r\n"))
            + say(0, request("/echo", "Content-Length: 5\r\n", "POST", "hello"))
            + say(0, request("/echo", "Transfer-Encoding: chunked\r\n", "POST", "3\r\nabc\r\n0\r\n\r\n"))
            + say(0, request("/echo?status=418&truncate")) + step(HEAR, 0) + say(0, request("/none")),
    "http-faults": sit(0, HTTP) + say(0, request("/echo?chunked&slow_bytes_per_second=5&delay_ms=100",
                                                 "Content-Length: 5\r\n", "POST", "hello"))
                   + step(PASS, 0, 10) + step(PASS, 0, 20) + step(HEAR, 0),
    "ws-faults": sit(0, AUTO)
                 + say(0, request("/echo?duplicate=1/2&reorder=2&chop=3&seed=7",
                                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
                 + frame(0, TEXT, "one") + frame(0, TEXT, "two") + frame(0, TEXT, "three")
                 + step(PASS, 0, 10) + step(HEAR, 0),
    "tcp": sit(0, ECHO) + say(0, "hello" * 60) + step(HEAR, 0) + step(SHUT, 0) + step(HEAR, 0)
           + sit(1, COMMAND) + say(1, "?drop=1/2&corrupt=1/3&seed=1\n" + "hello\n" * 9) + step(HEAR, 1),
    "tls": sit(0, TLS) + say(0, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03") + step(PASS, 0, 50)
           + sit(1, TLS) + say(1, "GET / HTTP/1.1\r\n\r\n"),
    "proxied": sit(0, PROXIED) + say(0, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nNICK p\r\n")
               + say(0, "USER p 0 * :p\r\nWHOIS p\r\n") + sit(1, PROXIED)
               + say(1, b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02"
                        b"\x10\x00\x00\x50") + say(1, request("/echo")) + step(HEAR, 1)
               + sit(2, PROXIED) + say(2, "PROXY UNKN") + step(PASS, 2, 40),
    "forwarded": sit(0, AUTO)
                 + say(0, request("/chat", "X-Forwarded-For: 192.0.2.9, 127.0.0.1\r\n"
                                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
                 + frame(0, TEXT, "NICK f") + frame(0, TEXT, "USER f 0 * :f") + step(HEAR, 0),
    "slow-reader": register(0, "ada") + register(1, "bob") + say(0, "JOIN #r\r\n") + say(1, "JOIN #r\r\n")
                   + say(0, ("PRIVMSG #r :" + "x" * 200 + "\r\n") * 40) + step(PASS, 0, 90)
                   + step(HEAR, 0) + step(HEAR, 1),
    "crowd": b"".join(sit(seat, PROXIED) + say(seat, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nNICK p\r\n")
                      for seat in range(3)) + step(HEAR, 2)
             + sit(3, PROXIED) + say(3, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n" + request("/echo"))
             + step(HEAR, 3),
    "secure": sit(0, SECURE_AUTO) + say(0, request("/")) + step(HEAR, 0) + step(UPGRADE, 0, ECHO_WS)
              + frame(0, TEXT, "hello") + step(HEAR, 0) + step(SHUT, 0) + step(HEAR, 0),
    "secure-room": register(0, "ada", SECURE_IRC) + register(1, "bob") + say(0, "JOIN #r\r\n")
                   + say(1, "JOIN #r\r\n") + say(1, ("PRIVMSG #r :" + "x" * 200 + "\r\n") * 40)
                   + step(HEAR, 0) + say(0, "QUIT\r\n") + step(HEAR, 0) + step(CLOSE, 0),
    "secure-silence": sit(0, SECURE_IRC) + step(PASS, 0, 40) + sit(1, SECURE_AUTO) + say(1, "\r")
                      + step(PASS, 1, 110) + step(HEAR, 1) + sit(2, SECURE_AUTO) + step(CLOSE, 2),
    "admin": sit(0, ADMIN) + ask_all(0, "/livez", "/readyz", "/stats", "/metrics", "/status",
                                     "/status/main.js", "/palette.css", "/debug/loops",
                                     "/debug/stall?ms=1&by=sleep", "/none")
             + say(0, request("/stats", method="HEAD")) + say(0, request("/stats", method="POST")),
    "admin-top": register(0, "ada") + sit(1, ADMIN)
                 + ask_all(1, "/debug/connections", "/debug/connections?top=age&n=1",
                           "/debug/connections?top=size", "/debug/connections?n=0")
                 + say(1, request("/debug/connections?top=rate&n=5")) + sit(2, ADMIN)
                 + ask_all(2, "/debug/connections") + step(CLOSE, 0) + step(PASS, 0, SECOND)
                 + step(HEAR, 1) + say(2, request("/debug/connections?top=rate")) + step(CLOSE, 2)
                 + step(PASS, 0, SECOND),
    "admin-watch": register(0, "ada") + say(0, "JOIN #r\r\nPRIVMSG #r :x\r\n") + sit(1, ADMIN)
                   + say(1, request("/status/events")) + step(PASS, 0, SECOND) * 3 + step(HEAR, 1)
                   + sit(2, ADMIN) + say(2, request("/status/events")) + step(PASS, 0, SECOND)
                   + step(HEAR, 2) + step(CLOSE, 1) + step(SHUT, 2) + step(HEAR, 2)
                   + sit(3, ADMIN) + say(3, request("/status/events", "Sec-Fetch-Site: cross-site\r\n"))
                   + step(HEAR, 3),
}

directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
for name, play in PLAYS.items():
    (directory / name).write_bytes(play)
