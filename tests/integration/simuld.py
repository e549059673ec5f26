"""Starts the real daemon for a test, tells where it listens, and stops it again.

SIMULD names the program. All ports are free ones; readiness is what the daemon prints, never a
guess. TIMEOUT is only ever used up when something is broken.
"""
import http.client
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TIMEOUT = 120

LISTENERS = [
    "listen.web.port=0",
    "listen.irc.port=0",
    "listen.echo.port=0",
    "admin.port=0",
    "listen.six.address=::1",
    "listen.six.port=0",
    "listen.echosix.address=::1",
    "listen.echosix.port=0",
    "listen.echosix.protocol=echo",
]
BRIEF = ["drain_seconds=1"]  # many a test ends the daemon while clients of its are still there
TALKATIVE = ["chat.flood_lines_per_second=0"]  # tests say much in a short time
TLS = ["tls.self_signed=on", "listen.webtls.port=0", "listen.irctls.port=0"]

# AddressSanitizer keeps freed memory back, ThreadSanitizer the past of all memory; where a test
# measures memory, they may keep little.
MEASURED = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
                            "malloc_context_size=0",
            "TSAN_OPTIONS": "flush_memory_ms=100"}


def program():
    path = os.environ.get("SIMULD")
    assert path, "SIMULD names the daemon to test"
    return path


def environment(extra=None):
    """Ours without SIMUL_…, which the daemon would take for settings; sanitizer options add up.

    Where root runs the tests the daemon stays root, since the directories of the tests are root's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SIMUL_")}
    if os.geteuid() == 0:
        env["SIMUL_DAEMON_USER"] = "root"
    for name, value in (extra or {}).items():
        is_options = name.endswith("SAN_OPTIONS") and name in env
        env[name] = f"{env[name]}:{value}" if is_options else value
    return env


def run(*arguments, env=None):
    """Runs the daemon to its end: for command lines that do not serve."""
    return subprocess.run([program(), *arguments], env=environment(env), text=True,
                          capture_output=True, timeout=TIMEOUT, check=False)


def settings_of_help():
    """What --help says of settings: {name: default}."""
    lines = run("--help").stdout.split("SETTING ", 1)[1].split("\n\n")[0]  # listeners follow
    return dict(re.findall(r"^  ([a-z][\w.A-Z]+) +(\S+)", lines, re.M))


def overrides(settings):
    return [word for setting in settings for word in ("-o", setting)]


def wait_until(condition, what="the condition", seconds=TIMEOUT):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds} s"
        time.sleep(0.01)


def seconds_of(action):
    """How long it takes. What is to take long is to begin with what is sent: who looks at the clock
    behind that may be late."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


given_ports = set()  # by free_port, to this process


def free_port():
    """A port that nothing listens on; for programs that must be told one. It is below those that the
    kernel gives to others in the meantime, and no other process of pytest is given it: two HAProxies
    would share a port, and neither would say so."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first_given = int(file.read().split()[0])
    while True:
        port = random.randrange(min(10_000, first_given // 2), first_given)
        if port % workers != worker or port in given_ports:
            continue
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                continue


def processes_of_session(leader):
    """The ids of all processes of a session that live."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, session = fields[0], int(fields[3])
        if session == leader and state != "Z":
            found.append(int(entry))
    return found


class Daemon:
    def __init__(self, *settings, loops=1, arguments=None, env=None, before=(), stderr=None):
        """`arguments`, where given, replace everything: listeners, loops and settings. `before` are
        words that stand before the program's; `stderr` is a file for its standard error."""
        if arguments is None:
            arguments = overrides([*LISTENERS, *TLS, *TALKATIVE, *BRIEF, "log.format=json",
                                   f"loops={loops}", *settings])
        self.loops = loops
        self.stderr_file = stderr or tempfile.TemporaryFile("w+b")
        # A session of its own, so that whatever is left of it can be found.
        self.process = subprocess.Popen([*before, program(), *arguments], env=environment(env),
                                        stdout=subprocess.PIPE, stderr=self.stderr_file,
                                        start_new_session=True)
        self.lines = []  # what stood on standard output, up to "ready"
        self.addresses = {}
        try:
            self.await_ready()
        except BaseException:
            self.kill()
            raise

    def await_ready(self):
        while True:
            line = self.process.stdout.readline().decode()
            assert line, f"ended before it was ready: {self.stderr()}"
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1] == "ready":
                return
            listening = re.fullmatch(r"listening (\S+) (?:unix:(\S+)|(\S+):(\d+))", self.lines[-1])
            assert listening, f"unexpected on standard output: {line}"
            name, path, address, port = listening.groups()
            self.addresses[name] = path or (address.strip("[]"), int(port))

    # --- its processes ---

    @property
    def pid(self):
        return self.process.pid

    def processes(self):
        """The ids of all its processes that live: those of its session."""
        return processes_of_session(self.pid)

    def rss_kb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))

    # --- what it says ---

    def stderr(self):
        return os.pread(self.stderr_file.fileno(), 1 << 24, 0).decode()

    def log(self, msg=None):
        """Its log lines as dictionaries, all or those with this message."""
        lines = [json.loads(line) for line in self.stderr().split("\n")[:-1] if line[:1] == "{"]
        return [line for line in lines if msg is None or line["msg"] == msg]

    def lines_of(self, client, msg):
        """Its log lines about a client, which is a socket or, when that is closed, its address."""
        host, port = (client if isinstance(client, tuple) else client.getsockname())[:2]
        peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return [line for line in self.log(msg) if line.get("peer") == peer]

    def log_of(self, client, msg):
        """Waits for the first such line, which those of others may come before."""
        return wait_until(lambda: self.lines_of(client, msg), f'"{msg}" of {client}')[0]

    def admin(self, path):
        """Status and text of a page of the admin listener."""
        host, port = self.addresses["admin"]
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=TIMEOUT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def stats(self):
        return json.loads(self.admin("/stats")[1])

    def metric(self, name, **labels):
        """The sum of a metric over its samples that have these labels."""
        samples = re.findall(rf"^{name}(?:{{([^}}]*)}})? (\S+)$", self.admin("/metrics")[1], re.M)
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        values = [value for said, value in samples if wanted <= set(said.split(","))]
        assert values, f"there is no metric {name} with {labels}"
        return sum(float(value) for value in values)

    # --- clients ---

    def port(self, name):
        return self.addresses[name][1]

    def url(self, name, path="/", scheme="http"):
        host, port = self.addresses[name]
        host = f"[{host}]" if ":" in host else host
        return f"{scheme}://{host}:{port}{path}"

    def connect(self, name, source=None):
        """A connected socket, from that address of ours; over TLS where the name says so."""
        sock = dial(self.addresses[name], source)
        return client_tls().wrap_socket(sock) if name.endswith("tls") else sock

    def connect_to_loop(self, name, wanted=None):
        """A connected socket and the index of the loop that has it: the one wanted, or any.

        The kernel chooses the loop by the client's port, so the wanted one takes a few tries. That
        a loop accepts is seen on one admin connection, which is counted before it is looked at."""
        admin = http.client.HTTPConnection(*self.addresses["admin"], timeout=TIMEOUT)

        def accepted():
            admin.request("GET", "/stats")
            return [loop["accepted"] for loop in json.load(admin.getresponse())["loops"]]

        try:
            while True:
                before = accepted()
                sock = self.connect(name)
                after = wait_until(lambda: (now := accepted()) != before and now, "an accept")
                index = next(i for i in range(len(after)) if after[i] != before[i])
                if wanted in (None, index):
                    return sock, index
                sock.close()
        finally:
            admin.close()

    # --- its end ---

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit status."""
        return self.process.wait(TIMEOUT)

    def stop(self):
        """Ends it by TERM and checks that it leaves in good order and leaves nothing behind."""
        self.signal(signal.SIGTERM)
        self.expect_good_end()

    def expect_good_end(self):
        try:
            status = self.wait()
            complaint = f"exit status {status}; on standard error:\n{self.stderr()[-8000:]}"
            assert status == 0, complaint
            assert not re.search(r"Sanitizer|runtime error:", self.stderr()), complaint
            assert self.process.stdout.read() == b"", "more on standard output than it promised"
            wait_until(lambda: not self.processes(), "the end of its processes")
        finally:
            self.kill()

    def kill(self):
        """Leaves nothing of it alive, whatever has happened; safe to be called again."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(TIMEOUT)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None and self.process.poll() is None:
            self.stop()
        else:
            self.kill()
        self.stderr_file.close()


def dial(address, source=None):
    """A socket that is connected to a pair of address and port, from that address of ours, or to a
    path."""
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT)
        sock.connect(address)
        return sock
    sock = socket.create_connection(address, TIMEOUT, source and (source, 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def reset(sock):
    """Closes it so that its peer is told of no end, but of a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def client_tls():
    """Sockets that it wraps tell an end without close_notify from a clean one, if they are told not
    to suppress_ragged_eofs."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
