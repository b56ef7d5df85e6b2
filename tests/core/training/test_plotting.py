from __future__ import annotations

import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from faceswap.core.errors import FaceswapError
from faceswap.core.training import plotting
from faceswap.core.training.plotting import plot_curves, plot_with_previews, read_curves, running_mean, training_clock
from faceswap.core.training.previews import nearest, previews, write_timelapse
from faceswap.lib.history import History
from faceswap.lib.media import read_image


def _preview(folder: Path, step: int, color: tuple[int, int, int], size: tuple[int, int] = (40, 61)) -> None:
    path = folder / "previews" / f"{step:08d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*size, 3), color[::-1], np.uint8))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A history of 300 iterations in two runs, and previews in pure colors."""
    folder = tmp_path / "model"
    for step, color in ((100, (200, 0, 0)), (200, (0, 200, 0)), (300, (0, 0, 200))):
        _preview(folder, step, color)
    with History(folder, 0) as history:
        for step in range(10, 310, 10):
            when = 1e9 + step + (10_000 if step > 200 else 0)
            history.add(step, {"source": 1 / step, "target": 2 / step}, when)
            if step % 100 == 0:
                history.add_validation(step, {"psnr_source": 20.0, "ssim_source": 0.5, "score": 0.5}, when)
    return folder


def _has(picture: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool((np.abs(picture.astype(int) - color).max(axis=2) < 10).sum() > 500)


def test_feature_the_curves_of_a_history(model: Path) -> None:
    curves = read_curves(model)
    assert [(what, [curve.name for curve in lines]) for what, lines in curves.items()] == [
        ("loss", ["source", "target"]),
        ("ssim", ["ssim_source"]),
        ("psnr", ["psnr_source"]),
        ("score", ["score"]),
    ]
    source = curves["loss"][0]
    np.testing.assert_array_equal(source.steps, np.arange(10, 310, 10))
    np.testing.assert_allclose(source.values, 1 / np.arange(10, 310, 10))
    assert source.hours[-1] == pytest.approx((190 + 90) / 3600)  # The pause, and the gap that it was, are left out.


def test_feature_a_short_pause_before_a_run_does_not_count(tmp_path: Path) -> None:
    with History(tmp_path, 0) as history:
        for began, step in ((1e9, 0), (1e9 + 100, 20)):  # The first run ends after 20 s.
            history.begin(step, began)
            for second in (10, 20):
                history.add(step + second, {"source": 1.0}, began + second)
    (curve,) = read_curves(tmp_path)["loss"]
    np.testing.assert_allclose(curve.hours * 3600, [10, 20, 30, 40])
    assert curve.steps.tolist() == [10, 20, 30, 40]


def test_feature_pauses_do_not_count() -> None:
    clock = training_clock([0.0, 60.0, 60.0, 120.0, 10_000.0, 10_060.0])
    assert [round(clock[second] * 3600) for second in (0.0, 60.0, 120.0, 10_000.0, 10_060.0)] == [0, 60, 120, 120, 180]


def test_feature_the_running_mean_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).random(20)
    np.testing.assert_allclose(running_mean(values, 5), np.convolve(values, np.ones(5) / 5, mode="valid"))


def test_feature_a_plot_is_written(model: Path) -> None:
    plot_curves(model, model / "curves.png")
    picture = read_image(model / "curves.png")
    assert picture.shape[1] == 1100 and picture.shape[0] > 700
    assert (np.abs(picture.astype(int) - (31, 119, 180)).max(axis=2) < 10).any()  # The first color of the cycle.


def test_feature_a_validation_that_stands_alone_is_told_on_an_axis_from_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(tmp_path, 0) as history:
        for step in (10, 20):
            history.add(step, {"source": 1 / step}, 1e9 + step)
        history.add_validation(20, {"psnr_source": 21.5, "psnr_target": 18.25}, 1e9 + 20)
    drawn: list[Figure] = []
    monkeypatch.setattr(plotting, "_publish", lambda figure, output: drawn.append(figure))
    plot_curves(tmp_path, tmp_path / "curves.png")
    losses, _, psnr, _ = drawn[0].axes
    assert psnr.get_ylim() == (0, 1.25 * 21.5)
    assert [text.get_text() for text in psnr.texts] == ["21.5", "18.25"] and not losses.texts


def test_feature_the_nearest_previews_stand_below_the_losses(model: Path) -> None:
    shown = plot_with_previews(model, model / "at.png", [120, 290])
    assert shown == {120: 100, 290: 300}
    picture = read_image(model / "at.png")
    assert _has(picture, (200, 0, 0)) and _has(picture, (0, 0, 200)) and not _has(picture, (0, 200, 0))


def test_feature_nearest(model: Path) -> None:
    found = previews(model)
    assert [nearest(found, step) for step in (0, 149, 150, 151, 999)] == [100, 100, 100, 200, 300]


def test_feature_a_timelapse_shows_every_preview_in_order(model: Path) -> None:
    (model / "previews" / "swap.png").write_bytes(b"a conversion's")
    _preview(model, 1000, (200, 200, 0), size=(40, 61))
    assert write_timelapse(model, model / "lapse.mp4", 5) == 4
    with av.open(str(model / "lapse.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert video.streams.video[0].average_rate == 5
    assert [frame.shape for frame in frames] == [(68, 62, 3)] * 4  # With a caption, and even.
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    for frame, color in zip(frames, colors, strict=True):
        np.testing.assert_allclose(frame[10:30, 10:50].mean(axis=(0, 1)), color, atol=12)


def test_error_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(FaceswapError, match="no history of losses"):
        plot_curves(tmp_path, tmp_path / "curves.png")
    with pytest.raises(FaceswapError, match=re.escape("no previews")):
        write_timelapse(tmp_path, tmp_path / "lapse.mp4", 5)
