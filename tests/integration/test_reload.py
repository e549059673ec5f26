"""HUP and REHASH: what comes into force, what is only named, and what is left alone."""
import json
import signal
import socket
import threading

import pytest

import certificates
from http_raw import HttpConnection, get, post
from irc import Client
from simuld import LISTENERS, TIMEOUT, TLS, client_tls, dial, overrides, wait_until
from ws_raw import BINARY, PING, WebSocket, frame, upgrade

SETTINGS = """
[chat]
flood_lines_per_second = 0
ping_seconds = 100
[oper.root]
password = secret
"""


class Reloaded:
    """A daemon whose settings stand in a file, but for its ports."""

    def __init__(self, start, path, text="", loops=1):
        self.path = path
        self.write(text)
        self.daemon = start(arguments=["-c", str(path), *overrides(
            [*LISTENERS, *TLS, "log.format=json", f"loops={loops}", "drain_seconds=1"])])
        self.daemon.loops = loops

    def write(self, text, settings=SETTINGS):
        self.path.write_text(text + settings, encoding="utf-8")

    def count(self, msg):
        return len(self.daemon.log(msg))

    def hup(self, text, msg="configuration reloaded", settings=SETTINGS):
        """The log line of it. Other loops than the first may hear of it a little later."""
        self.write(text, settings)
        before = self.count(msg)
        self.daemon.signal(signal.SIGHUP)
        wait_until(lambda: self.count(msg) > before, msg)
        return self.daemon.log(msg)[-1]


@pytest.fixture
def reloaded(start, tmp_path, loops):
    return lambda text="": Reloaded(start, tmp_path / "simul.conf", text, loops)


def names(line):
    return set(filter(None, line["settings"].split(", ")))


# --- all or nothing ---


@pytest.mark.parametrize("text, reason", [
    ("[chat]\nping_second = 5\n", "chat.ping_second"),
    ("[chat]\nping_seconds = often\n", "chat.ping_seconds"),
    ("what is this\n", "expected [section]"),
    ("[tls]\nself_signed = off\ncertificate = /nonexistent\nkey = /nonexistent\n", "tls.self_signed"),
    ("[tls.other]\nnames = a.example\ncertificate = /nonexistent\nkey = /nonexistent\n", "/nonexistent"),
])
def test_what_is_broken_changes_nothing(reloaded, text, reason):
    server = reloaded("[server]\nadmin = before\n")
    broken = server.hup("[server]\nadmin = after\n" + text,
                        "configuration not reloaded, the old one stays")
    assert reason in broken["reason"]
    assert broken["level"] == "error"
    assert server.daemon.metric("simul_config_last_reload_successful") == 0
    assert server.daemon.metric("simul_config_reloads_total", result="failed") == 1
    with Client(server.daemon.connect("irc")) as someone:
        someone.register("someone")
        someone.send("ADMIN")
        assert someone.read_until("259")[-1].params[-1] == "before"


def test_a_file_that_has_gone_changes_nothing(reloaded):
    server = reloaded("[server]\nadmin = before\n")
    server.path.unlink()
    server.daemon.signal(signal.SIGHUP)
    wait_until(lambda: server.count("configuration not reloaded, the old one stays"), "a complaint")
    with Client(server.daemon.connect("irc")) as someone:
        someone.register("someone")
        someone.send("ADMIN")
        assert someone.read_until("259")[-1].params[-1] == "before"


def test_names_are_told_and_never_values(reloaded):
    server = reloaded()
    assert server.daemon.metric("simul_config_reloads_total") == 0
    line = server.hup("[server]\npassword = hushhush\n[ws]\ndeflate = on\n"
                      "[oper.new]\npassword = topsecret\n[limits]\nout_bytes = 99999\n")
    assert names(line) == {"server.password", "ws.deflate", "oper.new", "limits.out_bytes"}
    assert line["changed"] == 4
    assert not server.daemon.log("settings that differ need a restart")
    for word in ("hushhush", "topsecret", "99999"):
        assert word not in server.daemon.stderr()
    assert names(server.hup("")) == {"server.password", "ws.deflate", "oper.new", "limits.out_bytes"}
    assert names(server.hup("")) == set()


def test_what_needs_a_restart_is_named_each_time(reloaded):
    server = reloaded()
    text = ("[server]\nnetwork = elsewhere\n[chat]\nnick_length = 9\n[jobs]\nworkers = 3\n"
            "[listen.more]\nport = 0\n")
    for _ in range(2):
        line = server.hup(text, "settings that differ need a restart")
        assert line["level"] == "warn"
        assert names(line) == {"server.network", "chat.nick_length", "jobs.workers", "listen.more"}
    with Client(server.daemon.connect("irc")) as someone:
        someone.register("a-nick-of-more-than-9")
        someone.send("VERSION")
        assert "NETWORK=simul" in [param for message in someone.sync() for param in message.params]


# --- what comes into force ---


def test_limits_hold_for_who_is_there(reloaded):
    server = reloaded()
    with HttpConnection(server.daemon.connect("web")) as http:
        assert http.ask(post("/echo", b"x" * 1000)).status == 200
        server.hup("[limits]\nbody_bytes = 999\n")
        assert http.ask(post("/echo", b"x" * 999)).status == 200
        wait_until(lambda: http.ask(post("/echo", b"x" * 1000)).status == 413, "the limit")


def test_time_outs_hold_for_who_is_there(reloaded):
    server = reloaded()
    with server.daemon.connect("irc") as silent, WebSocket(server.daemon.connect("web")) as ws:
        silent.sendall(b"NICK silent\r\nUSER u 0 * :u\r\n")
        server.hup("[ws]\nping_seconds = 1\n")
        assert ws.read().opcode == PING
        server.hup("", settings=SETTINGS.replace("ping_seconds = 100", "ping_seconds = 1"))
        heard = b""
        while data := silent.recv(1 << 16):
            heard += data
        assert b" PING :" in heard and b"(Ping timeout: 1 seconds)" in heard


def test_limits_by_address_begin_change_and_end(reloaded):
    server = reloaded()
    echoes = [server.daemon.connect("echo") for _ in range(5)]
    for sock in echoes:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"

    def is_let_in():
        with server.daemon.connect("echo") as sock:
            sock.sendall(b"x")
            try:
                return sock.recv(1) == b"x"
            except ConnectionError:
                return False

    def hup(limit):
        server.hup(f"[limits]\nconnections_per_address = {limit}\n")

    for limit, expected in ((5, False), (6, True), (4, False), (0, True), (5, False)):
        hup(limit)
        wait_until(lambda e=expected: is_let_in() == e, f"a limit of {limit}")
    for sock in echoes:
        sock.close()
    wait_until(is_let_in, "room")


def test_limits_that_begin_leave_a_proxys_requests_alone(reloaded):
    settings = "[proxy]\ntrusted = 127.0.0.1\n"
    server = reloaded(settings)

    def open_for(ip):
        with HttpConnection(server.daemon.connect("web")) as http:
            return http.ask(upgrade("/echo", f"X-Forwarded-For: {ip}")).status

    def told(http, ip):
        return json.loads(http.ask(get("/echo", f"X-Forwarded-For: {ip}")).body)["peer"]

    with HttpConnection(server.daemon.connect("web")) as http, \
            WebSocket(server.daemon.connect("web"), "/echo", "X-Forwarded-For: 192.0.2.9"):
        assert told(http, "192.0.2.1") == "192.0.2.1:0"
        server.hup(settings + "[limits]\nconnections_per_address = 1\n")
        wait_until(lambda: open_for("192.0.2.9") == 429, "the limit")
        assert open_for("192.0.2.1") == 101
        assert told(http, "192.0.2.2") == "192.0.2.2:0"


def refuses_connections(daemon, name):
    try:
        dial(daemon.addresses[name]).close()
    except (ConnectionError, FileNotFoundError):
        return True
    return False


def test_a_listener_that_is_gone_closes_and_its_connections_stay(reloaded, tmp_path):
    path = tmp_path / "socket"
    text = f"[listen.more]\nport = 0\nprotocol = echo\n[listen.local]\naddress = unix:{path}\n"
    server = reloaded(text)
    with server.daemon.connect("more") as more, HttpConnection(dial(str(path))) as local:
        line = server.hup("[server]\nadmin = x\n")
        assert names(line) == {"listen.more", "listen.local", "server.admin"}
        wait_until(lambda: server.count("no longer listening") == 2, "both")
        host, port = server.daemon.addresses["more"]
        assert {line["name"]: line["address"] for line in server.daemon.log("no longer listening")} \
            == {"more": f"{host}:{port}", "local": f"unix:{path}"}
        for name in ("more", "local"):
            wait_until(lambda name=name: refuses_connections(server.daemon, name), name)
        wait_until(lambda: not path.exists(), "the end of the socket's file")
        more.sendall(b"still here")
        assert more.recv(10, socket.MSG_WAITALL) == b"still here"
        assert local.ask(get("/echo")).status == 200
        line = server.hup(text, "settings that differ need a restart")
        assert names(line) == {"listen.more", "listen.local"}
        assert refuses_connections(server.daemon, "more")
        assert server.daemon.connect("echo")


def test_without_a_certificate_listeners_with_tls_close_by_name_only(start, tmp_path):
    at = {name: f"address = unix:{tmp_path / name}\n" for name in ("webtls", "irctls")}
    tls = "[tls]\nself_signed = on\n"
    ports = "".join(f"[listen.{name}]\n{address}" for name, address in at.items())
    path = tmp_path / "simul.conf"
    path.write_text(tls + ports, encoding="utf-8")
    daemon = start(arguments=["-c", str(path), *overrides([*LISTENERS, "log.format=json"])])

    def hup(text, msg):
        path.write_text(text, encoding="utf-8")
        before = len(daemon.log(msg))
        daemon.signal(signal.SIGHUP)
        return wait_until(lambda: daemon.log(msg)[before:], msg)[0]

    refusal = hup(ports, "configuration not reloaded, the old one stays")
    assert "listen.webtls.port=off" in refusal["reason"]
    dial(str(tmp_path / "webtls")).close()
    hup(tls + "".join(f"[listen.{name}]\nport = off\n" for name in at), "configuration reloaded")
    wait_until(lambda: not (tmp_path / "webtls").exists(), "the end of the socket's file")
    hup("", "configuration reloaded")


def test_listeners_and_echo(reloaded):
    server = reloaded()
    with HttpConnection(server.daemon.connect("web")) as http:
        assert http.ask(get("/echo?chop=1")).status == 403
        server.hup("[echo]\nfaults = on\n")
        wait_until(lambda: http.ask(get("/echo?chop=1")).status == 200, "faults")
        server.hup("[echo]\nfaults = on\n[listen.web]\nfaults = off\n")
        wait_until(lambda: http.ask(get("/echo?chop=1")).status == 403, "no faults here")


def test_certificates_of_clients_are_wanted_and_no_more(reloaded, tmp_path):
    authority = certificates.Authority(tmp_path / "authority")
    vouched = f"[tls]\nclient_authorities = {authority.path}\n[listen.webtls]\n"
    certificate = authority.sign("client")
    server = reloaded(f"{vouched}client_certificates = require\n")

    def is_let_in(*shown):
        tls = client_tls()
        if shown:
            tls.load_cert_chain(*shown)
        sock = socket.create_connection(server.daemon.addresses["webtls"], TIMEOUT)
        try:
            with HttpConnection(tls.wrap_socket(sock)) as http:
                return http.ask(get("/echo")).status == 200
        except OSError:
            return False

    assert is_let_in(*certificate) and not is_let_in()
    server.hup("")
    wait_until(lambda: is_let_in(*certificate) and is_let_in(), "that nobody is asked")
    server.hup(f"{vouched}client_certificates = require\n")
    wait_until(lambda: is_let_in(*certificate) and not is_let_in(), "that all are asked")


def test_who_may_come(reloaded):
    server = reloaded()

    def status(origin):
        with HttpConnection(server.daemon.connect("web")) as http:
            return http.ask(upgrade("/echo", f"Origin: {origin}"), to_head=True).status

    assert status("https://a.example") == 403
    server.hup("[ws]\norigins = https://a.example\n")
    wait_until(lambda: status("https://a.example") == 101, "the origin")
    server.hup("[server]\npassword = open\n")

    def is_refused():
        with Client(server.daemon.connect("irc")) as stranger:
            stranger.send("NICK stranger", "USER u 0 * :u")
            return stranger.read().command == "464"

    wait_until(is_refused, "the password")
    with Client(server.daemon.connect("irc")) as friend:
        friend.send("PASS open")
        friend.register("friend")


def test_channels_become_quiet_and_loud_again(reloaded):
    server = reloaded()
    with Client(server.daemon.connect("irc")) as alice:
        alice.register("alice")
        alice.join("#room")

        def hears_of(nick):
            with Client(server.daemon.connect("irc")) as other:
                other.register(nick)
                other.join("#room")
                heard = any(m.command == "JOIN" for m in alice.sync())
            alice.sync()
            return heard

        server.hup("[channel]\nquiet_members = 1\n")
        count = iter(range(1000))
        wait_until(lambda: not hears_of(f"quiet{next(count)}"), "a quiet channel")
        server.hup("")
        wait_until(lambda: hears_of(f"loud{next(count)}"), "a loud one")


def test_an_operator_is_told_what_came_of_it(reloaded):
    server = reloaded()
    people = [Client(server.daemon.connect_to_loop("irc", i)[0]) for i in range(server.daemon.loops)]
    for number, person in enumerate(people):
        person.register(f"person{number}")
        person.send("OPER root secret")
        person.read_until("381")
        server.write(f"[chat]\nmotd = /{number}\n[jobs]\nworkers = 7\n")
        person.send("REHASH")
        person.read_until("382")
        said = person.read_until("NOTICE")[-1].params[-1]
        assert said == "Reloaded; settings changed: 1; a restart is needed for: jobs.workers"
        server.write("[chat]\nmood = good\n")
        said = "A reload is under way; another follows it"
        while said == "A reload is under way; another follows it":
            person.send("REHASH")
            said = person.read_until("NOTICE")[-1].params[-1]
        assert "chat.mood" in said
        person.close()


# --- under load ---


class Busy(threading.Thread):
    """Echoes and chats until it is told to stop; fails if anybody else's answer comes."""

    def __init__(self, daemon, number):
        super().__init__()
        self.daemon_addresses, self.number = daemon.addresses, number
        self.server, self.rounds, self.failure = daemon, 0, None
        self.stopped = threading.Event()

    def run(self):
        try:
            with self.server.connect("echo") as echo, WebSocket(self.server.connect("web")) as ws, \
                    Client(self.server.connect("irc")) as irc, \
                    HttpConnection(self.server.connect("web")) as http:
                irc.register(f"busy{self.number}")
                irc.join("#busy")
                while not self.stopped.is_set():
                    self.round(echo, ws, irc, http)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def round(self, echo, ws, irc, http):
        self.rounds += 1
        data = f"{self.number}.{self.rounds}".encode()
        echo.sendall(data)
        assert echo.recv(len(data), socket.MSG_WAITALL) == data
        ws.send(frame(BINARY, data))
        assert ws.read().payload == data
        assert http.ask(post("/echo", data)).status == 200
        irc.send(f"PRIVMSG #busy :{data.decode()}", "PING x")
        irc.read_until("PONG")
        with self.server.connect("echo") as fresh:
            fresh.sendall(b"y")
            assert fresh.recv(1) == b"y"


def test_reloads_under_load_harm_nobody(reloaded):
    server = reloaded()
    busy = [Busy(server.daemon, number) for number in range(4)]
    for one in busy:
        one.start()
    for turn in range(50):
        server.hup(f"[ws]\nping_seconds = {20 + turn}\norigins = https://{turn}.example\n"
                   f"[chat]\nmotd = {server.path}\n[limits]\nbody_bytes = {5000 + turn}\n"
                   f"connections_per_address = {turn % 3 and 1000}\n"
                   f"[channel]\nquiet_members = {1 + turn % 2 * 1000}\n"
                   f"[oper.o{turn}]\npassword = x\n[listen.web]\nfaults = {'off on'.split()[turn % 2]}\n")
    for one in busy:
        one.stopped.set()
    for one in busy:
        one.join(60)
        assert one.failure is None, one.failure
        assert one.rounds > 3
    assert not server.daemon.log("configuration not reloaded, the old one stays")
    server.daemon.stop()
