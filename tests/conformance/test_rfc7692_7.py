"""RFC 7692 section 7, permessage-deflate and its parameters, as it binds the server. What is inside
a message is tested beside this, in C."""
import random

import pytest

from ws_deflated import OFFER, Deflated, compress, compressor, frames
from ws_raw import BINARY, TEXT

SETTINGS = ["ws.deflate=on"]
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"
NO_SERVER_TAKEOVER, NO_CLIENT_TAKEOVER = "server_no_context_takeover", "client_no_context_takeover"
SIZES_OF_WINDOWS = range(9, 16)
# What comes again, and how far behind: a larger window would make this shorter.
BLOCK = random.Random(1).randbytes(300)
FAR = b"".join(BLOCK + random.Random(size).randbytes((1 << size) - 700)
               for size in range(10, 16)) + BLOCK


@pytest.fixture(params=["/echo", "/chat"])
def params(daemon, request):
    """What is agreed on when these parameters are offered; None: nothing."""
    def offer(*words):
        with Deflated(daemon.connect("web"), request.param, offer="; ".join([OFFER, *words])) as ws:
            return ws.params

    return offer


def expect_mirrored(ws, data, opcode=BINARY):
    ws.send_message(opcode, data)
    assert ws.read_message() == (opcode, data)
    assert ws.was_compressed


# --- 7: which offers are declined ---


@pytest.mark.parametrize("word", ["x", "x=1", "max_window_bits=10", "Server_max_window_bits=10",
                                  "server_window_bits=10", "no_context_takeover"])
def test_7_a_parameter_that_is_not_defined_is_declined(params, word):
    assert params(word) is None
    assert params(NO_SERVER_TAKEOVER, word, CLIENT_BITS) is None


@pytest.mark.parametrize("word", [
    SERVER_BITS, f"{NO_SERVER_TAKEOVER}=1", f"{NO_SERVER_TAKEOVER}=true", f"{NO_CLIENT_TAKEOVER}=1",
    *[f"{name}={value}" for name in (SERVER_BITS, CLIENT_BITS)
      for value in ("0", "7", "16", "15.0", "09", "+9", "-9", "1e1", "0x9", "x", "99999",
                    "4294967305", "18446744073709551625")]])
def test_7_a_value_that_is_invalid_is_declined(params, word):
    assert params(word) is None


@pytest.mark.parametrize("word", [f"{SERVER_BITS}=10", f"{CLIENT_BITS}=10", CLIENT_BITS,
                                  NO_SERVER_TAKEOVER, NO_CLIENT_TAKEOVER])
def test_7_a_parameter_that_comes_twice_is_declined(params, word):
    assert params(word, word) is None
    assert params(word, NO_SERVER_TAKEOVER, word.partition("=")[0]) is None


def test_7_a_configuration_that_is_not_supported_is_declined(params):
    """zlib cannot compress with a window of 256 bytes."""
    assert params(f"{SERVER_BITS}=8") is None
    assert params(f"{SERVER_BITS}=8", f"{CLIENT_BITS}=8") is None


def test_7_all_parameters_in_any_order(params):
    words = [f"{SERVER_BITS}=10", f"{CLIENT_BITS}=11", NO_SERVER_TAKEOVER, NO_CLIENT_TAKEOVER]
    for at in range(len(words)):
        assert params(*words[at:], *words[:at]) == {
            SERVER_BITS: "10", CLIENT_BITS: "11", NO_SERVER_TAKEOVER: "", NO_CLIENT_TAKEOVER: ""}


# --- 7.1.1: context ---


def test_7_1_1_1_that_the_server_forgets_is_answered(params):
    assert NO_SERVER_TAKEOVER in params(NO_SERVER_TAKEOVER)


def test_7_1_1_1_a_server_may_say_so_by_itself(params):
    assert NO_SERVER_TAKEOVER in params()


def test_7_1_1_1_then_each_message_stands_for_itself(daemon):
    """Nothing of it refers to the one before: it is as long each time, and inflates alone."""
    with Deflated(daemon.connect("web"), offer=f"{OFFER}; {NO_SERVER_TAKEOVER}") as ws:
        for _ in range(3):
            ws.send_message(TEXT, b"again and " * 10)
        answers = [ws.read() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert ws.inflate(answers[2].payload) == b"again and " * 10


def test_7_1_1_2_that_the_client_forgets_is_answered(params):
    assert NO_CLIENT_TAKEOVER in params(NO_CLIENT_TAKEOVER)


@pytest.mark.parametrize("target", ["/echo", "/chat"])
def test_7_1_1_2_a_server_may_ask_for_it_and_then_has_forgotten(daemon, target):
    line, engine = b"PING :a line that comes twice", compressor()
    first, second = (compress(line, engine=engine) for _ in range(2))
    with Deflated(daemon.connect("web"), target) as ws:
        assert NO_CLIENT_TAKEOVER in ws.params
        ws.send(*frames(TEXT, first), *frames(TEXT, second))
        before, code = ws.read_to_close()
    assert (len(before), code) == (1, 1007)


# --- 7.1.2: windows ---


@pytest.mark.parametrize("bits", SIZES_OF_WINDOWS)
def test_7_1_2_1_the_servers_window_is_answered_and_kept_to(daemon, bits):
    """The answer has the same value or a smaller one, and what is compressed can be inflated in
    that window."""
    for target in ("/echo", "/chat"):
        offer = f"{OFFER}; {SERVER_BITS}={bits}"
        with Deflated(daemon.connect("web"), target, offer=offer) as ws:
            assert SERVER_BITS in ws.params and 9 <= ws.in_bits <= bits
            if target == "/echo":
                expect_mirrored(ws, FAR)


def test_7_1_2_1_without_it_the_server_may_use_the_largest(daemon):
    with Deflated(daemon.connect("web")) as ws:
        expect_mirrored(ws, FAR)


@pytest.mark.parametrize("bits", [8, *SIZES_OF_WINDOWS])
def test_7_1_2_2_the_clients_window_is_answered_with_no_larger_one(params, bits):
    assert 8 <= int(params(f"{CLIENT_BITS}={bits}").get(CLIENT_BITS, bits)) <= bits


@pytest.mark.parametrize("bits", SIZES_OF_WINDOWS)
def test_7_1_2_2_what_was_compressed_in_it_is_inflated(daemon, bits):
    with Deflated(daemon.connect("web"), offer=f"{OFFER}; {CLIENT_BITS}={bits}") as ws:
        expect_mirrored(ws, FAR)


def test_7_1_2_2_without_a_value_the_server_may_choose(params):
    answered = params(CLIENT_BITS)
    assert CLIENT_BITS not in answered or 8 <= int(answered[CLIENT_BITS]) <= 15


def test_7_1_2_2_a_client_that_does_not_name_it_is_not_asked_for_it(params):
    """It may not know how."""
    for words in ([], [NO_CLIENT_TAKEOVER], [f"{SERVER_BITS}=10"]):
        assert CLIENT_BITS not in params(*words)


# --- 7.1.3: examples ---


def test_7_1_3_the_examples_are_accepted(params):
    assert params() is not None
    assert params(CLIENT_BITS, f"{SERVER_BITS}=10")[SERVER_BITS] == "10"
    assert params(f"{CLIENT_BITS}; {SERVER_BITS}=10, {OFFER}; {CLIENT_BITS}")[SERVER_BITS] == "10"
