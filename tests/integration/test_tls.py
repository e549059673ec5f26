"""TLS: what openssl, curl and Python make of it."""
import asyncio
import json
import os
import re
import socket
import ssl
import subprocess

import pytest
import websockets

from http_raw import HttpConnection, get, post
from irc import Client
from simuld import TIMEOUT, client_tls
from ws_raw import TEXT, WebSocket, frame


def s_client(daemon, *options, send="", listener="webtls"):
    """What `openssl s_client` says."""
    host, port = daemon.addresses[listener]
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", *options],
                          input=send.encode(), capture_output=True, timeout=TIMEOUT, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def context(version=None):
    tls = client_tls()
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls


def connect(daemon, tls, listener="webtls", session=None):
    sock = socket.create_connection(daemon.addresses[listener], timeout=TIMEOUT)
    return tls.wrap_socket(sock, session=session)


@pytest.mark.short
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["1.2", "1.3"])
def test_http_over_each_version(daemon, version):
    with HttpConnection(connect(daemon, context(version))) as http:
        told = json.loads(http.ask(get("/echo")).body)
        assert told["tls"] is True
        assert http.sock.version() == version.name.replace("_", ".")


def test_older_versions_are_refused(daemon):
    output = s_client(daemon, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in output


def test_the_throw_away_certificate_is_ecdsa(daemon):
    output = s_client(daemon)
    assert re.search(r"Peer signature type: ecdsa", output, re.IGNORECASE)
    assert "id-ecPublicKey" in output or "256 bit" in output


def test_curl_speaks_https(daemon):
    done = subprocess.run(["curl", "-sSk", "--max-time", str(TIMEOUT), "--data-binary", "@-",
                           daemon.url("webtls", "/echo", "https")],
                          input=b"hello " * 100_000, capture_output=True, check=True)
    assert done.stdout == b"hello " * 100_000


def test_the_python_client_speaks_wss(daemon):
    async def scenario():
        url = daemon.url("webtls", "/echo", "wss")
        async with websockets.connect(url, ssl=client_tls(), max_size=None) as ws:
            for message in ("hello", os.urandom(1_000_000)):
                await ws.send(message)
                assert await ws.recv() == message

    asyncio.run(asyncio.wait_for(scenario(), TIMEOUT))


def test_irc_over_tls(daemon):
    with Client(daemon.connect("irctls")) as client:
        assert client.register("someone")[0].command == "001"


def test_irc_through_openssl(daemon):
    output = s_client(daemon, "-quiet", send="NICK other\r\nUSER u 0 * :x\r\nQUIT\r\n",
                      listener="irctls")
    assert " 001 other " in output and "ERROR :" in output


def test_large_bodies_survive_records_and_slow_reading(daemon):
    data = os.urandom(1_000_000)
    with HttpConnection(daemon.connect("webtls")) as http:
        for _ in range(3):
            http.send(get("/echo", f"Content-Length: {len(data)}", method="POST"))
            head = None
            for at in range(0, len(data), 50_000):
                http.send(data[at:at + 50_000])
                head = head or http.read_head()
                assert http.input.read(50_000) == data[at:at + 50_000]


def test_many_small_messages_in_one_record_are_all_answered(daemon):
    """What openssl still holds must be read without another byte from the network."""
    with WebSocket(daemon.connect("webtls")) as ws:
        ws.send(*[frame(TEXT, b"%d" % number) for number in range(5000)])
        for number in range(5000):
            assert ws.read_message() == (TEXT, b"%d" % number)


def test_renegotiation_is_refused(daemon):
    output = s_client(daemon, "-tls1_2", send="R\n")
    assert "RENEGOTIATING" in output
    assert "no renegotiation" in output or "SSL alert" in output
    assert "verify return" not in output.split("RENEGOTIATING")[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["1.2", "1.3"])
def test_sessions_are_resumed_on_every_loop(daemon, version):
    """A ticket of one loop is good on the others."""
    tls = context(version)
    with HttpConnection(connect(daemon, tls)) as http:
        http.ask(get("/echo"))
        session = http.sock.session
    assert session.has_ticket
    seen = set()
    while len(seen) < daemon.loops:
        before = [loop["accepted"] for loop in daemon.stats()["loops"]]
        with HttpConnection(connect(daemon, tls, session=session)) as http:
            assert http.ask(get("/echo")).status == 200
            assert http.sock.session_reused
        after = [loop["accepted"] for loop in daemon.stats()["loops"]]
        after[0] -= 1  # the admin connection between
        seen |= {index for index, count in enumerate(before) if after[index] > count}


def test_openssl_reconnects_with_its_session(daemon):
    output = s_client(daemon, "-tls1_2", "-reconnect")
    assert output.count("Reused, TLSv1.2") == 5


def test_no_early_data_is_taken(daemon):
    """It could be replayed. openssl tells what the tickets allow."""
    sock = connect(daemon, context(ssl.TLSVersion.TLSv1_3))
    sock.close()
    output = s_client(daemon, "-tls1_3", "-ign_eof", send=get("/echo", "Connection: close"))
    assert set(re.findall(r"Max Early Data: (\d+)", output)) == {"0"}


def test_garbage_instead_of_a_handshake_closes_only_that_connection(daemon):
    with WebSocket(daemon.connect("webtls")) as other:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 100,
                        b"\0" * 1000, os.urandom(5000)):
            with socket.create_connection(daemon.addresses["webtls"], timeout=TIMEOUT) as sock:
                sock.sendall(garbage)
                sock.shutdown(socket.SHUT_WR)
                try:
                    while sock.recv(1000):
                        pass
                except ConnectionResetError:
                    pass
        other.send(frame(TEXT, b"still here"))
        assert other.read().payload == b"still here"


def test_a_handshake_that_is_never_finished_is_given_up(start):
    daemon = start("limits.handshake_seconds=1")
    with socket.create_connection(daemon.addresses["webtls"], timeout=TIMEOUT) as sock:
        sock.sendall(b"\x16\x03\x01")
        assert sock.recv(1000) == b""


def test_the_peer_is_told_when_the_server_closes(daemon):
    """A close_notify, without which the end could be an attacker's."""
    sock = connect(daemon, context())
    sock.suppress_ragged_eofs = False
    with HttpConnection(sock) as http:
        http.ask(get("/echo", "Connection: close"))
        assert http.sock.recv(1) == b""


def test_a_tls_client_that_only_sends_and_shuts_gets_its_answer(daemon):
    sock = connect(daemon, context())
    sock.sendall(post("/echo", b"hello", "Connection: close"))
    assert HttpConnection(sock).read().body == b"hello"
    sock.close()
