"""The keys that files are signed with: one that is made once for each user, or one that a user brings.

The user's own lies in one file that only the user can read: the private key, its certificate, and the root that the
certificate was issued by. The root's private key is forgotten at once, so nothing else can ever be issued by it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ProvenanceError
from ..publish import flush_to_disk, output_errors, temp_path
from .certificates import issue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

FOLDER_VARIABLE = "FACESWAP_KEYS"
_KEY_FILE = "signing.pem"
_EXPIRED = "expired-"
_ALGORITHMS = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, repr=False)
class SigningKey:
    """A private key with its certificates.

    Attributes:
        algorithm: As C2PA names it: `es256`, `ed25519`, ...
        chain: The certificates in PEM, the key's own first.
        private: The key in PEM.
        signer: Whom the certificate names.
        own: Whether it is the one that was made for this user.
    """

    algorithm: str
    chain: bytes
    private: bytes
    signer: str
    own: bool


def keys_folder() -> Path:
    """The folder of the user's keys: `$FACESWAP_KEYS`, or `faceswap/keys` in the user's folder of settings."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else _user_settings() / "faceswap" / "keys"


def _user_settings() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    variable, below = ("APPDATA", "AppData/Roaming") if os.name == "nt" else ("XDG_CONFIG_HOME", ".config")
    chosen = Path(os.environ.get(variable) or Path.home() / below)
    return chosen if chosen.is_absolute() else Path.home() / below


def user_key() -> SigningKey:
    """The key of this user; it is made when there is none, or when its certificate has expired.

    Raises:
        OutputError: It cannot be written.
        ProvenanceError: Its file is damaged.
    """
    path = keys_folder() / _KEY_FILE
    with suppress(FileNotFoundError):
        key = _read(path, path, own=True)
        if not _expired(key):
            return key
        _set_aside(path)
    _make(path)
    return _read(path, path, own=True)


def given_key(paths: str) -> SigningKey:
    """The key that a user brings, as `CERT,KEY`: two files in PEM; the first may hold a chain.

    Raises:
        ProvenanceError: A file is missing or is no such thing, the two do not belong together, or it has expired.
    """
    certificate, comma, private = (part.strip() for part in paths.partition(","))
    if not (certificate and comma and private):
        raise ProvenanceError(f"--sign-with wants two files, CERT,KEY. Received: {paths!r}")
    try:
        key = _read(Path(certificate).expanduser(), Path(private).expanduser(), own=False)
    except FileNotFoundError as error:
        raise ProvenanceError(f"there is no file {error.filename}; --sign-with wants CERT,KEY") from None
    if _expired(key):
        raise ProvenanceError(f"the certificate {certificate} has expired; get a new one, or leave out --sign-with")
    return key


def own_roots() -> list[bytes]:
    """The roots of the keys that were made for this user, in PEM, those that have expired too."""
    files = [path for path in sorted(keys_folder().glob("*.pem")) if not path.name.startswith(".")]
    return [chain[-1] for path in files if (chain := _certificates(path))]


def trusted_certificates(path: Path) -> list[bytes]:
    """The certificates in a file whose holders somebody trusts, each in PEM.

    Raises:
        ProvenanceError: It is missing, or holds none.
    """
    try:
        chain = _certificates(path)
    except FileNotFoundError:
        raise ProvenanceError(f"there is no file {path}; a certificate in PEM was expected") from None
    if not chain:
        raise ProvenanceError(f"{path} holds no certificate in PEM")
    return chain


def _read(certificate: Path, private: Path, own: bool) -> SigningKey:
    chain = _certificates(certificate)
    if not chain:
        raise ProvenanceError(f"{certificate} holds no certificate in PEM{_remedy(own)}")
    key = _private_key(private, own)
    leaf = _parsed(chain[0])
    if leaf.public_key() != key.public_key():
        raise ProvenanceError(f"the key in {private} is not that of the certificate {certificate}{_remedy(own)}")
    return SigningKey(_algorithm(key, private), b"".join(chain), _pem(key), _name(leaf), own)


def _remedy(own: bool) -> str:
    return "; remove the file, and a new key is made" if own else "; --sign-with wants CERT,KEY"


def _certificates(path: Path) -> list[bytes]:
    """The certificates in a file, each in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        loaded = x509.load_pem_x509_certificates(path.read_bytes())
    except FileNotFoundError:
        raise
    except (ValueError, OSError):
        return []
    return [certificate.public_bytes(Encoding.PEM) for certificate in loaded]


def _parsed(pem: bytes) -> Certificate:
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem)


def _private_key(path: Path, own: bool) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise
    except TypeError:
        raise ProvenanceError(
            f"the key in {path} is encrypted; give a file that only you can read, decrypted"
        ) from None
    except (ValueError, OSError, UnsupportedAlgorithm):
        raise ProvenanceError(f"{path} holds no private key in PEM{_remedy(own)}") from None


def _pem(key: PrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _ALGORITHMS:
        return _ALGORITHMS[key.curve.name]
    raise ProvenanceError(f"the key in {path} is of a kind that C2PA does not know; use P-256, P-384, P-521 or Ed25519")


def _name(certificate: Certificate) -> str:
    """The organization that a certificate names, or its common name."""
    from cryptography.x509.oid import NameOID

    names: Iterator[str] = (
        str(attribute.value)
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    )
    return next(names, "unnamed")


def _expired(key: SigningKey) -> bool:
    return _parsed(key.chain).not_valid_after_utc <= datetime.now(UTC)


def _set_aside(path: Path) -> None:
    """Keeps an expired key, by whose root what it signed is still known."""
    with output_errors(path), suppress(FileNotFoundError):
        path.rename(path.with_name(f"{_EXPIRED}{datetime.now(UTC):%Y%m%d%H%M%S}-{path.name}"))


def _make(path: Path) -> None:
    """Writes a new key that nobody else can read; of several who do so at once, the first one's stays."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temp = temp_path(path.with_name(f"{threading.get_ident()}-{path.name}"))
    try:
        with output_errors(path), open(temp, "wb", opener=_private_file) as file:
            file.write(issue())
        with output_errors(path):
            flush_to_disk(temp)
            with suppress(FileExistsError):
                os.link(temp, path)
            flush_to_disk(path.parent)
    finally:
        temp.unlink(missing_ok=True)


def _private_file(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
