"""Metrics of sets of faces stream: ten times as many faces take no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from faceswap import FaceBatch
from faceswap.core.host import PluginChoice, prepare

BATCH, DIM = 500, 16
METRICS: dict[str, dict[str, Any]] = {
    "fd": {},
    "identity-spread": {},
    "identity-match": {"most": 300},
    "kid": {"most": 300},
    "precision-recall": {"most": 300},
}


def faces(count: int, seed: int) -> Iterator[FaceBatch]:
    rng = np.random.default_rng(seed)
    for _ in range(count // BATCH):
        vectors = rng.standard_normal((BATCH, DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        times = np.zeros(BATCH, np.float32)
        yield FaceBatch(times=times, embeddings=vectors, recognizer="some", same_person_below=0.6)


def peak(name: str, count: int) -> int:
    """The most bytes that Python and NumPy held while a metric measured."""
    metric = prepare("metric", PluginChoice(name=name, options=METRICS[name])).plugin
    tracemalloc.start()
    try:
        metric.measure(faces(count, 0), faces(count, 1) if metric.needs_real else None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", METRICS)
def test_ten_times_as_many_faces_take_no_more_memory(name: str) -> None:
    peak(name, 2 * BATCH)  # What is loaded on first use.
    short, long = peak(name, 6 * BATCH), peak(name, 60 * BATCH)
    assert long < 1.15 * short + 20_000
