"""The command `plugins new`: what it makes, what it says to do next, how it refuses."""

from functools import partial

import pytest

from faceswap.core.names import KINDS


@pytest.fixture
def new(call, monkeypatch, tmp_path):
    """Calls `plugins new` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(call, "plugins", "new")


@pytest.mark.parametrize("kind", KINDS)
def test_feature_it_says_what_to_do_next(new, tmp_path, kind):
    code, out, _ = new(kind, "fresh-one")
    folder = f"faceswap-fresh-one-{kind}"
    assert code == 0
    assert (tmp_path / folder / "pyproject.toml").is_file()
    steps = [f"cd {folder}", "pip install -e '.[test]'", "pytest", f"faceswap plugins check {kind} fresh-one"]
    lines = [line.strip() for line in out.splitlines()]
    first = lines.index(steps[0])
    assert lines[first : first + 4] == steps
    assert lines[first + 4] == "" or f"--{kind} fresh-one" in lines[first + 4]


def test_feature_another_folder(new, tmp_path):
    (tmp_path / "far" / "away").mkdir(parents=True)
    code, out, _ = new("metric", "fresh-one", "--path", "far/away")
    assert code == 0
    assert "cd far/away/faceswap-fresh-one-metric" in out
    assert (tmp_path / "far" / "away" / "faceswap-fresh-one-metric").is_dir()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["blendr", "tint"], "There is no plugin kind 'blendr'. Did you mean 'blender'?"),
        (["blender", "Tint"], "such as 'tint'. Received: 'Tint'"),
        (["blender", "alpha"], "There is a blender 'alpha' already, from faceswap"),
        (["blender", "tint", "--base", "Detector"], "There is no template of a blender with the base class 'Detector'"),
        (["blender", "tint", "--path", "nowhere"], "the folder nowhere does not exist; make it first"),
    ],
)
def test_error_in_one_line(new, tmp_path, words, message):
    code, out, err = new(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_error_twice(new):
    assert new("model", "fresh-one")[0] == 0
    code, _, err = new("model", "fresh-one")
    assert code == 2
    assert "nothing is overwritten" in err


def test_help_names_kinds_and_bases(new):
    code, out, _ = new("--help")
    told = " ".join(out.split())
    assert code == 0
    assert ", ".join(KINDS) in told
    assert "blender: CropBlender or FrameBlender" in told
