"""What is changed of faces that are stored: taken out and brought back exactly, noted, measured; and all as a table."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.lib import faceset_editor
from faceswap.lib.crops import encode_crop
from faceswap.lib.errors import StoreError
from faceswap.lib.face_measures import measure_face
from faceswap.lib.face_records import MEASURES, FaceRecord, FrameRecord
from faceswap.lib.face_table import CHOSEN_COLUMNS
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks

SIZE = 64


def make_face(seed: int, measured: bool = True) -> FaceRecord:
    rng = np.random.default_rng(seed)
    crop = cv2.resize(rng.integers(0, 256, (32, 32, 3)).astype(np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    landmarks = mean_face_landmarks("ibug68", "head", 150) + rng.normal(0, 1, (68, 2)).astype(np.float32)
    matrix = crop_matrix(landmarks, "ibug68", "head", SIZE)
    found = measure_face(crop, matrix, "head", landmarks, "ibug68")
    return FaceRecord(
        box=rng.normal(100, 50, 4).astype(np.float32),
        score=float(rng.random()),
        matrix=matrix,
        landmarks=landmarks,
        scheme="ibug68",
        crop=encode_crop(crop),
        masks={"hull": np.ones((8, 8, 1), np.float32)},
        embeddings={"net": rng.normal(0, 1, 4).astype(np.float32)},
        **(vars(found) if measured else {}),
    )


def make_frames(measured: bool = True) -> list[FrameRecord]:
    """Frames of two sources, stored out of their order; nine faces in all."""
    places = [("b.mp4", 7, 2), ("b.mp4", 3, 0), ("a.mp4", 512, 3), ("b.mp4", -5, 1), ("a.mp4", 0, 3)]
    return [
        FrameRecord(
            source, pts, pts / 30, 640, 480, tuple(make_face(abs(pts) * 10 + k, measured) for k in range(count))
        )
        for source, pts, count in places
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    with FacesetWriter.create_or_open(folder, crop_size=SIZE) as faceset:
        faceset.add_chunk("m", 0, make_frames())
    return folder


def contents(path: Path) -> object:
    """All that a faceset shows of its faces, in a form that compares exactly."""
    with Faceset.open(path) as faceset:
        faces = [
            (
                face.id,
                face.crop.read_bytes(),
                face.box.tobytes(),
                face.track,
                face.person,
                faceset.read_mask(face, "hull"),
            )
            for face in faceset.faces()
        ]
        table = faceset.face_table()
        columns = {name: column for name, column in vars(table).items() if name != "sources"}
        return repr((faces, {name: column.tolist() for name, column in columns.items()}, faceset.info()))


def files(path: Path, folder: str) -> set[str]:
    return {entry.stem for entry in (path / folder).rglob("*.jpg")}


def ids(path: Path) -> list[str]:
    with Faceset.open(path) as faceset:
        return [face.id for face in faceset.faces()]


def test_removed_faces_are_left_out_everywhere_and_come_back_exactly(path: Path) -> None:
    before, names = contents(path), ids(path)
    gone = {names[0], names[4], names[6]}  # The last is the only one of its frame.
    with FacesetWriter.open(path) as faceset:
        faces = {face.id: face for face in faceset.faces()}
        assert faceset.remove([*gone, names[0]]) == 3
        assert faceset.remove(gone) == 0
    assert (files(path, "crops"), files(path, "trash")) == (set(names) - gone, gone)
    with Faceset.open(path) as faceset:
        left = [name for name in names if name not in gone]
        assert [face.id for face in faceset.faces()] == faceset.face_table().ids.tolist() == left
        assert len(faceset) == len(faceset.embeddings("net")) == faceset.info().faces == 6
        assert (faceset.info().removed, faceset.info().deleted, faceset.info().frames_without_face) == (3, 0, 2)
        assert names[4] not in {face.id for face in faceset.faces_at(faces[names[4]].source, faces[names[4]].pts)}
        with pytest.raises(StoreError, match=f"has no face {names[4]}"):
            faceset.face(names[4])
        with pytest.raises(StoreError, match="no mask"):
            faceset.read_mask(faces[names[4]], "hull")
    with FacesetWriter.open(path) as faceset:
        assert faceset.sync() == 0
        assert faceset.restore([names[4], names[1]]) == 1
        assert faceset.restore() == 2
    assert contents(path) == before
    assert files(path, "trash") == set()


@pytest.mark.parametrize("change", ["remove", "restore"])
def test_an_unknown_face_changes_nothing(path: Path, change: str) -> None:
    before, names = contents(path), ids(path)
    with FacesetWriter.open(path) as faceset, pytest.raises(StoreError, match="has no face ffff"):
        getattr(faceset, change)([names[0], "ffff"])
    assert contents(path) == before


def test_a_removed_face_stays_removed_when_its_frame_is_stored_again(path: Path) -> None:
    names = ids(path)
    with FacesetWriter.open(path) as faceset:
        faceset.note_tracks({names[0]: 3, names[1]: 4})
        faceset.note_people({names[1]: 2})
        faceset.remove(names[:1])
        assert faceset.add_chunk("m", 0, make_frames()) == 8
        assert (faceset.face(names[1]).track, faceset.face(names[1]).person) == (4, 2)
    assert ids(path) == names[1:]
    assert (files(path, "crops"), files(path, "trash")) == (set(names[1:]), {names[0]})
    with FacesetWriter.open(path) as faceset:
        assert faceset.restore() == 1
        assert faceset.face(names[0]).track == 3


@pytest.mark.parametrize("change", ["remove", "restore"])
def test_a_kill_between_file_and_row_is_mended(path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal that has begun is finished at the next opening, a restoring that was not committed is undone."""
    names = ids(path)

    def die(*_):
        raise KeyboardInterrupt

    with FacesetWriter.open(path) as faceset:
        if change == "restore":
            faceset.remove(names[:2])
        with monkeypatch.context() as patch:
            patch.setattr(FacesetWriter, "_move_to_trash" if change == "remove" else "_update", die)
            with pytest.raises(KeyboardInterrupt):
                getattr(faceset, change)(names[:2])
    assert files(path, "crops") == set(names)
    assert ids(path) == names[2:]
    with FacesetWriter.open(path) as faceset:
        assert (files(path, "crops"), files(path, "trash")) == (set(names[2:]), set(names[:2]))
        assert faceset.restore() == 2
    assert ids(path) == names


def test_a_face_whose_image_is_gone_from_the_trash_stays_removed(path: Path) -> None:
    names = ids(path)
    with FacesetWriter.open(path) as faceset:
        faceset.remove(names[:2])
        (path / "trash" / names[0][:2] / f"{names[0]}.jpg").unlink()
        assert faceset.restore() == 1
        assert faceset.info().removed == 1
    assert ids(path) == names[1:]


def test_tracks_and_people_are_noted_and_taken_away(path: Path) -> None:
    names = ids(path)
    with FacesetWriter.open(path) as faceset:
        faceset.note_tracks({name: np.int64(index // 4) for index, name in enumerate(names)})
        faceset.note_people({names[0]: 5, names[1]: 5, names[2]: 9, names[3]: 9})
        faceset.name_person(5, "Anna")
        faceset.note_people({names[3]: None})
        with pytest.raises(StoreError, match=r"person 5 .* is called 'Anna'"):
            faceset.name_person(9, "Anna")
        faceset.name_person(5, "Anna")
    with Faceset.open(path) as faceset:
        assert faceset.people() == {5: "Anna", 9: None}
        assert [(face.track, face.person) for face in faceset.faces()][:4] == [(0, 5), (0, 5), (0, 9), (0, None)]
        table, info = faceset.face_table(), faceset.info()
        assert table.track.tolist() == [0] * 4 + [1] * 4 + [2]
        assert table.person.tolist() == [5, 5, 9] + [-1] * 6
        assert (info.tracks, dict(info.people)) == (3, {"Anna": 2, "person 9": 1})
    with FacesetWriter.open(path) as faceset, pytest.raises(StoreError, match="has no face nobody"):
        faceset.note_tracks({names[0]: 7, "nobody": 7})
    with Faceset.open(path) as faceset:
        assert faceset.face(names[0]).track == 0


def test_the_table_holds_what_the_faces_hold(path: Path) -> None:
    with FacesetWriter.open(path) as faceset:
        faces = list(faceset.faces())
        faces[2].crop.unlink()
    with Faceset.open(path) as faceset:
        faces, table = list(faceset.faces()), faceset.face_table()
        assert len(table) == len(faces) == 8
        assert table.ids.tolist() == [face.id for face in faces]
        assert [table.sources[code] for code in table.source] == [face.source for face in faces]
        for name in ("pts", "time", "index", "score", *MEASURES):
            assert getattr(table, name).tolist() == [getattr(face, name) for face in faces]
        assert (set(table.track), set(table.person)) == ({-1}, {-1})
        sharp = table.take(np.argsort(-table.sharpness)[:3])
        assert [faceset.face(name).sharpness for name in sharp.ids] == sorted(table.sharpness, reverse=True)[:3]
        info = faceset.info()
        for name in MEASURES:
            column = getattr(table, name)
            assert info.measured[name] == pytest.approx((column.min(), column.mean(), column.max()), rel=1e-12)


def test_a_table_of_chosen_columns_is_a_part_of_the_whole(path: Path) -> None:
    with Faceset.open(path) as faceset:
        whole = faceset.face_table()
        for name in CHOSEN_COLUMNS:
            part = faceset.face_table([name])
            for column in ("ids", "source", "pts", "index", name):
                assert getattr(part, column).tolist() == getattr(whole, column).tolist()
            assert len(vars(part)) == len(vars(faceset.face_table(()))) + 1 == 6
        with pytest.raises(AttributeError, match="`yaw` is not in this table"):
            part.take(np.arange(2)).yaw  # noqa: B018


def test_the_digest_tells_sets_of_equal_size_and_notes_apart(path: Path) -> None:
    names, digests = ids(path), []
    with FacesetWriter.open(path) as faceset:
        changes = (
            lambda: faceset.remove(names[:1]),
            lambda: (faceset.restore(), faceset.remove(names[1:2])),
            lambda: faceset.note_tracks({names[0]: 1}),
            lambda: faceset.note_people({names[0]: 1}),
            lambda: (faceset.remove(names[:1]), faceset.restore(names[:1])),
        )
        for change in changes:
            change()
            digests.append(faceset.face_table().digest())
    assert len(set(digests)) == 4 and digests[3] == digests[4]


def test_an_empty_faceset_has_an_empty_table(tmp_path: Path) -> None:
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=SIZE) as faceset:
        table = faceset.face_table()
        assert (len(table), table.sources, table.ids.dtype) == (0, (), np.dtype("<U20"))


def test_missing_measures_are_made_from_the_crops(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faceset_editor, "_BATCH", 4)
    told: list[tuple[int, int]] = []
    with FacesetWriter.create_or_open(tmp_path / "old", crop_size=SIZE) as faceset:
        faceset.add_chunk("m", 0, make_frames(measured=False))
        assert np.isnan(faceset.face_table().yaw).all()
        assert faceset.info().unmeasured == 9
        victim = next(faceset.faces())
        faceset.remove([victim.id])
        assert faceset.measure_missing(lambda done, total: told.append((done, total))) == 8
        assert faceset.measure_missing() == 0
        assert faceset.restore() == 1
        assert faceset.measure_missing() == 1
        found = list(faceset.faces())
    assert told == [(4, 8), (8, 8)]
    with Faceset.open(path) as faceset:
        for want, face in zip(faceset.faces(), found, strict=True):
            assert (face.size, face.yaw, face.pitch, face.roll) == (want.size, want.yaw, want.pitch, want.roll)
            assert face.sharpness == pytest.approx(want.sharpness, rel=0.1)  # The crop has been a JPEG since.
            assert face.brightness == pytest.approx(want.brightness, abs=0.005)


def test_a_removed_face_goes_when_its_frame_is_stored_without_it(path: Path) -> None:
    with FacesetWriter.open(path) as faceset:
        first, second = (face.id for face in faceset.faces_at("b.mp4", 7))
        faceset.remove([second])
        faceset.add_chunk("m", 1, [FrameRecord("b.mp4", 7, 7 / 30, 640, 480, (make_face(0),))])
        assert [face.id for face in faceset.faces_at("b.mp4", 7)] == [first]
        assert (faceset.info().removed, files(path, "trash")) == (0, set())
