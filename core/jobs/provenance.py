"""The settings by which what a job writes says what it is, and what they come to in a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from .groups import PROVENANCE
from .job import Job

if TYPE_CHECKING:
    from ...lib.provenance.signing import Sealer

NO_CONSENT = "none; `faceswap consent new` records one, --consent FILE adds its hash"


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Records = Annotated[tuple[Path, ...], BeforeValidator(_several)]
"""Files, or one alone where settings are written by hand."""


class ProvenanceChoices(Job):
    """How what is written says what it is: the same in every job that writes faces that a model made."""

    provenance: bool = Field(
        True, description="Sign what is written, with what it was made with and from.", json_schema_extra=PROVENANCE
    )
    sign_with: str | None = Field(
        None,
        description="CERT,KEY: certificate and key in PEM to sign with.  [default: your own key, made once]",
        json_schema_extra=PROVENANCE,
    )
    consent: Records = Field(
        (), description="Record of consent whose hash is signed (repeatable).", json_schema_extra=PROVENANCE
    )

    def require_provenance(self, *folders: Path) -> None:
        """Refuses, before any work, a key or a record that cannot be used; makes the user's key if there is none.

        Args:
            folders: Where records may be attached.

        Raises:
            ProvenanceError: A key or a record is missing, damaged or has expired.
            OutputError: The user's key cannot be written.
        """
        if self.provenance:
            from ...lib.provenance.signing import try_key

            try_key(self._key())
            self.consents(*folders)

    def consents(self, *folders: Path) -> list[str]:
        """The hashes of the records of consent: those that are named, else those that are attached to folders."""
        from ...lib.provenance.consent import attached, consent_hash

        records = self.consent or [record for folder in folders for record in attached(folder)]
        return list(dict.fromkeys(map(consent_hash, records)))

    def sealer(self, made_with: dict[str, Any]) -> Sealer | None:
        """What seals the files of this job; None where that is not wanted.

        Args:
            made_with: What the manifest tells of the making.
        """
        from ...lib.provenance.signing import Sealer
        from ..registry import own_version

        return Sealer(self._key(), own_version(), made_with) if self.provenance else None

    def provenance_in_words(self, output: Path) -> str:
        """How an output is signed, for the report."""
        from ...lib.provenance.formats import embeds, sidecar_of

        if not self.provenance:
            return "none, as --no-provenance asks: nothing in the output says how it was made"
        place = f"; the manifest lies in {sidecar_of(output).name}" if output.suffix and not embeds(output) else ""
        return f"signed by '{self._key().signer}'{place}"

    def consent_in_words(self, *folders: Path) -> str:
        """The records of consent, for the report."""
        if not self.provenance:
            return ""
        hashes = [found[:12] for found in self.consents(*folders)]
        return ", ".join(f"sha256 {found}" for found in hashes) or NO_CONSENT

    def _key(self) -> Any:
        from ...lib.provenance.keys import given_key, user_key

        return given_key(self.sign_with) if self.sign_with else user_key()
