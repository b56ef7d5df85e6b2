"""New footage, made of pictures and sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from faceswap.lib.media import (
    Encoding,
    VideoWriter,
    probe,
    read_frames,
)


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "aac"), (".mkv", "flac")])
def test_new_footage_with_sound(tmp_path: Path, ending: str, codec: str) -> None:
    path = tmp_path / f"new{ending}"
    rng = np.random.default_rng(2)
    tone = np.int16(9000 * np.sin(np.arange(44100) * 2 * np.pi * 440 / 44100))
    flat = [np.full((48, 64, 3), rng.integers(30, 220, 3), np.uint8) for _ in range(25)]
    with VideoWriter(path, 64, 48, 25, audio_rate=44100, audio_codec=codec) as writer:
        for index, picture in enumerate(flat):
            writer.write(picture)
            writer.write_audio(np.stack([tone, -tone], 1)[index * 1764 : (index + 1) * 1764])
    medium = probe(path)
    assert (medium.frames in (25, 0), medium.rate, medium.has_audio, medium.color.matrix) == (True, 25, True, 1)
    frames = list(read_frames(medium))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(25) / 25)
    for picture, frame in zip(flat, frames, strict=True):
        assert np.abs(frame.image().astype(int) - picture).max() <= 3
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray().astype(np.float64) for frame in container.decode(audio=0)], axis=1)
    left, right = (sound[0], sound[1]) if codec == "aac" else (sound[0, ::2] / 32768, sound[0, 1::2] / 32768)
    assert left[5000:40000].std() == pytest.approx(9000 / 32768 / np.sqrt(2), rel=0.02)
    assert np.corrcoef(left[5000:40000], right[5000:40000])[0, 1] < -0.99


@pytest.mark.parametrize(
    "encoding",
    [Encoding("ffv1", pixel_format="gbrp10le"), Encoding("hevc", crf=0, preset="ultrafast", pixel_format="gbrp")],
)
def test_new_footage_without_loss_is_exact(tmp_path: Path, encoding: Encoding) -> None:
    pictures = np.random.default_rng(4).integers(0, 256, (5, 48, 64, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "new.mkv", 64, 48, Fraction(30000, 1001), encoding) as writer:
        for picture in pictures:
            writer.write(picture)
    medium = probe(tmp_path / "new.mkv")
    np.testing.assert_array_equal([frame.image() for frame in read_frames(medium)], pictures)
    assert (medium.color.matrix, medium.color.range) == (0, 2)


def test_error_pictures_of_another_shape(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[48 64 3\]"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as writer:
        writer.write(np.zeros((64, 48, 3), np.uint8))
    with pytest.raises(ValueError, match="audio_rate"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as writer:
        writer.write_audio(np.zeros((10, 2), np.int16))
