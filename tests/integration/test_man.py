"""The manual pages and the default configuration that are made while building: well-formed, and true
to the programs."""
import re
import subprocess
from pathlib import Path

import pytest

from load import simul_load
from simuld import TIMEOUT, program, run, settings_of_help

PAGES = ["simuld.8", "simuld.conf.5", "simul-load.1"]


def built(path):
    """A file that is made beside the programs."""
    return Path(program()).parents[1] / path


def options_of_page(name):
    """{"-c, --connections": "N"}: what the page's lists of options have, and what they take."""
    page = built(f"man/{name}").read_text()
    found = {}
    for item in re.findall(r"^\.It (Fl .*)$", page, re.M):
        flags, _, value = item.replace(" Ns ", "").replace("=Ar ", "=").partition(" Ar ")
        found[flags.replace("Fl ", "-").replace(" ,", ",")] = value
    return found


def options_of_help(text):
    found = {}
    for line in re.findall(r"^ +(-.*)$", text, re.M):
        form = re.split(r"  +", line)[0]
        flags, _, value = form.rpartition(" ") if form[-1].isupper() and " " in form else (form, "", "")
        found[flags] = value
    return found


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_well_formed(page):
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", built(f"man/{page}")], text=True, capture_output=True,
                          timeout=TIMEOUT, check=False)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")


def test_simuld_has_the_options_of_its_page():
    usage = run("--help").stdout.split("\nSettings come from")[0]
    assert options_of_page("simuld.8") == options_of_help(usage)


def test_simul_load_has_the_options_of_its_page():
    done = subprocess.run([simul_load(), "--help"], text=True, capture_output=True,
                          timeout=TIMEOUT, check=True)
    options = options_of_help(done.stdout)
    assert len(options) > 40
    assert options_of_page("simul-load.1") == options


def test_every_setting_has_an_entry_with_its_default():
    page = built("man/simuld.conf.5").read_text()
    entries = dict(re.findall(r"^\.It Ic (\S+)\n((?:(?!\.It|\.El).*\n)*)", page, re.M))
    settings = settings_of_help()
    assert sorted(entries) == sorted(settings)
    for name, default in settings.items():
        said = {"-": "", "(empty)": "Default: empty."}.get(default, f"Default: {default}.")
        assert said in entries[name], name


def test_the_default_configuration_is_what_the_program_prints():
    assert built("etc/simuld.conf").read_text() == run("--print-default-config").stdout
