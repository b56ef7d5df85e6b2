"""The job `train`: from facesets to a model that swaps the faces of two people, or to a generator of faces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ...lib.checkpoint import saved_steps
from ...lib.lock import FolderLock
from ...lib.publish import output_errors, require_parent
from ..host import Prepared, prepare, require_backend, use_backend, versions
from ..kinds import Generator, Trainable
from .context import JobContext, Stage
from .job import Report
from .train_engine import fresh_model, make_engine, require_networks
from .train_previews import Previews, SamplePreviews, SwapPreviews
from .train_samples import SampleWatch
from .train_settings import TrainSettings
from .train_subject import require_settings, trained_plugin
from .train_validation import Validation, Watch, recognizer_of, require_validation

if TYPE_CHECKING:
    from ..training.faces import TrainingFaces


class TrainReport(Report):
    """What a training run did.

    Attributes:
        iterations: Steps done in all.
        skipped: Steps that changed nothing, since their losses or gradients were not finite.
        resumed_from: The step at which this run began.
        ended: Why training ended, in words.
        losses: The mean of each loss over the last steps.
        validation: What was measured on held-out faces in the end.
        validation_score: The one number in which that is weighed; higher is better.
        best_step: The step that was best by validation; its checkpoint is kept.
        held_out: Faces of each person that are not trained on.
        faces_per_second: Faces of all people, while training proper.
        batch_size: Faces of each person in a step.
        faces: Faces of each person.
        checkpoint: The newest checkpoint.
        preview: The newest preview.
        backend: The Keras backend that trained.
    """

    iterations: int
    skipped: int = 0
    resumed_from: int = 0
    ended: str = ""
    losses: dict[str, float] = Field(default_factory=dict)
    validation: dict[str, float] = Field(default_factory=dict)
    validation_score: float | None = None
    best_step: int | None = None
    held_out: dict[str, int] = Field(default_factory=dict)
    faces_per_second: float | None = None
    batch_size: int = 0
    faces: dict[str, int] = Field(default_factory=dict)
    checkpoint: str | None = None
    preview: str | None = None
    backend: str | None = None


class TrainJob(TrainSettings):
    """Train a model that puts the face of one faceset on that of another, or a generator that makes faces.

    \b
    Example:
        faceswap train models/mine --source faces/source --target faces/target --iterations 20000
        faceswap train models/faces --faceset faces/source --generator NAME --iterations 20000

    A model takes --source and --target, a generator --faceset alone. The same command continues.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "train"
    positional: ClassVar[tuple[str, ...]] = ("model_dir",)
    report_class: ClassVar[type[Report]] = TrainReport

    def home(self) -> Path:
        """The model folder."""
        return self.model_dir

    def plugin_versions(self) -> dict[str, str]:
        """The packages and versions of the model and of the recognizer that measures it."""
        return versions([prepare(*self.trained), *recognizer_of(self)])

    def preflight(self) -> None:
        """Refuses settings that do not go together, networks that the model has not, and weights that are none."""
        require_settings(self)
        require_validation(self)
        if self.freeze:
            require_networks(self)
        if self.init_from:
            from ..training.saved_model import read_record

            read_record(self.init_from)

    def run(self, context: JobContext) -> TrainReport:
        """Trains until iterations or minutes are over, validation is flat, or somebody asks to stop."""
        prepared = trained_plugin(self)
        use_backend([prepared, *recognizer_of(self)], self.backend)
        require_backend()
        require_parent(self.model_dir)
        with output_errors(self.model_dir):
            self.model_dir.mkdir(exist_ok=True)
        with FolderLock(self.model_dir):
            return self._train(prepared, context)

    def _train(self, prepared: Prepared, context: JobContext) -> TrainReport:
        from ..training.checkpointing import resume
        from ..training.saved_model import settle_record
        from .train_batch import require_room, settled_batch_size
        from .train_loop import TrainLoop

        settle_record(self.model_dir, prepared)
        faces = self._faces(prepared, context)
        validation, previews = self._watching(prepared, context, faces)
        trained, load = validation.trained(), partial(fresh_model, self, prepared)
        trial = partial(make_engine, self, load, faces, trained)
        size = settled_batch_size(self, context, trial, min(map(len, trained.values())), prepared.plugin.batch_size)
        engine = make_engine(self, partial(self._first_model, load, prepared, context), faces, trained, size)
        require_room(engine)
        for notice in resume(self.model_dir, engine):
            context.warn(f"{notice}; training goes on from step {engine.step}")
        validation.recall(engine.step)
        return TrainLoop(self, context, engine, faces, validation, previews).run()

    def _watching(
        self, prepared: Prepared, context: JobContext, faces: dict[str, TrainingFaces]
    ) -> tuple[Watch, Previews]:
        """What is measured and shown between the steps."""
        if isinstance(prepared.plugin, Generator):
            return SampleWatch(self, context, faces), SamplePreviews(self.seed)
        return Validation(self, context, faces, prepared.plugin.crop), SwapPreviews(self, faces)

    def _first_model(self, load: Callable[[], Trainable], prepared: Prepared, context: JobContext) -> Trainable:
        """The model with fresh weights, or with those of another where that is asked for; tells what it has to say."""
        from ..training.checkpointing import take_weights

        model = load()
        for notice in model.notices():
            context.warn(f"{prepared.label}: {notice}")
        if self.init_from and not saved_steps(self.model_dir):
            taken, total = take_weights(self.init_from, model)
            context.note(f"{taken} of {total} arrays of weights were taken from {self.init_from}")
        return model

    def _faces(self, prepared: Prepared, context: JobContext) -> dict[str, TrainingFaces]:
        from ..training.faces import training_faces
        from ..training.facesets import faceset_warnings

        paths = {identity: self.faceset_of(identity) for identity in prepared.plugin.identities}
        chosen = {identity: self._chosen(identity, path, context) for identity, path in paths.items()}
        begun = bool(saved_steps(self.model_dir))
        for line in faceset_warnings(paths, prepared.plugin, chosen, begun):
            context.warn(line)
        faces, cache = {}, self.model_dir / "cache"
        for identity, path in paths.items():
            watch = _Watch(context, "reading faces" if identity == "faces" else f"reading {identity} faces")
            faces[identity] = training_faces(path, identity, prepared.plugin.crop, cache, watch, chosen[identity])
            if not faces[identity].masked:
                context.warn(
                    f"Not every face of {path} has a mask; the whole crop is taken for face. What is extracted or "
                    "imported with --masker has masks."
                )
        return faces

    def _chosen(self, identity: str, path: Path, context: JobContext) -> frozenset[str] | None:
        """The faces that are trained on; None for all."""
        from ...lib.faceset import Faceset
        from ..facesets.selecting import select_faces

        with Faceset.open(path) as faceset:
            return select_faces(faceset, self.face_filter(identity), context.check)


class _Watch:
    """Tells how far the reading of faces is; lets the user stop it."""

    def __init__(self, context: JobContext, name: str) -> None:
        self._context, self._name = context, name
        self._stage: Stage | None = None

    def __call__(self, done: int, total: int) -> None:
        self._context.check()
        if self._stage is None:
            self._stage = Stage(self._context, self._name, total, "faces", done)
        else:
            self._stage.advance()
        if done in (0, total):
            self._stage.tell()
