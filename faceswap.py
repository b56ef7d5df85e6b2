"""Runs the command line from a checkout: `python faceswap.py ...`.

The root folder is the package `faceswap`, whatever the folder is called, so this file loads it by its path.
"""

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def _load_package() -> None:
    spec = importlib.util.spec_from_file_location(
        "faceswap", _ROOT / "__init__.py", submodule_search_locations=[str(_ROOT)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the package faceswap from {_ROOT}")
    package = importlib.util.module_from_spec(spec)
    sys.modules["faceswap"] = package
    spec.loader.exec_module(package)


# Spawned workers run this file again under another name and need the package as much as the parent does.
_load_package()

if __name__ == "__main__":
    from faceswap.core.cli.main import main

    main()
