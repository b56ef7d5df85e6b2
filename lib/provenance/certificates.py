"""A signing key with a certificate as C2PA wants it, and the root that vouches for it.

Reference: C2PA Technical Specification, "X.509 Certificates".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, Name

YEARS = 10
"""How long a key is good for. Nothing is time-stamped, so what it signed counts as expired after that too."""

_HOLDER = "faceswap user"
_EARLIER = timedelta(hours=1)
"""Clocks of other machines may be slow."""


def issue(until: datetime | None = None, begin: datetime | None = None) -> bytes:
    """Makes a P-256 key and returns it with its certificate and that one's root, in PEM.

    The names in it say nothing of the user or the machine.

    Args:
        until: When it expires; in ten years when None.
        begin: From when it is valid; from now when None.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    begin = begin or datetime.now(UTC) - _EARLIER
    span = (begin, until or datetime.now(UTC) + timedelta(days=365 * YEARS))
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    certificates = (
        _certificate("key of one user", own.public_key(), root, span, authority=False),
        _certificate("root", root.public_key(), root, span, authority=True),
    )
    private = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _certificate(
    subject: str,
    public: EllipticCurvePublicKey,
    root: EllipticCurvePrivateKey,
    span: tuple[datetime, datetime],
    authority: bool,
) -> Certificate:
    """A certificate that the root's key signs."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    builder = (
        x509.CertificateBuilder(_named("root"), _named(subject), public, x509.random_serial_number(), *span)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        .add_extension(_usage(authority), critical=True)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(root, SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    """A root signs certificates, a leaf anything else."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(common_name: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    holder = x509.NameAttribute(NameOID.ORGANIZATION_NAME, _HOLDER)
    return x509.Name([holder, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
