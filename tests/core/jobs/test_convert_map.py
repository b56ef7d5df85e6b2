"""Several people in one run, each swapped by a model of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conversion_scene import (
    COLOR,
    Painter,
    Scene,
    face_at,
    pictures,
    redone,
    stop_after_one_chunk,
    write_faceset,
)
from pydantic import ValidationError

from faceswap.core.contract import CropSpec
from faceswap.core.errors import OptionError, PluginError
from faceswap.core.host import use_backend
from faceswap.core.training import saved_model
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.provenance.checking import check_path
from faceswap.lib.provenance.consent import Consent, attach, write_consent

COLORS = {"anna": COLOR, "ben": np.float32([0.1, 0.8, 0.3])}
PLACES = {"anna": (25, 30), "ben": (85, 40), "cleo": (128, 70)}


def faces_of(index: int) -> list[np.ndarray]:
    """Anna in every frame, Ben in every second, and Cleo, whom nobody maps."""
    shown = ["anna", "cleo"] + (["ben"] if index % 2 else [])
    return [face_at(*PLACES[name], 24) for name in shown]


class Models:
    """Stands in for model folders: a painter of another color and crop for each person."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.painters = {name: Painter(color=color) for name, color in COLORS.items()}
        self.painters["ben"].spec = CropSpec(48, "half")
        self.loaded: list[str] = []
        self.backends: dict[str, str | None] = {}
        for step, name in enumerate(COLORS, start=1):
            manifest = self.folder(name) / "checkpoints" / str(step) / "manifest.json"
            manifest.parent.mkdir(parents=True)
            manifest.write_text('{"files": {"weights.safetensors": {"size": 1, "sha256": "%s"}}}' % (name * 2))

    def folder(self, name: str) -> Path:
        return self.scene.folder / f"model {name}"

    def prepare(self, folder: Path) -> Any:
        name = folder.name.partition(" ")[2]
        return SimpleNamespace(label=f"model '{name}'", plugin=SimpleNamespace(backend=self.backends.get(name)))

    def load(self, folder: Path, together_with: Sequence[Any] = (), which: str = "newest") -> saved_model.TrainedModel:
        use_backend([used for used in together_with if not hasattr(used, "found")])
        name = folder.name.partition(" ")[2]
        self.loaded.append(name)
        self.scene.model = self.painters[name]
        return replace(self.scene.load(folder), step=1 + list(COLORS).index(name))

    def roles(self) -> tuple[str, str]:
        """Anna by her name, Ben, who has none in the faceset, by his number."""
        return f"anna={self.folder('anna')}", f"2={self.folder('ben')}"


@pytest.fixture
def models(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Models]:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    models = Models(scene)
    scene.faceset = scene.folder / "people"
    write_faceset(scene.faceset, scene.footage, faces_of)
    with FacesetWriter.open(scene.faceset) as faceset:
        numbers = {name: number for number, name in enumerate(PLACES, start=1)}
        order = ["anna", "cleo", "ben"]
        faceset.note_people({face.id: numbers[order[face.index]] for face in faceset.faces()})
        faceset.name_person(1, "anna")
    monkeypatch.setattr(saved_model, "load_trained_model", models.load)
    monkeypatch.setattr(saved_model, "prepare_saved", models.prepare)
    yield models


def colors_at(path: Path, index: int) -> dict[str, np.ndarray]:
    """The color of each person's nose in a frame, 0..1."""
    picture = pictures(path)[index] / 255
    noses = {name: face_at(*place, 24)[30].round().astype(int) for name, place in PLACES.items()}
    return {name: picture[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1)) for name, (x, y) in noses.items()}


def test_each_person_gets_the_face_of_their_own_model(scene, models):
    report, _ = scene.convert(model_dir=None, map=models.roles())
    before, after = colors_at(scene.footage, 1), colors_at(scene.folder / "out.mkv", 1)
    for name, color in COLORS.items():
        assert np.abs(after[name] - color).max() < 0.03
    assert np.abs(after["cleo"] - before["cleo"]).max() < 0.01
    assert np.abs(colors_at(scene.folder / "out.mkv", 0)["ben"] - COLORS["ben"]).max() > 0.1
    assert report.people == {"anna": 16, "2": 8}
    assert report.model_steps == {"anna": 1, "2": 2} and report.model_step is None
    assert {"people: anna 16, 2 8", "model steps: anna 1, 2 2"} < set(report.lines())
    assert (report.faces, report.frames_swapped) == (24, 16)


def test_each_model_is_given_its_own_crops_in_batches(scene, models):
    scene.convert(model_dir=None, map=models.roles(), batch_size=4)
    shapes = {name: {call.shape[1:] for call in painter.calls} for name, painter in models.painters.items()}
    assert shapes == {"anna": {(32, 32, 3)}, "ben": {(48, 48, 3)}}
    assert [sum(len(call) for call in models.painters[name].calls) for name in COLORS] == [16, 8]
    assert max(len(call) for painter in models.painters.values() for call in painter.calls) <= 4
    assert models.loaded == ["anna", "ben"]


def test_a_model_of_two_people_is_loaded_once(scene, models):
    folder = models.folder("anna")
    report, _ = scene.convert(model_dir=None, map={"anna": folder, 2: folder})
    assert models.loaded == ["anna"] and report.people == {"anna": 16, "2": 8}


def test_a_stopped_run_goes_on_but_not_with_other_roles(scene, models):
    settings: dict[str, Any] = {"model_dir": None, "map": models.roles(), "batch_size": 32}
    stop_after_one_chunk_of(scene, models, settings)
    anew, _ = redone(scene, **settings)
    assert not anew
    stop_after_one_chunk_of(scene, models, settings)
    anew, _ = redone(
        scene, model_dir=None, batch_size=32, map=(f"2={models.folder('anna')}", f"anna={models.folder('ben')}")
    )
    assert anew


def stop_after_one_chunk_of(scene: Scene, models: Models, settings: dict[str, Any]) -> None:
    scene.model = models.painters["anna"]
    stop_after_one_chunk(scene, **settings)
    models.painters["anna"].before = lambda call: None


def test_what_is_written_names_all_models_and_their_consents(scene, models, tmp_path):
    for name in COLORS:
        write_consent(tmp_path / f"{name}.json", Consent((name,), "a test", "its author"))
        attach(tmp_path / f"{name}.json", models.folder(name))
    scene.convert(model_dir=None, map=models.roles())
    (found,) = check_path(scene.folder / "out.mkv")
    told = found.made_with["models"]
    assert [each["weights_sha256"] for each in told] == [{"weights": "annaanna"}, {"weights": "benben"}]
    assert len(found.made_with["consent_sha256"]) == 2


def test_models_of_two_backends_do_not_run_together(scene, models):
    models.backends = {"anna": "tensorflow", "ben": "jax"}
    with pytest.raises(PluginError, match="cannot run together"):
        scene.convert(model_dir=None, map=models.roles())


def test_one_person_by_number_and_by_name_is_told(scene, models):
    with pytest.raises(OptionError, match="names person 1 twice"):
        scene.convert(model_dir=None, map=(models.roles()[0], f"1={models.folder('ben')}"))


def test_nobody_of_the_faceset_is_told(scene, models):
    with pytest.raises(OptionError, match="has no person 'dora'; it has 1, 2, 3, anna"):
        scene.convert(model_dir=None, map=(f"dora={models.folder('anna')}",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"map": ("anna=a",)}, "either --model-dir or --map"),
        ({"model_dir": None}, "either --model-dir or --map"),
        ({"model_dir": None, "map": ("anna",)}, "must be PERSON=MODEL_DIR"),
        ({"model_dir": None, "map": ("anna=a", "anna=b")}, "names anna twice"),
        ({"model_dir": None, "map": ("anna=a",), "person": ("ben",)}, "leave out --only, --not and --person"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(scene, settings, message):
    with pytest.raises(ValidationError, match=message):
        scene.job(**settings)
