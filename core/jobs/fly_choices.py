"""Faces that are extracted while they are swapped: the settings for it, and the extraction that they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ..errors import OptionError, suggest
from ..extracting.settings import Alignment, Search
from ..facesets.selecting import require_recognizer
from .extraction_choices import ExtractionChoices
from .groups import PEOPLE, RUNNING
from .swap_choices import SwapChoices

if TYPE_CHECKING:
    from .extract import ExtractJob

_PLUGINS = {"detector": "detector", "aligner": "aligner", "maskers": "masker", "recognizer": "recognizer"}


class FlyChoices(ExtractionChoices, SwapChoices):
    """A faceset, or what is needed to do without one."""

    on_the_fly: bool = Field(
        False,
        description="Extract the faces in this run, in place of --faceset: with --detector, --aligner, --masker "
        "and the other flags of `extract`. Landmarks are not smoothed and gaps not filled.",
        json_schema_extra=PEOPLE,
    )
    workers: int | None = Field(
        None, gt=0, description="Processes that extract on the fly.  [default: one per core]", json_schema_extra=RUNNING
    )

    @model_validator(mode="after")
    def _one_source_of_faces(self) -> Self:
        """Insists that it is said once where the faces come from."""
        if (self.faceset is None) != self.on_the_fly:
            raise ValueError("either --faceset or --on-the-fly must say where the faces come from")
        if self.on_the_fly and (self.map or self.person):
            raise ValueError("--map and --person need people, who are known in a faceset; give one, or use --only")
        return self

    def unused(self) -> list[str]:
        """The flags of extraction that were given, as variables may give them to every run, along with a faceset."""
        fields = type(self).model_fields
        flags = {name: name.replace("_", "-") for name in (*Search.model_fields, *Alignment.model_fields, "workers")}
        given = [flag for name, flag in {**flags, **_PLUGINS}.items() if getattr(self, name) != fields[name].default]
        return [] if self.on_the_fly else [f"--{flag}" for flag in given]

    def extraction(self) -> ExtractJob:
        """The extraction that runs beside the swapping; where its faceset lies, the run decides."""
        from .extract import ExtractJob

        return ExtractJob(
            media=(self.media,),
            faceset=self.media,
            only=self.only,
            not_=self.not_,
            fill_gaps=0,
            check=self.check,
            **self.extraction_choices(),
        )

    def require_extraction(self) -> None:
        """Refuses plugins that do not fit each other, and what they will not give.

        Raises:
            PluginError: They do not fit each other.
            OptionError: A reference needs a recognizer, or the mask that is asked for a masker.
        """
        from ..converting.faces import ANY_MASK, MODEL_MASK

        extraction = self.extraction()
        plugins = extraction.choices().prepare()
        plugins.require_fit()
        plugins.require_weights()
        require_recognizer(extraction.face_filter(), self.recognizer)
        known = {MODEL_MASK, ANY_MASK, *plugins.maskers}
        if self.mask not in known:
            raise OptionError(f"--mask {self.mask} needs --masker {self.mask}. {suggest(self.mask, known)}")
