"""Files of every kind, sealed and looked at again; what is done to them in between is found out."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from faceswap.lib import media
from faceswap.lib.errors import MediaError, OutputError, ProvenanceError
from faceswap.lib.hashes import hash_of
from faceswap.lib.provenance import certificates, checking, keys, signing, xmp
from faceswap.lib.provenance.checking import State, check_path
from faceswap.lib.publish import atomic_file

IMAGES = ("photo.png", "photo.jpg", "photo.webp", "photo.tif", "photo.bmp")
VIDEOS = ("clip.mp4", "clip.mov", "clip.mkv")
BESIDE = {"photo.bmp", "clip.mkv"}


def write_clip(path: Path, seed: int = 0) -> None:
    """Three frames of noise with a moment of sound."""
    noise = np.random.default_rng(seed)
    with media.VideoWriter(path, 64, 48, 25, audio_rate=48000) as video:
        video.write_audio(noise.integers(-3000, 3000, (960, 2)).astype(np.int16))
        for _ in range(3):
            video.write(noise.integers(0, 255, (48, 64, 3)).astype(np.uint8))


def write(path: Path, seed: int = 0) -> None:
    if path.name in VIDEOS:
        write_clip(path, seed)
    else:
        media.write_image(path, np.random.default_rng(seed).integers(0, 255, (48, 64, 3)).astype(np.uint8))


def sealer(key: keys.SigningKey | None = None, **made_with: Any) -> signing.Sealer:
    return signing.Sealer(key or keys.user_key(), "9.9", made_with)


def seal(path: Path, original: Path, by: signing.Sealer | None = None) -> None:
    """Seals a file that is there, as one that is about to be published."""
    with atomic_file(path) as temp:
        shutil.copy(path, temp)
        (by or sealer()).seal(temp, path, original)


@pytest.fixture
def sealed(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A sealed file of the name that a test asks for."""
    original = tmp_path / f"original{Path(request.param).suffix}"
    path = tmp_path / request.param
    for seed, each in enumerate((original, path)):
        write(path.with_name(request.param), seed)
        if each != path:
            path.rename(original)
    seal(path, original, sealer(model={"plugin": "some"}))
    return path


def one(path: Path) -> checking.Finding:
    (finding,) = check_path(path)
    return finding


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.stream_index, packet.pts, bytes(packet)) for packet in container.demux() if packet.size]


@pytest.mark.parametrize("sealed", [*IMAGES, *VIDEOS], indirect=True)
def test_feature_says_what_it_is_and_from_what(sealed):
    found = one(sealed)
    assert (found.state, found.trusted, found.why, found.signer) == (State.INTACT, True, (), "faceswap user")
    assert found.source_type == "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    original = sealed.with_name(f"original{sealed.suffix}")
    assert found.made_with == {"model": {"plugin": "some"}, "original_sha256": hash_of(original)}
    assert found.sidecar == (sealed.with_suffix(".c2pa") if sealed.name in BESIDE else None)


@pytest.mark.parametrize("sealed", [*IMAGES, *VIDEOS], indirect=True)
def test_feature_a_flipped_byte_is_found(sealed):
    data = bytearray(sealed.read_bytes())
    pixels = data.rfind(packets(sealed)[1][2][8:24]) if sealed.name in VIDEOS else len(data) * 3 // 4
    assert pixels > 0
    data[pixels] ^= 1
    sealed.write_bytes(data)
    assert one(sealed).state == State.ALTERED


def write_large(path: Path) -> None:
    """32 MB of sound, noise."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        noise = np.random.default_rng(0).integers(-9999, 9999, (1, 1 << 24)).astype(np.int16)
        sound = av.AudioFrame.from_ndarray(noise, "s16", "mono")
        sound.sample_rate, sound.pts = 48000, 0
        container.mux([*stream.encode(sound), *stream.encode(None)])


def test_feature_a_flipped_byte_is_found_anywhere_in_a_large_video(tmp_path):
    path = tmp_path / "large.mov"
    write_large(path)
    seal(path, path)
    assert one(path).state is State.INTACT
    content = path.read_bytes()
    for place in (1 << 20, 17 << 20, 31 << 20):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert one(path).state is State.ALTERED


_PEAKS = """
import resource, sys
from pathlib import Path
import test_sealing as sealing
sealing.seal(Path("small.mp4"), Path("small.mp4"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sealing.seal(Path("large.mov"), Path("large.mov"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts in kilobytes on Linux")
def test_sealing_takes_no_more_memory_for_a_longer_video(tmp_path):
    write_clip(tmp_path / "small.mp4")
    write_large(tmp_path / "large.mov")
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    told = subprocess.run(
        [sys.executable, "-c", _PEAKS], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True
    )
    assert int(told.stdout) < 16_000, told.stderr


@pytest.mark.parametrize("sealed", ["photo.jpg", "photo.png", "clip.mp4"], indirect=True)
def test_feature_a_claim_that_was_rewritten_is_found(sealed):
    data = sealed.read_bytes()
    assert data.count(b"some") >= 1
    sealed.write_bytes(data.replace(b"some", b"none"))
    assert one(sealed).state == State.ALTERED


@pytest.mark.parametrize("sealed", ["photo.png", "photo.bmp", "clip.mp4", "clip.mkv"], indirect=True)
def test_feature_re_encoding_leaves_nothing(sealed, tmp_path):
    anew = tmp_path / "anew" / sealed.name
    anew.parent.mkdir()
    if sealed.name in VIDEOS:
        with media.VideoWriter(anew, 64, 48, 25) as video:
            for frame in media.read_frames(media.probe(sealed)):
                video.write(frame.image())
    else:
        media.write_image(anew, media.read_image(sealed))
    assert (one(anew).state, one(anew).marked) == (State.NOTHING, None)


def test_feature_a_stripped_manifest_leaves_the_mark_of_a_video(tmp_path):
    write(tmp_path / "clip.mp4")
    seal(tmp_path / "clip.mp4", tmp_path / "clip.mp4")
    data = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "bare.mp4").write_bytes(b"".join(box for box in boxes(data) if box[8:24] != C2PA_BOX))
    found = one(tmp_path / "bare.mp4")
    assert (found.state, found.marked) == (State.NOTHING, xmp.COMPOSITE)


C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def boxes(data: bytes) -> list[bytes]:
    """The boxes of an mp4, header and all."""
    found, place = [], 0
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        found.append(data[place : place + size])
        place += size
    return found


def test_feature_a_lost_sidecar_is_nothing(tmp_path):
    write(tmp_path / "clip.mkv")
    seal(tmp_path / "clip.mkv", tmp_path / "clip.mkv")
    (tmp_path / "clip.c2pa").unlink()
    assert one(tmp_path / "clip.mkv").state == State.NOTHING


@pytest.mark.parametrize("name", VIDEOS)
def test_no_packet_and_no_time_changes(tmp_path, name):
    write(tmp_path / name)
    before = packets(tmp_path / name)
    seal(tmp_path / name, tmp_path / name)
    assert packets(tmp_path / name) == before


def test_no_pixel_changes_and_no_picture_of_the_original_travels(tmp_path):
    for name, seed in (("photo.jpg", 0), ("old.jpg", 1)):
        write(tmp_path / name, seed)
    before = media.read_image(tmp_path / "photo.jpg")
    size = (tmp_path / "photo.jpg").stat().st_size
    seal(tmp_path / "photo.jpg", tmp_path / "old.jpg")
    np.testing.assert_array_equal(media.read_image(tmp_path / "photo.jpg"), before)
    data = (tmp_path / "photo.jpg").read_bytes()
    assert data.count(b"\xff\xd8\xff") == 1 and len(data) - size < 10_000
    assert b"old" not in data  # Names of files may be names of people.


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "photo.png"])
def test_feature_manifests_of_the_original_are_kept(tmp_path, name):
    write(tmp_path / "clip.mp4")
    seal(tmp_path / "clip.mp4", tmp_path / "clip.mp4", sealer(first="generation"))
    (tmp_path / "clip.mp4").rename(tmp_path / "first.mp4")
    write(tmp_path / name)
    seal(tmp_path / name, tmp_path / "first.mp4")
    assert one(tmp_path / name).manifests == 2
    assert one(tmp_path / name).state == State.INTACT


def test_an_original_that_breaks_off_can_still_be_named(tmp_path):
    write(tmp_path / "clip.mp4")
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "clip.mp4").read_bytes()[:2000])
    seal(tmp_path / "clip.mp4", tmp_path / "cut.mp4")
    assert one(tmp_path / "clip.mp4").made_with["original_sha256"] == hash_of(tmp_path / "cut.mp4")


def test_error_an_original_that_is_gone(tmp_path):
    write(tmp_path / "photo.png")
    with pytest.raises(ProvenanceError, match=r"cannot read the original .*gone\.png"):
        seal(tmp_path / "photo.png", tmp_path / "gone.png")


def test_error_a_full_disk_is_told_before_anything_is_signed(tmp_path, monkeypatch):
    write(tmp_path / "photo.png")
    before = (tmp_path / "photo.png").read_bytes()
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match=r"the disk is full .*1\.0 kB free"):
        seal(tmp_path / "photo.png", tmp_path / "photo.png")
    assert (tmp_path / "photo.png").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["photo.png"]


def test_error_a_full_temporary_folder_is_told_by_what_to_do(tmp_path, monkeypatch):
    write(tmp_path / "clip.mp4")
    spare = tmp_path / "spare"
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(signing, "_IN_MEMORY", 0)
    monkeypatch.setattr(signing.tempfile, "gettempdir", lambda: str(spare))
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full if path == spare else usage(path))
    with pytest.raises(OutputError, match=r"clip\.mp4: .*spare has no room for .* MB; TMPDIR names another"):
        seal(tmp_path / "clip.mp4", tmp_path / "clip.mp4")


def test_feature_a_signer_who_is_not_known_here(tmp_path, monkeypatch):
    write(tmp_path / "photo.png")
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "somebody's"))
    seal(tmp_path / "photo.png", tmp_path / "photo.png")
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "mine"))
    found = one(tmp_path / "photo.png")
    assert (found.state, found.trusted, found.why) == (State.INTACT, False, ("signingCredential.untrusted",))
    (known,) = check_path(tmp_path / "photo.png", [tmp_path / "somebody's" / "signing.pem"])
    assert known.trusted


def test_feature_what_an_expired_key_signed_is_intact_but_no_longer_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "keys"))
    (tmp_path / "keys").mkdir()
    soon = datetime.now(UTC) + timedelta(seconds=2)
    (tmp_path / "keys" / "signing.pem").write_bytes(certificates.issue(soon))
    write(tmp_path / "photo.png")
    seal(tmp_path / "photo.png", tmp_path / "photo.png")
    time.sleep(max(0, (soon - datetime.now(UTC)).total_seconds()) + 1.1)
    found = one(tmp_path / "photo.png")
    assert (found.state, found.trusted, found.expired) == (State.INTACT, False, True)
    write(tmp_path / "photo.png")  # With a new key, all is well again.
    seal(tmp_path / "photo.png", tmp_path / "photo.png")
    assert one(tmp_path / "photo.png").trusted


def test_a_folder_is_looked_at_file_by_file(tmp_path):
    for name in ("photo.png", "clip.mkv", "bare.jpg"):
        write(tmp_path / name)
    for name in ("photo.png", "clip.mkv"):
        seal(tmp_path / name, tmp_path / "bare.jpg")
    states = {finding.path.name: finding.state for finding in check_path(tmp_path)}
    assert states == {"photo.png": State.INTACT, "clip.mkv": State.INTACT, "bare.jpg": State.NOTHING}


def test_error_a_path_that_is_not_there(tmp_path):
    with pytest.raises(MediaError, match="there is no file or folder"):
        check_path(tmp_path / "nothing.png")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", os.urandom(3000)])
@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.jpg", "a.mkv", "a.txt"])
def test_error_rubbish_is_never_intact(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "a.c2pa").write_bytes(content[::-1])
    assert one(tmp_path / name).state != State.INTACT


def test_the_mark_is_xml_that_says_so():
    from xml.etree import ElementTree

    (said,) = [
        value
        for element in ElementTree.parse(io.BytesIO(xmp.packet())).iter()
        for name, value in element.attrib.items()
        if name == "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    ]
    assert said.endswith("/compositeWithTrainedAlgorithmicMedia")


def test_many_frames_of_one_video_read_it_once(tmp_path, monkeypatch):
    write(tmp_path / "clip.mp4")
    read: list[Path] = []
    monkeypatch.setattr(signing, "hash_of", lambda path: read.append(path) or json.dumps("hash"))
    by = sealer()
    for name in ("a.png", "b.png", "c.png"):
        media.write_image(tmp_path / name, np.zeros((8, 8, 3), np.uint8))
        seal(tmp_path / name, tmp_path / "clip.mp4", by)
    assert read == [tmp_path / "clip.mp4"]
