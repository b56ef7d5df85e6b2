"""What all tests share: where the optional real footage lies, and how to ask a fresh interpreter something."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import faceswap

QUICK_XLA = "--xla_backend_optimization_level=0"
"""Most of the time of a test on JAX goes into compiling what then runs for a moment."""
PACKAGE = Path(faceswap.__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts files with slow tests first, so that of several processes none is left alone with one at the end."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session", autouse=True)
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps tests, and the processes that they start, from making a signing key in the user's own folder."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACESWAP_KEYS", str(folder))
        yield folder


@pytest.fixture
def footage() -> Path:
    """The folder of real footage; the test is skipped where it is absent, since it is never part of the project."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real footage is not here")
    return folder


@pytest.fixture(scope="session")
def file_size_limit() -> Callable[[int], AbstractContextManager[None]]:
    """Makes a block in which files cannot grow beyond so many bytes, which fails as a full disk does."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture(scope="session")
def fresh_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs python with arguments in a fresh interpreter that finds the same package as these tests."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = [str(path) for path in sys.path if path] if PACKAGE.name != "faceswap" else []
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "XLA_FLAGS": QUICK_XLA, **environment}
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=900, check=False)

    return run
