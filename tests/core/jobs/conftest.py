"""Makes the modules beside it importable: a scene for each test of conversion, a film and plugins for extraction."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from faceswap.core.host import PluginChoice
from faceswap.core.jobs.job import run_job
from faceswap.core.training import saved_model

_HERE = str(Path(__file__).parent)
if _HERE not in sys.path:
    sys.path.append(_HERE)

from conversion_scene import Scene  # noqa: E402
from head_films import film  # noqa: E402
from train_runs import small_job  # noqa: E402
from watched_extraction import Extraction  # noqa: E402


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene that is copied for each test."""
    return Scene(tmp_path_factory.mktemp("scene")).make().folder


@pytest.fixture
def scene(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    folder = shutil.copytree(made, tmp_path / "scene")
    scene = Scene(folder)
    monkeypatch.setattr(saved_model, "load_trained_model", scene.load)
    yield scene


@pytest.fixture
def extraction(install_plugin: Callable[[str, str, str], PluginChoice], tmp_path: Path) -> Extraction:
    return Extraction(install_plugin, tmp_path / "seen.log")


@pytest.fixture
def every_step_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is told of each step, however soon it follows the one before."""
    monkeypatch.setattr("faceswap.core.jobs.context._PROGRESS_INTERVAL", 0.0)


class HiddenQueue(SimpleQueue[Any]):
    """Looks empty, so that of what is finished when a run stops nothing is taken."""

    def qsize(self) -> int:
        return 0


@pytest.fixture
def stopped_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is stopped holds what it held then, however far its workers had come."""
    monkeypatch.setattr("faceswap.core.workers.pool.SimpleQueue", HiddenQueue)


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory, facesets: tuple[Path, Path]) -> Path:
    """A model that was trained for six steps without a stop."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    run_job(small_job(folder, facesets))
    return folder


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of a head that moves to the right."""
    return film(tmp_path_factory.mktemp("media") / "head.mp4")
