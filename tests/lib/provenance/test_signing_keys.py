"""The user's own key and keys that a user brings."""

from __future__ import annotations

import stat
import sys
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from faceswap.lib.errors import ProvenanceError
from faceswap.lib.media import write_image
from faceswap.lib.provenance import certificates, keys
from faceswap.lib.provenance.checking import State, check_path
from faceswap.lib.provenance.keys import given_key, own_roots, user_key
from faceswap.lib.provenance.signing import Sealer, try_key


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "of" / "keys"))
    return tmp_path / "of" / "keys"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps other people out in another way")
def test_the_key_is_the_user_s_alone(folder):
    user_key()
    assert stat.S_IMODE((folder / "signing.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [entry.name for entry in folder.iterdir()] == ["signing.pem"]


def test_the_key_stays_the_same():
    assert user_key() == user_key()
    assert user_key().own


def test_the_key_does_not_show_when_it_is_printed():
    assert "PRIVATE" not in repr(user_key())


def test_the_certificate_is_what_the_standard_asks_for():
    leaf, root = x509.load_pem_x509_certificates(user_key().chain)
    leaf.verify_directly_issued_by(root)
    assert leaf.version == x509.Version.v3
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert issuer == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_feature_of_two_who_make_a_key_at_once_both_get_the_same():
    found: list[keys.SigningKey] = []
    threads = [threading.Thread(target=lambda: found.append(user_key())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key.private for key in found}) == 1 and len(found) == 4


def test_feature_an_expired_key_gives_way_and_its_root_stays_known(folder):
    folder.mkdir(parents=True)
    (folder / "signing.pem").write_bytes(certificates.issue(*reversed(past())))
    (old,) = own_roots()
    assert user_key().chain.count(b"BEGIN CERTIFICATE") == 2
    assert len(own_roots()) == 2 and old in own_roots()


def past() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(days=9), now - timedelta(days=1)


@pytest.mark.parametrize("content", [b"", b"no key", certificates.issue()[:300]])
def test_error_a_damaged_key_of_the_user(folder, content):
    folder.mkdir(parents=True)
    (folder / "signing.pem").write_bytes(content)
    with pytest.raises(ProvenanceError, match="remove the file, and a new key is made"):
        user_key()


def bring(folder: Path, content: bytes) -> str:
    """Writes what `issue` gives as the two files that others use."""
    private, begin, chain = content.partition(b"-----BEGIN CERTIFICATE-----")
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(begin + chain)
    return f"{folder / 'cert.pem'}, {folder / 'key.pem'}"


def test_feature_a_key_that_a_user_brings(tmp_path):
    content = certificates.issue()
    key = given_key(bring(tmp_path, content))
    assert (key.algorithm, key.own, key.signer) == ("es256", False, "faceswap user")
    assert key.chain in content


def test_error_a_key_of_another_certificate(tmp_path):
    private = ed25519.Ed25519PrivateKey.generate()
    paths = bring(tmp_path, certificates.issue())
    (tmp_path / "key.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ProvenanceError, match=r"the key in .* is not that of the certificate"):
        given_key(paths)


@pytest.mark.parametrize("words", ["", "cert.pem", ",", "cert.pem,", ",key.pem"])
def test_error_not_two_files(words):
    with pytest.raises(ProvenanceError, match="--sign-with wants two files, CERT,KEY"):
        given_key(words)


def test_error_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ProvenanceError, match=r"there is no file .*gone\.pem"):
        given_key(f"{tmp_path / 'gone.pem'},{tmp_path / 'key.pem'}")


def test_error_a_brought_key_that_has_expired(tmp_path):
    with pytest.raises(ProvenanceError, match=r"the certificate .*cert\.pem has expired"):
        given_key(bring(tmp_path, certificates.issue(*reversed(past()))))


def test_error_an_encrypted_key(tmp_path):
    paths = bring(tmp_path, certificates.issue())
    key = load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    (tmp_path / "key.pem").write_bytes(secret)
    with pytest.raises(ProvenanceError, match="is encrypted"):
        given_key(paths)


OTHER_KEYS = {
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", OTHER_KEYS)
def test_feature_keys_of_other_kinds_sign_too(tmp_path, algorithm):
    private = OTHER_KEYS[algorithm]()
    key = given_key(bring(tmp_path, reissued(private)))
    assert key.algorithm == algorithm
    finish = partial(Sealer(key, "9", {}).seal, original=Path(__file__))
    write_image(tmp_path / "photo.png", np.zeros((8, 8, 3), np.uint8), finish=finish)
    (found,) = check_path(tmp_path / "photo.png", [tmp_path / "cert.pem"])
    assert (found.state, found.trusted) == (State.INTACT, True)


def test_error_a_certificate_that_is_not_for_signing_is_found_out_before_any_work(tmp_path):
    try_key(user_key())
    private = ec.generate_private_key(ec.SECP256R1())
    key = given_key(bring(tmp_path, reissued(private, (x509.ExtendedKeyUsage,))))
    with pytest.raises(ProvenanceError, match=r"the key of --sign-with cannot sign: .*emailProtection"):
        try_key(key)


def reissued(private: Any, without: tuple[type, ...] = ()) -> bytes:
    """A key with a certificate that says of it what the user's own certificate says, from a root of its own."""
    leaf, _ = x509.load_pem_x509_certificates(user_key().chain)
    signer = ec.generate_private_key(ec.SECP256R1())
    span = (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "an office")])
    root = x509.CertificateBuilder(issuer, issuer, signer.public_key(), 1, *span)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    root = root.add_extension(x509.SubjectKeyIdentifier.from_public_key(signer.public_key()), critical=False)
    own = x509.CertificateBuilder(issuer, leaf.subject, private.public_key(), 2, *span)
    own = own.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    for extension in leaf.extensions:
        if not isinstance(extension.value, (x509.AuthorityKeyIdentifier, x509.SubjectKeyIdentifier, *without)):
            own = own.add_extension(extension.value, extension.critical)
    chain = [certificate.sign(signer, SHA256()).public_bytes(Encoding.PEM) for certificate in (own, root)]
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"".join(chain)
