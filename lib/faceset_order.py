"""Orders and groups of a faceset's faces, by what was measured, noted or stored of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .crops import crop_path, read_crop_image
from .errors import StoreError
from .face_records import MEASURES
from .face_sorting import (
    center_distance,
    color_histogram,
    equal_bins,
    gray_thumbnail,
    similarity_chain,
)
from .face_table import FaceTable
from .faceset import Faceset

SORT_KEYS = ("time", *MEASURES, "identity", "histogram", "similarity")
"""By what faces can be sorted; the last three by the distance to the usual face and as chains of neighbors."""

GROUP_KEYS = ("yaw", "pitch", "sharpness", "person", "track")


@dataclass(frozen=True, eq=False)
class Sorted:
    """An order of faces.

    Attributes:
        rows: int64 `[faces]`, places in the table.
        values: float64 `[faces]` in that order: what was sorted by, for a chain the place in it; NaN is last.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]


def sort_faces(faceset: Faceset, table: FaceTable, key: str, reverse: bool = False) -> Sorted:
    """Sorts the faces of a faceset, from low to high.

    Args:
        faceset: The faceset.
        table: Its faces.
        key: One of `SORT_KEYS`.
        reverse: From high to low; faces without a value stay last.

    Raises:
        StoreError: `identity` needs embeddings and there are none, or a crop is damaged.
    """
    if key == "time":
        rows = np.arange(len(table))[:: -1 if reverse else 1].copy()
        return Sorted(rows, table.time[rows])
    if key in ("histogram", "similarity"):
        features = embeddings_of(faceset) if key == "similarity" else None
        rows = similarity_chain(crop_features(faceset, table, color_histogram) if features is None else features)
        rows = rows[::-1].copy() if reverse else rows
        return Sorted(rows, np.arange(len(rows), dtype=np.float64))
    values = _identity(faceset) if key == "identity" else np.asarray(getattr(table, key))
    rows = np.argsort(-values if reverse else values, kind="stable")
    return Sorted(rows.astype(np.int64), values[rows])


def group_faces(faceset: Faceset, table: FaceTable, key: str, bins: int) -> dict[str, NDArray[np.int64]]:
    """Puts each face into one group.

    Args:
        faceset: The faceset.
        table: Its faces.
        key: One of `GROUP_KEYS`.
        bins: Into how many ranges of equal width a measure is cut.

    Returns:
        Name of the group, fit for a folder -> places in the table; groups without a face are left out.
    """
    if key in ("person", "track"):
        names = faceset.people() if key == "person" else {}
        places, labels = np.asarray(getattr(table, key)), {}
        for number in sorted(set(places.tolist())):
            name = names.get(number)
            labels[number] = f"{key}-{number}" + (f"-{_safe(name)}" if name else "") if number >= 0 else f"no-{key}"
    else:
        cut = equal_bins(getattr(table, key), bins)
        ranges = zip(cut.edges[:-1], cut.edges[1:], strict=True)
        labels = {place: f"{place + 1:02d}-{key}-{_range(*edges)}" for place, edges in enumerate(ranges)}
        places, labels[-1] = cut.place, f"no-{key}"
    groups = {label: np.flatnonzero(places == place).astype(np.int64) for place, label in labels.items()}
    return {label: rows for label, rows in groups.items() if len(rows)}


def recognizer_of(faceset: Faceset) -> str | None:
    """The recognizer that made the faceset's embeddings, if one did."""
    return min((stage.name for stage in faceset.stages if stage.kind == "recognizer"), default=None)


def embeddings_of(faceset: Faceset) -> NDArray[np.float32] | None:
    """The embeddings of all faces, float32 `[faces dim]`; None without a recognizer."""
    name = recognizer_of(faceset)
    return None if name is None else faceset.embeddings(name)


def twin_features(faceset: Faceset, table: FaceTable) -> NDArray[Any]:
    """What tells twins: embeddings, or gray thumbnails where there are none."""
    found = embeddings_of(faceset)
    return crop_features(faceset, table, gray_thumbnail) if found is None else found


def crop_features(faceset: Faceset, table: FaceTable, feature: Any) -> NDArray[np.float64]:
    """A feature of each crop image, float64 `[faces dim]`.

    Args:
        faceset: The faceset.
        table: Its faces.
        feature: Takes uint8 `[size size 3]` and gives float64 `[dim]`.
    """
    size = faceset.crop_size
    found = [feature(read_crop_image(crop_path(faceset.path, face), size)) for face in table.ids.tolist()]
    return np.stack(found) if found else np.zeros((0, 1))


def _identity(faceset: Faceset) -> NDArray[np.float64]:
    found = embeddings_of(faceset)
    if found is None:
        raise StoreError(f"faceset {faceset.path} has no embeddings; extract it with --recognizer to sort by identity")
    return center_distance(found)


def _range(low: float, high: float) -> str:
    digits = 0 if high - low >= 2 else 2
    return f"{low:.{digits}f}-to-{high:.{digits}f}"


def _safe(name: str) -> str:
    """A name as a part of a folder's."""
    return re.sub(r"[^\w-]+", "-", name)[:40]
