from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.errors import PluginError, StoreError
from faceswap.core.generating.outputs import Marked, settle_settings
from faceswap.core.generating.painting import BATCH, Painter
from faceswap.core.kinds import Generator
from faceswap.lib.media import read_image

SIZE = 8


class Colors(Generator):
    """Paints each latent, of three numbers, as a color."""

    def latents(self, count: int, seed: int) -> NDArray[np.float32]:
        return np.random.default_rng(seed).uniform(0, 1, (count, 3)).astype(np.float32)

    def generate(self, latents: NDArray[np.float32], truncation: float = 1.0) -> NDArray[np.uint8]:
        colors = np.rint(latents * truncation * 255).astype(np.uint8)
        return np.tile(colors[:, None, None], (1, SIZE, SIZE, 1))


class Mixing(Colors):
    """Takes red from the coarse latent, the rest from the fine one."""

    def mix(self, coarse: NDArray[np.float32], fine: NDArray[np.float32], truncation: float = 1.0) -> NDArray[np.uint8]:
        return self.generate(np.concatenate([coarse[:, :1], fine[:, 1:]], axis=1), truncation)


def _drawn(count: int, seed: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 1, (count, 3)).astype(np.float32)


def test_feature_a_face_is_the_same_however_many_are_made() -> None:
    painter = Painter(Colors(), 3, 1.0)
    few, many = (list(painter.batches(count)) for count in (5, BATCH + 3))
    assert [list(numbers) for numbers, _ in many] == [list(range(BATCH)), list(range(BATCH, BATCH + 3))]
    assert [len(faces) for _, faces in many] == [BATCH, 3]
    np.testing.assert_array_equal(few[0][1], many[0][1][:5])
    np.testing.assert_array_equal(many[1][1][:, 0, 0], np.rint(_drawn(BATCH + 3)[BATCH:] * 255))
    assert list(painter.batches(0)) == []


def test_feature_truncation_reaches_the_generator() -> None:
    np.testing.assert_array_equal(Painter(Colors(), 3, 0.5).grid(4)[:, 0, 0], np.rint(_drawn(4) * 0.5 * 255))


def test_feature_a_way_goes_through_all_stops_in_equal_steps() -> None:
    latents = _drawn(6)
    colors = [face[0, 0] for face in Painter(Colors(), 3, 1.0).between([0, 5, 2], frames=10)]
    assert len(colors) == 21
    for number, stop in ((0, 0), (10, 5), (20, 2)):
        np.testing.assert_array_equal(colors[number], np.rint(latents[stop] * 255))
    np.testing.assert_allclose(colors[13], (0.7 * latents[5] + 0.3 * latents[2]) * 255, atol=0.5)


def test_feature_a_table_of_mixed_faces_names_both_sides() -> None:
    latents = np.rint(_drawn(5) * 255)
    rows, columns = latents[:2], latents[2:]
    first, *others = [column[:, 0, 0] for column in Painter(Mixing(), 3, 1.0).mixed(2, 3)]
    np.testing.assert_array_equal(first, [[255] * 3, *rows])
    for given, column in zip(columns, others, strict=True):
        np.testing.assert_array_equal(column, [given, *([given[0], *row[1:]] for row in rows)])


def test_error_most_generators_cannot_mix() -> None:
    assert Mixing().mixes and not Colors().mixes
    with pytest.raises(PluginError, match="Colors cannot mix"):
        Colors().mix(_drawn(1), _drawn(1))


def test_feature_a_grid_is_read_row_after_row(tmp_path: Path) -> None:
    faces = np.tile(np.arange(5, dtype=np.uint8)[:, None, None, None] * 40, (1, SIZE, SIZE, 3))
    Marked(None).grid(tmp_path / "grid.png", faces)
    sheet = read_image(tmp_path / "grid.png")
    tile = (sheet.shape[1] + 4) // 3
    assert sheet[tile // 3 :: tile, tile // 3 :: tile, 0].tolist() == [[0, 40, 80], [120, 160, 255]]


def test_error_a_folder_of_other_faces(tmp_path: Path) -> None:
    settle_settings(tmp_path, {"seed": 1})
    settle_settings(tmp_path, {"seed": 1})
    with pytest.raises(StoreError, match="holds faces of another generator, checkpoint, seed or truncation"):
        settle_settings(tmp_path, {"seed": 2})


def test_error_a_folder_of_real_faces(tmp_path: Path) -> None:
    (tmp_path / "faces.db").touch()
    with pytest.raises(StoreError, match="holds faces that no generator made; choose another folder"):
        settle_settings(tmp_path, {"seed": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["faces.db"]
