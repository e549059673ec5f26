"""WebSocket clients that were not written here: directly, through nginx and through HAProxy; with TLS
and without; with compression (RFC 7692) and without. Chromium's is in tests/browser."""
import os

import pytest

from wiretap import Wiretap
from ws_clients import ALL, SMALL, USUAL, Curl, load_curl
from ws_interop import ENOUGH, LONG, WAYS, Talk, expect_chat, expect_echo, name_of, proxies, tap_of

SETTINGS = [*ENOUGH, "ws.deflate=on", "listen.without.port=0", "listen.without.deflate=off"]

CLIENTS = [kind for kind in ALL if kind is not Curl or load_curl()[1] is None]
OFFERS = [(kind, offer) for kind in CLIENTS for offer in kind.OFFERS if offer != SMALL]
COMPRESSING = [kind for kind in CLIENTS if USUAL in kind.OFFERS]


def each_of(offers):
    return pytest.mark.parametrize("kind, offer", offers,
                                   ids=[f"{kind.__name__}-{offer}" for kind, offer in offers])


each_compressing = pytest.mark.parametrize("kind", COMPRESSING, ids=lambda kind: kind.__name__)
each_way = pytest.mark.parametrize("way", WAYS, ids=map(name_of, WAYS))


@pytest.fixture(scope="session")
def clients(tmp_path_factory):
    """One of each kind, once it is asked for."""
    made = {}

    def one_of(kind):
        if kind not in made:
            made[kind] = kind(tmp_path_factory.mktemp("client"))
        return made[kind]

    yield one_of
    for client in made.values():
        client.stop()


@pytest.fixture
def client(clients, kind):
    return clients(kind)


def test_libcurl_is_among_them():
    missing = load_curl()[1]
    if missing is not None:
        pytest.skip(missing)
    assert Curl in CLIENTS


@each_of(OFFERS)
@each_way
def test_it_gets_its_messages_back(daemon, proxies, client, offer, way):
    with tap_of(daemon, proxies, way) as tap:
        expect_echo(Talk(client, tap, way.is_tls, offer, is_agreed=offer == USUAL))


@each_of(OFFERS)
@each_way
def test_it_chats(daemon, proxies, client, offer, way, person, channel):
    ours = person("direct")
    ours.join(channel)
    with tap_of(daemon, proxies, way) as tap:
        talk = Talk(client, tap, way.is_tls, offer, is_agreed=offer == USUAL)
        expect_chat(talk, ours, channel)


@each_compressing
def test_it_uses_small_windows(daemon, client):
    with Wiretap(daemon.addresses["web"]) as tap:
        expect_echo(Talk(client, tap, False, SMALL, is_agreed=True))


@each_compressing
def test_it_does_without_if_the_daemon_declines(daemon, client):
    with Wiretap(daemon.addresses["without"]) as tap:
        expect_echo(Talk(client, tap, False, USUAL, is_agreed=False))


@each_compressing
def test_it_compresses_with_what_it_has_said_before(start, client):
    daemon = start(*ENOUGH, "ws.deflate=on", "ws.deflate_takeover=on")
    with Wiretap(daemon.addresses["web"]) as tap:
        talk = Talk(client, tap, False, USUAL, is_agreed=True)
        talk.open("/echo", forgets=False)
        noise = "".join(chr(0x100 + byte) for byte in os.urandom(4000))
        sent = [len(tap.sent)]
        for _ in range(5):
            talk.expect_back(noise)
            sent.append(len(tap.sent))
        first, *more = (after - before for before, after in zip(sent, sent[1:]))
        assert max(more) < first / 10
        talk.expect_back(LONG)
        talk.close(4001)
