"""The daemon behind HAProxy and nginx, which end TLS or pass it on."""
import os
import signal
import ssl
import subprocess

import pytest

from clients import Weechat
from http_raw import HttpConnection, get, post
from irc import Client, WebSocketLines
from proxies import HAProxy, Nginx
from simuld import TIMEOUT, wait_until
from tools import tool
from ws_raw import BINARY, CLOSE, PING, PONG, TEXT, Frame, WebSocket, close_frame, frame

SETTINGS = ["ws.origins=https://chat.example"]


@pytest.fixture(scope="module", params=[HAProxy, Nginx], ids=["haproxy", "nginx"])
def proxy(request, daemon, tmp_path_factory):
    with request.param(daemon, tmp_path_factory.mktemp("proxy")) as one:
        yield one


def own_certificate(daemon):
    host, port = daemon.addresses["irctls"]
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port)))


@pytest.mark.parametrize("entrance, is_passed_on", [
    ("irctls", False), ("passirctls", True), ("web", False), ("passweb", True)])
def test_tls_ends_where_it_should(daemon, proxy, entrance, is_passed_on):
    with proxy.connect(entrance) as sock:
        assert (sock.getpeercert(True) == own_certificate(daemon)) == is_passed_on


@pytest.mark.parametrize("entrance", ["irctls", "passirctls"])
def test_irc_through_a_proxy(proxy, entrance, person, channel):
    ours = person("direct")
    ours.join(channel)
    with Client(proxy.connect(entrance)) as client:
        nick = f"{ours.nick}-behind"
        client.register(nick, "message-tags", "echo-message")
        client.join(channel)
        ours.expect("JOIN", channel)
        text = "ż" * 200
        client.send(*[f"PRIVMSG {channel} :{i} {text}" for i in range(10)])
        for i in range(10):
            client.expect("PRIVMSG", channel, f"{i} {text}")
            assert ours.expect("PRIVMSG", channel, f"{i} {text}").nick == nick
        ours.send(f"PRIVMSG {nick} :hello")
        assert client.expect("PRIVMSG", nick, "hello").nick == ours.nick
    assert ours.read_until("QUIT")[-1].nick == nick  # though it only hung up


@pytest.mark.parametrize("entrance", ["irctls", "passirctls"])
def test_an_irc_client_through_a_proxy(proxy, entrance, person, channel, tmp_path):
    ours = person("direct")
    ours.join(channel)
    client = Weechat(proxy, tmp_path, f"{ours.nick}-behind", entrance)
    try:
        client.sees("welcome", nick=client.nick)
        client.join(channel)
        ours.expect("JOIN", channel)
        client.say(channel, "hello")
        assert ours.expect("PRIVMSG", channel, "hello").nick == client.nick
        client.quit()
        assert ours.expect("QUIT").nick == client.nick
        client.expect_exit()
    finally:
        client.stop()


@pytest.mark.parametrize("entrance", ["irctls", "passirctls"])
def test_the_last_words_come_through_a_proxy(proxy, entrance):
    with Client(proxy.connect(entrance)) as client:
        client.register("leaving")
        client.send("QUIT :bye")
        client.expect_end()


@pytest.mark.parametrize("entrance", ["web", "passweb"])
@pytest.mark.parametrize("protocol", ["text.ircv3.net", "binary.ircv3.net"])
def test_chat_over_websocket_through_a_proxy(proxy, entrance, protocol, person, channel):
    ours = person("direct")
    ours.join(channel)
    lines = WebSocketLines(proxy.connect(entrance), "/chat", f"Sec-WebSocket-Protocol: {protocol}")
    assert lines.protocol == protocol
    with Client(lines) as client:
        nick = f"{ours.nick}-behind"
        client.register(nick)
        client.join(channel)
        ours.expect("JOIN", channel)
        client.send(f"PRIVMSG {channel} :żółw")
        assert ours.expect("PRIVMSG", channel, "żółw").nick == nick
        ours.send(f"PRIVMSG {channel} :hello")
        client.expect("PRIVMSG", channel, "hello")
    assert ours.read_until("QUIT")[-1].nick == nick


@pytest.mark.parametrize("entrance", ["web", "passweb"])
def test_echo_over_websocket_through_a_proxy(proxy, entrance):
    with WebSocket(proxy.connect(entrance)) as ws:
        for opcode, size in ((TEXT, 0), (TEXT, 5), (BINARY, 65_536), (BINARY, 1_000_000)):
            data = b"x" * size if opcode == TEXT else os.urandom(size)
            ws.send(frame(opcode, data))
            assert ws.read_message() == (opcode, data)
        ws.send(frame(PING, b"there?"))
        assert ws.read() == Frame(PONG, True, b"there?")
        ws.send(close_frame(4001, b"done"))
        assert ws.read().opcode == CLOSE
        assert ws.http.at_end()


@pytest.mark.parametrize("host, origin, status", [
    ("chat.example", "https://chat.example", 101),
    ("chat.example", "https://elsewhere.example", 403),
])
def test_the_origin_of_a_public_name_behind_a_proxy(proxy, host, origin, status):
    with HttpConnection(proxy.connect("web")) as http:
        request = get("/chat", "Upgrade: websocket", "Connection: Upgrade",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                      f"Origin: {origin}").replace("Host: localhost", f"Host: {host}")
        http.send(request)
        assert http.read_head().status == status


@pytest.mark.parametrize("entrance", ["web", "passweb"])
def test_a_connection_serves_many_requests_through_a_proxy(daemon, proxy, entrance):
    accepted = daemon.metric("simul_accepted_total")
    with HttpConnection(proxy.connect(entrance)) as http:
        for i in range(20):
            body = b"x" * i * 1000
            answer = http.ask(post("/echo", body))
            assert (answer.status, answer.body) == (200, body)
        assert http.ask(get("/nothing")).status == 404
        assert http.ask(get("/echo", method="HEAD"), to_head=True).status == 200
        assert http.ask(get("/")).status == 200
    if not isinstance(proxy, HAProxy):  # whose checks are accepted as well
        assert daemon.metric("simul_accepted_total") - accepted <= 3  # one for each metric


@pytest.mark.parametrize("options", [
    ["--data-binary", "@-"],
    ["-T", "-"],
    ["--data-binary", "@-", "-H", "Expect: 100-continue"],
], ids=" ".join)
def test_curl_gets_large_bodies_back_through_a_proxy(proxy, options):
    data = os.urandom(700_000)
    paths = ["/echo"] if isinstance(proxy, HAProxy) else ["/echo", "/streamed/echo"]
    for path in paths:
        done = subprocess.run([tool("curl"), "-sSk", *options, proxy.url("web", path)], input=data,
                              capture_output=True, timeout=TIMEOUT, check=True)
        assert done.stdout == data


UP = {"irctls": ("UP", "L4OK"), "passirctls": ("UP", "L4OK"), "passweb": ("UP", "L4OK"),
      "plainweb": ("UP", "L4OK"), "web": ("UP", "L7OK")}


class OftenCheckingHAProxy(HAProxy):
    CHECKS = "inter 20ms fall 1000"


class StrictHAProxy(HAProxy):
    CHECKS = "inter 500ms fall 1"


def test_health_checks_leave_no_trace(start, tmp_path):
    daemon = start("slow_ms=60000", "watchdog_ms=0")  # a busy machine is another matter
    wait_until(lambda: len(daemon.log("listening")) == len(daemon.addresses), "its first words")
    said = daemon.stderr()
    with OftenCheckingHAProxy(daemon, tmp_path) as proxy:
        wait_until(lambda: proxy.checks() == UP, "every check's success")
        before = daemon.metric("simul_accepted_total")
        wait_until(lambda: daemon.metric("simul_accepted_total") > before + 100, "100 checks")
        wait_until(lambda: proxy.checks() == UP, "every check's success once more")
    wait_until(lambda: daemon.metric("simul_connections") == 1, "the end of connections")
    assert daemon.stderr() == said
    for reason in ("protocol", "timeout", "sendq", "slow", "memory"):
        assert daemon.metric("simul_connections_ended_total", reason=reason) == 0


def test_a_draining_server_is_taken_out_and_finishes_its_answers(start, tmp_path):
    daemon = start("drain_seconds=60")
    with StrictHAProxy(daemon, tmp_path) as proxy:
        wait_until(lambda: proxy.checks() == UP, "every check's success")
        with HttpConnection(proxy.connect("web")) as http:
            http.send(get("/echo", "Transfer-Encoding: chunked", method="POST"))
            http.send("5\r\nhello\r\n")
            assert http.read_head().status == 200
            assert http.read_chunk() == b"hello"
            daemon.signal(signal.SIGTERM)
            wait_until(lambda: proxy.checks()["web"] == ("DOWN", "L7STS"), "a check that fails")
            http.send("3\r\nbye\r\n0\r\n\r\n")
            assert http.read_chunk() == b"bye"
            assert http.read_chunk() == b""
    daemon.expect_good_end()
