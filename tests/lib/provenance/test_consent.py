"""Records of consent: written once, read with care, known elsewhere by their hash alone."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from faceswap.lib.errors import ProvenanceError
from faceswap.lib.provenance.consent import Consent, attach, attached, consent_hash, read_consent, write_consent

TODAY = date.today()


def consent(until: date | None = None, who: tuple[str, ...] = ("Ánna",)) -> Consent:
    return Consent(who, "a film", "the producer", until)


def test_roundtrip(tmp_path):
    written = consent(TODAY + timedelta(days=9))
    write_consent(tmp_path / "anna.json", written)
    assert read_consent(tmp_path / "anna.json") == written
    assert consent_hash(tmp_path / "anna.json") == hashlib.sha256((tmp_path / "anna.json").read_bytes()).hexdigest()


def test_the_same_words_have_another_hash_each_time(tmp_path):
    for name in ("one.json", "two.json"):
        write_consent(tmp_path / name, consent())
    assert consent_hash(tmp_path / "one.json") != consent_hash(tmp_path / "two.json")


def test_the_last_day_counts():
    assert not consent(TODAY).ended(TODAY)
    assert consent(TODAY).ended(TODAY + timedelta(days=1))
    assert not consent().ended()


def test_feature_attached_records_are_found(tmp_path):
    write_consent(tmp_path / "anna.json", consent())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "consent-of-somebody.json").write_text("{}")
    copy = attach(tmp_path / "anna.json", folder)
    assert attached(folder) == [copy]
    assert copy.read_bytes() == (tmp_path / "anna.json").read_bytes()
    assert attached(tmp_path / "nothing") == []


def test_error_a_record_is_not_written_over(tmp_path):
    write_consent(tmp_path / "anna.json", consent())
    with pytest.raises(ProvenanceError, match="records of consent are not changed"):
        write_consent(tmp_path / "anna.json", consent())


def test_error_a_consent_that_has_ended(tmp_path):
    write_consent(tmp_path / "anna.json", consent(TODAY - timedelta(days=2)))
    for use in (consent_hash, lambda path: attach(path, tmp_path)):
        with pytest.raises(ProvenanceError, match=r"the consent .*anna\.json ended on"):
            use(tmp_path / "anna.json")


def test_error_no_record_there(tmp_path):
    with pytest.raises(ProvenanceError, match=r"there is no record .*anna\.json; `faceswap consent new` makes one"):
        read_consent(tmp_path / "anna.json")


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"who": "Anna"},
        {"who": []},
        {"who": [1]},
        {"until": "tomorrow"},
        {"recorded": None},
        {"purpose": 3},
        {"more": "x"},
    ],
)
def test_error_what_is_no_record(tmp_path: Path, change: dict[str, object]):
    path = tmp_path / "anna.json"
    write_consent(path, consent())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ProvenanceError, match="is no record of consent"):
        read_consent(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{", b"3"])
def test_error_rubbish(tmp_path: Path, content: bytes):
    (tmp_path / "anna.json").write_bytes(content)
    with pytest.raises(ProvenanceError, match="is no record of consent"):
        read_consent(tmp_path / "anna.json")
