"""What simul-load says to a server of bare sockets, and what it makes of the answers."""
import contextlib

from load import DONE, FAILED, Run, load
from raw_server import Peer, listening, listening_websocket, server_frame, upgraded
from ws_raw import CLOSE

ONCE = ["-c", 1, "-n", 1, "--timeout", 1]  # one message, and little patience for the reply


# --- to the handshake ---


def requests_of(*options, answer=upgraded, path="/a/b?c=d", connections=1, status=DONE):
    """The requests for a handshake, where the server gives this answer to a key and then closes in
    order; and the run."""
    requests = []

    def serve(sock):
        with Peer(sock) as peer:
            requests.append(peer.read_request())
            peer.send(answer(requests[-1].key))
            with contextlib.suppress(EOFError, ConnectionResetError):
                if peer.read().opcode == CLOSE:
                    peer.send(server_frame(CLOSE))

    with listening(serve) as address:
        run = load("connect", f"ws://{address}{path}", "-c", 1, "-n", connections, *options,
                   status=status)
    for request in requests:
        assert request.values("Host") == [address]
    return requests, run


def accepted(answer, *options):
    """simul-load takes this answer for the completion of the handshake."""
    requests_of(*options, "--expect", "errors=0", "--expect", "connected=1", answer=answer)


def refused(answer, why, *options):
    """It does not, says why, and does not try again."""
    requests, run = requests_of(*options, answer=answer, status=FAILED)
    assert why in run.err and len(requests) == 1


# --- to frames ---


def answer_to(*frames, options=(), headers=()):
    """What it says, up to its close, to these frames in answer to its first message; the code of
    its close; and the run."""
    said = []

    def serve(peer):
        peer.read()
        peer.send(*frames)
        said.append(peer.read_to_close())

    with listening_websocket(serve, *headers) as url:
        run = Run("echo", url, *ONCE, *options)
    assert len(said) == 1, f"no close\n{run.out}\n{run.err}"
    return *said[0], run


def expect_failure(code, *frames, **how):
    before, got, run = answer_to(*frames, **how)
    assert got == code and before == []
    assert "the server broke a rule" in run.out + run.err
