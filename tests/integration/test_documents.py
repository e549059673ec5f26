"""What documents, manual pages, alerts and the files of deploy/ speak of is there: settings, metrics,
routes, files, options, settings of the kernel. And their links lead somewhere."""
import functools
import os
import re
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from load import simul_load
from simuld import TIMEOUT, program, settings_of_help
from test_readme import code, table

ROOT = Path(__file__).parents[2]
MADE = {"node_modules", "__pycache__", ".git"}  # and build*, by others than us
# Of the kernel, but not everywhere.
EXCUSED = {"net.netfilter.nf_conntrack_max": "a module has it, which may not be there",
           "net.ipv4.tcp_mem": "only the first network namespace has it"}
# Not there yet: whoever follows the head of compose.haproxy.yaml makes the one, and the first crash
# that fuzzing finds the other.
TO_COME = ("deploy/certificates", "tests/fuzz/regression")
# Behind a section's name and a dot these make a file's name.
SUFFIXES = {"c", "h", "py", "mjs", "sock", "pem"}


def source_files():
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in MADE and not name.startswith("build")]
        yield from (Path(folder, name).relative_to(ROOT) for name in files)


FILES = sorted(source_files())
FOLDERS = {folder for file in FILES for folder in file.parents}
MARKDOWN = [file for file in FILES if file.suffix == ".md"]
PAGES = ["simuld.8", "simuld.conf.5", "simul-load.1"]
DEPLOYED = [file for file in FILES if file.parts[0] == "deploy" and file.suffix in
            {".yml", ".yaml", ".cfg", ".conf", ".in", ".socket", ".logrotate", ""}]
# Reports of simul-load have names of their own, which look like settings.
REPORTS = {Path("loadtest/README.md")}
DESCRIBING = [*MARKDOWN, *PAGES, *(file for file in DEPLOYED if file.parent.name == "prometheus")]
ALL = [*MARKDOWN, *PAGES, *DEPLOYED]


def text_of(document):
    """A page is made beside the programs."""
    if document in PAGES:
        return (Path(program()).parents[1] / "man" / document).read_text()
    return (ROOT / document).read_text()


def every(documents):
    return pytest.mark.parametrize("document", documents, ids=str)


def is_meant(said, name):
    """Whether the document means this one: * and … stand for anything, NAME for a listener's name."""
    wanted = re.sub(r"\\\*|…", ".*", re.escape(said))
    return re.fullmatch(wanted, name) or re.fullmatch(name.replace("NAME", r"[\w-]+"), said)


def unknown(words, names):
    return {said for said in set(words) - set(names)
            if not any(is_meant(said, name) for name in names)}


# --- of the programs ---


@functools.cache
def settings():
    return settings_of_help()


@every([document for document in ALL if document not in REPORTS])
def test_settings_exist(document):
    sections = "|".join({name.split(".")[0] for name in settings() if "." in name})
    said = re.findall(rf"(?<![\w./\[-])(?:{sections})\.[A-Za-z*…][\w*…-]*(?:\.[a-z*…][\w*…]*)?",
                      text_of(document))
    said = {name for name in said if name.rsplit(".")[-1] not in SUFFIXES}
    assert unknown(said, settings()) == set()


@every(ALL)
def test_variables_of_the_environment_exist(document):
    said = set(re.findall(r"(?<![\w{@])SIMUL_[A-Z_]+[A-Z]", text_of(document)))
    names = {re.sub(r"[.-]", "_", f"simul.{name}").upper() for name in settings()}
    options = set(re.findall(r"SIMUL_\w+", (ROOT / "CMakeLists.txt").read_text()))
    assert unknown(said - options, names) == set()


@every(MARKDOWN)
def test_defaults_that_are_said_in_passing_are_true(document):
    for name, default in re.findall(r"`([a-z_]+[._][a-z_.]+)` \((\d+)\)", text_of(document)):
        assert settings().get(name) == default, name


@every(ALL)
def test_metrics_exist(document):
    said = re.findall(r"(?<![\w/])(?:simul|process)_[a-z0-9_…]+", text_of(document))
    served = {code(name)[0] for name, *_ in table("metric")}  # as test_metrics.py makes sure
    said = {re.sub("_(bucket|sum|count)$", "", name) for name in said}
    assert unknown(said, served) == set()


@every(DESCRIBING)
def test_routes_exist(document):
    said = set(re.findall(r"(?<![\w./:}~*<>-])/[a-z][\w/-]*", text_of(document)))
    said = {path for path in said if not Path(f"/{path.split('/')[1]}").is_dir()}
    routes = re.findall(r'{"(/\S*)", (true|false)', (ROOT / "server/web/routes.c").read_text())
    jobs = re.findall(r'^ +{.*"([a-z-]+)"', (ROOT / "server/jobs/job_table.c").read_text(), re.M)
    exact = {path for path, is_prefix in routes} | {f"/jobs/{job}" for job in jobs}
    assert {path for path in said if path not in exact
            and not any(known.startswith(f"{path.rstrip('/')}/") for known in exact)} == set()


def commands(text):
    """What is to be typed: code of a line's length or in a block, and a page's examples."""
    yield from re.findall(r"`([^`\n]+)`", text)
    for block in re.findall(r"^```.*?\n(.*?)^```|^\.Bd .*?\n(.*?)^\.Ed", text, re.M | re.S):
        yield from "".join(block).splitlines()
    yield from re.findall(r"^\.Dl (.*)", text, re.M)


@functools.cache
def options(name):
    path = {"simuld": program(), "simul-load": simul_load()}[name]
    done = subprocess.run([path, "--help"], text=True, capture_output=True, timeout=TIMEOUT,
                          check=True)
    return set(re.findall(r"(?<!\S)(-[A-Za-z]|--[a-z-]+)\b", done.stdout))


@every([*MARKDOWN, *PAGES])
def test_options_exist(document):
    for line in commands(text_of(document)):
        command = re.match(r"[$# ]*(?:build/bin/)?(simuld|simul-load) (.*)", line)
        if command:
            said = re.findall(r"(?<!\S)(-[A-Za-z]|--[a-z-]+)\b", re.split("[|#]", command[2])[0])
            assert set(said) - options(command[1]) == set(), line


# --- of the source ---


@every(ALL)
def test_files_exist(document):
    said = re.findall(r"(?<![\w./{}-])(?:deploy|loadtest|tests|server|proto|include|cmake)/[\w./*…-]*",
                      text_of(document))
    said = {name.rstrip("./") for name in said if not name.startswith(TO_COME)}
    assert unknown(said, [str(path) for path in (*FILES, *FOLDERS)]) == set()


def test_the_log_says_what_the_documents_say():
    names = re.findall(r"`([a-z_]+)=`", text_of(Path("deploy/sysctl.md")))
    assert names
    for name in names:
        assert any(f'LOG_INT("{name}"' in (ROOT / file).read_text() for file in FILES
                   if file.match("server/**/*.c")), name


# --- of the host ---


def host_settings():
    text = text_of(Path("deploy/sysctl.md"))
    yield from re.findall(r"\b(?:fs|kernel|net|vm)\.[a-z0-9_.-]+[a-z0-9]", text)
    yield from (f"net.ipv4.{name}" for name in re.findall(r"`(tcp_\w+)`", text))


def test_settings_of_the_kernel_exist():
    names = set(host_settings())
    assert len(names) > 8
    missing = {name for name in names if not Path("/proc/sys", *name.split(".")).exists()}
    assert missing - set(EXCUSED) == set()


def test_counters_of_the_kernel_exist():
    names = re.findall(r"\bTcpExt(\w+)", text_of(Path("deploy/sysctl.md")))
    counters = Path("/proc/net/netstat").read_text().split()
    assert names and set(names) - set(counters) == set()


def test_the_unit_has_the_limit_that_a_million_needs():
    row = re.search(r"^\| `LimitNOFILE=`.*?\|(.*?)\|(.*?)\|", text_of(Path("deploy/sysctl.md")), re.M)
    unit = text_of(Path("deploy/systemd/simuld.service.in"))
    assert f"\nLimitNOFILE={row[2].strip()}\n" in unit


def test_the_queue_of_a_listener_is_as_long_as_is_said():
    said = re.search(r"^net.core.somaxconn = (\d+)$", text_of(Path("deploy/sysctl.md")), re.M)[1]
    for file in ("listener.c", "unix_socket.c"):
        assert re.search(rf"\bBACKLOG = {said}\b", (ROOT / "server/net" / file).read_text())


# --- links ---


def anchors(text):
    """Of headings, as the usual places that show Markdown make them."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M):
        anchor = base = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        copies = 0
        while anchor in found:
            copies += 1
            anchor = f"{base}-{copies}"
        found.add(anchor)
    return found


@every(MARKDOWN)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        link = urllib.parse.urlsplit(target)
        if link.scheme:
            continue
        file = Path(os.path.normpath(document.parent / link.path)) if link.path else document
        assert file in FILES or file in FOLDERS, target
        assert not link.fragment or link.fragment in anchors(text_of(file)), target


def test_pages_refer_to_pages():
    said = {f"{name}.{section}" for page in PAGES
            for name, section in re.findall(r"^\.Xr (\S+) (\d)", text_of(page), re.M)}
    assert said <= set(PAGES)
