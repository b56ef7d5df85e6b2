"""The people of a faceset, on made-up embeddings: found, numbered, named, told and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.errors import OptionError
from faceswap.core.facesets.people import SHEET, find_people, people_of, person_numbers
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.media import read_image

SIZE = 32
Call = Callable[..., tuple[int, str, str]]


def _look(person: int, noise: int) -> NDArray[np.float32]:
    """An embedding 0.25 from the person's own; people are about 1.4 apart."""
    own, other = (np.random.default_rng(seed).normal(size=128) for seed in (person, 1000 + noise))
    vector = own / np.linalg.norm(own) + 0.25 * other / np.linalg.norm(other)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _face(person: int, noise: int, score: float = 0.9) -> FaceRecord:
    left = 100.0 * person
    return FaceRecord(
        box=np.array([left, 0, left + 80, 80], np.float32),
        score=score,
        matrix=np.eye(2, 3, dtype=np.float32),
        embeddings={"dlib-resnet": _look(person, noise)},
        crop=encode_crop(np.full((SIZE, SIZE, 3), 60 * person, np.uint8)),
    )


@pytest.fixture
def faceset(tmp_path: Path) -> Path:
    """Person 2 is seen in twelve frames on two tracks, person 1 in five of them; one face has no track."""
    path = tmp_path / "faces"
    used = prepare("recognizer", PluginChoice(name="dlib-resnet"))
    stage = Stage("recognizer", "dlib-resnet", used.found.version, used.options_hash)
    with FacesetWriter.create_or_open(path, crop_size=SIZE, stages=[stage]) as writer:
        shown = [[2, 1] if index < 5 else [2] for index in range(12)]
        frames = [
            FrameRecord("a.mp4", pts, pts / 25, 640, 480, tuple(_face(who, 20 * pts + who) for who in here))
            for pts, here in enumerate(shown)
        ]
        writer.add_chunk("a.mp4", 0, frames)
        tracks = {face.id: 0 if face.index else 1 + (face.pts >= 6) for face in writer.faces()}
        writer.note_tracks({**tracks, next(writer.faces()).id: None})
    return path


def test_people_are_found_told_and_shown(call: Call, faceset: Path) -> None:
    code, output, error = call("faceset", "people", str(faceset))
    assert (code, error) == (0, "")
    assert [line.split() for line in output.splitlines()] == [
        ["person", "name", "faces", "tracks", "seconds"],
        ["1", "12", "3", "0.5"],
        ["2", "5", "1", "0.2"],
        [str(faceset / SHEET)],
    ]
    sheet = read_image(faceset / SHEET)
    middles = [[int(sheet[24 + 132 * row + 64, 132 * column + 64, 0]) for row in range(5)] for column in (0, 1)]
    assert np.abs(np.array(middles) - [[120], [60]]).max() < 6
    with FacesetWriter.open(faceset) as opened:
        table = opened.face_table()
    assert table.person.tolist() == [1, 2] * 5 + [1] * 7


def test_names_stay_with_people(call: Call, faceset: Path) -> None:
    assert call("faceset", "people", str(faceset), "--name", "2=anna")[0] == 0
    with FacesetWriter.open(faceset) as opened:
        assert person_numbers(opened, ("anna", "1")) == [2, 1]
        more = [FrameRecord("b.mp4", pts, pts / 25, 640, 480, (_face(1, 900 + pts),)) for pts in range(20)]
        opened.add_chunk("b.mp4", 0, more)
        assert find_people(opened) == 2
        assert [(person.number, person.name, person.faces) for person in people_of(opened)] == [
            (2, "anna", 25),
            (1, None, 12),
        ]
        with pytest.raises(OptionError, match="has no person 'ann'; it has 1, 2, anna"):
            person_numbers(opened, ("ann",))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "anna"], "expected NUMBER=NAME"),
        (["--name", "7=anna"], "has no person 7; it has 1, 2"),
        (["--name", "1=3"], "must be a word"),
    ],
)
def test_error_wrong_names_are_one_line(call: Call, faceset: Path, words: list[str], message: str) -> None:
    code, _, error = call("faceset", "people", str(faceset), *words)
    assert code == 2
    assert message in error
    assert "Traceback" not in error


def test_error_no_embeddings_is_one_line(call: Call, make_faceset: Callable[..., Path], tmp_path: Path) -> None:
    code, _, error = call("faceset", "people", str(make_faceset(tmp_path / "plain")))
    assert code == 2
    assert "has none; make it anew in another folder, with --recognizer dlib-resnet" in error
    assert len(error.splitlines()) == 1
