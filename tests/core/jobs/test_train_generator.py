"""The job `train` with a generator: one faceset, samples for previews, their spread for validation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from faceswap.core.errors import Cancelled, CheckpointError, OptionError, StoreError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.train import TrainJob
from faceswap.core.kinds import Generator
from faceswap.core.listeners import Listeners
from faceswap.core.training import engine
from faceswap.core.training.model_info import model_info
from faceswap.core.training.saved_model import load_trained_model
from faceswap.core.training.step import Variation, Warp
from faceswap.lib import checkpoint
from faceswap.lib.history import read_history, read_validations
from faceswap.plugins.train.generators.dcgan import DcganGenerator

pytestmark = pytest.mark.slow  # Each trains.

SMALL = PluginChoice(name="dcgan", options={"size": 16, "noise": 4, "width": 0.05})

Facesets = tuple[Path, Path]


def _job(folder: Path, faceset: Path | None, **settings: Any) -> TrainJob:
    own: dict[str, Any] = {"generator": SMALL, "iterations": 6, "batch_size": 4, "validation": 0.0}
    return TrainJob(model_dir=folder, faceset=faceset, **{**own, **settings})


def _stopped(job: TrainJob, step: int) -> None:
    """Runs a job that somebody stops after a step."""
    context = JobContext(lambda event: None, job.home(), listeners=Listeners.load(job.listeners))

    def listen(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == step:
            context.stop()

    context._listener = listen
    with pytest.raises(Cancelled):
        job.run(context)


def _warnings(job: TrainJob) -> list[str]:
    events: list[Any] = []
    run_job(job, events.append)
    return [event.message for event in events if event.type == "warning"]


def _state(folder: Path) -> dict[str, bytes]:
    saved = checkpoint.load_latest(folder)
    return {f"{part}/{name}": array.tobytes() for part, arrays in saved.parts.items() for name, array in arrays.items()}


@pytest.fixture(autouse=True)
def _tell_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceswap.core.jobs.context._PROGRESS_INTERVAL", 0.0)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, facesets: Facesets) -> Path:
    """A generator that was trained for six steps without a stop."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    run_job(_job(folder, facesets[0], ema=0.9))
    return folder


def test_feature_what_a_run_leaves(straight: Path) -> None:
    saved = checkpoint.load_latest(straight)
    assert {name.partition("/")[0] for name in saved.parts["weights"]} == {"generator"}
    assert {name.partition("/")[0] for name in saved.parts["optimizer"]} == {
        "generator",
        "discriminator (player)",
        "discriminator",
    }
    assert read_history(straight)[-1]["losses"].keys() == {"discriminator", "generator"}
    picture = cv2.imread(str(straight / "previews" / "00000006.png"))
    assert picture.shape == (24 + 6 * 100, 6 * 100 - 4, 3)  # A line above says after how many steps.
    record = yaml.safe_load((straight / "model.yaml").read_text())
    assert (record["kind"], record["name"], record["identities"]) == ("generator", "dcgan", ["faces"])
    assert model_info(straight).lines()[0].startswith("generator: dcgan from faceswap")


def test_feature_the_trained_generator_makes_faces(straight: Path) -> None:
    plugin = load_trained_model(straight, base=Generator).plugin
    assert plugin.generate(plugin.latents(3, 0)).shape == (3, 16, 16, 3)
    with pytest.raises(CheckpointError, match="holds the generator 'dcgan', and a model is needed here"):
        load_trained_model(straight)


def test_feature_stopped_and_continued_equals_uninterrupted(tmp_path: Path, facesets: Facesets, straight: Path) -> None:
    job = _job(tmp_path / "model", facesets[0], ema=0.9)
    _stopped(job, 2)
    assert run_job(job).resumed_from == 2
    assert _state(job.model_dir) == _state(straight)


def test_feature_a_generators_own_settings_hold_where_the_user_says_nothing(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Any] = []
    honest = engine.augmentation
    monkeypatch.setattr(engine, "augmentation", lambda *given: noted.append(given[1:]) or honest(*given))
    report = run_job(_job(tmp_path / "model", facesets[0], iterations=1, batch_size=None, flip=0.25))
    assert noted == [(Variation(affine=0, flip=0.25, color_match=0, color_jitter=0), Warp(noise=0))]
    assert report.faces == {"faces": 7} and report.batch_size == 128
    assert report.best_step is None and report.held_out == {}


def test_feature_samples_that_stay_alike_are_told_once(tmp_path: Path, facesets: Facesets) -> None:
    """A fresh generator paints one gray."""
    folder = tmp_path / "model"
    warnings = _warnings(_job(folder, facesets[0], validation=0.05, validate_every=1, iterations=11))
    (warning,) = [warning for warning in warnings if "collapsed" in warning]
    assert "after 10 iterations its samples differ from each other by 0% of what the faces do, 10 times" in warning
    told = read_validations(folder)
    assert [line["step"] for line in told] == list(range(1, 12))
    assert all(line["validation"].keys() == {"spread"} for line in told)


def test_feature_samples_that_become_alike_are_told_soon(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, calls = np.random.default_rng(0), iter(range(100))

    def generate(plugin: DcganGenerator, latents: Any) -> Any:
        drawn = rng.integers(0, 256, (len(latents), 16, 16, 3)).astype(np.uint8)
        return drawn if next(calls) in (2, 3) else np.zeros_like(drawn)

    monkeypatch.setattr(DcganGenerator, "generate", generate)
    warnings = _warnings(_job(tmp_path / "model", facesets[0], validation=0.05, validate_every=1, iterations=8))
    (warning,) = [warning for warning in warnings if "collapsed" in warning]
    assert "after 7 iterations" in warning and "3 times in a row" in warning


def test_feature_samples_that_differ_are_no_collapse(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    monkeypatch.setattr(
        DcganGenerator,
        "generate",
        lambda plugin, latents: rng.integers(0, 256, (len(latents), 16, 16, 3)).astype(np.uint8),
    )
    warnings = _warnings(_job(tmp_path / "model", facesets[0], validation=0.05, validate_every=1))
    assert not [warning for warning in warnings if "collapsed" in warning]
    assert all(line["validation"]["spread"] > 1 for line in read_validations(tmp_path / "model"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"faceset": None}, r"train needs --faceset for generator 'dcgan'"),
        ({"source": Path("a")}, r"generator 'dcgan' is trained from --faceset and has no use for --source: leave it"),
        ({"target_only": (Path("a.jpg"),)}, r"has no use for --target-only"),
        ({"adversarial": 0.1}, r"--adversarial judges autoencoders, and --generator trains none"),
        ({"stop_when_flat": True, "validation": 0.1}, r"--stop-when-flat goes by faces that are reconstructed"),
        ({"model": PluginChoice(name="h128")}, r"give --model or --generator, not both"),
        ({"generator": None}, r"--faceset is for generators: add --generator NAME"),
        ({"generator": None, "source": Path("a"), "target": Path("b")}, r"from --source and --target and has no use"),
        (
            {"generator": PluginChoice(name="dcgan", options={"size": 48})},
            r"generator 'dcgan' option 'size': must be a power of two.*Received: 48",
        ),
    ],
)
def test_error_settings_that_do_not_go_together(
    tmp_path: Path, facesets: Facesets, settings: dict[str, Any], said: str
) -> None:
    job = _job(tmp_path / "model", **{"faceset": facesets[0], **settings})
    with pytest.raises(OptionError, match=said):
        run_job(job)
    assert not (tmp_path / "model" / "model.yaml").exists()


@pytest.mark.parametrize(("count", "said"), [(0, "holds no face"), (1, "holds 1 face, and training needs 2")])
def test_error_too_few_faces(tmp_path: Path, make_faceset: Callable[..., Path], count: int, said: str) -> None:
    faceset = make_faceset(tmp_path / "faces", count=count)
    with pytest.raises(StoreError, match=said):
        run_job(_job(tmp_path / "model", faceset))
