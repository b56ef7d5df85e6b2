"""Which faces of a faceset are to go: blurred ones, small ones, turned away, twins, other people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...lib.face_sorting import near_duplicates
from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ...lib.faceset_order import embeddings_of, recognizer_of, twin_features
from ..errors import OptionError, StoreError
from .recognition import mean_embedding, same_person_below

Hits = NDArray[np.bool_]


_MEASURED = {
    "blurred": ("sharpness", False),
    "smaller": ("size", False),
    "yaw_over": ("yaw", True),
    "pitch_over": ("pitch", True),
    "darker": ("brightness", False),
    "brighter": ("brightness", True),
}
"""Condition -> the measure, and whether it hits what is above its limit."""


_NOTED = {"has": 1, "lacks": -1}
"""Condition -> the value of an attribute that it hits; what is not known is hit by neither."""


class Conditions(BaseModel):
    """What makes a face go; a condition that is None or empty does not count.

    Attributes:
        blurred: Sharpness below this.
        smaller: Size in the frame below this, in pixels.
        yaw_over: Turned by more than this to either side, in degrees.
        pitch_over: Nodding by more than this up or down, in degrees.
        darker: Brightness below this, 0..1.
        brighter: Brightness above this, 0..1.
        near_duplicates: Within this of a sharper face, by `lib.faceset_order.twin_features`.
        not_person: Not this person: noted in the faceset by name or number, or shown by the faceset in this folder.
        has: With any of these attributes.
        lacks: Without any of these attributes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    blurred: float | None = Field(None, ge=0)
    smaller: float | None = Field(None, ge=0)
    yaw_over: float | None = Field(None, ge=0)
    pitch_over: float | None = Field(None, ge=0)
    darker: float | None = Field(None, ge=0, le=1)
    brighter: float | None = Field(None, ge=0, le=1)
    near_duplicates: float | None = Field(None, ge=0)
    not_person: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def make_conditions(values: dict[str, Any]) -> Conditions:
    """Conditions from values by name.

    Raises:
        OptionError: One is not allowed.
    """
    try:
        return Conditions.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        flag = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise OptionError(f"faceset filter {flag}: {first['msg']}. Received: {first['input']!r}") from None


def columns_of(conditions: Conditions) -> set[str]:
    """The columns of a table that `find_hits` looks at."""
    asked = conditions.model_dump(exclude_defaults=True)
    others = {"near_duplicates": "sharpness", "not_person": "person"}
    return {_MEASURED[name][0] if name in _MEASURED else others[name] for name in asked if name not in _NOTED}


def find_hits(faceset: Faceset, table: FaceTable, conditions: Conditions) -> dict[str, Hits]:
    """Which faces each condition hits.

    Twins are looked for among the faces that no other condition hits, so that the one that stays does stay.

    Args:
        faceset: The faceset.
        table: Its faces, with the columns of `columns_of`.
        conditions: What to look for.

    Returns:
        Condition -> bool `[faces]`, in the order of `Conditions`, each attribute by itself as `has Young`; those that
        were not asked for are left out. A face that was not measured is hit by no measure.

    Raises:
        OptionError: No condition is given, or the person or an attribute is not known.
        StoreError: There are no embeddings where they are needed.
        PluginError: The recognizer that made them is not installed any more.
    """
    if not conditions.model_dump(exclude_defaults=True):
        raise OptionError("faceset filter needs a condition, such as --blurred 5; `--help` lists them")
    hits = dict(_by_measure(table, conditions))
    if conditions.not_person is not None:
        hits["not_person"] = ~_shows(faceset, table, conditions.not_person)
    hits |= _by_attributes(faceset, table, conditions)
    if conditions.near_duplicates is not None:
        rows = np.flatnonzero(~union(hits, len(table)))
        twins = near_duplicates(twin_features(faceset, table)[rows], conditions.near_duplicates, table.sharpness[rows])
        hits["near_duplicates"] = np.isin(np.arange(len(table)), rows[twins])
    order = list(Conditions.model_fields)
    return dict(sorted(hits.items(), key=lambda hit: order.index(hit[0].partition(" ")[0])))


def union(hits: dict[str, Hits], count: int) -> Hits:
    """The faces that any condition hits, bool `[faces]`."""
    return np.asarray(np.logical_or.reduce([np.zeros(count, np.bool_), *hits.values()]))


def _by_measure(table: FaceTable, conditions: Conditions) -> Iterator[tuple[str, Hits]]:
    """A comparison with NaN is false: what was not measured is not hit."""
    for name, (column, above) in _MEASURED.items():
        limit = getattr(conditions, name)
        if limit is not None:
            values = np.abs(getattr(table, column))  # Turns go to either side; other measures are never negative.
            yield name, np.asarray(values > limit if above else values < limit)


def _by_attributes(faceset: Faceset, table: FaceTable, conditions: Conditions) -> dict[str, Hits]:
    """The faces of which an attribute is noted, or is noted that they have it not."""
    asked = {name: names for name in _NOTED if (names := getattr(conditions, name))}
    if not asked:
        return {}
    known = faceset.attributes()
    for name, names in asked.items():
        for unknown in set(names) - set(known):
            told = f"it has {', '.join(known)}" if known else "it has none; `faceset import --attributes` notes them"
            raise OptionError(f"--{name}: faceset {faceset.path} has no attribute '{unknown}'; {told}")
    values = faceset.column("attributes").reshape(len(table), -1)
    if not values.shape[1]:  # They are named, and noted of no face.
        values = np.zeros((len(table), len(known)), np.float32)
    return {
        f"{name} {one}": np.asarray(values[:, known.index(one)] == _NOTED[name])
        for name, names in asked.items()
        for one in names
    }


def _shows(faceset: Faceset, table: FaceTable, reference: str) -> Hits:
    """The faces that show a person."""
    people = faceset.people()
    noted = [number for number, name in people.items() if reference in (name, str(number))]
    if noted:
        return np.asarray(table.person == noted[0])
    if not Path(reference).is_dir():
        known = ", ".join(name or str(number) for number, name in people.items()) or "nobody"
        raise OptionError(
            f"--not-person must be a person noted in {faceset.path} ({known}) or a faceset. Received: {reference}"
        )
    return _alike(faceset, Path(reference))


def _alike(faceset: Faceset, other: Path) -> Hits:
    """The faces that a recognizer takes for the person of another faceset."""
    recognizer, embeddings = recognizer_of(faceset), embeddings_of(faceset)
    if recognizer is None or embeddings is None:
        raise StoreError(f"faceset {faceset.path} has no embeddings; extract it with --recognizer to tell people apart")
    with Faceset.open(other) as reference:
        center = mean_embedding(reference, recognizer)
    if center is None:
        raise StoreError(
            f"faceset {other} has no embeddings of {recognizer}; extract it with --recognizer {recognizer}"
        )
    return np.asarray(np.linalg.norm(embeddings - center, axis=1) < same_person_below(recognizer))
