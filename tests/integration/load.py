"""Runs simul-load, the program beside simuld, and reads its report."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from simuld import TIMEOUT, environment, processes_of_session, program, wait_until
from tools import TESTS, tool

DONE, FAILED, USAGE, EXPECTATION = 0, 1, 2, 3

# Where a daemon is to be found by a kind of URL; `echotls` is none of its usual listeners.
LISTENERS = {"tcp": "echo", "tls": "echotls", "irc": "irc", "ircs": "irctls",
             "ws": "web", "wss": "webtls", "http": "web", "https": "webtls"}
ECHOTLS = ["listen.echotls.port=0", "listen.echotls.protocol=echo", "listen.echotls.tls=on"]


def url(daemon, scheme, path="/echo", host="127.0.0.1"):
    """Of a daemon; the path is for those that have one."""
    name = LISTENERS[scheme]
    return f"{scheme}://{host}:{daemon.port(name)}{path if name.startswith('web') else ''}"


def trust(scheme):
    """Options for certificates that nobody has signed."""
    return ["-k"] if LISTENERS[scheme].endswith("tls") else []


def simul_load():
    return Path(os.environ.get("SIMUL_LOAD") or Path(program()).with_name("simul-load"))


class Run:
    """A run to its end. `report` is its JSON, None if there is none."""

    def __init__(self, *arguments, seconds=TIMEOUT):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "report.json"
            command = [simul_load(), *map(str, arguments)]
            if arguments and arguments[0] != "compare" and "--json" not in arguments:
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


class Started:
    """A run that goes on, in a session of its own: `said` is what it has written so far, to a pipe
    or, if `is_terminal`, to the terminal that controls it."""

    def __init__(self, *arguments, is_terminal=False, before=()):
        command = [*before, simul_load(), *map(str, arguments)]
        env = environment({"TERM": "xterm"})
        self.said = ""
        if is_terminal:
            self.reader, writer = pty.openpty()
            termios.tcsetwinsize(writer, (24, 80))
            self.process = subprocess.Popen(
                command, env=env, stdin=writer, stdout=writer, stderr=writer,
                start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        else:
            self.reader, writer = os.pipe()
            self.process = subprocess.Popen(command, env=env, stdout=writer, stderr=writer,
                                            start_new_session=True)
        os.close(writer)

    def read(self, seconds):
        """Whether more may come."""
        if not select.select([self.reader], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self.reader, 65536)
        except OSError:  # a terminal that nobody writes to any more
            return False
        self.said += more.decode(errors="replace")
        return bool(more)

    def await_said(self, text, times=1):
        """Waits until it says so, so often from now on."""
        begin, deadline = len(self.said), time.monotonic() + TIMEOUT
        while self.said.count(text, begin) < times:
            assert self.read(1) and time.monotonic() < deadline, f"not '{text}':\n{self.said}"

    def await_end(self):
        """Its exit status, once nothing of it is left."""
        deadline = time.monotonic() + TIMEOUT
        while self.read(1):
            assert time.monotonic() < deadline, f"does not end:\n{self.said}"
        status = self.process.wait(TIMEOUT)
        wait_until(lambda: not self.processes(), "the end of its processes")
        return status

    def processes(self):
        return processes_of_session(self.process.pid)

    def children(self):
        return [pid for pid in self.processes() if pid != self.process.pid]

    def press(self, key):
        os.write(self.reader, key)

    def close(self):
        """Closes the pipe or the terminal."""
        os.close(self.reader)
        self.reader = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)
        if self.reader is not None:
            self.close()


@contextlib.contextmanager
def foreign_server(*command, **options):
    """A server that was not written here; gives its port, which is in the first line that it prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as server:
        try:
            yield int(re.search(r"\b\d{4,5}\b", server.stdout.readline())[0])
        finally:
            server.kill()


def node(script):
    """A server in JavaScript, with the packages of tests/."""
    return foreign_server(tool("node"), "-e", script, cwd=TESTS)


def npm_ws(then="c.on('message', (m, b) => c.send(m, {binary: b}))", options=""):
    """npm's ws, and what it does with a connection `c`: it echoes, normally."""
    assert (TESTS / "node_modules" / "ws").is_dir(), "npm's ws is not installed"
    return node(f"const {{WebSocketServer}} = require('ws');"
                f"const s = new WebSocketServer({{port: 0, host: '127.0.0.1', {options}}},"
                f" () => console.log(s.address().port)); s.on('connection', c => {then});")


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
