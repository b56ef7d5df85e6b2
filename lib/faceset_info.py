"""What a faceset holds, in numbers, counted by its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from .face_records import MEASURES, FacesetInfo, Stage

Query = Callable[..., list[tuple[Any, ...]]]

_LIVE = """
    WITH gone AS (SELECT value FROM json_each(?)),
    live AS (SELECT * FROM face WHERE removed = 0 AND name NOT IN gone)
"""
_FACES = f"""
    {_LIVE} SELECT count(*), count(DISTINCT frame), count(DISTINCT track), count(*) - count(sharpness),
    {", ".join(f"min({name}), avg({name}), max({name})" for name in MEASURES)} FROM live
"""
_OTHERS = """
    SELECT (SELECT count(*) FROM frame), (SELECT count(*) FROM deleted), (SELECT count(*) FROM face WHERE removed = 1)
"""
_PEOPLE = f"""
    {_LIVE} SELECT ifnull(person.name, 'person ' || person.id), count(*) FROM live
    JOIN person ON live.person = person.id GROUP BY person.id ORDER BY person.id
"""
_SCHEMES = "SELECT DISTINCT scheme FROM face WHERE scheme IS NOT NULL ORDER BY scheme"


def read_info(
    query: Query,
    without: Collection[str],
    *,
    crop_size: int,
    face_type: str,
    stages: tuple[Stage, ...],
    attributes: tuple[str, ...],
) -> FacesetInfo:
    """Counts what a faceset holds.

    Args:
        query: Runs a statement with its values on the faceset's database.
        without: Names of the faces whose crop image was deleted.
        crop_size: As in `FacesetInfo`, like the others.
        face_type: How much of the head the crops show.
        stages: The plugins that made it.
        attributes: What is noted of faces by name.
    """
    gone = json.dumps(sorted(without))
    ((faces, frames_with_face, tracks, unmeasured, *values),) = query(_FACES, gone)
    ((frames, deleted, removed),) = query(_OTHERS)
    ranges = {name: tuple(values[3 * place : 3 * place + 3]) for place, name in enumerate(MEASURES)}
    return FacesetInfo(
        frames=frames,
        faces=faces,
        frames_without_face=frames - frames_with_face,
        deleted=deleted + len(without),
        removed=removed,
        crop_size=crop_size,
        face_type=face_type,
        schemes=tuple(scheme for (scheme,) in query(_SCHEMES)),
        stages=stages,
        measured={name: (low, mean, high) for name, (low, mean, high) in ranges.items() if low is not None},
        unmeasured=unmeasured,
        tracks=tracks,
        people=dict(query(_PEOPLE, gone)),
        attributes=attributes,
    )
