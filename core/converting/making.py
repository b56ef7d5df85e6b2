"""What a signed file says of its making: model, weights, blenders. No names of files, no option's value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..host import Prepared
from ..training.checkpointing import AVERAGE, WEIGHTS
from ..training.saved_model import TrainedModel


def making(
    models: Iterable[tuple[TrainedModel, str]], consents: Sequence[str], blenders: Sequence[Prepared] = ()
) -> dict[str, Any]:
    """Describes what a trained model or generator makes.

    Args:
        models: Each model with the manifest of its checkpoint, as text.
        consents: The hashes of the records of consent.
        blenders: The chain of a conversion, or those of all chains.
    """
    told = [_model(trained, manifest) for trained, manifest in models]
    made: dict[str, Any] = {**(told[0] if len(told) == 1 else {"models": told})}
    if blenders:
        made["blenders"] = _distinct(map(_blender, blenders))
    return {**made, "consent_sha256": list(consents)} if consents else made


def _model(trained: TrainedModel, manifest: str) -> dict[str, Any]:
    record = trained.record
    return {
        "model": {"plugin": record.name, "package": record.package, "version": record.version, "step": trained.step},
        "weights_sha256": _weights(manifest),
    }


def _distinct(items: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for item in items:
        found += [] if item in found else [item]
    return found


def _blender(used: Prepared) -> dict[str, str]:
    return {"plugin": used.found.name, "package": used.found.package, "version": used.found.version}


def _weights(manifest: str) -> dict[str, str]:
    """The SHA-256 of each file that the model's weights were read from."""
    files = json.loads(manifest)["files"]
    return {part: files[name]["sha256"] for part in (WEIGHTS, AVERAGE) if (name := f"{part}.safetensors") in files}


def manifest_of(model_dir: Path, step: int) -> str:
    """A checkpoint's manifest, which holds the SHA-256 of its files."""
    return (model_dir / "checkpoints" / str(step) / "manifest.json").read_text()
