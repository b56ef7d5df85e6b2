from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")

from faceswap.core.errors import FaceswapError
from faceswap.core.training.memory import (
    DeviceMemoryError,
    Footprint,
    footprint,
    free_bytes,
    memory_errors,
    require_memory,
)
from faceswap.core.training.update import Update
from faceswap.plugins.train.models.h64 import H64Model
from faceswap.plugins.train.models.mini import MiniModel

MIB = 2**20


def _footprint(model: Any) -> Footprint:
    model.load()
    return footprint(model, [Update(player, model.networks) for player in model.players()])


def test_feature_weights_moments_and_gradients_are_counted() -> None:
    model = MiniModel(MiniModel.Options(width=0.1))
    needed = _footprint(model)
    weights = 4 * sum(network.count_params() for network in model.networks.values())
    assert needed.gradients == weights  # All are trainable, in float32.
    assert 3 * weights <= needed.held < 3 * weights + 100  # Adam has two moments of each, and a few scalars.


def test_feature_the_encoder_sees_both_people_and_a_decoder_one() -> None:
    model = MiniModel(MiniModel.Options(width=0.1))
    needed = _footprint(model)

    def answers(network: Any) -> int:
        shapes = [layer.output.shape[1:] for layer in network.layers]
        return sum(4 * shape[0] * (shape[1] * shape[2] if len(shape) == 3 else 1) for shape in shapes)

    encoder, *decoders = (answers(model.networks[name]) for name in ("encoder", "decoder_source", "decoder_target"))
    assert needed.per_face == 2 * encoder + sum(decoders)


def test_feature_models_of_which_more_is_made_can_be_followed() -> None:
    small, large = (_footprint(H64Model(H64Model.Options(width=width))) for width in (0.05, 0.2))
    assert 0 < small.per_face < large.per_face and small.held < large.held


def test_feature_a_batch_that_does_not_fit_is_refused_with_one_that_does() -> None:
    needed = Footprint(held=500 * MIB, gradients=100 * MIB, per_face=10 * MIB)
    require_memory(needed, 20, 300 * MIB)
    require_memory(needed, 10**9, None)
    with pytest.raises(
        FaceswapError, match=r"21 faces .* 0\.3 GiB of memory .*0\.3 GiB are free; 20 would fit"
    ) as told:
        require_memory(needed, 21, 300 * MIB)
    assert "\n" not in str(told.value)
    with pytest.raises(FaceswapError, match="not even 1 would; choose a smaller model"):
        require_memory(needed, 1, 105 * MIB)


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MEMINFO = "MemTotal:       900 kB\nMemFree:        100 kB\nMemAvailable:   700 kB\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/meminfo": MEMINFO}, 700 * 1024),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/jobs/mine\n",
                "sys/fs/cgroup/jobs/mine/memory.max": "max\n",
                "sys/fs/cgroup/jobs/mine/memory.current": "5\n",
                "sys/fs/cgroup/jobs/memory.max": "500000\n",
                "sys/fs/cgroup/jobs/memory.current": "300000\n",
                "sys/fs/cgroup/jobs/memory.stat": "anon 1\ninactive_file 100000\nfile 2\n",
            },
            300_000,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "5:cpu:/\n3:memory:/box\n0::/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "300000\n",
                "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "400000\n",
                "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "300000\n",
                "sys/fs/cgroup/memory/box/memory.stat": "total_inactive_file 7\n",
            },
            100_007,
        ),
    ],
)
def test_feature_free_memory_is_the_systems_or_what_a_control_group_leaves(
    tmp_path: Path, files: dict[str, str], expected: int | None
) -> None:
    assert free_bytes(_tree(tmp_path, files)) == expected


class ResourceExhaustedError(Exception):
    """Named like TensorFlow's."""


class XlaRuntimeError(RuntimeError):
    """Named like JAX's, which has one class for all its faults."""


class OutOfMemoryError(RuntimeError):
    """Named like PyTorch's."""


@pytest.mark.parametrize(
    "error",
    [
        ResourceExhaustedError("OOM when allocating tensor"),
        XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
        OutOfMemoryError("CUDA out of memory."),
    ],
)
def test_error_a_devices_memory_runs_out(error: Exception) -> None:
    with (
        pytest.raises(DeviceMemoryError, match=r"step of 64 faces of each person; use --batch-size 32, or auto"),
        memory_errors(64),
    ):
        raise error


def test_error_other_faults_pass() -> None:
    for error in (XlaRuntimeError("INTERNAL: something"), ValueError("x")):
        with pytest.raises(type(error)), memory_errors(64):
            raise error


PEAK = """
import sys
from pathlib import Path
import numpy as np
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.memory import footprint
from faceswap.plugins.train.models.original import OriginalModel

model = OriginalModel(OriginalModel.Options(width=0.25))
model.load()
pictures = np.zeros((4, 128, 128, 3), np.uint8)
faces = {name: TrainingFaces(pictures, pictures) for name in model.identities}
engine = Engine(model, faces, int(sys.argv[1]), 0, 10)
for _ in range(2):
    [float(loss) for loss in engine.advance().values()]
# Not what `getrusage` says: a process begins with its parent's peak.
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak) * 1024, footprint(model, engine.updates).per_face)
"""


@pytest.mark.slow
def test_feature_the_estimate_is_within_half_of_what_is_measured(fresh_python: Callable[..., Any]) -> None:
    """Two batch sizes in two processes: what a face more costs, whatever the frameworks take."""
    peaks, estimate = [], 0
    for size in (8, 72):
        done = fresh_python("-c", PEAK, str(size), KERAS_BACKEND="tensorflow")
        assert done.returncode == 0, done.stderr
        peak, estimate = map(int, done.stdout.split())
        peaks.append(peak)
    measured = (peaks[1] - peaks[0]) / 64
    assert 0.5 < estimate / measured < 1.5
