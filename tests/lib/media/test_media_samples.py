"""Colors: exact against the published formulas in float64, and written only where asked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.filter
import numpy as np
import pytest

from faceswap.lib.media import ColorTags, Frame, FrameKey, Orientation
from faceswap.lib.media.frame import ImagePicture, VideoPicture
from faceswap.lib.media.layouts import LAYOUTS, nearest_format, working_format

YUV = [name for name in LAYOUTS if name.startswith("yuv")]
WEIGHTS = {6: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}  # BT.601, BT.709, BT.2020: K_R and K_B.
UNTAGGED = ColorTags()
SIZES = [(16, 12), (15, 11)]
TURNS = [Orientation(), Orientation(True, False, True), Orientation(False, True, True)]


def make_frame(name: str, size: tuple[int, int], tags: ColorTags = UNTAGGED, turn: Orientation = TURNS[0]) -> Frame:
    """A frame of colors that RGB has, so that nothing is lost by clipping."""
    video = av.VideoFrame(*size, name)
    picture = VideoPicture(video, tags)
    rng = np.random.default_rng(3)
    samples = picture.samples()
    for plane in samples.planes:
        plane[:] = rng.integers(0, samples.coding.peak, plane.shape, endpoint=True)
    if samples.coding.model == "yuv":
        middle, width = (samples.coding.peak + 1) // 2, (samples.coding.peak + 1) // 8
        samples.planes[0][:] = rng.integers(middle - width, middle + width, samples.planes[0].shape)
        for plane in samples.planes[1:]:
            plane[:] = rng.integers(middle - width, middle + width, plane.shape)
    return Frame(FrameKey("made", 0), 0.0, picture, turn, turn.size(*size))


def planes(frame: Frame) -> list[np.ndarray]:
    return [plane.copy() for plane in frame.picture.samples().planes]


def formula(frame: Frame, matrix: int, full: bool) -> np.ndarray:
    """R, G, B in 0..1 from the standard's equations, pixel by pixel of the stored picture."""
    samples = frame.picture.samples()
    height, width = samples.planes[0].shape
    luma, cb, cr = (plane.astype(np.float64) for plane in samples.planes)
    rows, columns = np.arange(height) >> samples.layout.shift_y, np.arange(width) >> samples.layout.shift_x
    cb, cr = cb[rows][:, columns], cr[rows][:, columns]
    bits = samples.layout.bits
    if full:
        luma = luma / (2**bits - 1)
        cb, cr = ((c - 2 ** (bits - 1)) / (2**bits - 1) for c in (cb, cr))
    else:
        luma = (luma / 2 ** (bits - 8) - 16) / 219
        cb, cr = ((c / 2 ** (bits - 8) - 128) / 224 for c in (cb, cr))
    k_red, k_blue = WEIGHTS[matrix]
    red = luma + 2 * (1 - k_red) * cr
    blue = luma + 2 * (1 - k_blue) * cb
    green = (luma - k_red * red - k_blue * blue) / (1 - k_red - k_blue)
    return np.clip(np.stack([red, green, blue], -1), 0, 1)


@pytest.mark.parametrize("name", YUV)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
def test_feature_colors_follow_the_standard(name: str, size: tuple[int, int], matrix: int, full: bool) -> None:
    full = full or name.startswith("yuvj")
    said = 0 if name.startswith("yuvj") else 2 if full else 1  # The old names say it themselves.
    frame = make_frame(name, size, ColorTags(matrix=matrix, range=said))
    wanted = formula(frame, matrix, full)
    np.testing.assert_allclose(frame.read_box(0, 0, *size), wanted, atol=2e-6)
    assert np.abs(frame.image() - wanted * 255).max() < 1
    np.testing.assert_allclose(frame.read_box(3, 5, 8, 6), wanted[5:6, 3:8], atol=2e-6)


def test_feature_primary_colors_have_their_published_codes() -> None:
    """Bars of BT.709 at 8 bits, limited: Y, Cb, Cr as in every table of test signals."""
    codes = {
        (1, 1, 1): (235, 128, 128), (1, 1, 0): (219, 16, 138), (0, 1, 1): (188, 154, 16), (0, 1, 0): (173, 42, 26),
        (1, 0, 1): (78, 214, 230), (1, 0, 0): (63, 102, 240), (0, 0, 1): (32, 240, 118), (0, 0, 0): (16, 128, 128),
    }  # fmt: skip
    frame = make_frame("yuv444p", (8, 2), ColorTags(matrix=1, range=1))
    bars = np.tile(np.array(list(codes), np.float32), (2, 1, 1))
    frame.write_box(0, 0, bars, np.ones((2, 8), bool))
    written = np.stack(planes(frame), -1)
    np.testing.assert_array_equal(written, np.tile(np.array(list(codes.values())), (2, 1, 1)))


def test_feature_untagged_video_is_taken_as_custom_has_it() -> None:
    for height, matrix in ((576, 6), (578, 1)):
        frame = make_frame("yuv420p", (4, height))
        np.testing.assert_allclose(frame.read_box(0, 0, 4, height), formula(frame, matrix, False), atol=2e-6)


def test_feature_a_frames_own_tags_come_first() -> None:
    frame = make_frame("yuv444p", (8, 8), ColorTags(matrix=6, range=1))
    frame.picture.video.colorspace, frame.picture.video.color_range = 1, 2
    np.testing.assert_allclose(frame.read_box(0, 0, 8, 8), formula(frame, 1, True), atol=2e-6)


@pytest.mark.parametrize("name", ["rgb24", "bgr24", "gbrp", "gbrp10le"])
def test_feature_rgb_formats_agree_with_ffmpeg(name: str) -> None:
    frame = make_frame(name, (15, 11))
    wanted = frame.picture.video.reformat(format="rgb24").to_ndarray().astype(int)
    assert np.abs(frame.image() - wanted).max() <= (0 if name != "gbrp10le" else 1)
    assert np.abs(frame.read_box(0, 0, 15, 11) * 255 - wanted).max() < 1.5  # FFmpeg dithers ten bits.


def test_feature_gray_is_full_range_and_three_equal_colors() -> None:
    frame = make_frame("gray", (15, 11))
    (plane,) = planes(frame)
    np.testing.assert_array_equal(frame.image(), np.repeat(plane[:, :, None], 3, 2))
    frame.write_box(0, 0, np.full((1, 1, 3), [1, 0, 0], np.float32), np.ones((1, 1), bool))
    assert planes(frame)[0][0, 0] == round(0.299 * 255)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("turn", TURNS)
def test_roundtrip_what_is_read_is_written_back(name: str, size: tuple[int, int], turn: Orientation) -> None:
    frame = make_frame(name, size, turn=turn)
    before = planes(frame)
    frame.write_box(0, 0, frame.read_box(0, 0, frame.width, frame.height), np.ones((frame.height, frame.width), bool))
    for old, new in zip(before, planes(frame), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("turn", TURNS)
def test_feature_only_changed_samples_are_written(name: str, size: tuple[int, int], turn: Orientation) -> None:
    frame = make_frame(name, size, turn=turn)
    before = planes(frame)
    layout = frame.picture.samples().layout
    box = (3, 2, 10, 9)
    rng = np.random.default_rng(5)
    changed = rng.random((7, 7)) < 0.3
    frame.write_box(3, 2, rng.random((7, 7, 3), np.float32), changed)
    upright = np.zeros((frame.height, frame.width), bool)
    upright[box[1] : box[3], box[0] : box[2]] = changed
    stored = turn.stored(upright)
    for old, new in zip(before, planes(frame), strict=True):
        allowed = stored
        if old.shape != stored.shape:
            rows, columns = np.nonzero(stored)
            allowed = np.zeros(old.shape, bool)
            allowed[rows >> layout.shift_y, columns >> layout.shift_x] = True
        np.testing.assert_array_equal(old[~allowed], new[~allowed])
        assert (old[allowed] != new[allowed]).mean() > 0.8


def test_feature_shared_chroma_is_the_mean_over_its_pixels() -> None:
    """One of four pixels becomes red: its chroma sample moves a quarter of the way; at an odd edge, all the way."""
    frame = make_frame("yuv420p", (15, 11), ColorTags(matrix=1, range=1))
    for plane, value in zip(frame.picture.samples().planes, (100, 128, 128), strict=True):
        plane[:] = value
    red = np.full((1, 1, 3), [1, 0, 0], np.float32)
    frame.write_box(4, 4, red, np.ones((1, 1), bool))
    frame.write_box(14, 10, red, np.ones((1, 1), bool))
    luma, cb, cr = planes(frame)
    assert (luma[4, 4], luma[4, 5], luma[10, 14]) == (63, 100, 63)
    assert (cb[2, 2], cr[2, 2]) == (round(128 + (102.3 - 128) / 4), 128 + (240 - 128) // 4)
    assert (cb[5, 7], cr[5, 7]) == (102, 240)


def test_feature_colors_out_of_range_are_clipped() -> None:
    frame = make_frame("yuv444p", (8, 8), ColorTags(matrix=1, range=1))
    wild = np.full((8, 8, 3), [1.5, -0.5, 0.25], np.float32)
    frame.write_box(0, 0, wild, np.ones((8, 8), bool))
    np.testing.assert_allclose(frame.read_box(0, 0, 8, 8), np.clip(wild, 0, 1), atol=0.01)


def test_feature_pictures_stored_from_the_bottom_up() -> None:
    """FFmpeg turns a picture over by counting its lines backwards."""
    frame = make_frame("yuv420p", (16, 12))
    graph = av.filter.Graph()
    video = frame.picture.video
    video.time_base = Fraction(1, 25)
    source = graph.add_buffer(width=16, height=12, format=video.format, time_base=video.time_base)
    graph.link_nodes(source, graph.add("vflip"), graph.add("buffersink")).configure()
    graph.push(video)
    turned = graph.pull()
    assert turned.planes[0].line_size < 0
    picture = VideoPicture(turned, UNTAGGED)
    np.testing.assert_array_equal(picture.samples().rgb8(), frame.image()[::-1])


def test_feature_nothing_changed_changes_nothing() -> None:
    frame = make_frame("yuv420p10le", (16, 12))
    before = planes(frame)
    frame.write_box(1, 1, np.ones((5, 5, 3), np.float32), np.zeros((5, 5), bool))
    for old, new in zip(before, planes(frame), strict=True):
        np.testing.assert_array_equal(old, new)


def test_feature_the_8_bit_view_follows_what_is_written() -> None:
    frame = make_frame("yuv444p", (16, 12))
    assert frame.image() is frame.image() and not frame.image().flags.writeable and not frame.changed
    frame.write_box(2, 3, np.ones((4, 4, 3), np.float32), np.ones((4, 4), bool))
    assert frame.changed
    assert (frame.image()[3:7, 2:6] == 255).all()


def test_feature_sixteen_bit_images_keep_their_depth() -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (6, 7, 3)).astype(np.uint16)
    frame = Frame(FrameKey("a.png", 0), 0.0, ImagePicture(pixels.copy(), Path("a.png")), Orientation(), (7, 6))
    np.testing.assert_allclose(frame.read_box(0, 0, 7, 6), pixels / 65535, atol=1e-6)
    assert np.abs(frame.image() - pixels / 257).max() <= 1
    frame.write_box(0, 0, frame.read_box(0, 0, 7, 6), np.ones((6, 7), bool))
    np.testing.assert_array_equal(frame.picture.pixels, pixels)


@pytest.mark.parametrize("box", [(-1, 0, 4, 4), (0, 0, 17, 4), (0, 0, 4, 13), (4, 4, 4, 8), (0, 5, 4, 5)])
def test_error_boxes_outside_the_frame(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="inside the frame of 16x12"):
        make_frame("yuv420p", (16, 12)).read_box(*box)


def test_error_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="changed"):
        make_frame("yuv420p", (16, 12)).write_box(0, 0, np.zeros((4, 4, 3), np.float32), np.zeros((4, 5), bool))


def test_feature_other_formats_go_to_the_nearest() -> None:
    nearest = {
        "nv12": "yuv420p", "yuva420p": "yuv420p", "yuv411p": "yuv422p", "yuv440p": "yuv444p", "yuyv422": "yuv422p",
        "yuv420p10be": "yuv420p10le", "p010le": "yuv420p10le", "yuv420p16le": "yuv420p12le", "gray16le": "gray12le",
        "pal8": "gbrp", "rgba": "gbrp", "bgr0": "gbrp", "gbrap": "gbrp", "rgb48le": "gbrp12le", "ya8": "gray",
        "monob": "gray",
    }  # fmt: skip
    assert {name: working_format(name) for name in nearest} == nearest
    assert nearest_format("rgb24", ("yuv420p", "yuv444p", "gray")) == "yuv444p"
    assert nearest_format("yuv420p12le", ("yuv420p", "yuv420p10le", "yuv444p")) == "yuv420p10le"
