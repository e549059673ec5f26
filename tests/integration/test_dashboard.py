"""deploy/prometheus and deploy/grafana: the alerts fire when they should, and every query gives data
in a Prometheus that scrapes a daemon under load. How many loops there are is no matter, so all of it
runs once."""
import contextlib
import itertools
import json
import math
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from load import ECHOTLS, Started, trust, url
from simuld import TIMEOUT, Daemon, free_port, wait_until
from test_readme import code, table
from tools import tool

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "simul.rules.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "simul.json").read_text())
GRID_COLUMNS = 24
SCRAPE_SECONDS = 1
# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": f"{4 * SCRAPE_SECONDS}s", "$__range": "60s", "$instance": ".*",
             "$loop": ".*"}


def promtool(*arguments):
    done = subprocess.run([tool("promtool"), *map(str, arguments)], text=True, capture_output=True,
                          timeout=TIMEOUT, check=False, cwd=RULES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


# --- alerts ---


def alerts():
    """The text of each, by its name."""
    _, *parts = re.split(r"- alert: (\w+)\n", RULES.read_text())
    return dict(zip(parts[::2], parts[1::2]))


def test_alerts_fire_when_they_should():
    promtool("check", "rules", RULES)
    promtool("test", "rules", RULES.with_name("simul.test.yml"))


def test_the_example_of_a_configuration_is_valid():
    promtool("check", "config", RULES.with_name("prometheus.yml"))


@pytest.mark.parametrize("name", alerts())
def test_every_alert_says_what_to_do_and_is_tested(name):
    for field in ("severity: ", "summary: ", "description: "):
        assert field in alerts()[name]
    assert f'alertname="{name}"' in RULES.with_name("simul.test.yml").read_text()


# --- the dashboard's structure ---


def panels():
    """Rows are panels too, but have nothing to say."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def test_panels_have_ids_of_their_own():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_panels_do_not_overlap():
    taken = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] >= 0 and at["x"] + at["w"] <= GRID_COLUMNS, panel["title"]
        for cell in itertools.product(range(at["x"], at["x"] + at["w"]),
                                      range(at["y"], at["y"] + at["h"])):
            assert cell not in taken, f"{panel['title']} lies on {taken[cell]}"
            taken[cell] = panel["title"]


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panels_say_what_they_show(panel):
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    references = [target["refId"] for target in panel["targets"]]
    assert references and len(set(references)) == len(references)
    for target in panel["targets"]:
        assert target["legendFormat"] and "$instance" in target["expr"]


def test_variables_are_there_for_what_panels_use():
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"datasource", "instance", "loop"}
    used = set(re.findall(r"\$(\w+)", json.dumps(panels())))
    assert used - names == {"__rate_interval", "__range"}


def test_rows_are_those_that_operators_look_for():
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Overview", "Latency", "Loops", "Chat", "Jobs", "TLS", "Memory"]


def test_every_metric_is_in_the_dashboard():
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    names = {code(name)[0] for name, *_ in table("metric")}
    missing = {name for name in names if name not in shown}
    assert missing == {"process_start_time_seconds"}  # simul_uptime_seconds says as much


# --- queries ---


class Prometheus:
    """One that scrapes a daemon every second and evaluates the alerts."""

    def __init__(self, daemon, directory):
        self.address = f"127.0.0.1:{free_port()}"
        host, port = daemon.addresses["admin"]
        shutil.copy(RULES, directory)
        file = directory / "prometheus.yml"
        text = RULES.with_name("prometheus.yml").read_text()
        text = text.replace("127.0.0.1:9090", f"{host}:{port}").replace("15s", f"{SCRAPE_SECONDS}s")
        file.write_text(text)
        self.log = (directory / "log").open("w+")
        self.process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={file}", f"--web.listen-address={self.address}",
             f"--storage.tsdb.path={directory / 'data'}"],
            stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.log.close()

    def get(self, path):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=TIMEOUT) as answer:
                return json.loads(answer.read())
        return None

    def query(self, expression):
        """The values that it has now; those that are no number do not count."""
        answer = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        if answer is None:
            return []
        assert answer["status"] == "success", answer
        values = [float(sample["value"][1]) for sample in answer["data"]["result"]]
        return [value for value in values if math.isfinite(value)]


def queries():
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield f"{panel['title']} {target['refId']}", expression


@pytest.fixture
def prometheus(tmp_path):
    """It scrapes a daemon that echoes, chats, computes and shakes hands for as long as it is
    needed."""
    ever = ["-d", "0"]
    runs = [["echo", "ws", "/echo", "-c", 4, "--rate", 50],
            ["echo", "tls", "", "-c", 2, "--rate", 20],
            ["connect", "tls", "", "-c", 1, "--connect-rate", 5],
            ["chat", "irc", "", "--members", 6, "--rate", 20],
            ["jobs", "http", "/jobs/burn?ms=1", "-c", 1, "--rate", 10]]
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(Daemon(*ECHOTLS, "jobs.enabled=on", loops=2))
        one = stack.enter_context(Prometheus(daemon, tmp_path))
        started = [stack.enter_context(Started(scenario, url(daemon, scheme, path),
                                               *trust(scheme), *options, *ever))
                   for scenario, scheme, path, *options in runs]
        wait_until(lambda: one.query("count_over_time(simul_ready[1m]) > 5"), "six scrapes")
        assert [run.process.poll() for run in started] == [None] * len(runs)
        yield one


def expect_data(prometheus):
    for name, expression in queries():
        wait_until(lambda: prometheus.query(expression), f"{name}: {expression}")


def expect_variables(prometheus):
    names = {label["name"]: label["definition"] for label in DASHBOARD["templating"]["list"][1:]}
    for label, definition in names.items():
        metric = re.fullmatch(rf"label_values\((\w+)(?:{{.*}})?, {label}\)", definition)[1]
        assert prometheus.query(f'{metric}{{{label}!=""}}')


def expect_quiet_alerts(prometheus):
    rules = prometheus.get("/api/v1/rules")["data"]["groups"][0]["rules"]
    assert {rule["name"] for rule in rules} == set(alerts())
    assert {rule["health"] for rule in rules} == {"ok"}
    firing = {rule["name"] for rule in rules if rule["state"] == "firing"}
    assert firing <= {"SimulLoopLag", "SimulSlowTicks"}  # which is up to this machine


def test_every_query_of_the_dashboard_gives_data(prometheus):
    """One test, so that there is one Prometheus."""
    expect_data(prometheus)
    expect_variables(prometheus)
    expect_quiet_alerts(prometheus)
