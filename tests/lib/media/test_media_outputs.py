"""Outputs and encodings that cannot be: told before or while they are written, without half files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rewriting import (
    FFV1,
    MakeVideo,
)

from faceswap.lib.errors import OutputError
from faceswap.lib.media import (
    Encoding,
    ImageFolder,
    VideoWriter,
    require_video_output,
    write_image,
)


def test_error_outputs(tmp_path: Path) -> None:
    require_video_output(tmp_path / "out.mp4", Encoding())
    assert list(tmp_path.iterdir()) == []
    for name, encoding, reason in (
        ("absent/out.mp4", Encoding(), "does not exist"),
        ("out.xyz", Encoding(), "unknown ending '.xyz'; use one of .mp4"),
        ("out", Encoding(), r"unknown ending '\(none\)'"),
        ("out.mov", FFV1, "cannot hold ffv1"),
    ):
        with pytest.raises(OutputError, match=reason):
            require_video_output(tmp_path / name, encoding)
    with pytest.raises(OutputError, match="does not exist"):
        VideoWriter(tmp_path / "absent" / "out.mp4", 64, 48, 25)
    with pytest.raises(OutputError, match="unknown ending"):
        write_image(tmp_path / "out.xyz", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(OutputError, match="does not exist"):
        ImageFolder(tmp_path / "absent" / "folder")


@pytest.mark.parametrize(
    "fields",
    [
        {"codec": "h263"},
        {"codec": "libx264"},
        {"crf": -1},
        {"preset": "quick"},
        {"threads": 0},
        {"pixel_format": "nv12"},
    ],
)
def test_error_encodings(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Encoding(**fields)


FULL_DISK = """
import resource, sys
import numpy as np
from faceswap.lib.errors import OutputError
from faceswap.lib.media import Encoding, SegmentWriter, VideoWriter, join, probe, read_frames, write_image
source, folder = sys.argv[1:]
medium = probe(source)
with SegmentWriter(folder + "/whole.nut", medium, Encoding(crf=0)) as writer:
    for frame in read_frames(medium):
        writer.write(frame)
noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

def segment():
    with SegmentWriter(folder + "/part.nut", medium, Encoding(crf=0)) as writer:
        for frame in read_frames(medium):
            writer.write(frame)

def video():
    with VideoWriter(folder + "/made.mp4", 128, 96, 25) as writer:
        for _ in range(20):
            writer.write(noise)

for write in (segment, video, lambda: join([folder + "/whole.nut"], folder + "/out.mp4", medium),
              lambda: write_image(folder + "/noise.png", noise)):
    try:
        write()
    except OutputError as error:
        print("the disk is full" in str(error), str(error).count("\\n"))
"""


def test_a_full_disk_is_told_and_leaves_no_half_file(
    make_video: MakeVideo, tmp_path: Path, fresh_python: Callable[..., Any]
) -> None:
    """A limit on the size of files stands for the full disk; the system reports both on the same way."""
    pytest.importorskip("resource")
    source = make_video("source.mp4", times=60, size=(128, 96), options={"qp": "0"})
    (tmp_path / "out").mkdir()
    done = fresh_python("-c", FULL_DISK, str(source), str(tmp_path / "out"))
    assert done.stdout.split("\n")[:-1] == ["True 0"] * 4, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole.nut"]
