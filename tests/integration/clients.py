"""IRC clients that were not written here, driven as their users do: what is typed goes in, what
they show comes out. All have the same methods; `sees` waits until one shows something."""
import json
import os
import pty
import re
import subprocess

from simuld import TIMEOUT, wait_until
from tools import TESTS, tool


class Foreign:
    SHOWN = {}  # what it shows, by the name of what has happened: regular expressions with fields
    HAS_TLS = True

    def __init__(self, daemon, directory, nick, listener="irc"):
        self.host, self.port = daemon.addresses[listener]
        self.is_tls = listener.endswith("tls")
        self.nick = nick
        self.directory = directory / nick
        self.directory.mkdir()
        self.process = None

    def run(self, *command, **options):
        env = {**os.environ, "HOME": str(self.directory), "LANG": "C.UTF-8", "TERM": "xterm"}
        self.process = subprocess.Popen([tool(command[0]), *map(str, command[1:])], env=env,
                                        start_new_session=True, **options)

    def files(self):
        """Where it writes what it shows."""
        return [self.directory / "log"]

    def shown(self):
        return "\n".join(file.read_text("utf-8", "replace") for file in self.files()
                         if file.exists())

    def sees(self, what, **fields):
        """Waits until it shows this, with fields that are no expressions."""
        pattern = self.SHOWN[what].format(
            **{name: re.escape(field) for name, field in fields.items()})
        try:
            wait_until(lambda: re.search(pattern, self.shown(), re.MULTILINE))
        except AssertionError:
            raise AssertionError(f"{self.nick} shows no {pattern!r}:\n{self.shown()}") from None

    def stop(self):
        """Safe at any time."""
        self.process.kill()
        self.process.wait(TIMEOUT)

    def expect_exit(self):
        assert self.process.wait(TIMEOUT) == 0


class Typed(Foreign):
    """One with a line to type into, and the usual commands."""

    def type(self, line):
        raise NotImplementedError

    def join(self, channel):
        self.type(f"/join {channel}")

    def names(self, channel):
        self.type(f"/names {channel}")

    def say(self, target, text):
        self.type(f"/msg {target} {text}")

    def set_topic(self, channel, text):
        self.type(f"/topic {channel} {text}")

    def rename(self, nick):
        self.type(f"/nick {nick}")

    def whois(self, nick):
        self.type(f"/whois {nick}")

    def who(self, channel):
        self.type(f"/who {channel}")

    def list(self):
        self.type("/list")

    def away(self, text=""):
        self.type(f"/away {text}")

    def ban(self, channel, mask):
        self.type(f"/mode {channel} +b {mask}")

    def bans(self, channel):
        self.type(f"/mode {channel} b")

    def kick(self, channel, nick, text):
        self.type(f"/kick {channel} {nick} {text}")

    def invite(self, channel, nick):
        self.type(f"/invite {nick} {channel}")

    def part(self, channel):
        self.type(f"/part {channel}")

    def quit(self):
        self.type("/quit")


class Weechat(Typed):
    SHOWN = {
        "welcome": r"\tWelcome to \S+, {nick}$",
        "joined": r"\t-->\t{nick} .*has joined {channel}$",
        "name": r"\t--\tNicks {channel}: \[.*[ @+\[]{nick}[] ]",
        "said": r"\t[@+]?{nick}\t{text}$",
        "topic": r"\t--\tTopic for {channel} is \"{text}\"$",
        "set topic": r"\t--\t{nick} has changed topic for {channel} (from \".*\" )?to \"{text}\"$",
        "op": r"\t--\tMode {channel} \[\+o {nick}\] by ",
        "renamed": r"\t--\t(You are|{nick} is) now known as {new}$",
        "left": r"\t<--\t{nick} \(\S+\) has left {channel}",
        "quit": r"\t<--\t{nick} \(\S+\) has quit",
        "whois": r"\t--\t\[{nick}\] \(\S+\): {name}$",
        "is away": r"\t--\t\[{nick}\] is away: {text}$",
        "who": r"\t--\t\[{channel}\] {nick} .*\(\S+\) G@",
        "listed": r"\t--\t{channel}\({count}\): {text}$",
        "away": r"\t--\tYou have been marked as being away$",
        "back": r"\t--\tYou are no longer marked as being away$",
        "ban": r"\t--\t\[{channel}\] (\[1\] )?{mask} banned by {nick} ",
        "kicked": r"\t<--\t{nick} has kicked {who} \({text}\)$",
        "invited": r"\t--\t{nick} has invited {who} to {channel}$",
        "invitation": r"\t--\tYou have been invited to {channel} by {nick}",
    }

    def __init__(self, *arguments):
        super().__init__(*arguments)
        home = self.directory
        tls = "on" if self.is_tls else "off"
        settings = {
            "logger.file.flush_delay": 0,
            "logger.file.path": home / "logs",
            "fifo.file.path": home / "fifo",
            "irc.look.smart_filter": "off",
            "irc.server_default.nicks": self.nick,
            # Version 3's names, and version 4's.
            "irc.server_default.anti_flood_prio_high": 0,
            "irc.server_default.anti_flood_prio_low": 0,
            "irc.server_default.ssl": tls,
            "irc.server_default.ssl_verify": "off",
            "irc.server_default.anti_flood": 0,
            "irc.server_default.tls": tls,
            "irc.server_default.tls_verify": "off",
        }
        commands = [f"/set {name} {value}" for name, value in settings.items()]
        commands += [f"/server add simul {self.host}/{self.port}", "/connect simul"]
        self.run("weechat-headless", "--dir", home,
                 *(word for command in commands for word in ("--run-command", command)),
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def files(self):
        return sorted((self.directory / "logs").glob("irc.*"))

    def list(self):
        self.type("/quote LIST")  # since version 4, /list has a window that is not logged

    def type(self, line):
        pipe = self.directory / "fifo"
        wait_until(pipe.exists, f"{pipe}")
        with open(pipe, "w", encoding="utf-8") as file:
            file.write(f"irc.server.simul *{line}\n")


class Irssi(Typed):
    SHOWN = {
        "welcome": r" Welcome to \S+, {nick}$",
        "joined": r" {nick} .*has joined {channel}$",
        "name": r" \[[ @+]{nick} *\]",
        "said": r" <[ @+]?{nick}> {text}$| \[{nick}\(\S+\)\] {text}$",
        "topic": r" Topic for {channel}: {text}$",
        "set topic": r" {nick} changed the topic of {channel} to: {text}$",
        "op": r" mode/{channel} \[\+o {nick}\] by ",
        "renamed": r" (You're|{nick} is) now known as {new}$",
        "left": r" {nick} \[\S+\] has left {channel}",
        "quit": r" {nick} \[\S+\] has quit",
        "whois": r" {nick} \[\S+\]\n.*  ircname  : {name}$",
        "is away": r"  away     : {text}$",
        "who": r" \S+ +{nick} +G@ ",  # of the channel it shows as much as fits a column
        "listed": r" {channel} {count} {text}$",
        "away": r" You have been marked as being away$",
        "back": r" You are no longer marked as being away$",
        "ban": r" {channel}: ban {mask} \[by {nick}!",
        "kicked": r" {who} was kicked from \S+ by {nick} \[{text}\]$",
        "invited": r" Inviting {who} to {channel}$",
        "invitation": r" {nick} invites you to {channel}$",
    }
    CONFIG = """
        servers = ({{ address = "{host}"; port = "{port}"; chatnet = "simul"; autoconnect = "yes";
                      use_tls = "{tls}"; tls_verify = "no"; }});
        chatnets = {{ simul = {{ type = "IRC"; }}; }};
        settings = {{
          core = {{ nick = "{nick}"; user_name = "{nick}"; real_name = "{nick}"; }};
          "irc/core" = {{ cmds_max_at_once = "100"; cmd_queue_speed = "10msecs"; }};
          "fe-text" = {{ paste_verify_line_count = "0"; }};
        }};
        logs = {{ "{log}" = {{ auto_open = "yes"; level = "ALL"; }}; }};
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        (self.directory / "config").write_text(self.CONFIG.format(
            host=self.host, port=self.port, tls="yes" if self.is_tls else "no", nick=self.nick,
            log=self.directory / "log"))
        self.terminal, screen = pty.openpty()
        self.run("irssi", "--home", self.directory, stdin=screen, stdout=screen, stderr=screen)
        os.close(screen)
        os.set_blocking(self.terminal, False)

    def shown(self):
        try:  # It waits while nobody takes its screen.
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass
        return super().shown()

    def type(self, line):
        os.write(self.terminal, f"{line}\n".encode())

    def list(self):
        self.type("/list -yes")

    def expect_exit(self):
        wait_until(lambda: self.shown() and self.process.poll() is not None, "irssi's end")
        super().expect_exit()

    def stop(self):
        super().stop()
        os.close(self.terminal)


class Ii(Foreign):
    """One made of files: a pair of them for the server, and one for each channel and each nick."""
    HAS_TLS = False
    SHOWN = {
        "welcome": r" Welcome to \S+, {nick}$",
        "joined": r" -!- {nick}\(\S+\) has joined {channel}$",
        "name": r" = {channel} .*{nick}",
        "said": r" <{nick}> {text}$",
        "topic": r" {channel} {text}$",
        "set topic": r" -!- {nick} changed topic to \"{text}\"$",
        "op": r" changed mode/{channel} -> \+o +{nick}$",
        "renamed": r" -!- ({nick} )?changed nick to \"?{new}\"?$",
        "left": r" -!- {nick}\(\S+\) has left {channel}$",
        "quit": r" -!- {nick}\(\S+\) has quit",
        "whois": r" {nick} \S+ \S+ \* {name}$",
        "is away": r" {nick} {text}$",
        "who": r" {channel} \S+ \S+ \S+ {nick} G@ 0 ",
        "listed": r" {channel} {count} {text}$",
        "away": r" You have been marked as being away$",
        "back": r" You are no longer marked as being away$",
        "ban": r" {channel} {mask} {nick}!",
        "kicked": r" -!- {nick} kicked {who} +\(\"{text}\"\)$",
        "invited": r" {who} {channel}$",
        "invitation": r"",  # it shows none
    }

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.run("ii", "-i", self.directory, "-s", self.host, "-p", self.port, "-n", self.nick,
                 "-f", self.nick)

    def files(self):
        return sorted(self.directory.rglob("out"))

    def write(self, line, target=""):
        pipe = self.directory / self.host / target / "in"
        wait_until(pipe.exists, f"{pipe}")
        with open(pipe, "w", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def join(self, channel):
        self.write(f"/j {channel}")

    def names(self, channel):
        self.write(f"/NAMES {channel}")

    def say(self, target, text):
        if target.startswith("#"):
            self.write(text, target)
        else:
            self.write(f"/j {target} {text}")

    def set_topic(self, channel, text):
        self.write(f"/t {text}", channel)

    def rename(self, nick):
        self.write(f"/n {nick}")

    def whois(self, nick):
        self.write(f"/WHOIS {nick}")

    def who(self, channel):
        self.write(f"/WHO {channel}")

    def list(self):
        self.write("/LIST")

    def away(self, text=""):
        self.write(f"/AWAY :{text}" if text else "/AWAY")

    def ban(self, channel, mask):
        self.write(f"/MODE {channel} +b {mask}")

    def bans(self, channel):
        self.write(f"/MODE {channel} b")

    def kick(self, channel, nick, text):
        self.write(f"/KICK {channel} {nick} :{text}")

    def invite(self, channel, nick):
        self.write(f"/INVITE {nick} {channel}")

    def part(self, channel):
        self.write("/l leaving", channel)

    def quit(self):
        self.write("/q")


class IrcFramework(Foreign):
    SHOWN = {
        "welcome": r'^registered \{{"nick":"{nick}"',
        "joined": r'^join (?=.*"nick":"{nick}").*"channel":"{channel}"',
        "name": r'^userlist (?=.*"channel":"{channel}").*"nick":"{nick}"',
        "said": r'^privmsg (?=.*"nick":"{nick}").*"message":"{text}"',
        "topic": r'^topic (?=.*"channel":"{channel}").*"topic":"{text}"',
        "set topic": r'^topic (?=.*"channel":"{channel}")(?=.*"topic":"{text}").*"nick":"{nick}"',
        "op": r'^mode (?=.*"target":"{channel}").*"mode":"\+o","param":"{nick}"',
        "renamed": r'^nick (?=.*"nick":"{nick}").*"new_nick":"{new}"',
        "left": r'^part (?=.*"nick":"{nick}").*"channel":"{channel}"',
        "quit": r'^quit .*"nick":"{nick}"',
        "whois": r'^whois (?=.*"nick":"{nick}").*"real_name":"{name}"',
        "is away": r'^whois (?=.*"nick":"{nick}").*"away":"{text}"',
        "who": r'^wholist (?=.*"target":"{channel}").*"nick":"{nick}"((?!"nick").)*"away":true',
        "listed": r'^channel list .*"channel":"{channel}","num_users":{count},"topic":"{text}"',
        "away": r'^away \{{"self":true',
        "back": r'^back \{{"self":true',
        "ban": r'^banlist .*"channel":"{channel}","banned":"{mask}","banned_by":"{nick}!',
        "kicked": r'^kick (?=.*"kicked":"{who}")(?=.*"nick":"{nick}").*"message":"{text}"',
        "invited": r'^invited (?=.*"nick":"{who}").*"channel":"{channel}"',
        "invitation": r'^invite (?=.*"nick":"{nick}").*"channel":"{channel}"',
    }

    def __init__(self, *arguments):
        super().__init__(*arguments)
        assert (TESTS / "node_modules" / "irc-framework").is_dir(), "irc-framework is not installed"
        self.run("node", TESTS / "integration" / "irc_framework.js", self.host, self.port,
                 self.nick, "tls" if self.is_tls else "plain", stdin=subprocess.PIPE,
                 stdout=open(self.directory / "log", "wb"))

    def call(self, *words):
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        self.process.stdin.flush()

    def join(self, channel):
        self.call("join", channel)

    def names(self, channel):
        self.call("raw", "NAMES", channel)

    def say(self, target, text):
        self.call("say", target, text)

    def set_topic(self, channel, text):
        self.call("setTopic", channel, text)

    def rename(self, nick):
        self.call("changeNick", nick)

    def whois(self, nick):
        self.call("whois", nick)

    def who(self, channel):
        self.call("who", channel)

    def list(self):
        self.call("list")

    def away(self, text=""):
        self.call("raw", "AWAY", *[text] if text else [])

    def ban(self, channel, mask):
        self.call("ban", channel, mask)

    def bans(self, channel):
        self.call("banlist", channel)

    def kick(self, channel, nick, text):
        self.call("raw", "KICK", channel, nick, text)

    def invite(self, channel, nick):
        self.call("invite", channel, nick)

    def part(self, channel):
        self.call("part", channel)

    def quit(self):
        self.call("quit")


ALL = [Weechat, Irssi, Ii, IrcFramework]
