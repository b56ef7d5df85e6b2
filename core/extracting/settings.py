"""What the host does around any detector and any aligner: settings that the jobs share and a faceset notes.

They belong to the host, not to the plugins, so that each plugin stays one call and none has to repeat them.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..jobs.groups import FINDING
from ..options import options_hash

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


def _face_size(given: Any) -> Any:
    """Writes a size in one way: `40` or `5%`."""
    if given is None:
        return None
    found = _SIZE.fullmatch(str(given).strip())
    if found is None or not float(found[1]):
        raise ValueError("pixels (40) or per cent of the frame's height (5%) were expected")
    return f"{float(found[1]):g}{found[2]}"


def _rotations(given: Any) -> Any:
    """Takes `90,270`, also in parts, and puts them in order."""
    parts = [given] if isinstance(given, (str, int)) else list(given)
    words = [word for part in parts for word in str(part).replace(",", " ").split()]
    if not all(word.isdecimal() and 0 < int(word) < 360 for word in words):
        raise ValueError("whole degrees from 1 to 359 were expected, such as 90,270")
    return tuple(sorted({int(word) for word in words}))


FaceSize = Annotated[str | None, BeforeValidator(_face_size)]
"""The longer side of a face's box: pixels, or per cent of the frame's height."""


class Part(BaseModel):
    """A part of a job's settings, which the job has as its own fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Settings = TypeVar("Settings", bound=Part)


class Search(Part):
    """Where and how large a detector's faces are looked for."""

    min_face: FaceSize = Field(
        None,
        description="Leave out faces whose box has a longer side below this: pixels of the frame (40), or per cent of "
        "its height (5%).",
        json_schema_extra=FINDING,
    )
    max_face: FaceSize = Field(
        None, description="Leave out faces whose box has a longer side above this (80%).", json_schema_extra=FINDING
    )
    rotations: Annotated[tuple[int, ...], BeforeValidator(_rotations)] = Field(
        (),
        description="Look at the frame turned by these degrees too, such as 90,270: for faces that lie or hang.",
        json_schema_extra=FINDING,
    )
    tiles: int | None = Field(
        None,
        ge=64,
        description="Look at overlapping tiles of the frame too, of so many pixels a side: for small faces in large "
        "frames, with --upsample.",
        json_schema_extra=FINDING,
    )
    upsample: int = Field(
        0,
        ge=0,
        le=3,
        description="How often the tiles are doubled (without --tiles: the frame in a second look), whatever the "
        "detector: each time it finds faces of half the size.",
        json_schema_extra=FINDING,
    )

    @model_validator(mode="after")
    def _some_face_fits(self) -> Self:
        """Refuses bounds between which no face lies, where they can be compared."""
        low, high = self.min_face, self.max_face
        if low and high and low.endswith("%") == high.endswith("%") and float(low.strip("%")) > float(high.strip("%")):
            raise ValueError(f"--min-face {low} is larger than --max-face {high}, so that no face is left")
        return self


def fitting_sizes(search: Search, longer_sides: NDArray[Any], height: int) -> NDArray[np.bool_]:
    """Tells for each face whether it is as large as is wanted.

    Args:
        search: The bounds.
        longer_sides: The longer side of each box in pixels.
        height: The frame's height in pixels.
    """
    low, high = _pixels(search.min_face or "0", height), _pixels(search.max_face or "inf", height)
    return np.asarray((longer_sides >= low) & (longer_sides <= high))


def _pixels(size: str, height: int) -> float:
    return float(size.strip("%")) / 100 * height if size.endswith("%") else float(size)


class Alignment(Part):
    """How often an aligner is asked about a face, and what it is shown."""

    refeed: int = Field(
        0,
        ge=0,
        le=32,
        description="Ask the aligner about so many boxes more, each moved and scaled by up to 5 %, and take the mean: "
        "steadier landmarks, each box takes as long as the first.",
        json_schema_extra=FINDING,
    )
    realign: bool = Field(
        False,
        description="Ask the aligner a second time about the face set upright, as its first answer lies: better "
        "landmarks of tilted faces.",
        json_schema_extra=FINDING,
    )


def settings_of(part: type[Settings], job: BaseModel) -> Settings:
    """Takes the settings of one part out of a job that has them among its own."""
    return part(**{name: getattr(job, name) for name in part.model_fields})


def hash_with(settings: Part, plugin_hash: str) -> str:
    """The fingerprint of a plugin's options and of what the host does around it, which by default adds nothing."""
    if settings == type(settings)():
        return plugin_hash
    return hashlib.sha256(f"{plugin_hash} {options_hash(settings)}".encode()).hexdigest()[:16]
