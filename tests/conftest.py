"""Fixtures of all tests here. Every test that starts the daemon runs with one loop and with four.

Tests marked `short` are those that also run where everything is slow (valgrind). Tests marked `crowd`
hold thousands of connections; where several processes share the tests, one has all of these. Tests
marked `alone` say how quick something must be, and have the machine for themselves.
"""
import fcntl
import itertools
import os
import pathlib
import signal
import tempfile

import pytest

from irc import Client
from simuld import Daemon
from ws_raw import WebSocket

TEST_SECONDS_MAX = 300


def pytest_configure(config):
    # A shell starts what stands in its background with SIGINT and SIGQUIT ignored, nohup SIGHUP, and
    # our programs would inherit that. They are to begin as in the foreground.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    config.addinivalue_line("markers", "short: also run under valgrind")
    config.addinivalue_line("markers", "crowd: thousands of connections, not twice at a time")
    config.addinivalue_line("markers", "alone: nothing else is tested meanwhile")


def pytest_collection_modifyitems(items):
    """Crowds come first: they are in the batch that the first process begins with. Who wants to be
    alone comes last, so that the others wait for that once."""
    def place(item):
        return (item.get_closest_marker("crowd") is None,
                item.get_closest_marker("alone") is not None)
    items.sort(key=place)


@pytest.fixture(scope="module", params=[1, 4], ids=["loops1", "loops4"])
def loops(request):
    return request.param


@pytest.fixture(scope="module")
def daemon(request, loops):
    """One that the tests of a file share; the file's SETTINGS are added to the usual ones."""
    with Daemon(*getattr(request.module, "SETTINGS", []), loops=loops) as shared:
        yield shared


@pytest.fixture
def start(loops):
    """Starts daemons that belong to one test; those still running at its end are stopped."""
    started = []

    def start_one(*settings, **options):
        started.append(Daemon(*settings, loops=loops, **options))
        return started[-1]

    yield start_one
    errors = []
    for one in started:
        try:
            with one:
                pass
        except AssertionError as error:
            errors.append(error)
    assert not errors, errors[0]


@pytest.fixture(autouse=True)
def turn(request, tmp_path_factory):
    """One lock for all processes that share the tests."""
    directory = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        directory = directory.parent
    is_alone = request.node.get_closest_marker("alone") is not None
    with open(directory / "turn", "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        yield


@pytest.fixture(autouse=True)
def hang_is_failure(turn):
    def give_up(number, frame):
        raise TimeoutError(f"the test takes longer than {TEST_SECONDS_MAX} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_SECONDS_MAX)
    yield
    signal.alarm(0)


@pytest.fixture
def open_directory():
    """One that every user may enter and read; those that pytest makes are root's alone."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


# --- echo ---


@pytest.fixture
def faulty(daemon):
    """Makes WebSockets to /echo with these faults."""
    made = []

    def connect(faults, listener="web"):
        made.append(WebSocket(daemon.connect(listener), f"/echo?{faults}"))
        return made[-1]

    yield connect
    for client in made:
        client.close()


# --- chat ---

numbers = itertools.count(1)


@pytest.fixture
def channel():
    """The name of a channel that nobody has used."""
    return f"#channel-{next(numbers)}"


@pytest.fixture
def visitor(daemon):
    """Makes clients that are connected and not registered; on a certain loop if one is given."""
    made = []

    def make(listener="irc", loop=None):
        if loop is None:
            made.append(Client(daemon.connect(listener)))
        else:
            made.append(Client(daemon.connect_to_loop(listener, loop)[0]))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def person(visitor):
    """Makes clients that are registered, under a nick that begins with the name and is unique."""

    def make(name, *caps, **where):
        client = visitor(**where)
        client.register(f"{name}{next(numbers)}", *caps)
        return client

    return make


@pytest.fixture
def couple(daemon, person, channel):
    """An operator and a member of one channel, on different loops where there are several."""

    def make(*caps):
        pair = [person("alice", *caps, loop=0), person("bob", *caps, loop=daemon.loops - 1)]
        pair[0].join(channel)
        pair[1].join(channel)
        pair[0].expect("JOIN", channel)
        return pair

    return make
