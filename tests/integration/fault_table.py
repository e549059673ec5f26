"""The table of faults as GET /echo/help tells it, and what tests of all of them look at."""
import re
import socket
import struct
from dataclasses import dataclass

from http_raw import HttpConnection, get


@dataclass
class Fault:
    name: str
    value: str  # what may stand behind it: "=1 to 65536"
    places: list
    help: str


def help_text(daemon, *headers):
    with HttpConnection(daemon.connect("web")) as http:
        answer = http.ask(get("/echo/help", *headers))
    assert answer.status == 200
    return answer


def faults(daemon):
    text = help_text(daemon).body.decode()
    rows = re.findall(r"^([a-z_0-9]+)(=.*)?  \[(.*)\]\n    (.*)$", text, re.M)
    assert len(rows) > 20
    return [Fault(name, value, places.split(", "), what) for name, value, places, what in rows]


def untested(daemon, place, tests):
    """The faults of this place that no test is named after."""
    names = [name for name in tests if name.startswith("test_")]
    return [fault.name for fault in faults(daemon) if place in fault.places
            and not any(name.startswith(f"test_{fault.name}_") for name in names)]


def segments_with_data(sock):
    """How many segments with data have come, however many of them one read gave: the kernel's
    tcpi_data_segs_in. On a busy machine some may have come twice."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return struct.unpack_from("I", info, 152)[0]
