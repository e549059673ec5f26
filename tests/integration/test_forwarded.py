"""X-Forwarded-For and Forwarded: whom a proxy's HTTP requests and WebSockets are for."""
import itertools

import pytest

from http_raw import HttpConnection, get
from irc import Client, WebSocketLines
from proxies import HAProxy, Nginx, told
from simuld import dial, wait_until
from ws_raw import TEXT, WebSocket, frame, upgrade

SETTINGS = ["proxy.trusted=127.0.0.0/8", "ws.origins=https://chat.example"]
CLIENT = "127.0.0.7"  # in proxy.trusted, as everything here is: the last that is told counts
numbers = itertools.count()


class TellingHAProxy(HAProxy):
    ENTRANCES = ["web", "webtls"]
    CONFIG = """
    mode http
    option forwardfor
listen web
    bind 127.0.0.1:%(port_web)s
    server simul %(to_web)s
listen webtls
    bind 127.0.0.1:%(port_webtls)s
    server simul %(to_webtls)s ssl verify none
"""


class TellingNginx(Nginx):
    ENTRANCES = ["web", "webtls"]
    CONFIG = """
http {""" + Nginx.HTTP + """
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    server {
        listen 127.0.0.1:%(port_web)s;
        location / {
            proxy_pass http://%(to_web)s;
        }
    }
    server {
        listen 127.0.0.1:%(port_webtls)s;
        location / {
            proxy_pass https://%(to_webtls)s;
        }
    }
}
"""


@pytest.fixture(scope="module", params=[TellingHAProxy, TellingNginx], ids=["haproxy", "nginx"])
def proxy(request, daemon, tmp_path_factory):
    with request.param(daemon, tmp_path_factory.mktemp("proxy")) as one:
        yield one


def chat(sock, *headers):
    client = Client(WebSocketLines(sock, "/chat", *headers))
    client.register(f"client{next(numbers)}")
    return client


# --- proxies ---

@pytest.mark.parametrize("entrance", ["web", "webtls"])
def test_http_sees_who_is_behind_a_proxy(proxy, entrance):
    with HttpConnection(dial(proxy.addresses[entrance], CLIENT)) as http:
        assert told(http) == f"{CLIENT}:0"
        # What a client says itself stands before what the proxy adds.
        assert told(http, "X-Forwarded-For: unknown", "Forwarded: for=192.0.2.9") == f"{CLIENT}:0"


@pytest.mark.parametrize("entrance", ["web", "webtls"])
def test_whois_shows_who_is_behind_a_proxy(daemon, proxy, entrance):
    with Client(dial(daemon.addresses["irc"], CLIENT)) as direct:
        direct.register(f"direct{next(numbers)}")
        cloak = direct.whois()[0]
    with chat(dial(proxy.addresses[entrance], CLIENT)) as behind:
        assert behind.whois() == (cloak, CLIENT)


def test_requests_of_several_clients_share_a_connection(daemon):
    with HttpConnection(daemon.connect("web")) as http:
        port = http.sock.getsockname()[1]
        assert told(http, "X-Forwarded-For: 192.0.2.1") == "192.0.2.1:0"
        assert told(http, "X-Forwarded-For: 192.0.2.2") == "192.0.2.2:0"
        assert told(http) == f"127.0.0.1:{port}"
        assert told(http, "X-Forwarded-For: 203.0.113.9, 2001:db8::1, 127.0.0.3") \
            == "[2001:db8::1]:0"


def test_others_are_not_believed(daemon):
    with HttpConnection(daemon.connect("six")) as http:
        assert told(http, "X-Forwarded-For: 192.0.2.1").startswith("[::1]:")
    with chat(daemon.connect("six"), "X-Forwarded-For: 192.0.2.1") as client:
        assert client.whois()[1] == "0::1"


def test_the_standard_header(start):
    daemon = start("proxy.trusted=127.0.0.1", "proxy.header=forwarded")
    with HttpConnection(daemon.connect("web")) as http:
        assert told(http, 'Forwarded: for="[2001:db8::1]:80";proto=https',
                    "X-Forwarded-For: 192.0.2.1") == "[2001:db8::1]:80"
    with chat(daemon.connect("web"), "Forwarded: for=203.0.113.9, for=192.0.2.1") as client:
        assert client.whois()[1] == "192.0.2.1"


# --- limits ---

def test_limits_hold_for_who_is_behind(start):
    daemon = start("proxy.trusted=127.0.0.1", "limits.connections_per_address=2")
    inside = [WebSocket(daemon.connect("web"), "/echo", f"X-Forwarded-For: {ip}")
              for ip in ("192.0.2.1", "192.0.2.2", "2001:db8::1") * 2]
    for path in ("/echo", "/chat"):
        for ip in ("192.0.2.1", "2001:db8::2"):  # of the same /64
            with HttpConnection(daemon.connect("web")) as http:
                answer = http.ask(upgrade(path, f"X-Forwarded-For: {ip}"))
                assert answer.status == 429
                assert answer.get("Retry-After") == "10"
                assert http.at_end()
    assert daemon.metric("simul_refused_total", reason="crowded") == 4
    assert daemon.log_of(("192.0.2.1", 0), "connections refused")
    for ws in inside:
        ws.send(frame(TEXT, b"x"))
        assert ws.read_message() == (TEXT, b"x")
    with HttpConnection(daemon.connect("web")) as http:  # a request is no connection of its own
        for _ in range(5):
            assert http.ask(get("/", "X-Forwarded-For: 192.0.2.1")).status == 200
    inside.pop(0).close()
    wait_until(lambda: daemon.metric("simul_connections") == 6, "the end of one")
    WebSocket(daemon.connect("web"), "/echo", "X-Forwarded-For: 192.0.2.1").close()
    for ws in inside:
        ws.close()


def test_a_proxy_may_speak_for_another(start):
    """PROXY tells of a proxy, whose header tells of the client."""
    daemon = start("proxy.trusted=127.0.0.1,10.0.0.0/8", "listen.web.proxy=on",
                   "limits.connections_per_address=1")
    header = b"PROXY TCP4 10.0.0.1 127.0.0.1 5000 80\r\n"

    def connect():
        sock = daemon.connect("web")
        sock.sendall(header)
        return sock

    with HttpConnection(connect()) as http:
        assert told(http) == "10.0.0.1:5000"
        assert told(http, "X-Forwarded-For: 192.0.2.1") == "192.0.2.1:0"
        with WebSocket(connect(), "/echo", "X-Forwarded-For: 192.0.2.1"), \
                WebSocket(connect(), "/echo", "X-Forwarded-For: 192.0.2.2"):
            assert http.ask(upgrade("/echo", "X-Forwarded-For: 192.0.2.1")).status == 429
