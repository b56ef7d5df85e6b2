"""The command `faceswap clean`: says what it would move and how large it is, and asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..cleaning import Leftover
from ..errors import OptionError
from ..jobs.clean import CleanJob
from .job_command import JobCommand
from .job_making import make_job


class CleanCommand(JobCommand):
    """The job's command with a question before it."""

    def __init__(self) -> None:
        super().__init__(CleanJob)
        self.params.append(click.Option(["--yes"], is_flag=True, help="Move it without asking."))

    def _run(self, **values: Any) -> None:
        job = make_job(CleanJob, click.get_current_context().meta["plugin options"], values)
        found = job.found() if isinstance(job, CleanJob) else []
        if not values["json_events"]:
            click.echo("\n".join(_lines(found)) or f"There is nothing to clean in {values['workspace']}.")
        movable = any(not each.busy() for each in found)
        if movable and (values["yes"] or _agreed(values["json_events"])):
            super()._run(**values)


def _lines(found: Sequence[Leftover]) -> list[str]:
    from ...lib.publish import size_in_words

    return [f"{size_in_words(each.size):>10}  {each.path}: {each.what}{_stays(each)}" for each in found]


def _stays(leftover: Leftover) -> str:
    """Why something will stay where it is, if it will."""
    busy = leftover.busy()
    return f" - it stays: {busy}" if busy else ""


def _agreed(nobody_there: bool) -> bool:
    """Asks; raises OptionError where nobody can answer."""
    if nobody_there:
        raise OptionError("a program that reads events cannot be asked; give --yes to move what is found")
    try:
        if click.confirm("Move all this to the trash?", default=False):
            return True
    except click.Abort:
        click.echo()
        raise OptionError("nobody answered, so nothing was moved; --yes moves without asking") from None
    click.echo("Nothing was moved.")
    return False


command = CleanCommand()
