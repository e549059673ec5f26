"""The README's table of metrics says what /metrics serves: names, types, labels and help."""
import re
from pathlib import Path

import pytest

from http_raw import HttpConnection, get
from irc import Client
from simuld import Daemon, wait_until
from test_readme import code, table

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "simul.rules.yml"


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


def selectors():
    """What the alerts select: a metric, and each label with each value that it may have."""
    rules = RULES.read_text()
    for name, matchers in re.findall(r"\b((?:simul|process)_\w+){(.*?)}", rules):
        pairs = re.findall(r'(\w+)=~?"(.*?)"', matchers)
        yield name, [(label, one) for label, value in pairs if label != "job"
                     for one in value.split("|")]


def test_alerts_select_what_is_served(daemon):
    """Their own tests have no other metrics than those that they make up."""
    samples = daemon.admin("/metrics")[1].splitlines()
    found = list(selectors())
    assert len(found) > 15
    for name, pairs in found:
        own = [line for line in samples if re.match(rf"{name}[{{ ]", line)]
        assert own, name
        for label, value in pairs:
            assert any(f'{label}="{value}"' in line for line in own), f"{name} {label}={value}"


def test_stats_has_the_same_counters(daemon):
    stats = daemon.stats()
    assert len(stats["loops"]) == daemon.loops
    counted = stats["loops"][0]["http_requests"]
    assert 0 < counted < daemon.metric("simul_http_requests_total", loop="0")  # which were later
    assert stats["hub"]["channels"] == daemon.metric("simul_channels") == 0
    done = daemon.metric("simul_jobs_finished_total", result="done")
    assert stats["jobs"]["jobs_done"] == done == 0


def test_histograms_count_what_they_are_of(daemon):
    def counts():
        return {name: daemon.metric(f"simul_{name}_seconds_count") for name in (
            "tick", "lag", "resume", "delivery", "tls_handshake", "job_wait", "job_run")}

    before = counts()
    with (Client(daemon.connect("irctls")) as speaker, Client(daemon.connect("irc")) as hearer,
          HttpConnection(daemon.connect("web")) as http_):
        for client, nick in ((hearer, "hearer"), (speaker, "speaker")):
            client.register(nick)
            client.join("#timed")
        speaker.send("PRIVMSG #timed :now")
        hearer.read_until("PRIVMSG")
        assert http_.ask(get("/jobs/burn?ms=1")).status == 200
    wait_until(lambda: all(now > before[name] for name, now in counts().items()), "a count of each")


def test_families_have_their_values_always(daemon):
    """A rate of what has not happened yet is 0, and not unknown."""
    for reason in ("done", "refused", "protocol", "timeout", "broken", "sendq", "slow", "memory",
                   "no_memory", "server"):
        assert daemon.metric("simul_connections_ended_total", reason=reason) >= 0
    for result in ("full", "resumed", "failed"):
        assert daemon.metric("simul_tls_handshakes_total", result=result) >= 0
