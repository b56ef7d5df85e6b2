"""The wheel of the checkout and thin environments, which the tests of installations share.

An environment holds nothing of its own: it sees the dependencies of the running one through a `.pth` file.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(*command, cwd=None, code=0, **environment):
    """Runs a command that must end with an exit code; returns what it printed."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FACESWAP_NO_PLUGINS")}
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**clean, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == code, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The sdist of the checkout, and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def _holds_packages(folder):
    return Path(folder).name in ("site-packages", "dist-packages")


class _Environment:
    """A virtual environment without dependencies of its own."""

    def __init__(self, folder):
        venv.create(folder, with_pip=False)
        self.python, self.scripts = folder / "bin" / "python", folder / "bin"
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "dependencies.pth").write_text("\n".join(filter(_holds_packages, sys.path)) + "\n")

    def install(self, *projects):
        """Installs projects with pip, without looking at an index."""
        # What lies in the dependencies' environment, this package among it, does not count as installed here.
        flags = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
        _run(self.python, "-m", "pip", "install", "--disable-pip-version-check", *flags, *projects)

    def pytest(self, folder):
        """Runs the tests in a folder that lies outside of the checkout; returns what pytest said."""
        flags = ("-q", "-p", "no:cacheprovider", "--rootdir", folder)
        return _run(self.python, "-P", "-m", "pytest", *flags, folder).stdout

    def faceswap(self, *arguments, code=0, **environment):
        """Runs the console script."""
        return _run(self.scripts / "faceswap", *arguments, code=code, cwd="/", **environment)


@pytest.fixture(scope="session")
def run():
    """Runs a command that must end with an exit code."""
    return _run


@pytest.fixture(scope="session")
def new_environment():
    """Makes a thin environment in a folder."""
    return _Environment
