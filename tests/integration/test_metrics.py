"""The README's table of metrics says what /metrics serves: names, types, labels and help."""
import re

import pytest

from simuld import Daemon
from test_readme import code, table


@pytest.fixture(scope="module", params=[1, 2], ids=["loops1", "loops2"])
def daemon(request):
    """One that serves all there is: TLS, workers and several kinds of session."""
    with Daemon("jobs.enabled=on", loops=request.param) as one:
        for listener in ("web", "irc", "echo"):
            one.connect(listener).close()
        yield one


def families(text):
    """Type, help and labels of each metric; the bounds of a histogram are no label of ours."""
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, help_text = line[len("# HELP "):].split(" ", 1)
            assert name not in found, f"{name} is there twice"
            found[name] = {"help": help_text, "type": None, "labels": set()}
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name
            found[name]["type"] = line.split()[3]
        else:
            sample, labels = re.match(r"(\w+)(?:{(.*)})? ", line).groups()
            assert sample in (name, f"{name}_bucket", f"{name}_sum", f"{name}_count")
            found[name]["labels"] |= set(re.findall(r'(\w+)="', labels or "")) - {"le"}
    return found


def test_the_readme_has_every_metric_and_no_other(daemon):
    served = families(daemon.admin("/metrics")[1])
    stated = {}
    for name, kind, labels, meaning in table("metric"):
        stated[code(name)[0]] = {"help": meaning.replace("`", ""), "type": kind,
                                 "labels": set(code(labels))}
    assert set(stated) == set(served)
    for name, said in stated.items():
        assert said == served[name], name


def test_stats_has_the_same_counters(daemon):
    stats = daemon.stats()
    assert len(stats["loops"]) == daemon.loops
    counted = stats["loops"][0]["http_requests"]
    assert 0 < counted < daemon.metric("simul_http_requests_total", loop="0")  # which were later
    assert stats["hub"]["channels"] == daemon.metric("simul_channels") == 0
    done = daemon.metric("simul_jobs_finished_total", result="done")
    assert stats["jobs"]["jobs_done"] == done == 0


def test_families_have_their_values_always(daemon):
    """A rate of what has not happened yet is 0, and not unknown."""
    for reason in ("done", "refused", "protocol", "timeout", "broken", "sendq", "slow", "memory",
                   "no_memory", "server"):
        assert daemon.metric("simul_connections_ended_total", reason=reason) >= 0
    for result in ("full", "resumed", "failed"):
        assert daemon.metric("simul_tls_handshakes_total", result=result) >= 0
