"""The commands that `kills` strikes, on small footage: what each has committed, and what it makes in the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, StoreError
from .material import Material

FRAMES = 60
ITERATIONS = 60

_CHUNK = 4
_MODEL, _WIDTH = "mini", 0.1

Held = frozenset[Hashable]


@dataclass(frozen=True)
class Trial:
    """A command that is to be killed.

    Attributes:
        name: The command.
        stage: How the name of the stage of its work proper begins.
        words: The command line, for the folder in which it works.
        held: What is committed in that folder; may be asked at any time.
        result: What a run that ended has made there, for comparison.
    """

    name: str
    stage: str
    words: Callable[[Path], list[str]]
    held: Callable[[Path], Held]
    result: Callable[[Path], Any]


def make_trials(folder: Path) -> list[Trial]:
    """Renders footage in a folder and makes the trials of extract, train and convert on it."""
    material = Material(folder, FRAMES, 256, 256, FRAMES, crop_size=128)
    media, faceset, model_dir = material.footage("target"), material.faceset("target"), material.model(_MODEL, _WIDTH)
    extract = ["extract", media, "{}/faces", "--crop-size", 128, "--chunk-frames", _CHUNK]
    train = ["train", "{}/model", *material.training(_MODEL, _WIDTH), "--iterations", ITERATIONS, "--batch-size", 2]
    train += ["--save-every", 3, "--preview-every", 10]
    convert = ["convert", media, "{}/swap.mp4", "--model-dir", model_dir, "--faceset", faceset]
    convert += ["--chunk-frames", _CHUNK, "--batch-size", 2]
    return [
        Trial("extract", "extract", partial(_in_folder, extract), _committed_frames, _extracted),
        Trial("train", "training", partial(_in_folder, train), _saved_steps, _trained),
        Trial("convert", "converting", partial(_in_folder, convert), _finished_chunks, _swapped),
    ]


def _in_folder(words: list[Any], folder: Path) -> list[str]:
    return [str(word).replace("{}", str(folder)) for word in words]


def _committed_frames(folder: Path) -> Held:
    """Each frame of the faceset, with a digest of its faces' rows, masks and crop images."""
    from ...lib.faceset import Faceset

    with suppress(StoreError), Faceset.open(folder / "faces") as faceset:
        return frozenset((frame.source, frame.pts, _frame_digest(faceset, frame)) for frame in faceset.frames())
    return frozenset()


def _extracted(folder: Path) -> Any:
    """The frames, and the track of each face; tracks are known once all frames are there."""
    from ...lib.faceset import Faceset

    with Faceset.open(folder / "faces") as faceset:
        tracks = [(face.id, face.track) for face in faceset.faces()]
    return _committed_frames(folder), tracks


def _frame_digest(faceset: Any, frame: Any) -> str:
    from ...lib.face_records import MEASURES

    digest = hashlib.sha256(f"{frame.time} {frame.width} {frame.height}".encode())
    for face in frame.faces:
        digest.update(f"{face.id} {face.index} {face.score} {face.scheme} {face.mask_names}".encode())
        digest.update(f"{[getattr(face, name) for name in MEASURES]}".encode())
        arrays = [face.box, face.matrix, face.landmarks, *(face.embeddings[name] for name in sorted(face.embeddings))]
        arrays += [faceset.read_mask(face, name) for name in face.mask_names]
        for array in arrays:
            digest.update(array.tobytes())
        digest.update(face.crop.read_bytes())
    return digest.hexdigest()


def _saved_steps(folder: Path) -> Held:
    """All steps up to that of the newest checkpoint that verifies."""
    from ...lib import checkpoint

    with suppress(CheckpointError):
        return frozenset(range(checkpoint.load_latest(folder / "model").step + 1))
    return frozenset()


def _trained(folder: Path) -> Any:
    """The newest checkpoint's arrays, bit for bit; the step last told, and whether each was told once and in order."""
    from ...lib import checkpoint

    saved = checkpoint.load_latest(folder / "model")
    arrays = {
        f"{part}/{name}": array.tobytes() for part, arrays in saved.parts.items() for name, array in arrays.items()
    }
    lines = (folder / "model" / "history.jsonl").read_text().splitlines()
    told = [line["step"] for line in map(json.loads, lines) if "losses" in line]  # Slow machines tell more often.
    return saved.step, saved.skipped, arrays, told[-1], told == sorted(set(told))


def _finished_chunks(folder: Path) -> Held:
    """The chunks that have a record and a segment; all of them once the output is there."""
    output, parts = folder / "swap.mp4", folder / "swap.mp4.parts"
    chunks = range(-(-FRAMES // _CHUNK))
    if output.exists():
        return frozenset(chunks)
    endings = ".json", ".nut"
    return frozenset(chunk for chunk in chunks if all((parts / f"{chunk:06d}{ending}").exists() for ending in endings))


def _swapped(folder: Path) -> Any:
    """Digests of all decoded frames and of the sound, with their times, and what lies beside the output."""
    import av

    with av.open(str(folder / "swap.mp4")) as container:
        frames = [
            (frame.pts, hashlib.sha256(b"".join(map(bytes, frame.planes))).hexdigest())
            for frame in container.decode(video=0)
        ]
    with av.open(str(folder / "swap.mp4")) as container:
        sound = [(packet.pts, hashlib.sha256(bytes(packet)).hexdigest()) for packet in container.demux(audio=0)]
    return frames, sound, sorted(entry.name for entry in folder.iterdir())
