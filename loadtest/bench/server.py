"""An echo server that is measured: starts it, knows its address, stops it."""
import os
import select
import subprocess
import time

START_SECONDS = 15


class Server:
    """`command` prints "listening NAME HOST:PORT" when it can be connected to. On `core`, unless
    None, it runs as a batch task, which takes turns with others in long slices."""

    def __init__(self, name, command, scheme="tcp", path="/", core=None):
        self.name = name
        place = [] if core is None else ["taskset", "-c", str(core), "chrt", "-b", "0"]
        self.process = subprocess.Popen([*place, *command], stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.scheme = scheme
        try:
            self.url = f"{scheme}://{self._await_address()}{path}"
        except BaseException:
            self.stop()
            raise

    def _await_address(self):
        output, deadline = b"", time.monotonic() + START_SECONDS
        while not output.endswith(b"\n"):
            left = max(0, deadline - time.monotonic())
            readable = select.select([self.process.stdout], [], [], left)[0]
            piece = os.read(self.process.stdout.fileno(), 4096) if readable else b""
            if piece == b"":
                raise SystemExit(f"{self.name} does not start")
            output += piece
        listening, _, address = output.decode().splitlines()[0].split()
        assert listening == "listening"
        return address

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def options_of(settings):
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


ALONE = {"listen.irc.port": "off", "admin.port": "off", "jobs.enabled": "off",
         "log.level": "error"}


def simuld(binary, core=None):
    """The daemon on one loop, with nothing but its web listener."""
    settings = {**ALONE, "loops": 1, "listen.web.port": 0, "listen.echo.port": "off"}
    return Server("simuld", [binary, *options_of(settings)], "ws", "/echo", core)


def simuld_tcp(binary, loops):
    """The same with nothing but its TCP echo."""
    settings = {**ALONE, "loops": loops, "listen.web.port": "off", "listen.echo.port": 0}
    return Server(f"simuld, loops={loops}", [binary, *options_of(settings)], "tcp", "")
