"""Flood control delays reading, loses nothing, and is nobody else's business."""
import time

from irc import Client
from simuld import reset
from ws_raw import TEXT, WebSocket, frame

PER_SECOND, BURST = 100, 20
SETTINGS = [f"chat.flood_lines_per_second={PER_SECOND}", f"chat.flood_burst={BURST}"]
LINES = 300


def test_hundreds_of_lines_in_one_segment_all_arrive_in_order_and_not_at_once(couple, channel):
    alice, bob = couple()
    begun = time.monotonic()
    alice.lines.sock.sendall(b"".join(b"PRIVMSG %s :%d\r\n" % (channel.encode(), i)
                                      for i in range(LINES)))
    for i in range(LINES):
        assert bob.expect("PRIVMSG", channel).params[-1] == str(i)
    # What alice said to register and join may have used up the burst, and not more.
    assert time.monotonic() - begun >= (LINES - BURST) / PER_SECOND - 0.1


def test_lines_over_websocket_likewise(daemon, person, channel):
    bob = person("bob")
    bob.join(channel)
    with WebSocket(daemon.connect("web"), "/chat") as alice:
        lines = ["NICK wsflood", "USER a 0 * :x", f"JOIN {channel}",
                 *(f"PRIVMSG {channel} :{i}" for i in range(100))]
        alice.send(b"".join(frame(TEXT, line.encode()) for line in lines))
        bob.expect("JOIN", channel)
        for i in range(100):
            assert bob.expect("PRIVMSG", channel).params[-1] == str(i)


def test_what_is_not_taken_comes_back_to_the_sender_and_echo_does_not_notice(daemon, person):
    flooder = person("flooder", loop=0)
    sock = flooder.lines.sock
    sock.setblocking(False)
    line, sent, still_since = b"PING :%s\r\n" % (b"x" * 400), 0, time.monotonic()
    while time.monotonic() - still_since < 0.3:  # nothing has gone for that long: all is full
        try:
            sent += sock.send(line * 100)
            still_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        assert sent < 1 << 26, "it reads whatever comes"
    assert sent > 16 * 1024
    slowest = 0.0
    with WebSocket(daemon.connect_to_loop("web", 0)[0]) as echo:
        for _ in range(200):
            begun = time.monotonic()
            echo.send(frame(TEXT, b"quick"))
            assert echo.read().payload == b"quick"
            slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 5, "a flooder waits alone"
    reset(sock)


def test_a_client_with_the_usual_lines_does_not_notice(start, channel):
    """Registration and a few channels stay within the usual burst."""
    daemon = start("chat.flood_lines_per_second=1", "chat.flood_burst=20")
    begun = time.monotonic()
    with Client(daemon.connect("irc")) as client:
        client.register("usual", "server-time", "message-tags", "echo-message")
        for i in range(5):
            client.join(f"{channel}-{i}")
        client.sync()
    assert time.monotonic() - begun < 8, "ten lines at one a second would have taken longer"
