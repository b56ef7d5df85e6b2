"""Every built-in plugin passes the conformance suite."""

from functools import partial
from importlib.util import find_spec

import numpy as np
import onnx_models
import pytest

from faceswap.core.names import BUILT_IN
from faceswap.testing import Sample, check_plugin, parametrize_with_checks

EVERY = [(kind, name) for kind, names in BUILT_IN.items() for name in names]
GENERATORS = ("dcgan", "stylegan", "stylegan2", "vae")
MODELS = ("cyclegan", "df", "gan", "h128", "h64", "iae", "liae", "lightweight", "mini", "original", "sae")
NETWORKS = [*(("generator", name) for name in GENERATORS), *(("model", name) for name in MODELS)]
SMALL = {"width": 0.125}
"""How networks are built here: nothing that the suite asks depends on how many channels they have."""
SLOW = [("detector", "dlib-cnn"), ("detector", "mtcnn")]
WITH_FILE = {
    ("detector", "yunet"): (onnx_models.yunet, {"side": onnx_models.SIDE, "threshold": 0.4}),
    ("masker", "onnx"): (partial(onnx_models.colors, 64), {"size": 64}),
}
"""Plugins that work on a file of the user's -> what makes one, and the options that go with it."""
ELSEWHERE = [("metric", "fid"), ("metric", "inception-score")]
"""Plugins whose file is large; `test_inception_metrics.py` checks them with a small network."""
QUICK = [target for target in EVERY if target not in (*NETWORKS, *SLOW, *WITH_FILE, *ELSEWHERE)]

NEEDS = {
    "dlib-cnn": ("dlib", "face_recognition_models"),
    "dlib-hog": ("dlib",),
    "dlib-5": ("dlib", "face_recognition_models"),
    "dlib-68": ("dlib", "face_recognition_models"),
    "dlib-resnet": ("dlib", "face_recognition_models"),
    "mtcnn": ("mtcnn",),
}

# What a built-in plugin has nothing to be checked of; any other skipped check is an error.
NOTHING_THERE = {
    "detector-dlib-cnn-landmarks-in-box",
    "detector-dlib-cnn-landmarks-match-scheme",
    "detector-dlib-hog-landmarks-in-box",
    "detector-dlib-hog-landmarks-match-scheme",
    "aligner-mtcnn-5-keeps-options",
    "recognizer-dlib-resnet-keeps-options",
    "blender-alpha-keeps-options",
    "blender-histogram-keeps-options",
    "blender-lct-keeps-options",
    "blender-mask-source-keeps-options",
    "blender-mean-color-keeps-options",
    "blender-mkl-keeps-options",
    "blender-overlay-keeps-options",
    "blender-reinhard-keeps-options",
    "metric-expression-keeps-options",
    "metric-fd-keeps-options",
    "metric-flicker-ranks-each-face",
    "metric-identity-keeps-options",
    "metric-identity-spread-keeps-options",
    "metric-pose-keeps-options",
    "metric-psnr-keeps-options",
    "metric-ssim-keeps-options",
    "listener-history-keeps-options",
    "generator-dcgan-mixes-with-itself",
    "generator-vae-mixes-with-itself",
}


def run(check):
    kind, name, *_ = check.shared.plugin
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


@pytest.mark.slow
@parametrize_with_checks([(*target, SMALL) for target in NETWORKS])
def test_networks(check):
    run(check)


def red_square():
    """What the made networks take for a face, in the middle of a picture."""
    image = np.full((240, 240, 3), 120, np.uint8)
    half = onnx_models.FACE // 2
    image[120 - half : 120 + half, 120 - half : 120 + half] = (255, 0, 0)
    return Sample(image, (120 - half, 120 - half, 120 + half, 120 + half))


@pytest.mark.parametrize("target", WITH_FILE, ids="-".join)
def test_plugin_with_a_file(target, tmp_path):
    make, options = WITH_FILE[target]
    file = tmp_path / "made.onnx"
    file.write_bytes(make())
    records = check_plugin((*target, {"file": file, **options}), sample=red_square())
    assert [(record.check, record.message) for record in records if record.status != "passed"] == []


def test_every_built_in_plugin_is_checked():
    assert sorted([*QUICK, *NETWORKS, *SLOW, *WITH_FILE, *ELSEWHERE]) == sorted(EVERY)
