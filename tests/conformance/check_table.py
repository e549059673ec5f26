"""Holds README.md to the tests, and the tests to README.md; its complaints are the output.

A row is "| 5.5.1 | what it asks | server | `suite/name`, `file.py::name` |" below a heading that
names the RFC. Tests of other folders may be named too, wherever they are below tests/."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
BINDS = ("server", "client", "both")
CRITERION = re.compile(r"^Test\(\s*(\w+),\s*(\w+)", re.MULTILINE)
PYTEST = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)


def tests_below(folder):
    """The names of all tests, as the table gives them; one that is there twice comes twice."""
    for path in sorted(folder.rglob("*_test.c")):
        for suite, name in CRITERION.findall(path.read_text()):
            yield f"{suite}/{name}"
    for path in sorted(folder.rglob("test_*.py")):
        if "node_modules" not in path.parts:
            for name in PYTEST.findall(path.read_text()):
                yield f"{path.name}::{name}"


def rows():
    """(line number, RFC, cells) of each row."""
    rfc = None
    for number, line in enumerate((HERE / "README.md").read_text().splitlines(), 1):
        heading = re.match(r"## RFC (\d+)", line)
        if heading:
            rfc = heading[1]
        if line.startswith("| ") and not line.startswith(("| § |", "| --- |")):
            yield number, rfc, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def is_named_after(test, rfc, clause):
    number = clause.replace(".", "_")
    return re.match(rf"rfc{rfc}_{number}/|test_rfc{rfc}_\w+\.py::test_{number}_(?!\d)", test)


def complaints():
    everywhere = list(tests_below(HERE.parent))
    here = list(tests_below(HERE))
    for test in sorted({test for test in here if everywhere.count(test) > 1}):
        yield f"{test}: there is more than one"

    seen = set()
    at_home = set()  # named beside the clause that they are named after
    for number, rfc, cells in rows():
        where = f"README.md:{number}"
        if len(cells) != 4:
            yield f"{where}: {len(cells)} cells, not 4"
            continue
        clause, asks, binds, cell = cells
        if not re.fullmatch(r"\d+(\.\d+)*", clause):
            yield f'{where}: "{clause}" is no section'
        if binds not in BINDS:
            yield f'{where}: binds "{binds}"'
        if (rfc, clause, asks) in seen:
            yield f"{where}: this row is there twice"
        seen.add((rfc, clause, asks))

        named = re.findall(r"`([^`]+)`", cell)
        if not named and not cell.startswith("not applicable: "):
            yield f"{where}: no test"
        for test in sorted(set(named)):
            if test not in everywhere:
                yield f"{where}: there is no test {test}"
            if named.count(test) > 1:
                yield f"{where}: {test} is named twice"
            if is_named_after(test, rfc, clause):
                at_home.add(test)
    for test in sorted(set(here) - at_home):
        yield f"{test} is not in README.md beside the clause that it is named after"


found = list(complaints())
print("\n".join(found))
sys.exit(1 if found else 0)
