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
    "c2pa",
    "cryptography",
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
    "arguments",
    [
        ["--help"],
        ["plugins"],
        ["plugins", "--json"],
        ["plugins", "list"],
        ["--version"],
        ["plugins", "--help"],
        ["plugins", "new", "--help"],
        ["completion", "bash"],
        ["weights", "list"],
        ["faceset", "--help"],
        ["verify", "--help"],
        ["consent", "new", "--help"],
        ["faceset", "info", "--help"],
    ],
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


@pytest.mark.parametrize(
    "line",
    [
        "",
        "extr",
        "extract --detector ",
        "convert --blender=",
        "plugins info ",
        "plugins check detector ",
        "weights fetch ",
        "weights fetch detector ",
    ],
)
def test_completing_names_imports_nothing_heavy(fresh_python, line):
    words = ["faceswap", *line.split()]
    place = str(len(words) - 1 if line and not line.endswith(" ") else len(words))
    asked = {"_FACESWAP_COMPLETE": "zsh_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": place}
    result = fresh_python("-c", REPORT.format(arguments=[], heavy=HEAVY), **asked)
    *answer, imported = result.stdout.splitlines()
    assert answer
    assert imported == "IMPORTED", result.stdout + result.stderr


def test_completing_options_imports_the_one_plugin_that_is_chosen(fresh_python):
    asked = {"COMP_WORDS": "faceswap extract --detector mtcnn --detector.", "COMP_CWORD": "4"}
    watched = ("faceswap.plugins.extract.detect.mtcnn", "faceswap.plugins.extract.detect.dlib_hog", "mtcnn", "keras")
    code = REPORT.format(arguments=[], heavy=watched)
    result = fresh_python("-c", code, _FACESWAP_COMPLETE="bash_complete", **asked)
    assert "plain,--detector.min-size" in result.stdout
    assert result.stdout.splitlines()[-1] == f"IMPORTED {watched[0]}", result.stderr
