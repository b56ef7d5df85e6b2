"""How faces are found: the settings that every job which extracts has in common."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..extracting.settings import Alignment, Search
from ..host import PluginChoice, default_chain, default_choice
from .groups import FINDING, RUNNING
from .job import Job


class ExtractionPlugins(Job):
    """The plugins of an extraction, and the processes in which they work."""

    workers: int | None = Field(
        None, gt=0, description="Processes that extract.  [default: one per core]", json_schema_extra=RUNNING
    )
    detector: PluginChoice = Field(default_choice("detector"), json_schema_extra=FINDING)
    aligner: PluginChoice = Field(default_choice("aligner"), json_schema_extra=FINDING)
    maskers: tuple[PluginChoice, ...] = Field(default_chain("masker"), json_schema_extra=FINDING)
    recognizer: PluginChoice | None = Field(None, json_schema_extra=FINDING)

    def extraction_plugins(self) -> dict[str, Any]:
        """These settings by name, for another job that extracts."""
        return {name: getattr(self, name) for name in ("workers", "detector", "aligner", "maskers", "recognizer")}


class ExtractionChoices(Alignment, Search, ExtractionPlugins):
    """The same, with where faces are looked for and how often the aligner is asked."""

    def extraction_choices(self) -> dict[str, Any]:
        """These settings by name, for another job that extracts."""
        around = {name: getattr(self, name) for part in (Search, Alignment) for name in part.model_fields}
        return {**around, **self.extraction_plugins()}
