"""The job `generate`. Its generator is taught nothing: what it paints is put in its place, a portrait in many tints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled, CheckpointError, FaceswapError, OptionError, OutputError, StoreError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.generate import GenerateJob
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.train import TrainJob
from faceswap.core.testing.samples import portrait
from faceswap.lib.faceset import Faceset
from faceswap.lib.media import probe, read_frames, read_image
from faceswap.lib.provenance.checking import Finding, State, check_file
from faceswap.lib.provenance.consent import Consent, write_consent
from faceswap.lib.provenance.keys import own_roots
from faceswap.lib.provenance.xmp import TRAINED
from faceswap.plugins.train.generators.dcgan import DcganGenerator

pytestmark = pytest.mark.slow  # Each loads a generator, some extract.

Facesets = tuple[Path, Path]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, facesets: Facesets) -> Path:
    """A generator that was trained for a step."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    small = PluginChoice(name="dcgan", options={"noise": 3, "width": 0.02})
    run_job(TrainJob(model_dir=folder, faceset=facesets[0], generator=small, iterations=1, batch_size=2, validation=0))
    return folder


@pytest.fixture
def paints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the generator paint a portrait, each latent in a tint of its own."""
    crop = portrait().crop(CropSpec(64, "full"))[0]

    def generate(plugin: Any, latents: NDArray[np.float32], truncation: float = 1.0) -> NDArray[np.uint8]:
        tints = 1 + 0.1 * truncation * latents[:, None, None, :]
        return np.clip(crop * tints, 0, 255).astype(np.uint8)

    monkeypatch.setattr(DcganGenerator, "generate", generate)


def _job(model: Path, faceset: Path, **settings: Any) -> GenerateJob:
    return GenerateJob(model_dir=model, faceset=faceset, **{"count": 3, "workers": 1, **settings})


def _looked_at(path: Path) -> Finding:
    return check_file(path, b"\n".join(own_roots()).decode())


def _pictures(folder: Path) -> list[NDArray[np.uint8]]:
    return [read_image(path) for path in sorted((folder / "pictures").glob("*.png"))]


@pytest.mark.usefixtures("paints")
def test_feature_a_faceset_that_says_what_it_is(tmp_path: Path, model: Path) -> None:
    faces, grid = tmp_path / "faces", tmp_path / "grid.png"
    report = run_job(_job(model, faces, grid=grid, interpolate="0..2..1", frames=4))
    assert (report.pictures, report.faces, report.without_face, report.step) == (3, 3, 0, 1)
    with Faceset.open(faces) as faceset:
        assert faceset.crop_size == 256
        stored = list(faceset.faces())
    assert len(stored) == 3
    assert all(face.landmarks is not None and face.mask_names and "dlib-resnet" in face.embeddings for face in stored)
    video = faces / "interpolation.mp4"
    assert report.written == [str(grid), str(video)]
    assert len(list(read_frames(probe(video)))) == 9
    for path in (faces / "pictures" / "000000.png", grid, video):
        found = _looked_at(path)
        assert (found.state, found.source_type, found.marked) == (State.INTACT, TRAINED, TRAINED), path
        assert found.made_with["model"]["plugin"] == "dcgan" and found.made_with["model"]["step"] == 1
        assert "blenders" not in found.made_with and "original_sha256" not in found.made_with
    told = json.loads((faces / "generated.json").read_text())
    assert told["digital_source_type"] == TRAINED and told["seed"] == 0 and "weights" in told["weights_sha256"]


@pytest.mark.usefixtures("paints")
def test_feature_stopped_and_continued_makes_the_same_faces(tmp_path: Path, model: Path) -> None:
    job, context = _job(model, tmp_path / "faces", count=20), JobContext(lambda event: None, tmp_path / "faces")

    def stop(event: Any) -> None:
        if event.type == "progress" and event.stage == "generating" and event.done == 16:
            context.stop()

    context._listener = stop
    with pytest.raises(Cancelled):
        job.run(context)
    assert len(_pictures(tmp_path / "faces")) == 16
    consent = tmp_path / "consent.json"
    write_consent(consent, Consent(("a portrait in the public domain",), "a test", "the test"))
    assert run_job(job.model_copy(update={"consent": (consent,)})).faces == 20  # Recorded since then: no other faces.
    pictures = _pictures(tmp_path / "faces")
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 3)).astype(np.float32)
    for picture, expected in zip(pictures, DcganGenerator().generate(noise), strict=True):
        np.testing.assert_array_equal(picture, expected)


def test_error_pictures_without_a_face(tmp_path: Path, model: Path) -> None:
    with pytest.raises(
        FaceswapError,
        match=r"^The generator of .*model has learned for 1 steps, and no face was found in its 3 pictures\. Look at",
    ):
        run_job(_job(model, tmp_path / "faces"))


def test_feature_few_faces_are_told_and_a_smaller_count_takes_none_away(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def generate(plugin: Any, latents: NDArray[np.float32], truncation: float = 1.0) -> NDArray[np.uint8]:
        faces = np.zeros((len(latents), 64, 64, 3), np.uint8)
        faces[:1] = portrait().crop(CropSpec(64, "full"))[0]
        return faces

    monkeypatch.setattr(DcganGenerator, "generate", generate)
    for count in (3, 1):
        told: list[Any] = []
        report = run_job(_job(model, tmp_path / "faces", count=count), told.append)
        assert (report.pictures, report.faces, report.without_face) == (3, 1, 2)
        assert any(
            "in 2 of its 3 pictures no face was found. Look at" in getattr(event, "message", "") for event in told
        )


def test_error_another_seed_in_the_same_folder(tmp_path: Path, model: Path) -> None:
    (tmp_path / "faces" / "pictures").mkdir(parents=True)
    (tmp_path / "faces" / "generated.json").write_text("{}")
    with pytest.raises(StoreError, match="choose another folder or the same settings"):
        run_job(_job(model, tmp_path / "faces", seed=2))


def test_feature_unsigned_where_that_is_asked_for(tmp_path: Path, model: Path) -> None:
    report = run_job(_job(model, tmp_path / "faces", count=0, grid=tmp_path / "grid.png", provenance=False))
    assert _looked_at(tmp_path / "grid.png").state == State.NOTHING
    assert "nothing in the output says how it was made" in report.provenance
    assert read_image(tmp_path / "grid.png").shape == (800, 796, 3)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"count": 0}, OptionError, "Nothing is asked for: give --count, --grid"),
        ({"mix": True}, OptionError, "generator 'dcgan' cannot mix"),
        ({"grid": Path("grid.txt")}, OutputError, "unknown ending '.txt'"),
        ({"checkpoint": "7"}, CheckpointError, "7"),
    ],
)
def test_error_what_cannot_be_done(
    tmp_path: Path, model: Path, settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run_job(_job(model, tmp_path / "faces", **settings))
    assert not (tmp_path / "faces" / "pictures").exists()


def test_error_a_way_to_a_face_that_is_too_far(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="numbers of faces are below 100000"):
        _job(tmp_path, tmp_path / "faces", interpolate="3..100000")


@pytest.mark.parametrize("way", ["3", "3..", "a..b", "1..2..", "-1..2"])
def test_error_a_way_between_no_faces(tmp_path: Path, way: str) -> None:
    with pytest.raises(ValueError, match=r"numbers of faces were expected, such as 3\.\.17"):
        _job(tmp_path, tmp_path / "faces", interpolate=way)


def test_error_a_folder_that_holds_no_generator(tmp_path: Path, model: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a model folder"):
        run_job(_job(tmp_path, tmp_path / "faces"))
    other = tmp_path / "other"
    other.mkdir()
    record = (model / "model.yaml").read_text()
    (other / "model.yaml").write_text(record)
    with pytest.raises(CheckpointError, match="other has no checkpoint; train the model first"):
        run_job(_job(other, tmp_path / "faces"))
    assert not (tmp_path / "faces").exists()
    (other / "model.yaml").write_text(record.replace("kind: generator", "kind: model"))
    with pytest.raises(OptionError, match="holds the model 'dcgan': `faceswap convert` swaps with it"):
        run_job(_job(other, tmp_path / "faces"))
