"""A stretch of frames as settings hold it: a text, whose form is checked before anybody knows the medium."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _readable(frames: str | None) -> str | None:
    if frames:
        from ...lib.media import Selection

        Selection.parse(1, frames)
    return frames


FrameRange = Annotated[str | None, AfterValidator(_readable)]
"""`100-200` or `0:12-0:15`, both ends included, open ends too; None for all frames."""

FORMS = (
    "100-200 (numbers from 0, both ends included), or times of a video from its beginning, 0:12-0:15; 100- and -0:15 "
    "are open."
)
"""How it is written, as the end of the setting's description."""
