"""The settings of training, in the order in which help lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ..facesets.selecting import FaceFilter, People, Pictures
from ..host import PluginChoice, built_in, default_chain, default_choice
from .groups import LEARNED, LEARNING, LENGTH, MODEL, PEOPLE, RUNNING, VARIETY, WATCHING
from .job import Job

BatchSize = Annotated[int, Field(ge=1)] | Literal["auto"]
"""How many faces of each person a step takes; `auto` finds the largest that fits and is no slower for a face."""


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


GENERATED = "faces"
"""The one identity from which generators learn."""

IDENTITIES = ("source", "target", GENERATED)
"""All that a command can name a faceset for."""


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Names, written one after the other where they come as a text."""


class TrainingChoices(Job):
    """What is trained, for how long, and what is kept of it: the same in every job that trains."""

    model: PluginChoice = Field(default_choice("model"), json_schema_extra=MODEL)
    adversarial: float = Field(
        0,
        ge=0,
        le=10,
        description="Weight of discriminators that judge an autoencoder's faces; 0.1 sharpens, 0: none.",
        json_schema_extra=MODEL,
    )
    backend: Literal["tensorflow", "jax", "torch"] | None = Field(
        None,
        description="What Keras computes with.  [default: KERAS_BACKEND, or tensorflow]",
        json_schema_extra=RUNNING,
    )
    devices: int = Field(
        1,
        ge=1,
        description="GPUs of this machine that share each batch, on TensorFlow or JAX; a part of it for each.",
        json_schema_extra=RUNNING,
    )
    iterations: int = Field(
        20_000, ge=1, description="Training steps in all, those of earlier runs included.", json_schema_extra=LENGTH
    )
    batch_size: BatchSize | None = Field(
        None,
        description="Faces of each person in a step; auto: as many as do well here.  [default: 16, or the plugin's]",
        json_schema_extra=LEARNING,
    )
    minutes: float | None = Field(
        None,
        gt=0,
        description="Stop after so many minutes of training, start-up not counted, and save.",
        json_schema_extra=LENGTH,
    )
    seed: int = Field(0, ge=0, description="Where all randomness comes from.", json_schema_extra=RUNNING)
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32",
        description="What the networks compute in; weights stay float32. bfloat16 is the faster choice.",
        json_schema_extra=LEARNING,
    )
    ema: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Average the weights with this decay (0.999) and use the average; 0: do not.  [default: 0, or the "
        "plugin's]",
        json_schema_extra=LEARNING,
    )
    accumulate: int = Field(
        1, ge=1, description="Steps whose gradients are averaged before weights move.", json_schema_extra=LEARNING
    )
    clip: float | None = Field(
        None,
        gt=0,
        description="Largest norm of all gradients together; tames sudden jumps.",
        json_schema_extra=LEARNING,
    )
    warm_up: int = Field(
        0, ge=0, description="Steps over which the learning rate rises from nothing.", json_schema_extra=LEARNING
    )
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant",
        description="How the learning rate falls to nothing over all iterations.",
        json_schema_extra=LEARNING,
    )
    freeze: Words = Field(
        (), description="A network whose weights stay as they are (repeatable).", json_schema_extra=MODEL
    )
    init_from: Path | None = Field(
        None,
        description="Model folder whose weights a new model starts from, where names and shapes agree.",
        json_schema_extra=MODEL,
    )
    affine: float | None = Field(
        None,
        ge=0,
        le=3,
        description="Strength of random rotation, zoom, shift; 1: 10 degrees, 5 %.  [default: 1; generators: 0]",
        json_schema_extra=VARIETY,
    )
    flip: float | None = Field(
        None, ge=0, le=1, description="Share of the faces that are mirrored.  [default: 0.5]", json_schema_extra=VARIETY
    )
    color_match: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of the faces that get the colors of another face of the same person.  [default: 0.3; "
        "generators: 0]",
        json_schema_extra=VARIETY,
    )
    color_jitter: float | None = Field(
        None,
        ge=0,
        le=3,
        description="Strength of random color; 1: lightness 10 %, chroma 20 %, cast 5 units of LAB.  [default: 0.5; "
        "generators: 0]",
        json_schema_extra=VARIETY,
    )
    save_every: int = Field(500, ge=1, description="Steps from checkpoint to checkpoint.", json_schema_extra=WATCHING)
    save_minutes: float = Field(
        10, gt=0, description="The longest time from checkpoint to checkpoint.", json_schema_extra=WATCHING
    )
    preview_every: int = Field(500, ge=1, description="Steps from preview to preview.", json_schema_extra=WATCHING)
    keep_checkpoints: int = Field(
        2, ge=1, description="How many checkpoints are kept beside the best by validation.", json_schema_extra=WATCHING
    )
    validation: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of each faceset that is not trained on and measured instead; 0: none.",
        json_schema_extra=WATCHING,
    )
    validate_every: int = Field(
        500, ge=1, description="Steps from validation to validation.", json_schema_extra=WATCHING
    )
    stop_when_flat: bool = Field(
        False, description="End training when validation no longer improves.", json_schema_extra=LENGTH
    )
    patience: int = Field(
        10,
        ge=1,
        description="Validations without improvement after which it no longer improves.",
        json_schema_extra=LENGTH,
    )
    listeners: tuple[PluginChoice, ...] = Field(default_chain("listener"), json_schema_extra=RUNNING)
    source_only: Pictures = Field(
        (), description="Picture of the person to take from the source (repeatable).", json_schema_extra=PEOPLE
    )
    source_not: Pictures = Field(
        (), description="Picture of a person to leave out of the source (repeatable).", json_schema_extra=PEOPLE
    )
    source_person: People = Field(
        (), description="Number or name of a person of the source (repeatable).", json_schema_extra=PEOPLE
    )
    target_only: Pictures = Field(
        (), description="Picture of the person to take from the target (repeatable).", json_schema_extra=PEOPLE
    )
    target_not: Pictures = Field(
        (), description="Picture of a person to leave out of the target (repeatable).", json_schema_extra=PEOPLE
    )
    target_person: People = Field(
        (), description="Number or name of a person of the target (repeatable).", json_schema_extra=PEOPLE
    )

    def face_filter(self, identity: str) -> FaceFilter:
        """Whose faces are meant of one faceset.

        Args:
            identity: `source` or `target`.
        """
        only, without, people = (getattr(self, name) for name in self.filter_fields(identity))
        return FaceFilter(only=only, without=without, people=people)

    @classmethod
    def filter_fields(cls, identity: str) -> tuple[str, str, str]:
        """The fields that say whose faces are meant of one faceset: pictures of them, of others, and people."""
        return f"{identity}_only", f"{identity}_not", f"{identity}_person"

    def training_choices(self) -> dict[str, Any]:
        """These settings by name, for another job that trains."""
        return {name: getattr(self, name) for name in TrainingChoices.model_fields}


class TrainSettings(TrainingChoices):
    """What the job `train` is told: how, and on what."""

    model_dir: Path = Field(description="Folder of the model; made, or continued.")
    source: Path | None = Field(
        None, description="Faceset of the person whose face is put on.", json_schema_extra=LEARNED
    )
    target: Path | None = Field(None, description="Faceset of the footage that is changed.", json_schema_extra=LEARNED)
    faceset: Path | None = Field(
        None, description="Faceset from which a generator learns; it takes no other.", json_schema_extra=LEARNED
    )
    generator: PluginChoice | None = Field(None, json_schema_extra=MODEL)
    recognizer: PluginChoice | None = Field(
        built_in("dlib-resnet"),
        description="The recognizer that validations ask how far swaps are from the source; with --validation 0 none.",
        json_schema_extra=WATCHING,
    )
    only: Pictures = Field(
        (), description="Picture of the person to take from --faceset (repeatable).", json_schema_extra=PEOPLE
    )
    not_: Pictures = Field(
        (), description="Picture of a person to leave out of --faceset (repeatable).", json_schema_extra=PEOPLE
    )
    person: People = Field(
        (), description="Number or name of a person of --faceset (repeatable).", json_schema_extra=PEOPLE
    )

    @property
    def trained(self) -> tuple[str, PluginChoice]:
        """The kind and the plugin that is trained."""
        return ("generator", self.generator) if self.generator else ("model", self.model)

    @classmethod
    def faceset_field(cls, identity: str) -> str:
        """The field that names the faceset of an identity."""
        return "faceset" if identity == GENERATED else identity

    @classmethod
    def filter_fields(cls, identity: str) -> tuple[str, str, str]:
        """The fields that say whose faces are meant of one faceset: pictures of them, of others, and people."""
        return ("only", "not_", "person") if identity == GENERATED else super().filter_fields(identity)

    def faceset_of(self, identity: str) -> Path:
        """The faceset of an identity of the plugin that is trained; `require_facesets` knows that it is named."""
        path: Path = getattr(self, self.faceset_field(identity))
        return path
