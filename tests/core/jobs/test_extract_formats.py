"""Extraction of what phones, scanners and cameras write: faces lie where they are shown, whatever the file's form."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from head_films import extract, picture
from PIL import Image

from faceswap.core.cli import main as door
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter

EYES = (165, 109)
"""The middle of eye corners and the base of the nose in `picture()`, by eye; 10 pixels off if it were mirrored."""

ORIENTATION = 0x0112
"""Of Exif; 6 says that the picture is shown turned clockwise by a quarter."""


def write_images(folder):
    """The same head in many forms."""
    folder.mkdir()
    head = Image.fromarray(picture())
    head.convert("L").save(folder / "gray.png")
    head.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    cv2.imwrite(str(folder / "deep.png"), picture()[..., ::-1].astype(np.uint16) * 257)
    head.crop((0, 0, 339, 299)).save(folder / "ein Bild ü.webp", lossless=True)  # Odd sides, too.
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    head.rotate(90, expand=True).save(folder / "turned.jpg", exif=tags, quality=95)


def middle(face):
    """Of the corners of the eyes and the base of the nose."""
    return face.landmarks.mean(axis=0)


@pytest.mark.slow
def test_images_of_many_forms_show_one_head_at_one_place(tmp_path):
    write_images(tmp_path / "a folder ü")
    report = extract(tmp_path / "a folder ü", tmp_path / "faces ü", workers=1)
    assert (report.frames, report.faces, report.frames_missing) == (5, 5, 0)
    with Faceset.open(tmp_path / "faces ü") as faceset:
        frames = {frame.source: frame for frame in faceset.frames()}
        assert {name: (frame.width, frame.height) for name, frame in frames.items()} == {
            **dict.fromkeys(("gray.png", "cmyk.jpg", "deep.png", "turned.jpg"), (340, 300)),
            "ein Bild ü.webp": (339, 299),
        }
        for frame in frames.values():
            assert np.abs(middle(frame.faces[0]) - EYES).max() < 6
            assert np.abs(middle(frame.faces[0]) - middle(frames["deep.png"].faces[0])).max() < 3
        colors = {name: faceset.read_crop(frame.faces[0])[40:90, 40:90].mean((0, 1)) for name, frame in frames.items()}
    assert np.ptp(colors["gray.png"]) < 1 < np.ptp(colors["deep.png"])
    for name in ("cmyk.jpg", "turned.jpg", "ein Bild ü.webp"):
        np.testing.assert_allclose(colors[name], colors["deep.png"], atol=8)


@pytest.mark.slow
def test_a_phones_video_is_taken_as_it_is_shown(tmp_path):
    path, times = tmp_path / "a phone's clip ü.mov", (0, 3, 4, 30, 31)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 300, 340, "yuv420p10le"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 100)
        stream.set_display_rotation(-90)  # Counterclockwise: it is shown turned clockwise.
        for number, time in enumerate(times):
            stored = np.ascontiguousarray(np.rot90(picture(2 * number)))
            frame = av.VideoFrame.from_ndarray(stored, "rgb24").reformat(format="yuv420p10le")
            frame.pts, frame.time_base = time, Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert extract(path, tmp_path / "faces", workers=1).faces == len(times)
    with Faceset.open(tmp_path / "faces") as faceset:
        frames = list(faceset.frames())
    assert {(frame.width, frame.height) for frame in frames} == {(340, 300)}
    np.testing.assert_allclose([frame.time for frame in frames], np.array(times) / 100, atol=1e-6)
    for number, frame in enumerate(frames):
        assert np.abs(middle(frame.faces[0]) - EYES - (2 * number, 0)).max() < 6


def test_a_second_run_on_a_faceset_is_told_who_has_it(movie, tmp_path, capsys):
    with FacesetWriter.create_or_open(tmp_path / "faces"), pytest.raises(SystemExit) as done:
        door.main(["extract", str(movie), str(tmp_path / "faces"), "--workers", "1"])
    error = capsys.readouterr().err
    assert done.value.code != 0 and "is being written by process" in error and "Traceback" not in error
