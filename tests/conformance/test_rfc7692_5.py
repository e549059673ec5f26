"""RFC 7692 section 5, how an extension that compresses messages is agreed on, as it binds the
server."""
import pytest

from ws_deflated import OFFER, RSV1, Deflated, compress, frames
from ws_raw import TEXT, handshake, upgrade

SETTINGS = ["ws.deflate=on", "listen.six.deflate=off"]
DECLINED = f"{OFFER}; x-unknown"  # wherever it is


@pytest.fixture(params=["/echo", "/chat"])
def agree(daemon, request):
    """What the answer to these values of Sec-WebSocket-Extensions has: its value."""
    def ask(*values):
        headers = [f"Sec-WebSocket-Extensions: {value}" for value in values]
        answer = handshake(daemon, upgrade(request.param, *headers))
        assert answer.status == 101
        return answer.get("Sec-WebSocket-Extensions")

    return ask


def test_5_an_offer_that_is_understood_is_accepted(agree):
    assert agree(OFFER).split("; ")[0] == OFFER


@pytest.mark.parametrize("values", [
    [DECLINED], [DECLINED, DECLINED], ["permessage-bzip2"], ["permessage-snappy; a=1, x-frame"]])
def test_5_an_offer_that_is_declined_is_left_out_and_nothing_fails(agree, values):
    assert agree(*values) is None


@pytest.mark.parametrize("values, bits", [
    (["{0}; server_max_window_bits=9, {0}; server_max_window_bits=12"], 9),
    (["{0}; server_max_window_bits=12, {0}; server_max_window_bits=9"], 12),
    (["{0}; server_max_window_bits=12", "{0}; server_max_window_bits=9"], 12),
    (["permessage-bzip2, {0}; x, {0}; server_max_window_bits=11, {0}"], 11),
    (["{0}; server_max_window_bits=8, {0}; server_max_window_bits=10"], 10),
    (["{0}; server_max_window_bits=8", "x-frame", "{0}; server_max_window_bits=10"], 10),
], ids=["first", "first-though-larger", "in-headers", "behind-others", "fall-back",
        "fall-back-in-headers"])
def test_5_of_several_offers_the_first_that_can_be_accepted_is(agree, values, bits):
    answer = agree(*[value.format(OFFER) for value in values])
    assert f"server_max_window_bits={bits}" in answer.split("; ")


def test_5_one_is_accepted_of_those_that_share_a_bit(agree):
    """RSV1 cannot mean two things."""
    answer = agree(f"{OFFER}, permessage-bzip2, {OFFER}; client_max_window_bits")
    assert answer.count("permessage") == 1


@pytest.mark.parametrize("target", ["/echo", "/chat"])
def test_5_what_was_not_agreed_on_is_not_used(daemon, target):
    for listener, offer in (("web", DECLINED), ("six", OFFER)):
        with Deflated(daemon.connect(listener), target, offer=offer) as ws:
            assert not ws.is_agreed
            ws.send(*frames(TEXT, compress(b"PING :x")))
            assert ws.read_to_close() == ([], 1002)


@pytest.mark.parametrize("target", ["/echo", "/chat"])
def test_5_what_was_agreed_on_is_in_use_from_the_first_message(daemon, target):
    with Deflated(daemon.connect("web"), target) as ws:
        ws.send_message(TEXT, b"PING :x")
        opcode, data = ws.read_message()
        assert opcode == TEXT and data.endswith(b":x")
        assert target == "/chat" or ws.rsv == RSV1
