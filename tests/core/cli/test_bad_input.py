"""Bad input gets one clear line that names it, exit code 2, and no traceback."""

from __future__ import annotations

import sqlite3
import sys

import av
import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from faceswap.core.cli import main as door
from faceswap.lib.media import VideoWriter


@pytest.fixture
def refused(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as caught:
            door.main([str(word) for word in words])
        error = capsys.readouterr().err
        lines = [line for line in error.splitlines() if line.startswith("Error: ")]
        assert caught.value.code == 2, error
        assert len(lines) == 1, error
        assert "Traceback" not in error
        return lines[0]

    return run


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 64, 48, 25) as video:
        for shade in range(0, 250, 50):
            video.write(np.full((48, 64, 3), shade, np.uint8))
    return path


def test_a_missing_file(refused, tmp_path):
    message = refused("extract", tmp_path / "nowhere.mp4", tmp_path / "faces")
    assert "nowhere.mp4" in message
    assert not (tmp_path / "faces").exists()


def test_a_text_file_named_mp4(refused, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("this is not a video")
    assert "notes.mp4" in refused("extract", path, tmp_path / "faces")


def test_an_empty_file(refused, tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "empty.mp4" in refused("extract", path, tmp_path / "faces")


def test_a_video_without_frames(refused, tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    assert "silent.mp4" in refused("extract", path, tmp_path / "faces")


def test_a_folder_without_images(refused, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing to see")
    assert "folder" in refused("extract", folder, tmp_path / "faces")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/sys")
def test_an_output_that_cannot_be_written(refused, clip):
    assert "cannot write /sys/faces: " in refused("extract", clip, "/sys/faces")


def test_a_bomb(refused, tmp_path):
    path = tmp_path / "bomb ü.png"
    cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tofile(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    path.write_bytes(data)
    assert "bomb ü.png claims 60000x60000 pixels" in refused("extract", path, tmp_path / "faces")


def test_footage_without_a_face(refused, tmp_path, clip):
    message = refused("extract", clip, tmp_path / "faces", "--workers", 1)
    assert "No face was found" in message
    assert "upsample" in message


def test_an_image_without_a_face(refused, tmp_path):
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((120, 160, 3), 128, np.uint8))
    assert "wall.png" in refused("extract", path, tmp_path / "faces")


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["--detector", "dlib-hgo"], "Did you mean 'dlib-hog'"),
        (["--detector.upsampel", "1"], "Did you mean 'upsample'"),
        (["--aligner", "dlib-5"], "--masker box or ellipse"),
        (["--config", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    ],
)
def test_wrong_plugins_and_options(refused, tmp_path, clip, words, suggestion):
    assert suggestion in refused("extract", clip, tmp_path / "faces", *words)


def test_an_output_in_a_folder_that_does_not_exist(refused, tmp_path, clip):
    assert "does not exist" in refused("extract", clip, tmp_path / "no" / "faces")
    assert "does not exist" in refused("swap", clip, clip, tmp_path / "no" / "swap.mp4")


@pytest.mark.parametrize("output", ["swap.mp5", "swap.txt"])
def test_an_output_of_an_unknown_kind(refused, tmp_path, clip, output):
    assert ".mp4" in refused("swap", clip, clip, tmp_path / output)


def test_an_output_that_would_overwrite_its_footage(refused, clip):
    before = clip.read_bytes()
    assert "clip.mp4" in refused("swap", clip, clip, clip)
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (["reinhard"], "composites"),
        (["alpha", "overlay"], "one"),
        (["alpha", "reinhard"], "last"),
    ],
)
def test_a_chain_that_cannot_work(refused, tmp_path, clip, chain, reason):
    words = [word for name in chain for word in ("--blender", name)]
    assert reason in refused("swap", clip, clip, tmp_path / "swap.mp4", *words)
    assert not (tmp_path / "swap.mp4.swap" / "source").exists()


def test_a_faceset_that_is_not_one(refused, tmp_path, clip):
    (tmp_path / "faces").mkdir()
    message = refused("train", tmp_path / "model", "--source", tmp_path / "faces", "--target", tmp_path / "faces")
    assert "faces" in message


def test_a_faceset_of_another_contract_version(refused, tmp_path):
    picture, faces = tmp_path / "face.png", tmp_path / "faces"
    cv2.imwrite(str(picture), astronaut()[..., ::-1])
    with pytest.raises(SystemExit) as done:
        door.main(["extract", str(picture), str(faces), "--workers", "1"])
    assert done.value.code == 0
    with sqlite3.connect(faces / "faces.db") as database:
        changed = database.execute("UPDATE meta SET value = '99' WHERE key LIKE '%contract%'").rowcount
    assert changed == 1
    message = refused("extract", picture, faces)
    assert "99" in message
    assert "upgrade" in message.lower()


def test_a_model_folder_that_is_not_one(refused, tmp_path, clip):
    words = ("--model-dir", tmp_path / "model", "--faceset", tmp_path / "faces")
    assert str(tmp_path) in refused("convert", clip, tmp_path / "swap.mp4", *words)


def test_settings_that_do_not_go_together(refused, clip, tmp_path):
    message = refused(
        "convert", clip, tmp_path / "out.mp4", "--faceset", tmp_path, "--model-dir", "a", "--map", "anna=b"
    )
    assert message == "Error: convert: either --model-dir or --map must say which model is used."
