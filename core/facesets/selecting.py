"""Which faces a job is about: those of people, and those that look like reference pictures or do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ..errors import OptionError, StoreError
from ..registry import discover

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...lib.faceset import Faceset
    from ...lib.landmarks import FloatArray


def _several(value: object) -> object:
    """One picture or person where several may be, as files and the environment write it; numbers count as names."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(str(one) if isinstance(one, int) else one for one in values)


Pictures = Annotated[tuple[Path, ...], BeforeValidator(_several)]
"""Reference pictures in a job's settings."""

People = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""Numbers and names of people in a job's settings."""


class FaceFilter(BaseModel):
    """What a user asks for; nothing asks for all faces.

    Attributes:
        only: Pictures of people: the faces of those who look like one of them.
        without: Pictures of people whose faces are left out.
        people: Numbers or names of the faceset's people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    only: tuple[Path, ...] = ()
    without: tuple[Path, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[Path, ...]:
        """All pictures."""
        return (*self.only, *self.without)

    def __bool__(self) -> bool:
        return bool(self.references or self.people)


class Wanted(BaseModel):
    """Reference embeddings, in a form that travels to workers.

    Attributes:
        only: Those of the people who are wanted; of all, if empty.
        without: Those of people who are not.
        limit: The distance under which two faces are one person's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    only: tuple[tuple[float, ...], ...] = ()
    without: tuple[tuple[float, ...], ...] = ()
    limit: float

    @classmethod
    def of(cls, wanted: FaceFilter, embeddings: FloatArray, limit: float) -> Wanted:
        """Makes it of the embeddings of `wanted.references`, `[pictures dim]`."""
        rows = tuple(map(tuple, embeddings.tolist()))
        return cls(only=rows[: len(wanted.only)], without=rows[len(wanted.only) :], limit=limit)

    def keep(self, embeddings: FloatArray) -> NDArray[np.bool_]:
        """Which faces are wanted, bool `[faces]`: nearer to one who is wanted than to anybody who is not.

        Args:
            embeddings: `[faces dim]` of unit length; one that is NaN is not wanted.
        """
        import numpy as np

        near, far = _least_distance(embeddings, self.only), _least_distance(embeddings, self.without)
        known = np.isfinite(embeddings).all(axis=1)
        if self.only:
            return np.asarray(known & (near < self.limit) & (near < np.where(far < self.limit, far, np.inf)))
        return np.asarray(known & (far >= self.limit))


def _least_distance(embeddings: FloatArray, references: tuple[tuple[float, ...], ...]) -> FloatArray:
    import numpy as np

    if not references:
        return np.full(len(embeddings), np.inf)
    apart = embeddings[:, None].astype(np.float64) - np.array(references)
    return np.asarray(np.linalg.norm(apart, axis=2).min(axis=1))


def require_recognizer(wanted: FaceFilter, recognizer: object | None) -> None:
    """Refuses references where no recognizer is to be used.

    Raises:
        OptionError: There is none.
    """
    if wanted.references and recognizer is None:
        names = " or ".join(f"--recognizer {found.name}" for found in discover("recognizer"))
        raise OptionError(f"a reference picture needs a recognizer; add {names or '--recognizer'}")


def select_faces(faceset: Faceset, wanted: FaceFilter, check: Callable[[], None]) -> frozenset[str] | None:
    """Finds the faces of a faceset that are asked for; a track is taken or left as a whole.

    Args:
        faceset: The faceset.
        wanted: What is asked for.
        check: Called now and then; raises when the run should stop.

    Returns:
        The names of the faces; None for all.

    Raises:
        MediaError: A reference cannot be read, or does not show one face.
        OptionError: The faceset has no such person.
        StoreError: The faceset has no embeddings, or no face that is asked for.
    """
    if not wanted:
        return None
    import numpy as np

    table = faceset.face_table()
    keep = np.ones(len(table), bool)
    if wanted.people:
        from .people import person_numbers

        keep &= np.isin(table.person, person_numbers(faceset, wanted.people))
    if wanted.references:
        from ..extracting.references import chain_of, reference_embeddings
        from .recognition import known_recognizer, track_looks

        recognizer = known_recognizer(faceset, "a reference picture")
        embeddings = reference_embeddings(chain_of(faceset), wanted.references, check)
        looks = track_looks(faceset, table, recognizer)
        keep &= Wanted.of(wanted, embeddings, recognizer.same_person_below).keep(looks.vectors)[looks.tracks]
    if not keep.any():
        raise StoreError(f"faceset {faceset.path} has no face of those who are asked for, among {len(table)} faces")
    return frozenset(table.ids[keep].tolist())
