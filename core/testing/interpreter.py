"""Runs Python code in a fresh interpreter that sees this package and this process's import path, and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_PACKAGE_ROOT = Path(__file__).parents[2]

# The package is loaded by its path, because a checkout has no importable name of its own.
_LOAD_PACKAGE = """
import importlib.util, sys
before = set(sys.modules)
root = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location(
    "faceswap", root + "/__init__.py", submodule_search_locations=[root])
sys.modules["faceswap"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["faceswap"])
"""


def run_fresh(code: str, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Runs code in a new process.

    Args:
        code: Python source; `sys.argv[1:]` holds the arguments, `before` the names of the modules that every
            interpreter begins with.
        arguments: The arguments.
        settings: Further settings of `subprocess.run`.
    """
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    command = [sys.executable, "-P", "-c", _LOAD_PACKAGE + code, str(_PACKAGE_ROOT), *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, text=True, check=False, **settings)


def last_line(text: str) -> str:
    """The last line with words in it: of a traceback, the one that says what happened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
