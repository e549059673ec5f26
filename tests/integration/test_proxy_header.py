"""PROXY headers: whom a proxy speaks for is whom the server knows. HAProxy and nginx send them, and
where they would not do so wrongly, we do."""
import itertools
import socket
import struct

import pytest

from http_raw import HttpConnection, get
from irc import Client, WebSocketLines
from proxies import HAProxy, Nginx, told
from simuld import TIMEOUT, client_tls, dial, wait_until

SETTINGS = ["proxy.trusted=127.0.0.0/8", "listen.web.proxy=on", "listen.irc.proxy=on",
            "listen.echo.proxy=on", "listen.webtls.proxy=on", "listen.irctls.proxy=on",
            "listen.echosix.proxy=on", "listen.plainirc.port=0", "listen.plainirc.protocol=irc"]
numbers = itertools.count()
CLIENT = "127.0.0.7"  # of ours, before the proxy


class SendingHAProxy(HAProxy):
    IRC, WEB = ["irc", "irc2", "irctls"], ["web", "webtls"]
    ENTRANCES = IRC + WEB
    CONFIG = """
    default-server check %(checks)s
listen irc
    bind 127.0.0.1:%(port_irc)s
    server simul %(to_irc)s send-proxy
listen irc2
    bind 127.0.0.1:%(port_irc2)s
    server simul %(to_irc)s send-proxy-v2 proxy-v2-options crc32c,unique-id
listen irctls
    bind 127.0.0.1:%(port_irctls)s
    server simul %(to_irctls)s send-proxy-v2-ssl ssl verify none check-ssl
listen web
    bind 127.0.0.1:%(port_web)s
    server simul %(to_web)s send-proxy
listen webtls
    bind 127.0.0.1:%(port_webtls)s
    server simul %(to_webtls)s send-proxy-v2 ssl verify none check-ssl
"""


class SendingNginx(Nginx):
    """It knows version 1 alone."""
    IRC, WEB = ["irc", "irctls"], ["web"]
    ENTRANCES = IRC + WEB
    CONFIG = """
stream {
    proxy_protocol on;
    server {
        listen 127.0.0.1:%(port_irc)s;
        proxy_pass %(to_irc)s;
    }
    server {
        listen 127.0.0.1:%(port_irctls)s;
        proxy_ssl on;
        proxy_pass %(to_irctls)s;
    }
    server {
        listen 127.0.0.1:%(port_web)s;
        proxy_pass %(to_web)s;
    }
}
"""


@pytest.fixture(scope="module", params=[SendingHAProxy, SendingNginx], ids=["haproxy", "nginx"])
def proxy(request, daemon, tmp_path_factory):
    with request.param(daemon, tmp_path_factory.mktemp("proxy")) as one:
        yield one


def announced(daemon, name, header, source=CLIENT):
    """A socket that has begun with the header; over TLS where the name says so."""
    sock = dial(daemon.addresses[name], source)
    sock.sendall(header)
    return client_tls().wrap_socket(sock) if name.endswith("tls") else sock


def v1(ip="192.0.2.1", port=4711):
    family = "TCP6" if ":" in ip else "TCP4"
    return f"PROXY {family} {ip} {'::1' if ':' in ip else '127.0.0.1'} {port} 6667\r\n".encode()


def v2(ip="192.0.2.1", port=4711):
    kind = socket.AF_INET6 if ":" in ip else socket.AF_INET
    block = (socket.inet_pton(kind, ip) + socket.inet_pton(kind, "::1" if ":" in ip else "127.0.0.1")
             + struct.pack("!HH", port, 6667))
    family = 0x21 if ":" in ip else 0x11
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, family, len(block)) + block


# --- proxies ---

def test_whois_shows_who_is_behind_a_proxy(daemon, proxy):
    with Client(dial(daemon.addresses["plainirc"], CLIENT)) as direct, \
            Client(dial(daemon.addresses["plainirc"], "127.0.0.1")) as other:
        direct.register(f"direct{next(numbers)}")
        other.register(f"other{next(numbers)}")
        cloak = direct.whois()[0]
        assert cloak != other.whois()[0]
        for entrance in proxy.IRC:
            with Client(dial(proxy.addresses[entrance], CLIENT)) as behind:
                behind.register(f"behind{next(numbers)}")
                assert behind.whois() == (cloak, CLIENT)


def test_http_sees_who_is_behind_a_proxy(proxy):
    for entrance in proxy.WEB:
        with HttpConnection(dial(proxy.addresses[entrance], CLIENT)) as http:
            port = http.sock.getsockname()[1]
            assert told(http) == f"{CLIENT}:{port}"
            assert told(http) == f"{CLIENT}:{port}"


def test_websocket_sees_who_is_behind_a_proxy(proxy):
    with Client(WebSocketLines(dial(proxy.addresses["web"], CLIENT), "/chat")) as client:
        client.register(f"overws{next(numbers)}")
        assert client.whois()[1] == CLIENT


class OftenCheckingHAProxy(SendingHAProxy):
    CHECKS = "inter 50ms fall 1000"


def test_checks_of_a_proxy_find_the_server_and_leave_no_trace(start, tmp_path):
    daemon = start(*SETTINGS, "slow_ms=60000", "watchdog_ms=0")
    with OftenCheckingHAProxy(daemon, tmp_path) as proxy:
        up = {"irc": ("UP", "L4OK"), "irc2": ("UP", "L4OK"), "irctls": ("UP", "L6OK"),
              "web": ("UP", "L4OK"), "webtls": ("UP", "L6OK")}
        wait_until(lambda: proxy.checks() == up, "every check's success")
        before = daemon.metric("simul_accepted_total")
        wait_until(lambda: daemon.metric("simul_accepted_total") > before + 50, "50 checks")
        wait_until(lambda: proxy.checks() == up, "every check's success once more")
    assert daemon.log("connection closed") == []
    assert daemon.metric("simul_connections_ended_total", reason="timeout") == 0


def test_the_access_log_shows_who_is_behind(start, tmp_path):
    file = tmp_path / "access"
    daemon = start(*SETTINGS, "log.access=on", f"log.access_file={file}")
    with announced(daemon, "echo", v1()) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    wait_until(lambda: file.exists() and "192.0.2.1:4711" in file.read_text(), "the line")


# --- headers of our own ---

@pytest.mark.parametrize("header", [v1, v2], ids=["v1", "v2"])
@pytest.mark.parametrize("ip, shown", [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"),
                                       ("::1", "0::1"), ("::ffff:192.0.2.9", "192.0.2.9")])
@pytest.mark.parametrize("name", ["irc", "irctls"])
def test_the_address_may_be_any(daemon, header, ip, shown, name):
    with Client(announced(daemon, name, header(ip))) as client:
        client.register(f"any{next(numbers)}")  # the one before may not have gone yet
        assert client.whois()[1] == shown


@pytest.mark.parametrize("name", ["web", "webtls"])
def test_http_comes_behind_the_header(daemon, name):
    with HttpConnection(announced(daemon, name, v2("2001:db8::1", 99))) as http:
        assert told(http) == "[2001:db8::1]:99"


def test_a_header_may_come_byte_by_byte(daemon):
    for header in (v1(), v2()):
        with dial(daemon.addresses["echo"], CLIENT) as sock:
            for i in range(len(header)):
                sock.sendall(header[i:i + 1])
            sock.sendall(header)
            with sock.makefile("rb") as heard:
                assert heard.read(len(header)) == header


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"],
                         ids=["unknown", "local"])
def test_a_proxy_may_speak_for_itself(daemon, header):
    with HttpConnection(announced(daemon, "web", header)) as http:
        assert told(http).startswith(f"{CLIENT}:")


@pytest.mark.parametrize("name, first", [
    ("web", b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("irc", b"NICK me\r\n"),
    ("echo", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"),
    ("webtls", b"\x16\x03\x01\x00\xc8\x01"),
    ("irctls", b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c"),
])
def test_a_trusted_peer_must_send_one(daemon, name, first):
    before = daemon.metric("simul_connections_ended_total", reason="protocol")
    with dial(daemon.addresses[name], CLIENT) as sock:
        address = sock.getsockname()
        sock.sendall(first)
        try:
            assert sock.recv(1) == b""
        except ConnectionResetError:
            pass
    assert "PROXY header" in daemon.log_of(address, "connection closed")["reason"]
    assert daemon.metric("simul_connections_ended_total", reason="protocol") == before + 1


def test_others_are_served_as_themselves(daemon):
    header = v1()
    with socket.create_connection(daemon.addresses["echosix"], TIMEOUT) as sock:
        sock.sendall(header)
        with sock.makefile("rb") as heard:
            assert heard.read(len(header)) == header


def test_a_header_has_the_time_of_a_handshake(start):
    daemon = start("proxy.trusted=127.0.0.1", "listen.echo.proxy=on", "limits.handshake_seconds=1")
    with daemon.connect("echo") as sock:
        sock.sendall(b"PROXY ")
        assert sock.recv(1) == b""
    wait_until(lambda: daemon.metric("simul_connections_ended_total", reason="timeout") == 1, "the time-out's count")


# --- limits ---

def test_limits_hold_for_who_is_behind(start):
    daemon = start("proxy.trusted=127.0.0.1", "listen.irc.proxy=on", "listen.web.proxy=on",
                   "listen.irctls.proxy=on", "limits.connections_per_address=2")
    def enter(name, ip):
        return announced(daemon, name, v1(ip), "127.0.0.1")

    inside = [Client(enter("irc", ip)) for ip in ("192.0.2.1", "192.0.2.2", "2001:db8::1") * 2]
    for i, client in enumerate(inside):
        client.register(f"inside{i}")
    for ip in ("192.0.2.1", "2001:db8::1"):
        for name in ("irc", "irctls"):
            with Client(enter(name, ip)) as client:
                assert client.expect_end().params == [
                    f"Closing Link: {ip} (Too many connections from your address)"]
    with HttpConnection(enter("web", "2001:db8::2")) as http:  # of the same /64
        assert http.ask(get("/")).status == 429
    assert daemon.metric("simul_refused_total", reason="crowded") == 5
    assert daemon.log_of(("192.0.2.1", 4711), "connections refused")
    inside.pop(0).close()
    wait_until(lambda: daemon.metric("simul_connections") == 6, "the end of one")
    with HttpConnection(enter("web", "192.0.2.1")) as http:
        assert http.ask(get("/")).status == 200
    for client in inside:
        client.close()
