"""What the daemon says of its configuration: -t, --print-config, --print-default-config."""
import re

from simuld import LISTENERS, overrides, run

FREE = overrides(LISTENERS)


def settings_of(text):
    """The settings that a file has, each with its value: {"listen.web.port": "8080"}."""
    found, section = {}, ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            section = header[1] + "."
        elif setting := re.fullmatch(r"([a-z_]+) = ?(.*?)(\s+;.*)?", line):
            found[section + setting[1]] = setting[2].strip()
    return found


def printed(*arguments, env=None):
    done = run("--print-config", *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


# --- what is in force ---


def test_print_config_says_where_each_setting_comes_from(tmp_path):
    file = tmp_path / "simuld.conf"
    file.write_text("drain_seconds = 3\n\n[chat]\nnick_length = 9\n")
    text = printed("-c", str(file), "-o", "slow_ms=7", env={"SIMUL_CHAT_NICK_LENGTH": "12"})
    for line in (f"drain_seconds = 3 +; {file}:1", "slow_ms = 7 +; -o",
                 "nick_length = 12 +; environment SIMUL_CHAT_NICK_LENGTH",
                 "watchdog_ms = 1000 +; default", r"loops = \d+ +; default: auto"):
        assert re.search(f"^{line}$", text, re.M), line


def test_what_print_config_prints_gives_the_same_settings(tmp_path):
    text = printed("-o", "listen.web.port=off", "-o", "listen.new.port=8000", "-o", "loops=3",
                   "-o", "tls.self_signed=on", "-o", "log.level=debug")
    file = tmp_path / "printed.conf"
    file.write_text(text)
    again = settings_of(printed("-c", str(file)))
    assert settings_of(text) == again
    assert again["listen.web.port"] == "off" and again["listen.new.port"] == "8000"
    assert again["listen.webtls.tls"] == "on"


def test_print_config_shows_no_secret():
    text = printed("-o", "server.password=confidential", "-o", "oper.alice.password=confidential",
                   env={"SIMUL_CHAT_CLOAK_KEY": "confidential-0123456789"})
    assert "confidential" not in text
    assert text.count("is set, and not shown") == 3


def test_print_config_of_a_wrong_one_is_exit_status_1():
    done = run("--print-config", "-o", "loops=many")
    assert (done.returncode, done.stdout) == (1, "")
    assert "loops must be" in done.stderr


# --- a file to begin with ---


def test_the_default_file_says_nothing_but_the_defaults(tmp_path):
    text = run("--print-default-config").stdout
    file = tmp_path / "default.conf"
    file.write_text(text)
    assert settings_of(printed("-c", str(file))) == settings_of(printed())
    file.write_text(re.sub("^;", "", text, flags=re.M))
    spoken = printed("-c", str(file))
    assert settings_of(spoken) == settings_of(printed())
    assert "; default" not in spoken, "every setting stands in the file"


# --- the check ---


def test_the_check_tells_of_all_wrong_lines_in_order(tmp_path):
    file = tmp_path / "simuld.conf"
    file.write_text("loops = many\nlop = 1\n[listen.web]\nprot = irc\nport = 70000\n")
    done = run("-t", "-c", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    for line, start in zip(lines, (f"simuld: {file}:1: loops must be",
                                   f"simuld: {file}:2: unknown setting lop; did you mean loops?",
                                   f"simuld: {file}:4: unknown setting listen.web.prot; did you "
                                   "mean listen.web.port or listen.web.protocol?",
                                   f"simuld: {file}:5: listen.web.port must be"), strict=True):
        assert line.startswith(start), line
    assert len(run("-c", str(file)).stderr.splitlines()) == 1, "a start tells of the first"
