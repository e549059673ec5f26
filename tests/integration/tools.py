"""Programs that were not written here. One that is missing is a failure, not a reason to skip.

deploy/install-deps.sh test installs them, or unpacks them in build-tools/.
"""
import os
import shutil
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
UNPACKED = TESTS.parent / "build-tools"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def tool(name):
    """The path of a program."""
    unpacked = [f"{UNPACKED}/usr/{directory}" for directory in ("bin", "sbin")]
    path = shutil.which(name, path=":".join([os.environ["PATH"], "/usr/sbin", *unpacked]))
    assert path, f"{name} is not installed"
    return path
