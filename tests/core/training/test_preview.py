from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from faceswap.core.contract import CropSpec
from faceswap.core.kinds import SwapModel
from faceswap.core.training.preview import COLUMNS, preview_faces, preview_grid, write_preview
from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import crop_matrix, recut
from faceswap.lib.warp import cut


class Painter(SwapModel):
    """Answers with one color for each identity."""

    @property
    def crop(self) -> CropSpec:
        return CropSpec(64)

    def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, None]:
        color = {"source": (1.0, 0.0, 0.0), "target": (0.0, 0.0, 1.0)}[identity]
        return np.broadcast_to(np.array(color, np.float32), crops.shape) * (crops / np.float32(255)), None


def test_feature_columns_show_what_their_headings_say() -> None:
    source = np.full((3, 64, 64, 3), 200, np.uint8)
    target = np.full((2, 64, 64, 3), 100, np.uint8)
    grid = preview_grid(Painter(), source, target)
    assert grid.shape == (24 + 2 * 132, 5 * 132 - 4, 3) and grid.dtype == np.uint8
    middles = [grid[24 + 64 + 132 * row, [64 + 132 * column for column in range(5)]].tolist() for row in range(2)]
    expected = [[200, 200, 200], [200, 0, 0], [100, 100, 100], [0, 0, 100], [100, 0, 0]]
    assert middles == [expected, expected]
    titled = preview_grid(Painter(), source, target, "after 7 iterations")
    assert (titled[:24] < 128).any()
    np.testing.assert_array_equal(titled[24:], grid)
    assert COLUMNS == ("source", "reconstructed", "target", "reconstructed", "swapped")


def test_feature_a_model_that_gives_masks_has_a_column_of_them() -> None:
    class Masking(Painter):
        def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, np.ndarray]:
            faces, _ = super().swap(crops, identity)
            return faces, np.full((*crops.shape[:3], 1), 0.8 if identity == "source" else 0.1, np.float32)

    source, target = (np.full((2, 64, 64, 3), level, np.uint8) for level in (200, 100))
    grid = preview_grid(Masking(), source, target)
    assert grid.shape == (24 + 2 * 132, 6 * 132 - 4, 3)
    assert grid[24 + 64, [64 + 132 * 4, 64 + 132 * 5]].tolist() == [[100, 0, 0], [204, 204, 204]]


def test_feature_faces_are_spread_over_the_faceset(facesets: tuple[Path, Path]) -> None:
    spec = CropSpec(64, "full")
    got = preview_faces(facesets[0], spec, count=3)
    with Faceset.open(facesets[0]) as faceset:
        faces = list(faceset.faces())
        for crop, index in zip(got, (0, 3, 6), strict=True):
            wanted = crop_matrix(faces[index].landmarks, "ibug68", "full", 64)
            expected = cut(faceset.read_crop(faces[index]), recut(faces[index].matrix, wanted), 64)
            assert np.abs(crop.astype(int) - expected).max() <= 1
    assert len(preview_faces(facesets[1], spec, count=6)) == 5


def test_roundtrip_file(tmp_path: Path) -> None:
    grid = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    path = write_preview(tmp_path, 250, grid)
    assert path == tmp_path / "previews" / "00000250.png"
    assert (cv2.imread(str(path))[..., ::-1] == grid).all()
