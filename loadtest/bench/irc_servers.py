"""The IRC servers that are compared, each with what slows down a fast speaker turned off.

deploy/install-deps.sh bench unpacks those that were not written here in build-tools/.
"""
import glob
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

UNPACKED = Path(__file__).parents[2] / "build-tools"

NGIRCD = """
[Global]
Name = irc.bench.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = bench
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
PongTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"""

INSPIRCD = """
<path moduledir="{unpacked}/usr/lib/inspircd/modules"
      configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<server name="irc.bench.test" description="bench" network="bench">
<admin name="bench" nick="bench" email="bench@bench.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="all" allow="*" pingfreq="3600" fakelag="no" threshold="1000000"
         commandrate="1000000000" hardsendq="100M" softsendq="100M" recvq="1M"
         limit="20000" localmax="20000" globalmax="20000" maxconnwarn="no"
         resolvehostnames="no" useconnectban="no" useconnflood="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="20000">
<log method="file" type="*" level="default" target="{folder}/log">
"""


def find(name):
    """The path of a program; None if it is not there."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:{UNPACKED}/usr/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server:
    """A server on one core, in a folder of its own; its pid and port."""

    def __init__(self, command, port, core, folder):
        libraries = glob.glob(f"{UNPACKED}/usr/lib/*-linux-gnu")
        self.port = port
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), "chrt", "-b", "0", *command],
            stdout=open(f"{folder}/out", "w"), stderr=subprocess.STDOUT,
            env=dict(os.environ, LD_LIBRARY_PATH=":".join(libraries)))
        self.pid = self.process.pid
        self.wait(f"{folder}/out")

    def wait(self, output):
        for _ in range(1000):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        self.stop()
        raise SystemExit(f"{self.process.args[5]} does not start:\n{open(output).read()}")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def simuld(binary, listener, core, folder, more=None):
    """`more` are settings."""
    port = free_port()
    ports = {"web": "off", "irc": "off", "echo": "off"} | {listener: port}
    options = {"loops": 1, "chat.flood_lines_per_second": 0, "jobs.enabled": "off",
               "admin.port": "off", "log.level": "warn", **(more or {}),
               **{f"listen.{name}.port": value for name, value in ports.items()}}
    arguments = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return Server([binary, *arguments], port, core, folder)


def write(folder, text):
    path = Path(folder) / "conf"
    path.write_text(text)
    os.chmod(folder, 0o755)  # ngIRCd reads it as somebody else
    return path


def ngircd(core, folder):
    port = free_port()
    path = write(folder, NGIRCD.format(port=port))
    return Server([find("ngircd"), "-n", "-f", path], port, core, folder)


def inspircd(core, folder):
    port = free_port()
    path = write(folder, INSPIRCD.format(port=port, folder=folder, unpacked=UNPACKED))
    as_root = ["--runasroot"] if os.getuid() == 0 else []
    return Server([find("inspircd"), "--config", path, "--nofork", "--nopid", *as_root], port, core,
                  folder)
