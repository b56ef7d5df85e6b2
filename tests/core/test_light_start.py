"""Listing plugins and printing help import nothing heavy; the whole start stays light by construction."""

from __future__ import annotations

import pytest

HEAVY = (
    "keras",
    "tensorflow",
    "cv2",
    "dlib",
    "av",
    "numpy",
    "pydantic",
    "jax",
    "torch",
    "skimage",
    "scipy",
    "yaml",
)
REPORT = """
import sys
from faceswap.core.cli.main import main
try:
    main({arguments!r})
except SystemExit:
    pass
print("IMPORTED", *sorted(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plugins"], ["plugins", "--json"], ["--version"], ["plugins", "--help"]]
)
def test_imports_nothing_heavy(fresh_python, arguments):
    result = fresh_python("-c", REPORT.format(arguments=arguments, heavy=HEAVY))
    assert result.stdout.splitlines()[-1] == "IMPORTED", result.stdout + result.stderr


def test_the_check_sees_a_heavy_import(fresh_python):
    result = fresh_python("-c", "import numpy\n" + REPORT.format(arguments=["--version"], heavy=HEAVY))
    assert result.stdout.splitlines()[-1] == "IMPORTED numpy"


def test_importing_the_package_imports_nothing_heavy(fresh_python):
    code = f"import sys, faceswap; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert fresh_python("-c", code).stdout.strip() == "[]"
