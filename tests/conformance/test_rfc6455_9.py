"""RFC 6455 section 9, how extensions are agreed on, whichever they are. permessage-deflate itself
is in test_rfc7692_5.py and test_rfc7692_7.py."""
import pytest

from answers import refused
from raw_server import upgraded
from ws_deflated import OFFER
from ws_raw import handshake, upgrade

SETTINGS = ["ws.deflate=on", "listen.six.deflate=off"]
ON, OFF = "web", "six"


@pytest.fixture(params=["/echo", "/chat"])
def answer(daemon, request):
    """Asks with these values of Sec-WebSocket-Extensions."""
    def ask(*values, listener=ON):
        headers = [f"Sec-WebSocket-Extensions: {value}" for value in values]
        return handshake(daemon, upgrade(request.param, *headers), listener)

    return ask


@pytest.mark.parametrize("value", [
    "", ",", " , ,", ";", "a;", "a;;b", "; a", "a b", "a; b c", "a; b=", "a; =b", "a; b=c d", "a=b",
    "a; b=c=d", 'a; b="', 'a; b="c', 'a; b=""', 'a; b="c d"', 'a; b="c;d"', 'a; b="c"d', "a/b",
    "a; b/c", "a; b=c/d", "caf\xe9", "a; b=caf\xe9", '"a"', "a, b;", "a; (b)"])
def test_9_1_what_breaks_the_grammar_fails_the_handshake(answer, value):
    """Whether an extension is known or not, and in front of one that is and behind it."""
    for values in ([value], [value, OFFER], [OFFER, value]):
        for listener in (ON, OFF):
            assert answer(*values, listener=listener).status == 400


@pytest.mark.parametrize("values", [
    [f"x-one; a=1, {OFFER}"], ["x-one; a=1", OFFER], [OFFER, "x-two"], [f",, {OFFER} ,\t,"],
    [f"\t{OFFER} ; server_max_window_bits = 15"], [f'{OFFER}; server_max_window_bits="15"'],
    [f'{OFFER}; server_max_window_bits="1\\5"'], [f"{OFFER};client_max_window_bits"],
], ids=["list", "headers", "first", "empty-elements", "space", "quoted", "escaped", "no-space"])
def test_9_1_a_list_may_be_split_spaced_and_quoted(answer, values):
    assert answer(*values).get("Sec-WebSocket-Extensions").startswith(OFFER)
    response = answer(*values, listener=OFF)
    assert (response.status, response.get("Sec-WebSocket-Extensions")) == (101, None)


def test_9_1_what_is_not_offered_or_not_known_is_not_accepted(answer):
    assert answer().get("Sec-WebSocket-Extensions") is None
    for value in ("x-unknown", "permessage-bzip2", "permessage-deflated", "x-webkit-deflate-frame"):
        response = answer(value)
        assert (response.status, response.get("Sec-WebSocket-Extensions")) == (101, None)


def test_9_1_an_extension_is_named_once_in_the_answer(answer):
    """Two of the kind would change each other's data."""
    response = answer(f"{OFFER}, {OFFER}", OFFER)
    assert response.get("Sec-WebSocket-Extensions").count(OFFER) == 1


# --- the client ---


@pytest.mark.parametrize("value", ["", ",", f"{OFFER};", f"{OFFER}; a=", f"{OFFER}; a b", "a b",
                                   f'{OFFER}; a="b'])
def test_9_1_an_answer_that_breaks_the_grammar_fails(value):
    refused(lambda key: upgraded(key, f"Sec-WebSocket-Extensions: {value}"),
            "the server's answer to the Upgrade is wrong", "--deflate")
