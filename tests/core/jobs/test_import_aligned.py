"""Folders of faces become facesets without a detector: in layouts of CelebA and StyleGAN, and aligned otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

from faceswap.core.errors import Cancelled, MediaError, OptionError, OutputError, PluginError, StoreError
from faceswap.core.facesets.filtering import find_hits, make_conditions
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.export_tfrecords import ExportTfrecordsJob
from faceswap.core.jobs.import_aligned import ImportAlignedJob
from faceswap.core.jobs.import_tfrecords import ImportTfrecordsJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.exchange.stylegan import largest_level, read_pictures, write_levels
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_copy import FacesetHead, add_frames, whole_frames
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import mean_face_landmarks

EYES = np.array([[204, 110], [244, 110]], np.float32)
"""The astronaut's, near enough."""


@pytest.fixture(scope="module")
def celeba(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures in CelebA's layout, drawn of the astronaut: 178 x 218, her eyes where theirs are; and lists."""
    folder = tmp_path_factory.mktemp("celeba")
    (folder / "img").mkdir()
    moved = np.float32([[1, 0, 69 - EYES[0, 0]], [0, 1, 111 - EYES[0, 1]]])
    picture = cv2.warpAffine(astronaut(), moved, (178, 218), borderMode=cv2.BORDER_REPLICATE)
    names = [f"{number:06d}.jpg" for number in range(1, 6)]
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / "img" / name), np.clip(picture[..., ::-1].astype(int) - 9 * number, 0, 255))
    rows = [f"{name} {2 * (number % 2) - 1:2d} {1 - 2 * (number > 3):2d}" for number, name in enumerate(names)]
    (folder / "attributes.txt").write_text("\n".join(["5", "Odd Early ", *rows, ""]))
    return folder


def job(folder: Path, faceset: Path, **settings: Any) -> ImportAlignedJob:
    return ImportAlignedJob(media=folder, faceset=faceset, **{"layout": "celeba", **settings})


def warnings_of(job: Any) -> list[str]:
    told: list[Any] = []
    run_job(job, told.append)
    return [event.message for event in told if event.type == "warning"]


def test_feature_celebas_pictures_and_attributes(celeba: Path, tmp_path: Path) -> None:
    assert not warnings_of(job(celeba / "img", tmp_path / "faces", attributes=celeba / "attributes.txt"))
    with Faceset.open(tmp_path / "faces") as faceset:
        assert (len(faceset), faceset.crop_size, faceset.face_type) == (5, 160, "whole")
        faces = list(faceset.faces())
        assert [face.source for face in faces] == [f"00000{number}.jpg" for number in range(1, 6)]
        crop = faceset.read_crop(faces[0])
        # The crop's middle is the picture's, enlarged by about a thirteenth.
        picture = cv2.imread(str(celeba / "img" / "000001.jpg"))[..., ::-1]
        square = cv2.warpAffine(picture, faces[0].matrix, (160, 160), flags=cv2.INTER_LINEAR)
        assert peak_signal_noise_ratio(square[20:140, 20:140], crop[20:140, 20:140]) > 32
        assert faceset.attributes() == ("Odd", "Early") == faceset.info().attributes
        np.testing.assert_array_equal(faceset.column("attributes"), [[-1, 1], [1, 1], [-1, 1], [1, 1], [-1, -1]])
        hits = find_hits(faceset, faceset.face_table(), make_conditions({"has": ["Odd"], "lacks": ["Early", "Odd"]}))
        assert list(hits) == ["has Odd", "lacks Early", "lacks Odd"]
        np.testing.assert_array_equal(hits["has Odd"], [False, True, False, True, False])
        np.testing.assert_array_equal(hits["lacks Early"], [False, False, False, False, True])
        np.testing.assert_array_equal(hits["lacks Odd"], [True, False, True, False, True])
        with pytest.raises(OptionError, match=r"--has: .* has no attribute 'Bald'; it has Odd, Early"):
            find_hits(faceset, faceset.face_table(), make_conditions({"has": ["Bald"]}))


def test_feature_attributes_go_with_faces_and_must_be_the_same(celeba: Path, tmp_path: Path) -> None:
    run_job(job(celeba / "img", tmp_path / "faces", attributes=celeba / "attributes.txt"))
    with Faceset.open(tmp_path / "faces") as faceset:
        head, stages, values = FacesetHead.of(faceset), faceset.stages, faceset.column("attributes")
        with FacesetWriter.create_or_open(tmp_path / "other", crop_size=160, face_type="whole", stages=stages) as other:
            add_frames(other, head, whole_frames(faceset))
            np.testing.assert_array_equal(other.column("attributes"), values)
            other.remove([next(other.faces()).id])
            np.testing.assert_array_equal(other.column("attributes"), values[1:])
            with pytest.raises(StoreError, match="has the attributes Odd, Early, not Bald"):
                other.name_attributes(["Bald"])


@pytest.mark.usefixtures("stopped_on_time")
def test_feature_a_stopped_import_goes_on_and_damage_is_told(celeba: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("faceswap.core.jobs.import_given._CHUNK", 1)
    folder = tmp_path / "img"
    folder.mkdir()
    for file in (celeba / "img").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "000004.jpg").write_bytes(b"\xff\xd8\xff damaged")
    work = job(folder, tmp_path / "faces", attributes=celeba / "attributes.txt", workers=1)
    context = JobContext(lambda event: event.type == "progress" and event.done and context.stop(), tmp_path)
    with pytest.raises(Cancelled):
        work.run(context)
    with Faceset.open(tmp_path / "faces") as faceset:
        assert len(faceset) == 1 and faceset.attributes() == ()
    told: list[Any] = []
    report = run_job(work, told.append)
    assert (report.faces, report.frames_imported, report.frames_missing) == (4, 3, 1)
    assert any("missing: 000004.jpg" in event.message for event in told if event.type == "warning")
    with Faceset.open(tmp_path / "faces") as faceset:
        assert faceset.column("attributes").shape == (4, 2)


def test_feature_a_list_of_more_pictures_is_told(celeba: Path, tmp_path: Path) -> None:
    folder = tmp_path / "img"
    folder.mkdir()
    (folder / "000002.jpg").write_bytes((celeba / "img" / "000002.jpg").read_bytes())
    (told,) = warnings_of(job(folder, tmp_path / "faces", attributes=celeba / "attributes.txt"))
    assert told == f"4 of 5 pictures of {celeba / 'attributes.txt'} are not in {folder}."


def test_error_bad_input_makes_nothing(celeba: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    wrong: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (MediaError, "is a file, and a folder of pictures is wanted", {"media": tmp_path / "film.mp4"}),
        (MediaError, "holds no images", {"media": tmp_path / "empty"}),
        (MediaError, "there is no file", {"media": tmp_path / "missing"}),
        (MediaError, "no file", {"attributes": tmp_path / "missing.txt"}),
        (OptionError, "landmarks belong to the layout celeba", {"layout": "aligned", "landmarks": tmp_path / "a.txt"}),
        (PluginError, "'hull' needs ibug68 landmarks", {"maskers": (PluginChoice(name="hull"),)}),
    ]
    for kind, said, settings in wrong:
        with pytest.raises(kind, match=said) as told:
            run_job(job(**{"folder": celeba / "img", "faceset": tmp_path / "faces"}).model_copy(update=settings))
        assert "\n" not in str(told.value)
    assert not (tmp_path / "faces").exists()


def test_error_pictures_none_of_which_can_be_read(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff damaged")
    with pytest.raises(MediaError, match=r"0 of 2 frames could be decoded.*a\.jpg"):
        run_job(job(tmp_path, tmp_path / "faces", layout="aligned"))


def test_roundtrip_through_tfrecords(celeba: Path, tmp_path: Path) -> None:
    """The faces that come back are those that went, at 128 pixels, in the order that the seed gives or in their own."""
    run_job(job(celeba / "img", tmp_path / "faces"))
    report = run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "set", seed=None))
    assert (report.size, report.faces) == (128, 5)
    assert {file.name for file in (tmp_path / "set").iterdir()} == {
        "set.json",
        *(f"set-r{level:02d}.tfrecords" for level in range(2, 8)),
    }
    back = run_job(ImportTfrecordsJob(media=tmp_path / "set", faceset=tmp_path / "back", workers=1))
    assert (back.faces, back.frames_missing) == (5, 0)
    with Faceset.open(tmp_path / "faces") as faceset, Faceset.open(tmp_path / "back") as again:
        assert (again.crop_size, again.face_type) == (128, "whole")
        for face, other in zip(faceset.faces(), again.faces(), strict=True):
            small = cv2.resize(faceset.read_crop(face), (128, 128), interpolation=cv2.INTER_LINEAR)
            assert peak_signal_noise_ratio(small, again.read_crop(other)) > 35
            np.testing.assert_allclose(other.landmarks, mean_face_landmarks("five", "whole", 128), atol=1e-3)
    run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "drawn", seed=3, size=16))
    drawn = np.stack(list(read_pictures(largest_level(tmp_path / "drawn")))).mean(axis=(1, 2, 3))
    assert np.argsort(-drawn).tolist() == np.argsort(np.random.default_rng(3).permutation(5)).tolist()


def test_what_the_pictures_show_is_noted_beside_them(celeba: Path, tmp_path: Path) -> None:
    """The pictures come back as they went, as crops of their own type; asking for another one is an error."""
    run_job(job(celeba / "img", tmp_path / "faces"))
    run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "set", face_type="half", size=64))
    run_job(ImportTfrecordsJob(media=tmp_path / "set", faceset=tmp_path / "back", workers=1))
    with Faceset.open(tmp_path / "back") as back:
        assert (back.face_type, back.crop_size) == ("half", 64)
        for picture, face in zip(read_pictures(largest_level(tmp_path / "set")), back.faces(), strict=True):
            assert peak_signal_noise_ratio(picture, back.read_crop(face)) > 35
    with pytest.raises(OptionError, match=r"--face-type head was asked for, and the pictures of .* show half"):
        run_job(ImportTfrecordsJob(media=tmp_path / "set", faceset=tmp_path / "head", face_type="head"))
    assert not (tmp_path / "head").exists()


def test_feature_unpacking_goes_on_and_other_pictures_of_the_name_are_refused(tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), np.uint8)
    write_levels(tmp_path, "set", 64, pictures)
    unpacking = ImportTfrecordsJob(media=tmp_path / "set-r06.tfrecords", faceset=tmp_path / "faces", workers=1)
    context = JobContext(lambda event: event.type == "progress" and event.done and context.stop(), tmp_path)
    with pytest.raises(Cancelled):
        unpacking.run(context)
    assert run_job(unpacking).faces == 3 and run_job(unpacking).frames_imported == 0
    assert len(list((tmp_path / "faces" / "pictures").glob("set-r06-*.png"))) == 3
    write_levels(tmp_path, "set", 64, pictures[::-1])
    with pytest.raises(StoreError, match=r"holds pictures of another set-r06\.tfrecords"):
        run_job(unpacking)


@pytest.mark.parametrize(("size", "near"), [(100, "64 or 128"), (3, "4"), (2000, "1024"), (0, None)])
def test_error_sizes_that_are_not_powers_of_two(celeba: Path, tmp_path: Path, size: int, near: str | None) -> None:
    with pytest.raises(OptionError, match="--size must be a power of two from 4 to 1024") as told:
        run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "set", size=size))
    assert near is None or f"{near} is near" in str(told.value)


def test_error_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    with FacesetWriter.create_or_open(tmp_path / "faces"):
        pass
    with pytest.raises(StoreError, match="holds no face"):
        run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "set"))
    (tmp_path / "set").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        run_job(ExportTfrecordsJob(faceset=tmp_path / "faces", folder=tmp_path / "set"))
