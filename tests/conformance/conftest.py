"""What speaks WebSocket in simuld: sessions of different kinds, which the same clauses bind."""
import pytest

from ws_raw import WebSocket

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
ENDPOINTS = {
    "echo": ["/echo"],
    "chat": ["/chat"],
    "echo-deflate": ["/echo", DEFLATE],
    "chat-deflate": ["/chat", DEFLATE],
    "echo-faults": ["/echo?fragment=1000000"],  # a session of its own; nothing here is as long
}


@pytest.fixture(params=ENDPOINTS.values(), ids=ENDPOINTS.keys())
def endpoint(request):
    """Target and headers. The daemon must have ws.deflate and echo.faults on."""
    return request.param


@pytest.fixture
def ws(daemon, endpoint):
    with WebSocket(daemon.connect("web"), *endpoint) as socket:
        yield socket
