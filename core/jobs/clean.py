"""The job `clean`: what runs have left in a workspace goes into its trash."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.publish import size_in_words
from ..cleaning import TRASH, Leftover, leftovers, move_away
from ..errors import OutputError
from .context import JobContext
from .job import Job, Report


class CleanReport(Report):
    """What was moved.

    Attributes:
        moved: What went, by the places that it had in the workspace, and how large it is.
        trash: Where it lies now; None where nothing was moved.
        size: Bytes in all, in words.
    """

    moved: dict[str, str] = Field(default_factory=dict)
    trash: Path | None = None
    size: str | None = None


class CleanJob(Job):
    """Move what runs have left in WORKSPACE into its trash.

    \b
    Example:
        faceswap clean models/mine

    WORKSPACE is a folder of outputs, a swap's workspace, a faceset or a model. What can go are the parts of unfinished
    conversions, chunks of unfinished extractions, a model's cache, and files of processes that were killed; never
    faces, weights, outputs or records of runs, and nothing that a process works on. The command says what it would
    move and how large it is, and asks. Nothing is deleted: it lies in WORKSPACE/trash/<time> at the place that it had,
    and can be moved back; delete that folder to free the space.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "clean"
    positional: ClassVar[tuple[str, ...]] = ("workspace",)
    report_class: ClassVar[type[Report]] = CleanReport

    workspace: Path = Field(description="The folder.")

    def home(self) -> Path:
        """The workspace, where the run is recorded."""
        return self.workspace

    def found(self) -> list[Leftover]:
        """What can go.

        Raises:
            OutputError: There is no such folder.
        """
        if not self.workspace.is_dir():
            raise OutputError(f"there is no folder {self.workspace}; check the path")
        return leftovers(self.workspace)

    def preflight(self) -> None:
        """Refuses what is no folder, or one in which nothing can be moved."""
        self.found()
        if not os.access(self.workspace, os.W_OK):
            raise OutputError(f"cannot move anything in {self.workspace}: there is no permission to write there")

    def run(self, context: JobContext) -> CleanReport:
        """Moves each thing in one step; a run that is stopped leaves the others where they are."""
        found = self.found()
        trash = self.workspace / TRASH / time.strftime("%Y%m%d-%H%M%S")
        moved: list[Leftover] = []
        with context.stage("moving to the trash", len(found), "things") as stage:
            for leftover in found:
                context.check()
                if self._moved(leftover, trash, context):
                    moved.append(leftover)
                stage.advance()
        if not moved:
            return CleanReport()
        sizes = {str(each.path.relative_to(self.workspace)): size_in_words(each.size) for each in moved}
        return CleanReport(moved=sizes, trash=trash, size=size_in_words(sum(each.size for each in moved)))

    def _moved(self, leftover: Leftover, trash: Path, context: JobContext) -> bool:
        """Moves a thing, if nobody works on it and it can be moved."""
        try:
            busy = leftover.busy()
            if busy is None:
                move_away(leftover, self.workspace, trash)
        except OutputError as error:
            busy = str(error)
        if busy:
            context.warn(f"{leftover.path} stays: {busy}")
        return busy is None
