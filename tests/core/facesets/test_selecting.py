"""Choosing faces by reference pictures and people, on made-up embeddings and in true pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.contract import CropSpec
from faceswap.core.errors import MediaError, OptionError, StoreError
from faceswap.core.extracting import references
from faceswap.core.extracting.plugins import PluginChoices
from faceswap.core.extracting.references import chain_of, reference_embeddings
from faceswap.core.facesets.selecting import FaceFilter, Wanted, select_faces
from faceswap.core.host import PluginChoice, prepare
from faceswap.core.jobs.convert import ConvertJob
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.core.kinds import TrainableModel
from faceswap.core.training.faces import training_faces
from faceswap.core.training.facesets import faceset_warnings
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks
from faceswap.lib.media import write_image
from faceswap.lib.performers import BEARDED, SITTER, Script, Take

ANNA, BEN, CLEO = np.eye(3, 128, dtype=np.float32)
"""Embeddings of three people, sqrt 2 apart."""


def _near(person: NDArray[np.float32], distance: float) -> NDArray[np.float32]:
    """A unit vector so far from a person's, in a direction of its own."""
    angle = 2 * np.arcsin(distance / 2)
    return np.asarray(np.cos(angle) * person + np.sin(angle) * np.eye(128, dtype=np.float32)[100], np.float32)


def _no_check() -> None:
    pass


def _face(embedding: NDArray[np.float32], left: float, shade: int) -> FaceRecord:
    landmarks = mean_face_landmarks("ibug68", "head", 64)
    return FaceRecord(
        box=np.array([left, 0, left + 50, 50], np.float32),
        score=0.9,
        matrix=crop_matrix(landmarks, "ibug68", "head", 64),
        landmarks=landmarks,
        scheme="ibug68",
        embeddings={"dlib-resnet": embedding},
        crop=encode_crop(np.full((64, 64, 3), shade, np.uint8)),
    )


@pytest.fixture
def faceset(tmp_path: Path) -> Path:
    """Six frames with Anna, Ben and Cleo, each on a track; in one frame Anna looks like nobody."""
    path, stages = tmp_path / "faces", []
    for kind, name in (("detector", "dlib-hog"), ("aligner", "dlib-68"), ("recognizer", "dlib-resnet")):
        used = prepare(kind, PluginChoice(name=name))
        stages.append(Stage(kind, name, used.found.version, used.options_hash))
    frames = []
    for pts in range(6):
        anna = _near(ANNA, 1.0 if pts == 3 else 0.1)
        people = [_face(anna, 0, 50), _face(_near(BEN, 0.1), 100, 100), _face(_near(CLEO, 0.1), 200, 200)]
        frames.append(FrameRecord("a.mp4", pts, pts / 25, 640, 480, tuple(people)))
    with FacesetWriter.create_or_open(path, crop_size=64, stages=stages) as writer:
        writer.add_chunk("a.mp4", 0, frames)
        writer.note_tracks({face.id: face.index for face in writer.faces()})
        writer.note_people({face.id: face.index + 1 for face in writer.faces()})
        writer.name_person(2, "ben")
    return path


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets pictures called `anna.jpg` and the like stand for the people."""
    people = {"anna": ANNA, "ben": BEN, "cleo": CLEO}

    def embed(plugins: PluginChoices, paths: list[Path], check: Callable[[], None]) -> NDArray[np.float32]:
        assert plugins.recognizer is not None and plugins.recognizer.name == "dlib-resnet"
        return np.stack([people[path.stem] for path in paths])

    monkeypatch.setattr(references, "reference_embeddings", embed)


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("only", "without", "people", "kept"),
    [
        (["anna"], [], [], {0}),
        (["anna", "cleo"], [], [], {0, 2}),
        ([], ["ben"], [], {0, 2}),
        (["anna", "ben"], ["ben"], [], {0}),
        ([], [], ["ben", "3"], {1, 2}),
        ([], ["cleo"], ["ben", "3"], {1}),
    ],
)
def test_tracks_of_those_who_are_asked_for(
    faceset: Path, only: list[str], without: list[str], people: list[str], kept: set[int]
) -> None:
    """A whole track goes with its looks, the frame in which Anna is not known among them."""
    names = [tuple(Path(f"{name}.jpg") for name in group) for group in (only, without)]
    wanted = FaceFilter(only=names[0], without=names[1], people=tuple(people))
    with Faceset.open(faceset) as opened:
        chosen = select_faces(opened, wanted, _no_check)
        assert chosen == {face.id for face in opened.faces() if face.index in kept}


@pytest.mark.usefixtures("pictures")
def test_error_nobody_is_found(faceset: Path) -> None:
    with Faceset.open(faceset) as opened:
        assert select_faces(opened, FaceFilter(), _no_check) is None
        wanted = FaceFilter(only=(Path("anna.jpg"),), people=("ben",))
        with pytest.raises(StoreError, match="has no face of those who are asked for, among 18 faces"):
            select_faces(opened, wanted, _no_check)
        with pytest.raises(OptionError, match="has no person 'dora'; it has 1, 2, 3, ben"):
            select_faces(opened, FaceFilter(people=("dora",)), _no_check)


def test_training_sees_only_those_who_are_asked_for(faceset: Path, tmp_path: Path) -> None:
    class Small(TrainableModel):
        crop = CropSpec(16, "full")

    with Faceset.open(faceset) as opened:
        chosen = select_faces(opened, FaceFilter(people=("ben",)), _no_check)
    (tmp_path / "model").mkdir()
    watch = lambda done, total: None  # noqa: E731
    everybody = training_faces(faceset, "source", Small.crop, tmp_path / "model" / "cache", watch)
    ben = training_faces(faceset, "source", Small.crop, tmp_path / "model" / "cache", watch, chosen)
    assert (len(everybody), len(ben), ben.chosen) == (18, 6, chosen)
    assert np.abs(ben.pictures.astype(int) - 100).max() < 4
    few = [
        line
        for line in faceset_warnings({"source": faceset, "target": faceset}, Small(), {"source": chosen})
        if "holds" in line
    ]
    assert [line.split(" holds ")[1].split(";")[0] for line in few] == ["6 faces", "18 faces"]


def test_wanted_are_the_nearer_ones() -> None:
    between = np.stack([_near(ANNA, 0.3), ANNA * 0.8 + BEN * 0.6, ANNA * 0.6 + BEN * 0.8, CLEO, np.full(128, np.nan)])
    embeddings = np.stack([ANNA, BEN])
    keep = Wanted.of(FaceFilter(only=(Path("a"),), without=(Path("b"),)), embeddings, 1.0).keep(between)
    assert keep.tolist() == [True, True, False, False, False]
    keep = Wanted.of(FaceFilter(without=(Path("a"), Path("b"))), embeddings, 1.0).keep(between)
    assert keep.tolist() == [False, False, False, True, False]


def test_chain_is_that_of_the_faceset(faceset: Path) -> None:
    with Faceset.open(faceset) as opened:
        assert chain_of(opened).detector == PluginChoice(name="dlib-hog")
        settings = '{"detector": {"name": "dlib-hog@faceswap", "options": {"upsample": 1}}, "aligner": {"name": "%s"}, '
        settings += '"recognizer": {"name": "dlib-resnet"}}'
        (faceset / "runs").mkdir()
        (faceset / "runs" / "1.json").write_text('{"settings": %s}' % (settings % "dlib-68"))
        (faceset / "runs" / "2.json").write_text('{"settings": %s}' % (settings % "dlib-5"))
        (faceset / "runs" / "3.json").write_text("damaged")
        assert chain_of(opened).detector.options == {"upsample": 1}
        assert chain_of(opened).aligner.name == "dlib-68"


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of both performers alone and side by side, and of nobody."""
    folder = tmp_path_factory.mktemp("stills")
    sitter, bearded = (Take(person, Script(5), size=320).frame(10) for person in (SITTER, BEARDED))
    for name, image in {
        "sitter": Take(SITTER, Script(6), size=320).frame(30),
        "both": np.hstack([sitter, bearded]),
        "nobody": np.full_like(sitter, 90),
    }.items():
        write_image(folder / f"{name}.png", image)
    return folder


CHAIN = {"aligner": PluginChoice(name="dlib-5"), "maskers": (), "recognizer": PluginChoice(name="dlib-resnet")}


@pytest.mark.slow
def test_extraction_stores_only_those_who_are_asked_for(stills: Path, tmp_path: Path) -> None:
    """The reference is of another moment; the performers are told apart, though both come from one portrait."""
    boxes = {}
    for flag in ("only", "not_"):
        job = ExtractJob(
            media=stills / "both.png", faceset=tmp_path / flag, crop_size=64, workers=1, **CHAIN,
            **{flag: (stills / "sitter.png",)},
        )  # fmt: skip
        assert run_job(job).faces == 1
        with Faceset.open(tmp_path / flag) as opened:
            (boxes[flag],) = (face.box for face in opened.faces())
    assert boxes["only"][2] < 340 and boxes["not_"][0] > 300
    other = ExtractJob(media=stills / "both.png", faceset=tmp_path / "only", crop_size=64, workers=1, **CHAIN)
    with pytest.raises(StoreError, match="was made with filter 'references'"):
        run_job(other)


@pytest.mark.slow
def test_error_references_without_one_face_are_told(stills: Path, tmp_path: Path) -> None:
    plugins = PluginChoices(
        detector=PluginChoice(name="dlib-hog"), aligner=CHAIN["aligner"], recognizer=CHAIN["recognizer"]
    )
    for name, words in (("nobody", "no face was found"), ("both", "2 faces were found")):
        with pytest.raises(MediaError, match=rf"{words} in the reference .*{name}\.png; give a picture that shows"):
            reference_embeddings(plugins, [stills / f"{name}.png"], _no_check)


def test_one_picture_and_one_number_may_stand_alone(tmp_path: Path) -> None:
    job = ConvertJob.model_validate(
        {
            "media": "a",
            "output": "b",
            "model_dir": "c",
            "faceset": "d",
            "not_": "anna.jpg",
            "person": 1,
            "only": ["e", "f"],
        }
    )
    assert (job.not_, job.person, job.only) == ((Path("anna.jpg"),), ("1",), (Path("e"), Path("f")))
    assert ConvertJob.model_validate_json(job.model_dump_json()) == job


def test_error_a_reference_needs_a_recognizer(tmp_path: Path) -> None:
    job = ExtractJob(media=tmp_path / "a.mp4", faceset=tmp_path / "faces", only=(tmp_path / "anna.jpg",))
    with pytest.raises(OptionError, match="needs a recognizer; add --recognizer dlib-resnet"):
        job.preflight()
