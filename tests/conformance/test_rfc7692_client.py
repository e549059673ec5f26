"""RFC 7692 sections 5 to 7 as they bind the client: simul-load --deflate, before a server of bare
sockets."""
import pytest

from answers import accepted, expect_failure, refused, requests_of
from load import load
from raw_server import listening_websocket, server_close, server_frame, upgraded
from ws_deflated import OFFER, RSV1, compress, inflate
from ws_raw import CLOSE, CONTINUATION, PING, PONG, TEXT

FORGETS = f"{OFFER}; server_no_context_takeover"
BY_ITSELF = "the server chose a subprotocol or extension by itself"
WRONG = "the server's answer to the Upgrade is wrong"
MESSAGES = 50


def agreeing(*values):
    return lambda key: upgraded(key, *[f"Sec-WebSocket-Extensions: {value}" for value in values])


# --- 5: agreeing ---


def test_5_the_extension_is_offered_only_if_it_is_wanted():
    offers = requests_of("--deflate")[0][0].values("Sec-WebSocket-Extensions")
    assert len(offers) == 1 and offers[0].split(";")[0] == OFFER
    assert requests_of()[0][0].values("Sec-WebSocket-Extensions") == []


def test_5_a_server_may_decline():
    accepted(upgraded, "--deflate")


@pytest.mark.parametrize("value", ["permessage-bzip2", f"{FORGETS}, permessage-bzip2",
                                   f"{FORGETS}, {FORGETS}", f"x-frame, {FORGETS}"])
def test_5_an_answer_to_what_was_not_offered_fails(value):
    refused(agreeing(value), BY_ITSELF, "--deflate")


def test_5_an_answer_in_two_headers_fails():
    refused(agreeing(FORGETS, FORGETS), WRONG, "--deflate")


# --- 7: the parameters of the answer ---


@pytest.mark.parametrize("words", [
    "", "; client_no_context_takeover", "; server_max_window_bits=8", "; server_max_window_bits=15",
    "; client_max_window_bits=9", '; client_max_window_bits="15"',
    "; client_max_window_bits=12; server_max_window_bits=10; client_no_context_takeover"])
def test_7_an_answer_to_what_was_offered_is_taken(words):
    accepted(agreeing(FORGETS + words), "--deflate")


@pytest.mark.parametrize("words", [
    "; x", "; x=1", "; server_no_context_takeover", "; server_no_context_takeover=1",
    "; client_no_context_takeover=1", "; client_no_context_takeover; client_no_context_takeover",
    "; server_max_window_bits", "; server_max_window_bits=7", "; server_max_window_bits=16",
    "; server_max_window_bits=010", "; client_max_window_bits", "; client_max_window_bits=7",
    "; client_max_window_bits=16", "; client_max_window_bits=x",
    "; client_max_window_bits=10; client_max_window_bits=10"])
def test_7_an_answer_with_a_wrong_parameter_fails(words):
    refused(agreeing(FORGETS + words), BY_ITSELF, "--deflate")


def test_7_a_configuration_that_is_not_supported_fails():
    """zlib cannot compress with a window of 256 bytes."""
    refused(agreeing(f"{FORGETS}; client_max_window_bits=8"), BY_ITSELF, "--deflate")


def test_7_1_1_1_a_server_that_was_asked_to_forget_says_so():
    refused(agreeing(OFFER), BY_ITSELF, "--deflate")


# --- 6 to 7.2: messages ---


def talk(answer, *options, bits=None, size=400):
    """An echo through compression; `answer` has the Peer, the opcode and what was said, which must
    have been compressed by itself, in the window that was allowed. The frames of the client."""
    seen = []

    def serve(peer):
        while (part := peer.read()).opcode != CLOSE:
            data = part.payload if part.rsv == 0 else inflate(part.payload, bits or 15)
            seen.append(part)
            answer(peer, part.opcode, data)
        peer.send(server_close(1000))

    agreed = FORGETS + (f"; client_max_window_bits={bits}" if bits is not None else "")
    with listening_websocket(serve, f"Sec-WebSocket-Extensions: {agreed}") as url:
        run = load("echo", url, "-c", 1, "-n", MESSAGES, "-s", size, "--words", "--deflate",
                   *options, "--expect", "errors=0")
    assert run["totals"]["received"] == MESSAGES == len(seen)
    assert run["totals"]["connections_compressed"] == 1
    return seen


def plainly(peer, opcode, data):
    peer.send(server_frame(opcode, data))


def compressed(peer, opcode, data):
    peer.send(server_frame(opcode, compress(data), rsv=RSV1))


@pytest.mark.parametrize("kind", ["--text", "--binary"])
def test_7_2_1_messages_are_compressed_and_marked(kind):
    """Each by itself, as was promised."""
    assert all(part.rsv == RSV1 and part.fin and len(part.payload) < 400
               for part in talk(plainly, kind))


@pytest.mark.parametrize("bits", [9, 10, 12, 15])
def test_7_1_2_2_messages_keep_to_the_window_that_the_server_allows(bits):
    talk(compressed, bits=bits, size=50_000)


def test_7_2_2_replies_are_inflated():
    talk(compressed)


def test_6_2_replies_in_fragments_with_control_frames_between_are_inflated():
    def cut(peer, opcode, data):
        payload = compress(data)
        peer.send(server_frame(opcode, payload[:7], fin=False, rsv=RSV1), server_frame(PING),
                  server_frame(CONTINUATION, b"", fin=False),
                  server_frame(CONTINUATION, payload[7:]))
        assert peer.read().opcode == PONG

    talk(cut)


def test_6_2_replies_that_are_not_marked_are_taken_as_they_are():
    talk(plainly)


AGREED = {"options": ["--deflate"], "headers": [f"Sec-WebSocket-Extensions: {FORGETS}"]}


@pytest.mark.parametrize("frames", [
    [server_frame(PING, rsv=RSV1)], [server_frame(TEXT, b"x", rsv=1)],
    [server_frame(TEXT, b"x", rsv=2)],
    [server_frame(TEXT, b"", fin=False, rsv=RSV1), server_frame(CONTINUATION, b"\0", rsv=RSV1)],
    [server_frame(CLOSE, rsv=RSV1)],
], ids=["ping", "rsv3", "rsv2", "continuation", "close"])
def test_6_a_bit_where_none_may_be_fails(frames):
    expect_failure(1002, *frames, **AGREED)


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x07", compress(b"\xff text")],
                         ids=["garbage", "block-type", "text"])
def test_7_2_2_what_cannot_be_inflated_or_is_no_text_then_fails(payload):
    expect_failure(1007, server_frame(TEXT, payload, rsv=RSV1), **AGREED)
