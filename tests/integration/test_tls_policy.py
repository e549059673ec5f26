"""Versions, ciphers and groups: by default, as the settings say, and as testssl.sh judges them."""
import json
import re
import subprocess

import pytest

import certificates
from simuld import Daemon, TIMEOUT, overrides, run

TESTSSL_SECONDS_MAX = 290
LOUDER_THAN_LOW = {"MEDIUM", "HIGH", "CRITICAL", "FATAL"}


def agreed(daemon, *options):
    """Version and cipher that `openssl s_client` agrees on; None if there are none."""
    host, port = daemon.addresses["webtls"]
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", *options],
                          input=b"", capture_output=True, timeout=TIMEOUT, check=False)
    version, cipher = re.search(rb"^New, (\S+), Cipher is (\S+)$", done.stdout, re.M).groups()
    return None if cipher == b"(NONE)" else (version.decode(), cipher.decode())


@pytest.mark.parametrize("offer", [
    "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256",
    "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305",
    "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", "-tls1_3 -groups X25519",
    "-tls1_3 -groups P-256", "-tls1_2 -groups P-384:P-256"])
def test_what_is_good_is_spoken(daemon, offer):
    assert agreed(daemon, *offer.split())


@pytest.mark.parametrize("offer", [
    "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384", "-tls1_2 -cipher AES128-GCM-SHA256",
    "-tls1_2 -cipher ECDHE-ECDSA-AES128-CCM8", "-tls1_1 -cipher ALL:@SECLEVEL=0",
    "-tls1_3 -groups X448", "-tls1_3 -ciphersuites TLS_AES_128_CCM_8_SHA256"])
def test_what_is_not_is_refused(daemon, offer):
    assert not agreed(daemon, *offer.split())


def test_the_settings_choose(start):
    daemon = start("tls.minimum=1.3", "tls.ciphersuites=TLS_AES_256_GCM_SHA384", "tls.curves=P-384")
    assert agreed(daemon) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert not agreed(daemon, "-tls1_2")
    assert not agreed(daemon, "-ciphersuites", "TLS_AES_128_GCM_SHA256")
    assert not agreed(daemon, "-groups", "X25519")
    daemon = start("tls.ciphers=ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=1")
    assert agreed(daemon, "-tls1_2") == ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA256")


@pytest.mark.parametrize("setting, name", [
    ("tls.ciphers=ECDHE+AESGCM:ECHDE+AES", "ECHDE+AES"), ("tls.curves=X25519:P-255", "P-255"),
    ("tls.ciphersuites=TLS_AES_128_GCM", "TLS_AES_128_GCM")])
def test_a_slip_of_the_pen_is_told(setting, name):
    done = run(*overrides(["admin.port=off", "listen.web.port=0", "listen.irc.port=off",
                           "listen.echo.port=off", "tls.self_signed=on", setting]))
    assert done.returncode == 1
    assert f"{setting.partition('=')[0]}: OpenSSL does not know '{name}'" in done.stderr


@pytest.fixture
def https(tmp_path):
    """A daemon with the certificate of an authority; how many loops it has is of no matter."""
    certificate, key = certificates.Authority(tmp_path / "ca").sign("localhost", "localhost")
    with Daemon(*certificates.settings(certificate, key)) as daemon:
        yield daemon


def test_testssl_finds_nothing_worse_than_low(https, tmp_path):
    host, port = https.addresses["webtls"]
    report = tmp_path / "report.json"
    done = subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--nodns", "none", "--warnings", "off", "--jsonfile",
         report, "--protocols", "--std", "--fs", "--vulnerable", f"{host}:{port}"],
        capture_output=True, text=True, timeout=TESTSSL_SECONDS_MAX, check=False)
    findings = {finding["id"]: finding for finding in json.loads(report.read_text())}
    told = done.stdout[-8000:]
    # Each section came to its end.
    assert {"SSLv2", "TLS1_3", "cipherlist_NULL", "heartbleed", "LUCKY13", "RC4"} <= \
        set(findings), told
    assert findings["TLS1_2"]["severity"] == findings["TLS1_3"]["severity"] == "OK"
    bad = [one for one in findings.values() if one["severity"] in LOUDER_THAN_LOW]
    assert not bad, told
    # A warning says that something could not be looked at.
    assert {name for name, one in findings.items() if one["severity"] == "WARN"} <= \
        {"engine_problem"}, told
