"""The commands `faceswap weights`, over plugins that a test installs and files that it serves from a folder."""

import hashlib
import importlib
import json
import sys

import pytest

from faceswap.core.errors import WeightsError
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib import download

CONTENT = b"some weights"
HASH = hashlib.sha256(CONTENT).hexdigest()
PLUGIN = '''"""Finds nothing with a network."""
from faceswap import Detections, Detector, hookimpl, weights_path
FACESWAP_CONTRACT = 1
WEIGHTS = {weights!r}
class Net(Detector):
    def load(self):
        self.network = weights_path(WEIGHTS[0]).read_bytes()
    def detect(self, images):
        return [Detections.none() for _ in images]
@hookimpl
def faceswap_detector():
    return Net
'''


@pytest.fixture(autouse=True)
def weights_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a detector `net` (or another) that declares weights."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def run(*weights, name="net"):
        (site / f"{name}_module.py").write_text(PLUGIN.format(weights=weights))
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[faceswap.detector]\n{name} = {name}_module\n")
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)

    return run


@pytest.fixture
def served(tmp_path):
    """Puts a file where `entry` says that it is fetched from."""

    def entry(name="net.npz", content=CONTENT, **changes):
        path = tmp_path / "served" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        known = {"sha256": HASH, "size": len(CONTENT), "url": path.as_uri(), "licence": "MIT", "commercial": True}
        return {"name": name, **known, **changes}

    return entry


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "weights").rglob("*") if path.is_file() and path.name != ".lock")


def test_feature_from_missing_to_loaded(call, install, served, tmp_path):
    install(served())
    chosen = prepare("detector", PluginChoice(name="net"))
    with pytest.raises(WeightsError, match="run `faceswap weights fetch net"):
        chosen.load()
    code, out, err = call("weights", "fetch", "net.npz")
    place = tmp_path / "weights" / HASH[:12] / "net.npz"
    assert (code, out, err) == (0, f"net.npz is verified: {place}\n", "net.npz: MIT; commercial use allowed\n")
    assert chosen.load().network == CONTENT


def test_feature_the_list_shows_terms_sizes_and_states(call, install, served):
    install(served(), served("other.npz", commercial=False, licence="CC-BY-NC-4.0"))
    call("weights", "fetch", "net.npz")
    rows = {line.split()[0]: line.split() for line in call("weights", "list")[1].splitlines()}
    assert rows["net.npz"][1:] == ["present", "0.0", "MB", "yes", "detector", "net", "MIT"]
    assert rows["other.npz"][1:] == ["missing", "0.0", "MB", "no", "detector", "net", "CC-BY-NC-4.0"]
    told = {entry["name"]: entry for entry in json.loads(call("weights", "list", "--json")[1])}
    assert told["net.npz"]["state"] == "present"
    assert told["net.npz"]["plugins"] == ["detector 'net'"]
    assert told["shape_predictor_68_face_landmarks.dat"]["commercial"] is False


def test_feature_the_plugin_list_and_info_show_what_is_missing(call, install, served):
    install(served())
    table = call("plugins", "--kind", "detector")[1]
    assert "MIT: missing" in table
    assert "weights: net.npz: MIT; commercial use allowed; missing" in call("plugins", "info", "detector", "net")[1]
    call("weights", "fetch", "detector", "net")
    assert "MIT: missing" not in call("plugins", "--kind", "detector")[1]
    assert "commercial use allowed; present" in call("plugins", "info", "detector", "net")[1]


def test_feature_only_fetch_fetches(call, install, served, tmp_path, monkeypatch):
    install(served())
    monkeypatch.setattr(download, "fetch", None)
    for words in (["list"], ["list", "--json"], ["path", "net.npz"], ["verify"], ["verify", "net.npz"]):
        call("weights", *words)
    assert files(tmp_path) == []


def test_feature_the_path_is_made_for_files_that_are_put_there_by_hand(call, install, served, tmp_path):
    install(served())
    code, out, _ = call("weights", "path", "net.npz")
    place = tmp_path / "weights" / HASH[:12] / "net.npz"
    assert (code, out) == (0, f"{place}\n")
    place.write_bytes(CONTENT)
    assert call("weights", "verify", "net.npz") == (0, "net.npz: verified\n", "")
    assert call("weights", "path")[1] == f"{tmp_path / 'weights'}\n"
    assert call("weights", "path", "detector", "net")[1] == f"{place}\n"


def test_error_verify_tells_wrong_files(call, install, served, tmp_path):
    install(served())
    place = tmp_path / "weights" / HASH[:12] / "net.npz"
    call("weights", "path", "net.npz")
    place.write_bytes(CONTENT[::-1])
    code, out, _ = call("weights", "verify")
    wrong = [line for line in out.splitlines() if line.startswith("net.npz")]
    assert code == 1
    assert wrong[0].startswith(f"net.npz: wrong: weights 'net.npz' must have sha256 {HASH}. Received: ")
    assert wrong[0].endswith(f"run `faceswap weights fetch net.npz`, or put the file at {place}")
    assert call("weights", "fetch", "net.npz")[0] == 0
    assert place.read_bytes() == CONTENT


def test_feature_weights_that_are_not_there_are_no_fault_until_they_are_named(call, install, served):
    install(served())
    assert call("weights", "verify")[0] == 0
    code, out, _ = call("weights", "verify", "detector", "net")
    assert code == 1
    assert "net.npz: missing" in out


def test_error_a_wrong_file_is_told_in_one_line_and_not_kept(call, install, served, tmp_path):
    install(served(content=CONTENT[::-1]))
    code, out, err = call("weights", "fetch", "detector", "net")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: file://")
    assert f"must have sha256 {HASH}. Received: {hashlib.sha256(CONTENT[::-1]).hexdigest()}" in err
    assert files(tmp_path) == []


def test_feature_what_is_there_is_not_fetched_again(call, install, served, tmp_path, monkeypatch):
    monkeypatch.setattr("faceswap.core.registry.BUILT_IN", {})  # Their weights lie elsewhere on the net.
    install(served(), served("other.npz"))
    assert call("weights", "fetch", "--all")[0] == 0
    (tmp_path / "served" / "net.npz").unlink()
    (tmp_path / "served" / "other.npz").unlink()
    code, out, _ = call("weights", "fetch", "--all")
    assert code == 0
    assert out.count("is there already") == 2


def test_feature_a_file_put_there_by_hand_is_verified_and_not_fetched(call, install, served, tmp_path):
    install(served())
    place = tmp_path / "weights" / HASH[:12] / "net.npz"
    call("weights", "path", "net.npz")
    place.write_bytes(CONTENT)
    (tmp_path / "served" / "net.npz").unlink()
    assert call("weights", "fetch", "net.npz") == (0, f"net.npz is there already: {place}\n", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fetch"], "Name a plugin (KIND NAME) or a FILE, or give --all."),
        (["fetch", "--all", "net.npz"], "Name a plugin (KIND NAME) or a FILE, or give --all."),
        (["fetch", "ent.npz"], "No plugin declares weights 'ent.npz'. Did you mean 'net.npz'?"),
        (["fetch", "detector", "nte"], "There is no detector 'nte'. Did you mean 'net'?"),
        (["fetch", "one", "two"], "Name a plugin (KIND NAME) or one file. Received: one two"),
        (["fetch", "detector", "dlib-hog"], "Nothing to fetch: 'frontal face detector inside dlib' come with the"),
        (["fetch", "masker", "hull"], "Nothing to fetch: no weights are declared."),
        (["path", "frontal face detector inside dlib"], "'frontal face detector inside dlib' come with the plugin's"),
    ],
)
def test_error_words_that_name_nothing(call, install, served, words, told):
    install(served())
    code, _, err = call("weights", *words)
    assert code == 2
    assert err.startswith(f"Error: {told}")
    assert err.count("\n") == 1


def test_error_two_files_of_one_name_are_told_apart_by_plugin(call, install, served):
    install(served())
    install({**served(), "sha256": HASH[::-1]}, name="web")
    code, _, err = call("weights", "path", "net.npz")
    assert code == 2
    assert "are different files of detector 'net' and detector 'web'. Name the plugin instead" in err
    assert HASH[:12] in call("weights", "path", "detector", "net")[1]


def test_feature_one_file_of_two_plugins_is_listed_once(call, install, served):
    install(served())
    install(served(), name="web")
    told = [entry for entry in json.loads(call("weights", "list", "--json")[1]) if entry["name"] == "net.npz"]
    assert [entry["plugins"] for entry in told] == [["detector 'net'", "detector 'web'"]]


def test_error_a_declaration_that_breaks_the_rules_harms_no_other(call, install, served):
    install(served(sha256="abc"), {"name": b"x", 5: 5})
    code, out, err = call("weights", "list")
    assert code == 0
    assert "Warning: detector 'net' from net 1.0: weights 'net.npz': `sha256` must be 64" in err
    assert "dlib" in out
    assert "unclear: weights 'net.npz'" in call("plugins", "--json")[1]
    code, _, err = call("weights", "fetch", "detector", "net")
    assert code == 2
    assert err.startswith("Error: detector 'net' from net 1.0: weights 'net.npz'")
    assert call("plugins")[0] == 0


def test_feature_built_in_files_are_present_and_verify(call):
    code, out, _ = call("weights", "verify", "aligner", "dlib-5")
    assert (code, out) == (0, "shape_predictor_5_face_landmarks.dat: verified\n")
