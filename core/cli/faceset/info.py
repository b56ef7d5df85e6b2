"""The command `faceswap faceset info`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .arguments import count_faces, faceset_argument, json_option

if TYPE_CHECKING:
    from ....lib.face_records import FacesetInfo


@click.command()
@faceset_argument
@json_option
def command(faceset: Path, as_json: bool) -> None:
    """Tell what FACESET holds.

    It tells how many frames and faces there are, the settings and plugins that made it, the range of each measure,
    tracks and people.
    """
    import json
    from dataclasses import asdict

    from ....lib.faceset import Faceset

    with Faceset.open(faceset) as opened:
        info = opened.info()
    click.echo(json.dumps(asdict(info), indent=1) if as_json else "\n".join(_lines(info)))


def _lines(info: FacesetInfo) -> Iterator[str]:
    yield f"frames: {info.frames}, {info.frames_without_face} of them without a face in the faceset"
    yield f"faces: {info.faces}; removed {info.removed}, deleted {info.deleted}"
    yield f"crops: {info.crop_size} px, {info.face_type}; landmarks: {', '.join(info.schemes) or 'none'}"
    yield f"stages: {'; '.join(map(str, info.stages)) or 'none'}"
    for name, (low, mean, high) in info.measured.items():
        yield f"{name}: {low:.4g} to {high:.4g}, mean {mean:.4g}"
    if info.unmeasured:
        yield f"not measured: {info.unmeasured} faces"
    yield f"tracks: {info.tracks or 'none'}"
    yield f"people: {', '.join(f'{name} ({count_faces(count)})' for name, count in info.people.items()) or 'none'}"
    if info.attributes:
        yield f"attributes: {', '.join(info.attributes)}"
