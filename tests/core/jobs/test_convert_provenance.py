"""What a conversion writes says what it is."""

from __future__ import annotations

import hashlib
import importlib.metadata
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversion_scene import (
    FACELESS,
    HEIGHT,
    TIMES,
    WIDTH,
    Scene,
    face_at,
    redone,
    stop_after_one_chunk,
    write_faceset,
)

from faceswap.core import events
from faceswap.lib import media
from faceswap.lib.errors import ProvenanceError
from faceswap.lib.hashes import hash_of
from faceswap.lib.provenance import certificates, signing
from faceswap.lib.provenance.checking import Finding, State, check_path
from faceswap.lib.provenance.consent import Consent, attach, write_consent

WITHOUT_FACE = [index for index, time in enumerate(TIMES) if time in FACELESS]
"""The frames of the scene that have no face."""


def signed_if(swapped: bool) -> State:
    """What is found of an image in which a face was swapped, or none."""
    return State.INTACT if swapped else State.NOTHING


class TestProvenance:
    """What is written says what it is."""

    def found(self, path: Path) -> Finding:
        (finding,) = check_path(path)
        return finding

    def consent(self, scene: Scene, days: int = 9) -> Path:
        path = scene.folder / f"consent {days}.json"
        write_consent(path, Consent(("Anna",), "a test", "its author", date.today() + timedelta(days=days)))
        return path

    @pytest.mark.parametrize(("output", "codec"), [("out.mp4", "h264"), ("out.mkv", "ffv1")])
    def test_a_video_says_what_it_is_and_made_with_what_and_from_what(self, scene, output, codec):
        consent = self.consent(scene)
        report, _ = scene.convert(output, codec=codec, consent=(consent,))
        found = self.found(scene.folder / output)
        assert (found.state, found.trusted, found.manifests) == (State.INTACT, True, 1)
        assert found.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
        version = importlib.metadata.version("faceswap")
        assert found.made_with == {
            "model": {"plugin": "painter", "package": "tests", "version": "1", "step": 7},
            "weights_sha256": {"weights": hashlib.sha256(b"weights").hexdigest()},
            "blenders": [{"plugin": "overlay", "package": "faceswap", "version": version}],
            "consent_sha256": [hash_of(consent)],
            "original_sha256": hash_of(scene.footage),
        }
        assert report.provenance.startswith("signed by 'faceswap user'")
        assert ("out.c2pa" in report.provenance) == output.endswith(".mkv")
        assert report.consent == f"sha256 {hash_of(consent)[:12]}"

    def test_images_are_sealed_each_with_its_own_original(self, scene):
        folder = scene.folder / "photos"
        folder.mkdir()
        for index, ending in enumerate(("png", "jpg", "tif", "bmp")):
            picture = np.full((HEIGHT, WIDTH, 3), 60 + index, np.uint8)
            media.write_image(folder / f"p{index}.{ending}", picture)
        write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(50, 30, 40)] if index else [])
        scene.convert("swapped", media=folder, faceset=scene.folder / "photo faces")
        findings = check_path(scene.folder / "swapped")
        assert [finding.state for finding in findings] == [State.NOTHING, *3 * [State.INTACT]]
        for finding in findings[1:]:
            assert finding.made_with["original_sha256"] == hash_of(folder / finding.path.name)

    def test_frames_of_a_video_and_the_preview_are_sealed(self, scene):
        _, told = scene.convert("images")
        (preview,) = [event for event in told if isinstance(event, events.Preview)]
        images, findings = check_path(scene.folder / "images"), check_path(Path(preview.path))
        assert [finding.state for finding in images] == [signed_if(index not in WITHOUT_FACE) for index in range(16)]
        findings += [finding for finding in images if finding.state == State.INTACT]
        assert [finding.state for finding in findings] == (17 - len(WITHOUT_FACE)) * [State.INTACT]
        assert {finding.made_with["original_sha256"] for finding in findings} == {hash_of(scene.footage)}
        assert all(finding.marked for finding in findings)

    def test_frames_without_a_swap_are_not_said_to_have_one(self, scene):
        scene.convert("images", frames="2-5")
        findings = check_path(scene.folder / "images")
        states = [signed_if(2 <= index <= 5 and index not in WITHOUT_FACE) for index in range(16)]
        assert [finding.state for finding in findings] == states

    def test_turned_off_it_leaves_nothing_and_says_so(self, scene):
        scene.convert()
        report, _ = scene.convert(provenance=False)
        assert self.found(scene.folder / "out.mkv").state == State.NOTHING
        assert not (scene.folder / "out.c2pa").exists()
        assert report.provenance.startswith("none, as --no-provenance asks")
        assert "provenance: none, as --no-provenance asks" in "\n".join(report.lines())

    def test_without_a_consent_one_line_says_how_to_add_one(self, scene):
        report, _ = scene.convert()
        (line,) = [line for line in report.lines() if line.startswith("consent: ")]
        assert line == "consent: none; `faceswap consent new` records one, --consent FILE adds its hash"

    def test_an_attached_consent_is_found(self, scene):
        consent = self.consent(scene)
        attach(consent, scene.model_dir)
        scene.convert()
        assert self.found(scene.folder / "out.mkv").made_with["consent_sha256"] == [hash_of(consent)]

    def test_a_consent_that_has_ended_is_refused_before_any_work(self, scene):
        with pytest.raises(ProvenanceError, match="ended on"):
            scene.convert(consent=(self.consent(scene, -3),))
        assert not scene.model.calls

    def test_a_key_that_cannot_be_used_is_refused_before_any_work(self, scene):
        with pytest.raises(ProvenanceError, match="there is no file"):
            scene.convert(sign_with=f"{scene.folder / 'cert.pem'},{scene.folder / 'key.pem'}")
        assert not scene.model.calls

    def test_a_brought_key_signs(self, scene):
        (scene.folder / "key.pem").write_bytes(certificates.issue())
        scene.convert(sign_with=f"{scene.folder / 'key.pem'},{scene.folder / 'key.pem'}")
        found = self.found(scene.folder / "out.mkv")
        assert (found.state, found.trusted) == (State.INTACT, False)

    @pytest.mark.parametrize("output", ["out.mp4", "out.mkv"])
    def test_a_run_that_ends_while_it_signs_leaves_no_unsigned_video(self, scene, output, monkeypatch):
        whole = signing.Sealer.seal
        finals: list[bool] = []

        def end(self: Any, temp: Path, final: Path, original: Path) -> None:
            whole(self, temp, final, original)
            if final.name == output:
                finals.append(final.exists())
                raise KeyboardInterrupt

        monkeypatch.setattr(signing.Sealer, "seal", end)
        with pytest.raises(KeyboardInterrupt):
            scene.convert(output, codec="h264")
        assert finals == [False] and not (scene.folder / output).exists()
        monkeypatch.setattr(signing.Sealer, "seal", whole)
        calls = len(scene.model.calls)
        scene.convert(output, codec="h264")
        assert len(scene.model.calls) == calls  # Nothing but the end was to be done.
        assert self.found(scene.folder / output).state == State.INTACT

    def test_images_that_were_finished_unsigned_are_made_anew_for_a_run_that_signs(self, scene):
        stop_after_one_chunk(scene, "images", provenance=False)
        scene.convert("images")
        states = [finding.state for finding in check_path(scene.folder / "images")]
        assert states == [signed_if(index not in WITHOUT_FACE) for index in range(16)]

    def test_a_video_s_parts_serve_whatever_its_signature(self, scene):
        stop_after_one_chunk(scene, provenance=False)
        anew, _ = redone(scene)
        assert not anew
