"""Runs simul-load, the program beside simuld, and reads its report."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from simuld import TIMEOUT, environment, program

DONE, FAILED, USAGE, EXPECTATION = 0, 1, 2, 3


def simul_load():
    return Path(os.environ.get("SIMUL_LOAD") or Path(program()).with_name("simul-load"))


class Run:
    """A run to its end. `report` is its JSON, None if there is none."""

    def __init__(self, *arguments, seconds=TIMEOUT):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "report.json"
            command = [simul_load(), *map(str, arguments)]
            if arguments and "--json" not in arguments:
                command += ["--json", path]
            done = subprocess.run(command, env=environment(), text=True, capture_output=True,
                                  timeout=seconds, check=False)
            self.report = json.loads(path.read_text()) if path.exists() else None
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __getitem__(self, key):
        assert self.report is not None, f"status {self.status}\n{self.out}\n{self.err}"
        return self.report[key]

    def errors(self):
        """By kind, those that there were."""
        return {kind: count for kind, count in self["errors_by_kind"].items() if count > 0}


def load(*arguments, status=DONE, **options):
    """A run that must end with this status."""
    run = Run(*arguments, **options)
    assert run.status == status, f"status {run.status}, not {status}\n{run.out}\n{run.err}"
    return run


class Script:
    """A server that is a Python script here: it prints where it listens, and what it did."""

    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name(script), *map(str, arguments)],
            stdout=subprocess.PIPE, text=True)
        word, self.address = self.process.stdout.readline().split()
        assert word == "listening"
        self.said = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=TIMEOUT)
        assert self.process.returncode == 0
        self.said = json.loads(out)
