"""Declared weights files: what a declaration may say, where files belong, and whether they are the right ones."""

import hashlib
import os
import sys

import pytest

from faceswap import weights_path
from faceswap.lib import hashes, weights
from faceswap.lib.errors import WeightsError
from faceswap.lib.weights import State, WeightsFile, located, path_of, state, weights_folder

CONTENT = b"some weights"
HASH = hashlib.sha256(CONTENT).hexdigest()
OTHER = b"more weights"
ENTRY = {
    "name": "net.npz",
    "sha256": HASH,
    "size": len(CONTENT),
    "url": "https://example.org/net.npz",
    "licence": "MIT",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def place(folder):
    path = path_of(WeightsFile.declared(ENTRY))
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def reads(monkeypatch):
    """Counts how often a file is read for its hash."""
    count = []
    monkeypatch.setattr(weights, "hash_of", lambda path: (count.append(path), hashes.hash_of(path))[1])
    return count


def test_feature_a_file_put_in_place_by_hand_is_found(place):
    place.write_bytes(CONTENT)
    assert weights_path(ENTRY) == place


def test_feature_an_optional_file_of_unknown_hash_lies_in_the_folder_itself(folder):
    entry = {"name": "sees.h5", "optional": True}
    assert path_of(WeightsFile.declared(entry)) == folder / "sees.h5"
    assert state(WeightsFile.declared(entry)) == State.MISSING
    with pytest.raises(WeightsError, match=r"'sees.h5' are missing: put the file at .*sees\.h5"):
        weights_path(entry)
    folder.mkdir()
    (folder / "sees.h5").write_bytes(CONTENT)
    assert weights_path(entry) == folder / "sees.h5"
    assert state(WeightsFile.declared(entry)) == State.PRESENT


def test_feature_files_of_one_name_and_different_content_lie_apart(folder):
    other = {**ENTRY, "sha256": hashlib.sha256(OTHER).hexdigest()}
    places = {path_of(WeightsFile.declared(entry)) for entry in (ENTRY, other)}
    assert len(places) == 2
    assert {path.name for path in places} == {"net.npz"}
    assert all(path.is_relative_to(folder) for path in places)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the cache folder of Linux")
@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"FACESWAP_WEIGHTS": "/big/disk"}, "/big/disk"),
        ({"FACESWAP_WEIGHTS": "~/mine"}, "/home/me/mine"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/faceswap/weights"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/faceswap/weights"),
        ({}, "/home/me/.cache/faceswap/weights"),
    ],
)
def test_feature_the_folder_follows_the_environment(monkeypatch, variables, wanted):
    for name in ("FACESWAP_WEIGHTS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    assert str(weights_folder()) == wanted


def test_error_missing_weights_name_the_command_and_the_place(folder):
    with pytest.raises(WeightsError) as caught:
        weights_path({**ENTRY, "name": "my net.npz"})
    place = folder / HASH[:12] / "my net.npz"
    assert str(caught.value) == (
        f"weights 'my net.npz' are missing: run `faceswap weights fetch 'my net.npz'`, or put the file at {place}"
    )


def test_error_weights_that_nobody_can_fetch_name_their_source(folder):
    entry = {"name": "net.npz", "sha256": HASH, "size": len(CONTENT), "source": "https://example.org/form"}
    with pytest.raises(
        WeightsError, match=r"are missing: put the file at .*net.npz; it comes from https://example.org/f"
    ):
        weights_path(entry)


def test_error_a_wrong_hash_tells_both_and_keeps_the_users_file(place):
    place.write_bytes(OTHER)
    came = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(
        WeightsError, match=rf"must have sha256 {HASH}. Received: {came} in .*faceswap weights fetch net.npz"
    ):
        weights_path(ENTRY)
    assert place.read_bytes() == OTHER


def test_error_a_wrong_size_tells_both(place, reads):
    place.write_bytes(b"short")
    with pytest.raises(WeightsError, match=r"must have 12 bytes. Received: 5 bytes"):
        weights_path(ENTRY)
    assert not reads


def test_feature_an_unchanged_file_is_read_once(place, reads):
    place.write_bytes(CONTENT)
    file = WeightsFile.declared(ENTRY)
    for _ in range(3):
        located(file)
    assert len(reads) == 1
    located(file, afresh=True)
    assert len(reads) == 2


def test_feature_a_change_is_seen_even_when_its_time_is_set_back(place):
    place.write_bytes(CONTENT)
    weights_path(ENTRY)
    before = place.stat()
    place.write_bytes(OTHER)
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(WeightsError, match="must have sha256"):
        weights_path(ENTRY)


def test_feature_states(place):
    file = WeightsFile.declared(ENTRY)
    assert state(file) == State.MISSING
    place.write_bytes(b"short")
    assert state(file) == State.WRONG
    place.write_bytes(CONTENT)
    assert state(file) == State.UNVERIFIED
    located(file)
    assert state(file) == State.PRESENT
    place.write_bytes(OTHER)
    assert state(file) == State.UNVERIFIED
    with pytest.raises(WeightsError):
        located(file)
    assert state(file) == State.WRONG
    assert state(WeightsFile("a part of a library")) == State.INCLUDED


def test_feature_a_file_inside_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "some_net"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "data" / "net.npz").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = {"name": "net.npz", "inside": "some_net/data", "sha256": HASH, "size": len(CONTENT)}
    assert weights_path(entry) == package / "data" / "net.npz"
    file = WeightsFile.declared(entry)
    assert state(file) == State.PRESENT
    (package / "data" / "net.npz").write_bytes(OTHER)
    assert weights_path(entry)  # pip has checked it; `faceswap weights verify` reads it again.
    with pytest.raises(WeightsError, match="must have sha256"):
        located(file, afresh=True)
    assert [path.name for path in (package / "data").iterdir()] == ["net.npz"]


def test_error_a_file_inside_a_package_that_is_not_installed():
    entry = {"name": "net.npz", "inside": "no_such_package/data"}
    assert state(WeightsFile.declared(entry)) == State.MISSING
    with pytest.raises(WeightsError, match="install the package again that brings `no_such_package`"):
        weights_path(entry)


def test_error_weights_without_a_file_have_no_path():
    with pytest.raises(ValueError, match="declare neither `inside`, `sha256` nor `optional`"):
        weights_path({"name": "detector of dlib"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../net.npz"}, "`name` must be a plain file name"),
        ({"name": "a\\net.npz"}, "`name` must be a plain file name"),
        ({"name": ".lock"}, "`name` must be a plain file name"),
        ({"name": "c:net.npz"}, "`name` must be a plain file name"),
        ({"name": 5}, "`name` must be text"),
        ({"url": "ftp://example.org/net.npz"}, "`url` must be https, http or file"),
        ({"url": "/etc/passwd"}, "`url` must be https, http or file"),
        ({"sha256": ""}, "`url` needs a `sha256`"),
        ({"sha256": HASH[:-1]}, "`sha256` must be 64"),
        ({"sha256": "../" + HASH[3:]}, "`sha256` must be 64"),
        ({"size": None}, "`sha256` needs a `size`"),
        ({"size": 0}, "`size` must be a number of bytes"),
        ({"size": "12"}, "`size` must be a number of bytes"),
        ({"inside": "../etc"}, "`inside` must be a folder of a package"),
        ({"inside": "package/../.."}, "`inside` must be a folder of a package"),
        ({"inside": "/etc"}, "`inside` must be a folder of a package"),
    ],
)
def test_error_a_declaration_that_breaks_the_rules(change, words):
    with pytest.raises(ValueError, match=words):
        WeightsFile.declared({**ENTRY, **change})


def test_feature_keys_of_later_versions_are_left_out():
    assert WeightsFile.declared({**ENTRY, "mirror": "https://example.com"}) == WeightsFile.declared(ENTRY)


def test_error_an_entry_without_a_name():
    with pytest.raises(ValueError, match="they have no `name`"):
        WeightsFile.declared({"licence": "MIT"})
