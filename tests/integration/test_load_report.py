"""The reports of simul-load: JSON, CSV and what it prints agree with each other and with
loadtest/README.md; where they go; and comparisons."""
import csv
import json
import re
import socket
from pathlib import Path

import pytest

from load import EXPECTATION, FAILED, USAGE, Run, load
from simuld import Daemon

README = (Path(__file__).parents[2] / "loadtest/README.md").read_text(encoding="utf-8")
NS_PER_US = 1000


@pytest.fixture(scope="module")
def echo():
    with Daemon("tls.self_signed=on", "listen.webtls.port=0", loops=2) as daemon:
        yield daemon


def url(daemon, scheme="ws"):
    host, port = daemon.addresses["webtls" if scheme == "wss" else "web"]
    return f"{scheme}://{host}:{port}/echo"


@pytest.fixture(scope="module")
def run(echo, tmp_path_factory):
    """A run with a report of each kind."""
    folder = tmp_path_factory.mktemp("reports")
    done = load("echo", url(echo), "-c", 5, "-d", 2, "--warm-up", 0.5, "--rate", 2000, "--pid",
                echo.pid, "--csv", folder / "a.csv", "--html", folder / "a.html", "--expect",
                "errors=0", "--expect", "p99<10s")
    with (folder / "a.csv").open(newline="", encoding="utf-8") as file:
        done.rows = list(csv.DictReader(file))
    return done


# --- what is documented ---

def section(title):
    """The text below a heading of the README, up to the next one."""
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^#+ |\Z)", README, re.M | re.S)
    assert found, title
    return found.group(2)


def documented(title):
    """The names in the first column of the section's table."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def named(title):
    return set(re.findall("`([a-z_]+)`", section(title)))


def test_every_key_is_documented_and_there(run):
    counts = documented("Counts")
    kinds = documented("Errors by kind")
    assert set(run.report) == documented("The JSON report") | documented("Figures")
    assert set(run["errors_by_kind"]) == kinds
    assert set(run["counts"]) == set(run["totals"]) == counts
    assert set(run["plan"]) == named("The plan") - {"chat"}
    assert set(run["server"]) == named("The server")
    for sample in run["samples"]:
        assert set(sample) == documented("Samples") | counts
    timings = run["timings"]
    assert set(timings) <= named("Timings") and set(timings["latency"]) < set(re.findall(
        "`([^`]+)`", section("Timings")))
    assert set(run.rows[0]) == documented("The CSV report") - {
        "connections_started", "beside_received"} | counts


def test_json_agrees_with_itself(run):
    samples, totals, counts = run["samples"], run["totals"], run["counts"]
    assert run["schema"] == 1 and run["scenario"] == "echo" and run["time_unit"] == "us"
    for name, total in totals.items():
        assert sum(sample[name] for sample in samples) == total
        assert sum(sample[name] for sample in samples if sample["measured"]) == counts[name]
    assert run["rate"] == pytest.approx(counts["received"] / run["measured_seconds"], rel=1e-6)
    assert 0 < run["p50"] <= run["p90"] <= run["p99"] <= run["p99.9"] <= run["max"]
    assert run["max"] == run["timings"]["latency"]["max"]
    assert sum(run["errors_by_kind"].values()) == run["errors"] == 0
    assert [e["holds"] for e in run["expectations"]] == [True, True]
    assert 0 < run["load_cpu_measured_us"] < run["load_cpu_us"]
    assert run["server"]["cpu_us"] > 0 and run["server"]["memory_open_bytes"] > 1 << 20


def test_a_sample_is_of_one_phase(run):
    samples = run["samples"]
    phases = [(sample["phase"], sample["measured"]) for sample in samples]
    assert list(dict.fromkeys(phases)) == [
        ("opening", False), ("running", False), ("running", True), ("draining", False),
        ("closing", False)]
    measured = sum(sample["seconds"] for sample in samples if sample["measured"])
    assert measured == pytest.approx(run["measured_seconds"], abs=1e-3)
    assert run["measured_seconds"] == pytest.approx(2, abs=0.5)  # woken late, it begins late
    assert sum(sample["seconds"] for sample in samples) == pytest.approx(run["seconds"], abs=1e-3)


def test_csv_agrees_with_json(run):
    assert len(run.rows) == len(run["samples"])
    for row, sample in zip(run.rows, run["samples"]):
        for name in [*run["counts"], "errors", "open"]:
            assert int(row[name]) == sample[name]
        assert row["phase"] == sample["phase"] and int(row["measured"]) == sample["measured"]
        assert float(row["time_s"]) == pytest.approx(sample["at_s"], abs=1e-3)
        assert float(row["seconds"]) == pytest.approx(sample["seconds"], abs=1e-3)
        assert int(row["server_memory_bytes"]) == sample["server_memory_bytes"]
        for name in ("p50", "p90", "p99", "p99.9", "max"):
            ns = row[f"{name}_ns"]
            assert (float(ns) / NS_PER_US if ns else None) == sample[name]


def number(text):
    return float(text.replace(",", ""))


def test_what_is_printed_agrees_with_json(run):
    units = {"ns": 1e-3, "µs": 1, "ms": 1e3, "s": 1e6}
    for way in ("sent", "received"):
        count, rate = re.search(rf"^  {way} +(\S+) +(\S+)/s ", run.out, re.M).groups()
        assert number(count) == run["counts"][way]
        assert number(rate) == pytest.approx(run["rate" if way == "received" else "rate.sent"],
                                             abs=1)
    row = re.search(r"^  latency +(\S+)  +(.*)$", run.out, re.M)
    assert number(row.group(1)) == run["timings"]["latency"]["count"]
    printed = [number(n) * units[unit] for n, unit in re.findall(r"(\S+) (\S+)", row.group(2))]
    wanted = [run[name] for name in ("mean", "p50", "p90", "p99", "p99.9", "max")]
    assert printed == pytest.approx(wanted, rel=6e-3)  # three digits
    opened = re.search(r"^  opened +(\S+)", run.out, re.M).group(1)
    assert number(opened) == run["connected"] == run["totals"]["connections_opened"] == 5
    assert "no errors" in run.out and run.out.count(": holds") == 2


# --- expectations ---

@pytest.mark.parametrize("scheme, options, absent", [
    ("wss", ["-k"], []),
    ("http", [], ["tls.p50", "tls.p99", "handshake.p50", "handshake.p99"]),
])
def test_every_figure_can_be_expected_both_ways(echo, scheme, options, absent):
    names = sorted(documented("Figures"))
    absent = {"echo.p50", "echo.p99", *absent}
    for relation, holds in (">=0", True), ("<0", False):
        wanted = [word for name in names for word in ("--expect", name + relation)]
        run = load("echo", url(echo, scheme), *options, "-n", 200, "--rate", 1000, "--pid",
                   echo.pid, *wanted, status=EXPECTATION)
        seen = {e["text"].removesuffix(relation): e for e in run["expectations"]}
        assert set(seen) == set(names)
        for name, expectation in seen.items():
            assert (expectation["value"] is None) == (name in absent), name
            assert expectation["value"] == run[name]
            if name != "server.memory":  # which may have shrunk
                assert expectation["holds"] == (holds and name not in absent), name
            said = "holds" if expectation["holds"] else "does NOT hold"
            assert f"expected {name}{relation}: {said} (" in run.out


# --- where reports go ---

@pytest.mark.parametrize("kind", ["json", "csv", "html"])
def test_a_report_on_standard_output_is_alone(echo, kind):
    run = Run("echo", url(echo), "-n", 50, f"--{kind}", "-", "--expect", "errors=0")
    assert run.status == 0
    assert "no errors" in run.err and "expected errors=0: holds" in run.err
    if kind == "json":
        assert json.loads(run.out)["totals"]["sent"] == 50
    elif kind == "csv":
        assert len({line.count(",") for line in run.out.splitlines()}) == 1
    else:
        assert run.out.startswith("<!") and run.out.rstrip().endswith("</html>")


@pytest.mark.parametrize("kind", ["json", "csv", "html"])
def test_what_cannot_be_written_is_refused_before_the_run(kind, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        where = "tcp://127.0.0.1:{}".format(server.getsockname()[1])
        for path in (tmp_path / "missing" / "file", tmp_path, f"{tmp_path}/new/"):
            run = Run("echo", where, f"--{kind}", path)
            assert run.status == USAGE and f"cannot write --{kind} {path}" in run.err
        assert Run("echo", where, "--json", "-", "--csv", "-").status == USAGE
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_written_is_said_in_the_end(echo):
    run = load("echo", url(echo), "-n", 50, "--html", "/dev/full", status=FAILED)
    assert "cannot write /dev/full: No space left on device" in run.err
    assert "no errors" in run.out and run["totals"]["sent"] == 50  # the others are there


# --- comparisons ---

@pytest.fixture(scope="module")
def two(echo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    for name, size in ("a", 64), ("b", 4096):
        load("echo", url(echo), "-n", 2000, "-s", size, "--json", folder / f"{name}.json")
    return folder


def test_compare(two):
    run = load("compare", two / "a.json", two / "b.json", "--html", two / "c.html")
    a, b = (json.loads((two / f"{name}.json").read_text()) for name in "ab")
    ratio = re.search(r"^rate .*×([\d.]+)", run.out, re.M).group(1)
    assert float(ratio) == pytest.approx(b["rate"] / a["rate"], rel=0.02, abs=0.006)  # as printed
    assert re.search(r"^throughput .*×[\d.]+ better$", run.out, re.M)
    assert str(two / "a.json") in run.out and a["command"] in run.out
    page = (two / "c.html").read_text(encoding="utf-8")
    assert page.count("<figure>") >= 2 and "better" in page


def test_compare_on_standard_output(two):
    run = load("compare", two / "a.json", two / "b.json", "--html", "-")
    assert run.out.startswith("<!") and run.out.rstrip().endswith("</html>")
    assert re.search("^throughput .*better", run.err, re.M)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 2}', "\xff\x00"])
def test_compare_refuses_what_is_no_report(two, tmp_path, text):
    (tmp_path / "other.json").write_bytes(text.encode("latin-1"))
    run = load("compare", two / "a.json", tmp_path / "other.json", status=FAILED)
    assert str(tmp_path / "other.json") in run.err and not run.out
