"""Each scenario of simul-load with threads that share their processes. tests/steps/tsan.sh runs this
file under ThreadSanitizer."""
import pytest

from load import load
from simuld import Daemon

SCENARIOS = {
    "echo": ["echo", "ws://{web}/echo", "-c", 20, "--in-flight", 4],
    "echo-at-a-rate": ["echo", "wss://{webtls}/echo", "-k", "-c", 20, "--rate", 1000],
    "flood": ["flood", "tcp://{echo}", "-c", 4],
    "chat": ["chat", "irc://{irc}", "--rooms", 2, "--members", 10, "--publishers", 8, "--rate",
             200, "--churn", 10],
    "chat-in-flight": ["chat", "ws://{web}/chat", "--members", 10, "--publishers", 8,
                       "--in-flight", 4],
    "jobs": ["jobs", "http://{web}/jobs/digest", "-s", 100, "--beside", 4],
    "connect": ["connect", "ws://{web}/echo", "-c", 20],
    "hold": ["hold", "ws://{web}/echo", "-c", 20],
}


@pytest.fixture(scope="module")
def daemon():
    with Daemon(loops=2) as shared:
        yield {name: "{}:{}".format(*address) for name, address in shared.addresses.items()}


@pytest.mark.parametrize("arguments", SCENARIOS.values(), ids=SCENARIOS)
def test_threads_do_not_disturb_each_other(daemon, arguments):
    """A sanitizer that finds something ends its process with a status, which is an error, too."""
    scenario, url, *options = arguments
    load(scenario, url.format_map(daemon), *options, "-d", 0.5, "--warm-up", 0, "-t", 4,
         "--processes", 2, "--expect", "errors=0", "--expect", "connected>0")
