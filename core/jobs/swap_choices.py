"""Which faces are swapped with what: settings that jobs which swap have in common, and what they come to in a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..errors import OptionError, suggest
from ..facesets.selecting import FaceFilter, People, Pictures
from .context import JobContext
from .provenance import ProvenanceChoices

if TYPE_CHECKING:
    from ...lib.faceset import Faceset
    from ...lib.media import Medium
    from ...lib.provenance.signing import Sealer
    from ..converting.faces import FacesetFaces
    from ..converting.models import UsedModel
    from ..host import Prepared
    from ..training.saved_model import TrainedModel


class SwapChoices(ProvenanceChoices):
    """A trained model and the faces that it is put on."""

    media: Path = Field(description="The video, image or folder of images to change.")
    model_dir: Path = Field(description="Folder of the trained model.")
    faceset: Path = Field(description="Faceset that was extracted from MEDIA.")
    only: Pictures = Field((), description="Picture of a person whose faces alone are swapped (repeatable).")
    not_: Pictures = Field((), description="Picture of a person whose faces are left as they are (repeatable).")
    person: People = Field((), description="Number or name of a person who alone is swapped (repeatable).")
    identity: str = Field(
        "source",
        description="Whose face is put on: `source`, or `target` in footage of the source, the other way round.",
    )
    mask: str = Field("auto", description="Masker of the faceset, or `model`; `auto`: the model's if it gives one.")
    smooth: float = Field(
        1.0,
        ge=0,
        le=10,
        description="How strongly landmarks are smoothed along each face's track against jitter; 0: not at all.",
    )
    batch_size: int = Field(16, ge=1, description="Faces in one call of the model.")
    check: bool = Field(False, description="Check every plugin call against the tensor contract.")

    def home(self) -> Path:
        """The model folder, where the run is recorded."""
        return self.model_dir

    def require_faces(self, faceset: Faceset, medium: Medium) -> None:
        """Refuses a faceset of other footage, or without the mask that is asked for.

        Raises:
            StoreError: It is of other footage.
            OptionError: Its faces have no such mask.
        """
        from ..converting.faces import require_mask, require_same_footage

        require_same_footage(faceset, medium)
        require_mask(faceset, self.mask)

    def trained_model(
        self, context: JobContext, faceset: Faceset, blenders: list[Prepared], checkpoint: str
    ) -> TrainedModel:
        """Loads the model with the weights of a checkpoint.

        Raises:
            CheckpointError: It is no model folder, or no checkpoint verifies or fits.
            OptionError: The model does not know the identity.
            PluginError: The model cannot be loaded, or cannot use the faceset's landmarks.
        """
        from ..converting.faces import require_scheme
        from ..training import saved_model

        trained = saved_model.load_trained_model(self.model_dir, together_with=blenders, which=checkpoint)
        for damage in trained.skipped:
            context.warn(f"{damage}; the weights of step {trained.step} are used")
        identities = trained.plugin.identities
        if self.identity not in identities:
            raise OptionError(f"The model knows no identity '{self.identity}'. {suggest(self.identity, identities)}")
        require_scheme(faceset, trained.plugin, f"model '{trained.record.name}'")
        return trained

    def used_model(self, trained: TrainedModel) -> UsedModel:
        """The loaded model as the stream takes it."""
        from ..checking import checked, checks_wanted
        from ..converting.models import UsedModel

        label = f"model '{trained.record.name}'"
        plugin: Any = checked(trained.plugin, label) if checks_wanted(self.check) else trained.plugin
        return UsedModel(plugin, label, trained.crop, self.identity)

    def faces_of(self, context: JobContext, faceset: Faceset) -> FacesetFaces:
        """The faces of a faceset that are to be swapped.

        Raises:
            MediaError: A reference cannot be read, or does not show one face.
            OptionError: The faceset has no such person.
            StoreError: The faceset has no embeddings, or no face that is asked for.
        """
        from ..converting.faces import FacesetFaces, has_tracks
        from ..facesets.selecting import select_faces

        if self.smooth and not has_tracks(faceset):
            context.warn(
                f"{faceset.path} has no tracks, so landmarks are not smoothed; the command that extracted it adds them."
            )
        wanted = FaceFilter(only=self.only, without=self.not_, people=self.person)
        return FacesetFaces(faceset, self.smooth, select_faces(faceset, wanted, context.check))

    def sealer_for(self, models: list[TrainedModel], blenders: list[Prepared]) -> Sealer | None:
        """What seals pictures of these models and blenders; None where that is not wanted."""
        from ..converting.making import making, manifest_of

        known = [(trained, manifest_of(self.model_dir, trained.step)) for trained in models]
        return self.sealer(making(known, blenders, self.consents(self.home())))
