"""What `faceswap plugins new` writes, as an author would use it: built, installed, tested, checked and run.

All packages lie in one environment, over the shared dependencies; the templates come out of the checkout's wheel.
"""

import json
import shutil
from pathlib import Path

import pytest

from faceswap.core.names import KINDS
from faceswap.core.scaffold.templates import bases_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (Path(__file__).resolve().parents[2] / "pyproject.toml").exists(), reason="runs in a checkout only"
    ),
]

ALL = [(kind, base) for kind in KINDS for base in bases_of(kind)]

SHOOT = """
import sys
from faceswap.lib.media import VideoWriter
from faceswap.lib.performers import BEARDED, Script, Take

with VideoWriter(sys.argv[1], 256, 256, 25) as video:
    for frame in Take(BEARDED, Script(0), 25, 256).frames(6):
        video.write(frame)
"""


def name_of(base):
    return f"first-{base.lower()}-1"


@pytest.fixture(scope="module")
def authors(built, new_environment, tmp_path_factory):
    """An environment with a package of every template installed; its folder holds the packages."""
    folder = tmp_path_factory.mktemp("authors")
    environment = new_environment(folder / "venv")
    environment.install(built[0])
    for kind, base in ALL:
        environment.faceswap("plugins", "new", kind, name_of(base), "--base", base, "--path", folder)
    environment.packages = {base: folder / f"faceswap-{name_of(base)}-{kind}" for kind, base in ALL}
    editable, *others = environment.packages.values()
    environment.install(*others)
    environment.install("-e", editable)
    return environment


def test_feature_all_are_listed(authors):
    listed = json.loads(authors.faceswap("plugins", "--json").stdout)
    offered = {(plugin["kind"], plugin["name"], plugin["package"]) for plugin in listed}
    assert {(kind, name_of(base), authors.packages[base].name) for kind, base in ALL} <= offered
    assert all(plugin["summary"] for plugin in listed)


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_its_own_tests_pass(authors, kind, base):
    assert " passed" in authors.pytest(authors.packages[base])  # It ends well only when none failed.


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_the_check_passes(authors, kind, base):
    # On JAX most of the time goes into compiling what then runs for a moment.
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
    said = authors.faceswap("plugins", "check", "--no-costs", kind, name_of(base), **quick).stdout
    assert "PASSED" in said
    assert "FAILED" not in said


def test_feature_runs_use_them(authors, run, tmp_path):
    """Footage goes through every new plugin that a command takes, from the detector to the blenders."""
    clip, faces, model = tmp_path / "clip.mp4", tmp_path / "faces", tmp_path / "model"
    run(authors.python, "-P", "-c", SHOOT, clip, cwd="/")
    chosen = [f"--{kind}={name_of(base)}" for kind, base in ALL]

    def of(*kinds):
        return [word for word in chosen if word.startswith(tuple(f"--{kind}=" for kind in kinds))]

    extract = of("detector", "aligner", "masker", "recognizer")
    said = authors.faceswap("extract", clip, faces, *extract, "--workers", "1").stdout
    assert "faces: 6" in said
    train = [*of("model", "listener"), "--model.width", "0.1", "--iterations", "2", "--batch-size", "2"]
    others = shutil.copytree(faces, tmp_path / "others")
    authors.faceswap("train", model, "--source", faces, "--target", others, *train)
    assert " train done after " in (model / "diary.txt").read_text()
    used = ["--model-dir", model, "--faceset", faces, *of("blender")]
    said = authors.faceswap("convert", clip, tmp_path / "swap.mp4", *used).stdout
    assert "faces: 6" in said
    assert (tmp_path / "swap.mp4").stat().st_size > 0
