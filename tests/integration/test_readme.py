"""The README's tables say what the program says: settings with their defaults, commands,
capabilities, faults of the echo."""
import pathlib
import re

import pytest

from fault_table import faults
from irc import Client
from simuld import settings_of_help

README = pathlib.Path(__file__).parents[2] / "README.md"
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}


def table(heading):
    """The cells of the rows under the table's heading row, which begins so."""
    rows = []
    lines = iter(README.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            break
    for line in lines:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        rows.append([re.sub(r"\\([|<*])", r"\1", cell.strip()) for cell in cells])
    assert len(rows) > 1, f"no table of {heading}"
    return rows[1:]  # without the line of dashes


def code(text):
    return re.findall(r"`([^`]+)`", text)


# --- settings ---


def stated_defaults(cell, count):
    """What the README gives as the defaults of `count` settings: a text each, or None for words."""
    parts = cell.split(", ") if count > 1 and cell else [cell] * count
    for part in parts:
        number = re.fullmatch(r"(\d+) (KiB|MiB)", part)
        if number:
            yield str(int(number[1]) * UNITS[number[2]])
        elif code(part):
            yield code(part)[0]
        elif part == "":
            yield "(empty)"
        else:
            yield part if re.fullmatch(r"[\d.]+", part) else None


def test_settings_and_their_defaults():
    program = settings_of_help()
    stated = {}
    for names, defaults, *_ in table("setting"):
        names = code(names)
        stated.update(zip(names, stated_defaults(defaults, len(names)), strict=True))
    assert sorted(stated) == sorted(program)
    for name, default in program.items():
        if default == "-":
            continue  # every NAME has its own
        if stated[name] is None:
            assert default in ("auto", "(empty)"), f"{name} has a default: {default}"
        else:
            assert stated[name] == default, name


# --- commands and capabilities ---


@pytest.fixture
def asker(start):
    daemon = start()
    with Client(daemon.connect("irc")) as client:
        client.register("asker")
        yield client


def help_of(client, subject):
    """The title and the text."""
    client.send(f"HELP {subject}")
    title = client.expect_numeric("704", subject).params[-1]
    client.expect_numeric("705", subject)
    return title.strip(), client.expect_numeric("706", subject).params[-1]


def test_commands(asker):
    stated = {code(usage)[0].split()[0]: (code(usage)[0], text)
              for usage, text in table("command")}
    asker.send("HELP")
    asker.read()
    names = " ".join(m.params[-1] for m in asker.read_until("706")[:-1]).split()
    assert sorted(stated) == sorted(names)
    for name in names:
        assert help_of(asker, name) == stated[name]


def test_capabilities(asker):
    commands = [code(usage)[0].split()[0] for usage, _ in table("command")]
    stated = {code(name)[0]: text for name, text in table("capability")}
    asker.send("CAP LS 302")
    names = asker.expect("CAP").params[-1].split()
    assert list(stated) == names
    for name in names:
        if name.upper() not in commands:  # of which HELP would tell instead
            assert help_of(asker, name)[1] == stated[name]


# --- faults of the echo ---


def test_faults(daemon):
    stated = [(code(name)[0], value, where.split(", "), text)
              for name, value, where, text in table("fault")]
    assert stated == [(fault.name, fault.value.removeprefix("="), fault.places, fault.help)
                      for fault in faults(daemon)]


# --- files ---


def test_files_that_it_names_exist():
    root = README.parent
    tracked = [path.relative_to(root) for folder in ("include", "proto", "server", "tests", "loadtest",
                                                     "deploy")
               for path in (root / folder).rglob("*.*") if "node_modules" not in path.parts]
    named = re.findall(r"`([a-z0-9_/.]+\.(?:c|h|py|sh|mjs))`", README.read_text())
    assert len(named) > 20
    for name in named:
        assert any(f"/{path}".endswith(f"/{name}") for path in tracked), f"there is no {name}"
