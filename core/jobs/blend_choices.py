"""How frames are blended: settings and checks that the job which converts shares with the one that shows ways to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from ..host import Prepared, versions
from .fly_choices import FlyChoices
from .groups import BLENDING

if TYPE_CHECKING:
    from ..converting.shot_list import Shot


class BlendChoices(FlyChoices):
    """A trained model, the faces that it is put on, and stretches that are blended otherwise."""

    shots: Path | None = Field(
        None,
        description="YAML file with stretches that are blended otherwise: a list of `frames: 120-180` with `blenders: "
        "[...]`.",
        json_schema_extra=BLENDING,
    )

    def chains(self) -> dict[str, list[Prepared]]:
        """The chains of the run as people write them, their blenders not loaded."""
        raise NotImplementedError

    def shot_list(self) -> tuple[Shot, ...]:
        """The stretches that are treated apart, their blenders not loaded."""
        if self.shots is None:
            return ()
        from ..converting.shot_list import read_shots

        return read_shots(self.shots)

    def blenders_used(self) -> list[Prepared]:
        """All blenders of the run, those of stretches last."""
        apart = [used for shot in self.shot_list() for used in shot.blenders]
        return [*(used for chain in self.chains().values() for used in chain), *apart]

    def plugin_versions(self) -> dict[str, str]:
        """The packages and versions of blenders, and of what extracts on the fly; the model's stand in its folder."""
        fresh = self.extraction().plugin_versions() if self.on_the_fly else {}
        return fresh | versions(self.blenders_used())

    def preflight(self) -> None:
        """Refuses chains that cannot work, an extraction that does not fit, and a key that cannot sign."""
        from ..converting.chain import require_chain

        for chain in self.chains().values():
            require_chain(chain)
        if self.on_the_fly:
            self.require_extraction()
        self.require_provenance(*self.folders())
