from __future__ import annotations

import gc
import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

from faceswap.core.training.backends import stored
from faceswap.core.training.backends.stored import StoredFaces
from faceswap.core.training.faces import TrainingFaces


def _faces(folder: Path) -> dict[str, TrainingFaces]:
    """Faces in files, as the program keeps them."""
    rng = np.random.default_rng(0)
    made = {}
    for name in ("source", "target"):
        np.save(folder / f"{name}.npy", rng.integers(0, 256, (2, 9, 8, 8, 3)).astype(np.uint8))
        pictures, masks = np.load(folder / f"{name}.npy", mmap_mode="r")
        made[name] = TrainingFaces(pictures, masks)
    return made


def _indices(*numbers: int) -> dict[str, np.ndarray]:
    return {"source": np.array(numbers), "target": np.array(numbers[::-1])}


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("training-faces")]


def _rows(faces: dict[str, TrainingFaces], indices: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [part[indices[name]] for name, share in faces.items() for part in (share.pictures, share.masks)]


def _got(batch: dict[str, tuple[object, object]]) -> list[np.ndarray]:
    return [np.asarray(part) for parts in batch.values() for part in parts]


def test_feature_batches_read_ahead_are_those_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = _faces(tmp_path)
    reader = StoredFaces(faces, accelerated=False)
    threads = []
    honest = stored._read

    def read(*arguments: object) -> object:
        threads.append(threading.current_thread())
        return honest(*arguments)

    monkeypatch.setattr(stored, "_read", read)
    batches = [_indices(1, 5, 8), _indices(0, 0, 3), _indices(2, 7, 4)]
    reader.expect(batches[1])  # As the engine does it: the next one before the one that is taken.
    for number, indices in enumerate(batches):
        if number:
            reader.expect(batches[min(number + 1, 2)])
        for row, expected in zip(_got(reader.batch(indices)), _rows(faces, indices), strict=True):
            assert (row == expected).all()
    assert threads.count(threading.main_thread()) == 1  # The first, which nothing announced.


def test_feature_batches_that_nobody_takes_are_forgotten(tmp_path: Path) -> None:
    faces = _faces(tmp_path)
    reader = StoredFaces(faces, accelerated=False)
    for number in range(6):
        reader.expect(_indices(number, 1))
    assert len(reader._expected) == 2
    assert (_got(reader.batch(_indices(0, 1)))[0] == faces["source"].pictures[[0, 1]]).all()


def test_feature_the_thread_ends_with_the_faces(tmp_path: Path) -> None:
    others = _readers()  # Of engines of other tests, which have yet to be collected.
    reader = StoredFaces(_faces(tmp_path), accelerated=False)
    reader.expect(_indices(1, 2))
    (own,) = [thread for thread in _readers() if thread not in others]
    del reader
    gc.collect()
    own.join(timeout=10)
    assert not own.is_alive()


def test_error_a_fault_of_reading_is_raised_where_the_batch_is_taken(tmp_path: Path) -> None:
    reader = StoredFaces(_faces(tmp_path), accelerated=False)
    reader.expect(_indices(1, 99))
    with pytest.raises(IndexError):
        reader.batch(_indices(1, 99))


@pytest.mark.parametrize(("free", "resident"), [(27_647, False), (27_648, True), (None, True)])
def test_feature_faces_lie_in_device_memory_where_they_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int | None, resident: bool
) -> None:
    """The faces are 2 * 2 * 9 * 8 * 8 * 3 = 6912 bytes, a quarter of 27648."""
    monkeypatch.setattr(stored, "free_device_bytes", lambda: free)
    reader = StoredFaces(_faces(tmp_path), accelerated=True)
    assert reader._resident is resident
    assert StoredFaces(_faces(tmp_path), accelerated=False)._resident is False
