"""The faceset of `bench store` is one: every face is there, measured, and its folders are marked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from faceswap.core.bench.store import make_faceset, measure
from faceswap.lib.faceset import Faceset


def test_smoke_figures_of_a_small_faceset() -> None:
    figures = {figure.name: figure for figure in measure(300, 1)}
    assert figures["store: opening"].bound == 1 and figures["store: sorting and filtering"].bound == 2
    assert 1000 < figures["store: database for each face"].value < 5000
    assert all(figure.value > 0 for figure in figures.values())


def test_feature_the_faceset_is_whole(tmp_path: Path) -> None:
    make_faceset(tmp_path, 300)
    with Faceset.open(tmp_path) as faceset:
        table, face = faceset.face_table(), next(faceset.faces())
        assert (len(faceset), len(table), len(table.sources)) == (300, 300, 10)
        assert np.isfinite([table.size, table.sharpness, table.yaw]).all()
        assert (face.landmarks.shape, face.embeddings["dlib-resnet"].shape) == ((68, 2), (128,))
    with sqlite3.connect(tmp_path / "faces.db") as connection:
        marked = connection.execute("SELECT count(*) FROM shard").fetchone()
        filled = connection.execute("SELECT count(DISTINCT substr(name, 1, 2)) FROM face").fetchone()
    connection.close()
    assert marked[0] >= filled[0]
