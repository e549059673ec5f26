"""Chromium's WebSocket among the clients of tests/integration/test_interop_ws.py. It always offers
to compress; the daemon agrees or declines."""
import pytest

from simuld import Daemon
from tools import TESTS, tool
from ws_clients import USUAL, Driven
from ws_interop import ENOUGH, WAYS, Talk, expect_chat, expect_echo, name_of, proxies, tap_of

ORIGIN = "http://page.localhost"

each_way = pytest.mark.parametrize("way", WAYS, ids=map(name_of, WAYS))


class Chromium(Driven):
    OFFERS = [USUAL]

    def __init__(self):
        super().__init__(None, tool("node"), TESTS / "browser" / "ws_client.mjs", ORIGIN)


@pytest.fixture(scope="module", params=[True, False], ids=["agreed", "declined"])
def is_agreed(request):
    return request.param


@pytest.fixture(scope="module")
def daemon(loops, is_agreed):
    with Daemon(*ENOUGH, f"ws.deflate={'on' if is_agreed else 'off'}", f"ws.origins={ORIGIN}",
                loops=loops) as one:
        yield one


@pytest.fixture(scope="session")
def chromium():
    one = Chromium()
    yield one
    one.stop()


@each_way
def test_it_gets_its_messages_back(daemon, proxies, chromium, is_agreed, way):
    with tap_of(daemon, proxies, way) as tap:
        expect_echo(Talk(chromium, tap, way.is_tls, USUAL, is_agreed))


@each_way
def test_it_chats(daemon, proxies, chromium, is_agreed, way, person, channel):
    ours = person("direct")
    ours.join(channel)
    with tap_of(daemon, proxies, way) as tap:
        expect_chat(Talk(chromium, tap, way.is_tls, USUAL, is_agreed), ours, channel)
