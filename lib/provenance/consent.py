"""Records of consent: who agreed to what, until when. The file stays with its user; only its hash travels."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from ..errors import ProvenanceError
from ..hashes import hash_of
from ..publish import publish_bytes

_FORMAT = 1
_MOST_BYTES = 1 << 20
_ATTACHED = re.compile(r"consent-[0-9a-f]{12}\.json")


@dataclass(frozen=True)
class Consent:
    """What somebody agreed to, in the words of whoever recorded it.

    Attributes:
        who: The people who agreed.
        purpose: What they agreed to.
        recorded_by: Who wrote it down.
        until: The last day, None without an end.
        recorded: The day on which it was written down.
        nonce: Random, so that nobody can find out what a record says by hashing guesses.
    """

    who: tuple[str, ...]
    purpose: str
    recorded_by: str
    until: date | None = None
    recorded: date = field(default_factory=lambda: datetime.now(UTC).date())
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def ended(self, today: date | None = None) -> bool:
        """Whether its last day is over."""
        return self.until is not None and self.until < (today or datetime.now(UTC).date())


def write_consent(path: Path, consent: Consent) -> None:
    """Writes a new record.

    Raises:
        ProvenanceError: A file of that name is there: records are not changed.
        OutputError: It cannot be written.
    """
    if path.exists():
        raise ProvenanceError(f"{path} exists; records of consent are not changed: choose another name")
    content = {"format": _FORMAT, **asdict(consent)}
    publish_bytes(path, json.dumps(content, indent=1, default=str, ensure_ascii=False).encode())


def read_consent(path: Path) -> Consent:
    """Reads a record.

    Raises:
        ProvenanceError: It is missing or no record.
    """
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MOST_BYTES))
        if content.pop("format") != _FORMAT:
            raise ValueError(f"format {_FORMAT} was expected")
        return _checked(content)
    except FileNotFoundError:
        raise ProvenanceError(f"there is no record {path}; `faceswap consent new` makes one") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ProvenanceError(f"{path} is no record of consent ({reason}); `faceswap consent new` makes one") from error


def _checked(content: dict[str, object]) -> Consent:
    """A record of the fields of a file, each of the kind that it must be."""
    who, until = content.pop("who"), content.pop("until")
    if not (isinstance(who, list) and who and all(isinstance(word, str) for word in (*who, *content.values()))):
        raise ValueError("names and texts were expected")
    words = {name: str(value) for name, value in content.items()}
    recorded = date.fromisoformat(words.pop("recorded"))
    return Consent(
        tuple(who), until=None if until is None else date.fromisoformat(str(until)), recorded=recorded, **words
    )


def consent_hash(path: Path) -> str:
    """What travels of a record that can be used: its SHA-256.

    Raises:
        ProvenanceError: It is missing, no record, or has ended.
    """
    consent = read_consent(path)
    if consent.ended():
        raise ProvenanceError(f"the consent {path} ended on {consent.until}; record a new one, or do without it")
    return hash_of(path)


def attach(record: Path, folder: Path) -> Path:
    """Puts a copy of a record into a folder, where `attached` finds it.

    Returns:
        The copy.

    Raises:
        ProvenanceError: The record is missing, no record, or has ended.
        OutputError: It cannot be written.
    """
    copy = folder / f"consent-{consent_hash(record)[:12]}.json"
    publish_bytes(copy, record.read_bytes())
    return copy


def attached(folder: Path) -> list[Path]:
    """The records in a folder, in the order of their names."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if _ATTACHED.fullmatch(entry.name))
