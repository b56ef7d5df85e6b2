"""The settings of the job `train`, in the order in which its help lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ..host import PluginChoice, default_chain, default_choice
from .job import Job


class TrainSettings(Job):
    """What is trained, on what, for how long, and what is kept of it."""

    model_dir: Path = Field(description="Folder of the model; made, or continued.")
    source: Path = Field(description="Faceset of the person whose face is put on.")
    target: Path = Field(description="Faceset of the footage that is changed.")
    model: PluginChoice = default_choice("model")
    backend: Literal["tensorflow", "jax", "torch"] | None = Field(
        None, description="What Keras computes with.  [default: KERAS_BACKEND, or tensorflow]"
    )
    iterations: int = Field(20_000, ge=1, description="Training steps in all, those of earlier runs included.")
    batch_size: int = Field(16, ge=1, description="Faces of each person in a step.")
    minutes: float | None = Field(None, gt=0, description="Stop after so many minutes, and save.")
    seed: int = Field(0, ge=0, description="Where all randomness comes from.")
    affine: float = Field(1.0, ge=0, le=3, description="Strength of random rotation, zoom, shift; 1: 10 degrees, 5 %.")
    flip: float = Field(0.5, ge=0, le=1, description="Share of the faces that are mirrored.")
    save_every: int = Field(500, ge=1, description="Steps from checkpoint to checkpoint.")
    save_minutes: float = Field(10, gt=0, description="The longest time from checkpoint to checkpoint.")
    preview_every: int = Field(500, ge=1, description="Steps from preview to preview.")
    keep_checkpoints: int = Field(2, ge=1, description="How many checkpoints are kept.")
    listeners: tuple[PluginChoice, ...] = default_chain("listener")
