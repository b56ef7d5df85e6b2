"""Two small facesets that training tests share, and listeners that other packages bring."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from faceswap.core.host import PluginChoice
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks

MakeFaceset = Callable[..., Path]

CROP = 128


def _face(rng: np.random.Generator, tint: tuple[int, int, int], masked: bool) -> FaceRecord:
    """A smooth picture of one color with a darker oval, and a mask of the oval."""
    coarse = rng.integers(0, 60, (5, 5, 3)) + np.array(tint)
    crop = cv2.resize(coarse.astype(np.float32), (CROP, CROP), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((CROP // 2, CROP // 2, 1), np.float32)
    cv2.ellipse(mask, (32, 36), (12, 16), 0, 0, 360, 1.0, -1)
    crop = crop * (1 - 0.3 * cv2.resize(mask, (CROP, CROP))[..., None])
    landmarks = mean_face_landmarks("ibug68", "head", CROP)
    return FaceRecord(
        box=np.array([30, 30, 98, 98], np.float32),
        score=0.9,
        matrix=crop_matrix(landmarks, "ibug68", "head", CROP),
        landmarks=landmarks,
        scheme="ibug68",
        crop=encode_crop(np.clip(crop, 0, 255).astype(np.uint8)),
        masks={"oval": mask} if masked else {},
    )


@pytest.fixture(scope="session")
def make_faceset() -> MakeFaceset:
    """Makes a faceset of some tinted faces in a folder."""

    def make(path: Path, tint: tuple[int, int, int] = (120, 90, 80), count: int = 7, masked: bool = True) -> Path:
        rng = np.random.default_rng(sum(tint))
        frames = [
            FrameRecord("clip.mp4", index, index / 25, 320, 240, (_face(rng, tint, masked),)) for index in range(count)
        ]
        with FacesetWriter.create_or_open(path, crop_size=CROP) as faceset:
            faceset.add_chunk("clip.mp4", 0, frames)
        return path

    return make


@pytest.fixture(scope="session")
def facesets(tmp_path_factory: pytest.TempPathFactory, make_faceset: MakeFaceset) -> tuple[Path, Path]:
    """A source of seven reddish faces and a target of five bluish ones, for reading only."""
    folder = tmp_path_factory.mktemp("facesets")
    return make_faceset(folder / "source"), make_faceset(folder / "target", (60, 80, 150), count=5)


RECORDER = """
import json, os
from pathlib import Path
from faceswap import Listener, hookimpl

FACESWAP_CONTRACT = 1


class Recorder(Listener):
    class Options(Listener.Options):
        path: Path = Path("told.jsonl")

    def note(self, hook, said):
        del said["self"]
        with open(self.options.path, "a") as file:
            file.write(json.dumps({"hook": hook, "process": os.getpid(), **said}) + "\\n")

    @hookimpl
    def faceswap_run_started(self, job, time, command, settings, plugins, home, parent):
        self.note("run_started", locals())

    @hookimpl
    def faceswap_run_ended(self, job, time, outcome, message, report):
        self.note("run_ended", locals())

    @hookimpl
    def faceswap_frame_extracted(self, job, time, source, pts, seconds, faces):
        self.note("frame_extracted", locals())

    @hookimpl
    def faceswap_training_started(self, job, time, model_dir, step, iterations):
        self.note("training_started", locals())

    @hookimpl
    def faceswap_training_step(self, job, time, step, steps, losses, faces_per_second, skipped):
        self.note("training_step", locals())

    @hookimpl
    def faceswap_validated(self, job, time, step, figures, score, best_step):
        self.note("validated", locals())

    @hookimpl
    def faceswap_preview_made(self, job, time, path, title):
        self.note("preview_made", locals())

    @hookimpl
    def faceswap_checkpoint_saved(self, job, time, path, step):
        self.note("checkpoint_saved", locals())

    @hookimpl
    def faceswap_frame_converted(self, job, time, source, pts, seconds, faces):
        self.note("frame_converted", locals())


@hookimpl
def faceswap_listener():
    return Recorder
"""
"""Takes every argument of every hook."""


@pytest.fixture
def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], PluginChoice]:
    """Installs a package with one plugin of a kind, as pip leaves it; returns the choice of it."""
    monkeypatch.delenv("FACESWAP_NO_PLUGINS", raising=False)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(kind: str, name: str, source: str) -> PluginChoice:
        module = f"{kind}_{name}"
        (site / f"{module}.py").write_text(source)
        info = site / f"package_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[faceswap.{kind}]\n{name} = {module}\n")
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, module, raising=False)
        return PluginChoice(name=name)

    return install


@pytest.fixture
def install_listener(install_plugin: Callable[[str, str, str], PluginChoice]) -> Callable[[str, str], PluginChoice]:
    """Installs a package with one listener."""
    return partial(install_plugin, "listener")


class Recording:
    """A listener that writes down all that it is told."""

    def __init__(self, choice: PluginChoice, path: Path) -> None:
        self.choice, self._path = choice, path

    def told(self, *hooks: str) -> list[dict[str, Any]]:
        """What it was told by some hooks, or by all, in order."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [said for said in map(json.loads, lines) if not hooks or said["hook"] in hooks]


@pytest.fixture
def recording(tmp_path: Path, install_listener: Callable[[str, str], PluginChoice]) -> Recording:
    """A recorder of every hook, brought by another package."""
    path = tmp_path / "told.jsonl"
    choice = install_listener("recorder", RECORDER)
    return Recording(choice.model_copy(update={"options": {"path": str(path)}}), path)
