"""Which certificate the server shows, and which it wants to see."""
import re
import signal
import socket
import ssl

import pytest

import certificates
from http_raw import HttpConnection, get
from irc import Client
from simuld import LISTENERS, TIMEOUT, client_tls, overrides, run, wait_until

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def default(authority):
    return certificates.settings(*authority.sign("default", "default.example"))


def connect(daemon, tls, name=None, listener="webtls"):
    sock = socket.create_connection(daemon.addresses[listener], timeout=TIMEOUT)
    return tls.wrap_socket(sock, server_hostname=name)


def shown(daemon, name=None, version=None):
    """The host names of the certificate that is shown to who asks for `name`."""
    tls = client_tls()
    if version:
        tls.minimum_version = tls.maximum_version = version
    with connect(daemon, tls, name) as sock:
        pem = ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True))
    text = certificates.openssl("x509", "-noout", "-ext", "subjectAltName", stdin=pem)
    return re.findall(r"DNS:(\S+?)(?:,|$)", text, re.M)


# --- by name ---


@pytest.mark.parametrize("version", VERSIONS)
def test_each_name_gets_its_certificate(start, authority, default, version):
    daemon = start(*default, *authority.section("chat", "chat.example.org", "*.example.org"),
                   *authority.section("other", "own.example"),
                   "tls.other.names=Other.example, *.other.example")
    chat, other = ["chat.example.org", "*.example.org"], ["own.example"]
    for name, expected in {"chat.example.org": chat, "CHAT.example.ORG": chat,
                           "irc.example.org": chat, "other.example": other,
                           "a.other.example": other, "own.example": ["default.example"],
                           "example.org": ["default.example"], None: ["default.example"],
                           "a.b.example.org": ["default.example"]}.items():
        assert shown(daemon, name, version) == expected, name


def test_clients_that_check_names_are_content(start, authority, default):
    daemon = start(*default, *authority.section("chat", "chat.example.org", "*.example.org"))
    tls = ssl.create_default_context(cafile=authority.path)
    for name in ("default.example", "chat.example.org", "web.example.org"):
        with HttpConnection(connect(daemon, tls, name)) as http:
            assert http.ask(get("/echo")).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(daemon, tls, "elsewhere.example")


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_are_resumed_under_each_name(start, authority, default, version):
    daemon = start(*default, *authority.section("chat", "chat.example.org"))
    tls = ssl.create_default_context(cafile=authority.path)
    tls.minimum_version = tls.maximum_version = version
    with HttpConnection(connect(daemon, tls, "chat.example.org")) as http:
        http.ask(get("/echo"))
        session = http.sock.session
    sock = socket.create_connection(daemon.addresses["webtls"], timeout=TIMEOUT)
    with tls.wrap_socket(sock, server_hostname="chat.example.org", session=session) as again:
        assert again.session_reused


def test_hup_reads_all_certificates_again_or_none(start, authority, default):
    daemon = start(*default, *authority.section("a", "a.example"),
                   *authority.section("b", "b.example"))
    authority.sign("a", "a.example", "new.example")
    certificate, _ = authority.sign("b", "b.example", "late.example")
    good = certificate.read_text()
    certificate.write_text("broken")
    daemon.signal(signal.SIGHUP)
    complaint = "configuration not reloaded, the old one stays"
    told = wait_until(lambda: daemon.log(complaint), "a complaint")
    assert told[0]["reason"].startswith("tls.b.certificate: ")
    assert shown(daemon, "a.example") == ["a.example"]
    certificate.write_text(good)
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: shown(daemon, "late.example") != ["default.example"], "the new certificates")
    assert shown(daemon, "a.example") == ["a.example", "new.example"]
    assert shown(daemon, "new.example") == ["a.example", "new.example"]


def refusal(*settings):
    """What a start with these settings is refused by."""
    done = run(*overrides([*LISTENERS, "listen.webtls.port=0", "listen.irctls.port=0", *settings]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_be_is_told_at_the_start(authority, default, tmp_path):
    section = authority.section("a", "a.example")
    nameless = authority.section("none")
    assert "tls.none.names: it is empty" in refusal(*default, *nameless)
    twice = authority.section("b", "c.example", "A.example")
    assert "tls.b.names: 'A.example' has another certificate, tls.a" in refusal(*section, *twice)
    (tmp_path / "key").write_text("broken")
    assert "tls.a.key: cannot use" in refusal(*section, f"tls.a.key={tmp_path / 'key'}")
    assert "tls.minimum.key" in refusal("tls.minimum.key=x")


@pytest.mark.parametrize("days, message", [(29, "certificate expires soon"), (31, None)])
def test_a_certificate_that_expires_soon_is_logged(start, authority, days, message):
    certificate, key = authority.sign("soon", "soon.example", days=days)
    daemon = start(*certificates.settings(certificate, key))
    wait_until(lambda: daemon.log("listening"), "what is logged behind that")
    seen = [line for line in daemon.log() if "expires" in line["msg"]]
    assert [line["msg"] for line in seen] == ([message] if message else [])
    if message:
        assert seen[0]["name"] == "default" and seen[0]["level"] == "warn"
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: len(daemon.log(message)) == 2, "another warning")


# --- of clients ---


@pytest.fixture(scope="module")
def shows(authority, tmp_path_factory):
    """What clients may show: certificate and key by name, or None."""
    own = tmp_path_factory.mktemp("own")
    stranger = certificates.Authority(tmp_path_factory.mktemp("stranger"), "Another Authority")
    return {"none": None, "valid": authority.sign("client", use="clientAuth"),
            "self-signed": certificates.make(own), "stranger's": stranger.sign("client"),
            "server's": authority.sign("server", "s.example", use="serverAuth")}


def is_let_in(daemon, show, version):
    """Whether an HTTP request is answered. With TLS 1.3 the refusal comes behind the handshake."""
    tls = client_tls()
    tls.minimum_version = tls.maximum_version = version
    if show:
        tls.load_cert_chain(*show)
    try:
        with connect(daemon, tls) as sock:
            sock.sendall(get("/echo", "Connection: close").encode())
            return sock.recv(1000).startswith(b"HTTP/1.1 200 ")
    except (ssl.SSLError, ConnectionError):
        return False


ALL = {"none", "valid", "self-signed", "stranger's", "server's"}
MATRIX = [("off", True, ALL), ("off", False, ALL), ("ask", True, {"none", "valid"}),
          ("ask", False, ALL), ("require", True, {"valid"})]


@pytest.mark.parametrize("wanted, has_authorities, let_in", MATRIX)
def test_who_is_let_in(start, authority, shows, wanted, has_authorities, let_in):
    daemon = start(f"listen.webtls.client_certificates={wanted}",
                   *([f"tls.client_authorities={authority.path}"] if has_authorities else []))
    for name, show in shows.items():
        for version in VERSIONS:
            assert is_let_in(daemon, show, version) == (name in let_in), (name, version)
    reasons = set()
    if "self-signed" not in let_in:
        reasons |= {"self-signed certificate", "unsuitable certificate purpose",
                    "unable to get local issuer certificate"}
    if "none" not in let_in:
        reasons |= {"peer did not return a certificate"}
    wait_until(lambda: reasons <= {line["reason"] for line in daemon.log("connection closed")},
               f"log lines of {reasons}")


def test_other_listeners_do_not_ask(start, authority, shows):
    daemon = start("listen.webtls.client_certificates=require",
                   f"tls.client_authorities={authority.path}")
    with Client(daemon.connect("irctls")) as client:
        assert client.register("someone")[0].command == "001"
    assert not is_let_in(daemon, shows["none"], VERSIONS[1])


def test_the_fingerprint_is_logged_and_told_to_oneself(start, shows):
    daemon = start("listen.irctls.client_certificates=ask", "log.level=debug",
                   "oper.root.password=secret")
    certificate, key = shows["self-signed"]
    expected = certificates.fingerprint(certificate)
    tls = client_tls()
    tls.load_cert_chain(certificate, key)
    with Client(connect(daemon, tls, listener="irctls")) as alice, \
            Client(daemon.connect("irctls")) as bob:
        def told(asker, nick):
            asker.send(f"WHOIS {nick}")
            return [m.params[2] for m in asker.read_until("318") if m.command == "276"]

        alice.register("alice")
        bob.register("bob")
        assert told(alice, "alice") == [f"has client certificate fingerprint {expected}"]
        assert told(alice, "bob") == told(bob, "alice") == told(bob, "bob") == []
        bob.send("OPER root secret")
        assert bob.read_until("381")[-1]
        assert told(bob, "alice") == [f"has client certificate fingerprint {expected}"]
    logged = wait_until(lambda: daemon.log("client certificate"), "a log line")
    assert [line["fingerprint"] for line in logged] == [expected]
    assert logged[0]["subject"] == "/CN=localhost"


def test_require_wants_to_know_who_vouches(tmp_path):
    told = refusal("tls.self_signed=on", "listen.webtls.client_certificates=require")
    assert "set tls.client_authorities" in told
    told = refusal("tls.self_signed=on", f"tls.client_authorities={tmp_path / 'none'}")
    assert "tls.client_authorities: cannot use" in told
