"""Images of every kind as an independent reader sees them, sizes that heads claim, and files that are out to harm."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from faceswap.lib.errors import MediaError
from faceswap.lib.media import probe, read_frames, read_image
from faceswap.lib.media.heads import claimed_size

MakeVideo = Callable[..., Path]


def picture(width: int = 65, height: int = 49) -> np.ndarray:
    """A smooth picture: uint8 RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return np.uint8(np.rint(127.5 + 90 * np.stack([np.sin(x / 9), np.cos(y / 7), np.sin((x + y) / 11)], -1)))


def image(mode: str) -> Image.Image:
    """A smooth picture of 65x49 in one of Pillow's modes."""
    colors = Image.fromarray(picture())
    if mode == "I;16":
        return Image.fromarray(np.asarray(colors.convert("L"), np.uint16) * 257)
    return colors.convert("L").convert(mode) if mode in ("1", "LA") else colors.convert(mode)


def coded(mode: str, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image(mode).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "ending", "most"),
    [
        ("CMYK", "jpg", 1.5),  # Pillow and OpenCV round the product of ink and black differently.
        ("CMYK", "tif", 0),
        ("P", "png", 0),
        ("1", "png", 0),
        ("L", "png", 0),
        ("LA", "png", 0),
        ("RGBA", "png", 0),
        ("I;16", "png", 0),
        ("I;16", "tif", 0),
        ("L", "bmp", 0),
        ("P", "tif", 0),
    ],
)
def test_feature_images_of_every_mode(tmp_path: Path, mode: str, ending: str, most: float) -> None:
    path = tmp_path / f"ein Bild ü.{ending}"
    form = {"jpg": "jpeg", "tif": "tiff"}.get(ending, ending)
    path.write_bytes(coded(mode, form, **({"quality": 100, "subsampling": 0} if form == "jpeg" else {})))
    with Image.open(path) as read:
        expected = np.asarray(image("L").convert("RGB") if mode == "I;16" else read.convert("RGB"), float)
    seen = read_image(path)
    assert seen.dtype == np.uint8 and seen.shape == (49, 65, 3)
    assert np.abs(seen - expected).max() <= most


HEADS = [
    ("png", {}),
    ("bmp", {}),
    ("jpeg", {}),
    ("jpeg", {"progressive": True, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0", "comment": b"\xff" * 70}),
    ("webp", {}),
    ("webp", {"lossless": True}),
    ("webp", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    ("tiff", {}),
]


@pytest.mark.parametrize(("form", "options"), HEADS)
def test_feature_sizes_in_heads(form: str, options: dict[str, Any]) -> None:
    data = coded("RGB", form, **options)
    assert claimed_size(data) == (65, 49)
    sizes = {claimed_size(data[:end]) for end in range(min(len(data), 2000))}
    assert sizes <= {None, (65, 49)}


def test_feature_sizes_in_heads_of_other_byte_orders() -> None:
    entries = struct.pack(">HHII", 256, 4, 1, 65) + struct.pack(">HHIHH", 257, 3, 1, 49, 0)
    assert claimed_size(b"MM\0*" + struct.pack(">IH", 8, 2) + entries) == (65, 49)
    assert claimed_size(b"BM" + bytes(12) + struct.pack("<IHH", 12, 65, 49)) == (65, 49)
    assert claimed_size(b"BM" + bytes(12) + struct.pack("<Iii", 40, 65, -49)) == (65, 49)
    assert claimed_size(b"no image") is None


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(form: str) -> bytes:
    """A small file that claims 60000x60000 pixels; the png would really decode to them."""
    if form == "png":
        # A byte of filter and 7500 of pixels a line: 450 MB of zeros in less than half a megabyte.
        packer = zlib.compressobj(9)
        pixels = b"".join(packer.compress(bytes(7501 * 1000)) for _ in range(6)) + packer.flush()
        head = struct.pack(">IIBBBBB", 60000, 60000, 1, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    data, (place, order) = bytearray(coded("RGB", form)), {"jpeg": (0, ">HH"), "bmp": (18, "<ii")}[form]
    place = place or data.index(b"\xff\xc0") + 5
    struct.pack_into(order, data, place, 60000, 60000)
    return bytes(data)


@pytest.mark.parametrize("form", ["png", "jpeg", "bmp"])
def test_error_images_that_claim_absurd_sizes(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"bomb.{form}"
    path.write_bytes(bomb(form))
    tracemalloc.start()
    with pytest.raises(MediaError, match=r"bomb\.\w+ claims 60000x60000 pixels; more than 268 million are not read"):
        probe(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_error_frames_that_claim_absurd_sizes(make_video: MakeVideo) -> None:
    path = make_video("clip.avi", codec="mjpeg", pixel_format="yuvj420p", times=4)
    data = bytearray(path.read_bytes())
    heads = [place for place in range(len(data)) if data.startswith(b"\xff\xc0\x00\x11\x08", place)]
    assert len(heads) == 4
    for place in heads[2:]:
        struct.pack_into(">HH", data, place + 5, 60000, 60000)
    path.write_bytes(data)
    reader = read_frames(probe(path))
    assert [frame.image().shape for frame in reader] == [(48, 64, 3)] * 2
    assert reader.missing == 2
    for place in heads[:2]:
        struct.pack_into(">HH", data, place + 5, 60000, 60000)
    struct.pack_into("<II", data, data.index(b"strf") + 12, 60000, 60000)
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"clip\.avi holds no frame that can be decoded"):
        probe(path)


def test_error_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(coded("RGB", "png"))

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(MediaError, match=r"cannot read .*secret\.png: permission denied"):
        read_image(path)


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "yuv444p10le", "yuv420p10le"])
def test_feature_odd_sizes_unsteady_times_and_other_depths_together(make_video: MakeVideo, pixel_format: str) -> None:
    times = [0, 1, 5, 6, 30]
    path = make_video(
        "ein Film ü.mkv", codec="ffv1", pixel_format=pixel_format, size=(65, 49), times=times, time_base=Fraction(1, 50)
    )
    frames = list(read_frames(probe(path)))
    assert [round(frame.time * 50) for frame in frames] == times
    for index, frame in enumerate(frames):
        assert (frame.width, frame.height) == (65, 49)
        with av.open(str(path)) as container:
            stored = list(container.decode(video=0))[index].to_ndarray(format="rgb24").astype(float)
        difference = frame.image() - stored
        if "420" in pixel_format:  # FFmpeg spreads chroma otherwise, which leaves the luma (BT.601) alone.
            difference = difference @ [0.299, 0.587, 0.114]
        assert np.abs(difference).mean() < 1
