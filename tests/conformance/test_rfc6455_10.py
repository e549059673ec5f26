"""RFC 6455 section 10, security: browsers of other origins (10.2)."""
import pytest

from ws_raw import handshake, upgrade

SETTINGS = ["ws.origins=https://chat.example,http://other.example:8000"]


@pytest.mark.parametrize("origin, host, status", [
    ("http://localhost", "localhost", 101),
    ("http://LOCALHOST:80", "localhost", 101),
    ("http://127.0.0.1:8080", "127.0.0.1:8080", 101),
    ("https://chat.example", "localhost", 101),
    ("https://chat.example:443", "localhost", 101),
    ("http://other.example:8000", "localhost", 101),
    ("http://other.example", "localhost", 403),
    ("http://chat.example", "localhost", 403),
    ("https://chat.example.evil", "localhost", 403),
    ("http://localhost:81", "localhost", 403),
    ("https://localhost", "localhost", 403),
    ("null", "localhost", 403),
    ("", "localhost", 403),
    # On a loopback address a Host of another name is somebody's DNS (rebinding).
    ("http://evil.example", "evil.example", 403),
    ("http://127.evil.example", "127.evil.example", 403),
])
@pytest.mark.parametrize("target", ["/echo", "/chat", "/"])
def test_10_2_browsers_of_other_origins_are_refused(daemon, origin, host, status, target):
    request = upgrade(target, f"Origin: {origin}").replace("Host: localhost", f"Host: {host}")
    assert handshake(daemon, request).status == status


def test_10_2_over_tls_our_own_origin_is_https(daemon):
    assert handshake(daemon, upgrade("/echo", "Origin: https://localhost"), "webtls").status == 101
    assert handshake(daemon, upgrade("/echo", "Origin: http://localhost"), "webtls").status == 403


@pytest.mark.parametrize("target", ["/echo", "/chat", "/"])
def test_10_2_an_origin_comes_once(daemon, target):
    request = upgrade(target, "Origin: http://localhost", "Origin: http://localhost")
    assert handshake(daemon, request).status == 400
