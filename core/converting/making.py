"""What a signed file says of its making: the model, its weights, the blenders. No names of files, no option's value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..host import Prepared
from ..training.checkpointing import AVERAGE, WEIGHTS
from ..training.saved_model import TrainedModel


def making(
    trained: TrainedModel, manifest: str, blenders: Sequence[Prepared], consents: Sequence[str]
) -> dict[str, Any]:
    """Describes a conversion.

    Args:
        trained: The model.
        manifest: That of its checkpoint, as text.
        blenders: The chain.
        consents: The hashes of the records of consent.
    """
    record = trained.record
    told: dict[str, Any] = {
        "model": {"plugin": record.name, "package": record.package, "version": record.version, "step": trained.step},
        "weights_sha256": _weights(manifest),
        "blenders": [_blender(used) for used in blenders],
    }
    return {**told, "consent_sha256": list(consents)} if consents else told


def _blender(used: Prepared) -> dict[str, str]:
    return {"plugin": used.found.name, "package": used.found.package, "version": used.found.version}


def _weights(manifest: str) -> dict[str, str]:
    """The SHA-256 of each file that the model's weights were read from."""
    files = json.loads(manifest)["files"]
    return {part: files[name]["sha256"] for part in (WEIGHTS, AVERAGE) if (name := f"{part}.safetensors") in files}


def manifest_of(model_dir: Path, step: int) -> str:
    """A checkpoint's manifest, which holds the SHA-256 of its files."""
    return (model_dir / "checkpoints" / str(step) / "manifest.json").read_text()
