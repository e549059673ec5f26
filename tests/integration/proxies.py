"""HAProxy and nginx in front of the daemon, on free ports.

Both have the same entrances: `irctls` and `web` end TLS and hand on plain IRC and HTTP; `passirctls`
and `passweb` hand on TLS as it comes; `plainweb` is HTTP without TLS."""
import json
import os
import socket
import subprocess

import certificates
from http_raw import get
from simuld import TIMEOUT, client_tls, dial, free_port, wait_until
from tools import UNPACKED, tool


class Proxy:
    """One behind whose entrances stands the daemon, which may be None; a `with` stops it at its end.
    A kind of its own names its ENTRANCES and says in its CONFIG what is there, in words such as
    %(port_ENTRANCE)s and %(to_LISTENER)s, while HEAD is the same for all."""
    ENTRANCES = ["irctls", "web", "passirctls", "passweb", "plainweb"]
    PROGRAM, HEAD, CONFIG, CHECKS = "", "", "", ""

    def __init__(self, daemon, directory):
        self.directory = directory = directory / self.PROGRAM
        directory.mkdir()
        certificate, key = certificates.make(directory, "proxy")
        both = directory / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        self.addresses = {name: ("127.0.0.1", free_port()) for name in self.ENTRANCES}
        words = {f"port_{name}": port for name, (_, port) in self.addresses.items()}
        for name, address in (daemon.addresses if daemon else {}).items():
            if isinstance(address, str):
                words[f"path_{name}"] = address
            elif ":" not in address[0]:
                words[f"to_{name}"] = "{}:{}".format(*address)
        words |= {"directory": directory, "certificate": certificate, "key": key, "both": both,
                  "modules": modules(), "admin": daemon and daemon.port("admin"),
                  "checks": self.CHECKS}
        self.config = directory / "config"
        self.config.write_text((self.HEAD + self.CONFIG) % words)
        self.log = directory / "log"
        libraries = ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-gnu")))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [tool(self.PROGRAM), *self.arguments()], stdout=log, stderr=log,
                env={**os.environ, "LD_LIBRARY_PATH": libraries})
        try:
            wait_until(self.is_ready, self.PROGRAM)
        except BaseException:
            self.stop()
            raise

    def arguments(self):
        raise NotImplementedError

    def is_ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            for address in self.addresses.values():
                dial(address).close()
        except ConnectionRefusedError:
            return False
        return True

    def connect(self, name):
        """A socket over TLS, which ends at the proxy or, where that only passes on, behind it."""
        return client_tls().wrap_socket(dial(self.addresses[name]))

    def url(self, name, path, scheme="https"):
        return "{}://{}:{}{}".format(scheme, *self.addresses[name], path)

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def told(http, *headers):
    """Whom the daemon takes for the client, as its echo tells."""
    return json.loads(http.ask(get("/echo", *headers)).body)["peer"]


def modules():
    """Where nginx has its modules."""
    unpacked = UNPACKED / "usr/lib/nginx/modules"
    return unpacked if unpacked.is_dir() else "/usr/lib/nginx/modules"


class HAProxy(Proxy):
    """Looks after the daemon with checks: a bare connect to IRC and TLS, a request to /readyz for the
    web. Each has only the time to the next one, so that who checks often must not be strict."""
    PROGRAM = "haproxy"  # whose CONFIG goes on with the defaults
    CHECKS = "inter 5s"
    HEAD = """
global
    stats socket %(directory)s/stats
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
    timeout check 10s
"""
    CONFIG = """
    default-server check %(checks)s
listen irctls
    bind 127.0.0.1:%(port_irctls)s ssl crt %(both)s
    server simul %(to_irc)s
listen web
    mode http
    bind 127.0.0.1:%(port_web)s ssl crt %(both)s
    option httpchk GET /readyz
    server simul %(to_web)s port %(admin)s
listen plainweb
    mode http
    bind 127.0.0.1:%(port_plainweb)s
    server simul %(to_web)s
listen passirctls
    bind 127.0.0.1:%(port_passirctls)s
    server simul %(to_irctls)s
listen passweb
    bind 127.0.0.1:%(port_passweb)s
    server simul %(to_webtls)s
"""

    def arguments(self):
        return ["-db", "-f", str(self.config)]

    @property
    def stats(self):
        return self.directory / "stats"

    def is_ready(self):
        return super().is_ready() and self.stats.exists()

    def checks(self):
        """What it found at the last check of each entrance, such as UP and L7OK; a star before
        that tells that the next one is under way."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(str(self.stats))
            sock.sendall(b"show stat\n")
            names, *lines = sock.makefile().read().strip().split("\n")
        names = names.removeprefix("# ").split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines]
        return {row["pxname"]: (row["status"], row["check_status"].removeprefix("* "))
                for row in rows if row["svname"] == "simul"}


class Nginx(Proxy):
    PROGRAM = "nginx"
    HEAD = """
load_module %(modules)s/ngx_stream_module.so;
user root;
pid %(directory)s/pid;
error_log stderr;
daemon off;
worker_processes 1;
events {}
"""
    HTTP = """
    access_log off;
    client_body_temp_path %(directory)s/body;
    proxy_temp_path %(directory)s/proxy;
    fastcgi_temp_path %(directory)s/fastcgi;
    uwsgi_temp_path %(directory)s/uwsgi;
    scgi_temp_path %(directory)s/scgi;
"""
    CONFIG = """
stream {
    server {
        listen 127.0.0.1:%(port_irctls)s ssl;
        ssl_certificate %(certificate)s;
        ssl_certificate_key %(key)s;
        proxy_pass %(to_irc)s;
    }
    server {
        listen 127.0.0.1:%(port_passirctls)s;
        proxy_pass %(to_irctls)s;
    }
    server {
        listen 127.0.0.1:%(port_passweb)s;
        proxy_pass %(to_webtls)s;
    }
}
http {""" + HTTP + """
    upstream simul {
        server %(to_web)s;
        keepalive 4;
    }
    map $http_upgrade $connection_or_upgrade {
        default upgrade;
        '' '';
    }
    server {
        listen 127.0.0.1:%(port_web)s ssl;
        listen 127.0.0.1:%(port_plainweb)s;
        ssl_certificate %(certificate)s;
        ssl_certificate_key %(key)s;
        client_max_body_size 0;
        location / {
            proxy_pass http://simul;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_or_upgrade;
        }
        location /streamed/ {
            proxy_pass http://simul/;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_request_buffering off;
            proxy_buffering off;
        }
    }
}
"""

    def arguments(self):
        return ["-e", "stderr", "-p", str(self.directory), "-c", str(self.config)]
