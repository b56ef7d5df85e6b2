"""Training whose losses break goes back and on more slowly, or is given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from train_runs import FEW, Facesets, small_job

from faceswap.core.errors import FaceswapError
from faceswap.core.jobs.job import run_job
from faceswap.lib import checkpoint
from faceswap.lib.history import read_history

pytestmark = [
    pytest.mark.slow,  # Each trains; the engine's and the checkpoints' own tests are quicker.
    pytest.mark.usefixtures("every_step_told"),
]


class _Breaking:
    """Makes the losses of `mini` numbers no more, from one step of the run's until something heals them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import keras

        from faceswap.plugins.train.models.mini import MiniModel

        self._switch, honest = keras.Variable(0.0, trainable=False), MiniModel.losses

        def losses(model: Any, *arguments: Any) -> dict[str, Any]:
            told = honest(model, *arguments)
            return {name: keras.ops.where(self._switch > 0, np.nan, loss) for name, loss in told.items()}

        monkeypatch.setattr(MiniModel, "losses", losses)

    def turn(self, on: bool) -> None:
        self._switch.assign(float(on))


def test_feature_training_that_breaks_goes_back_and_on_more_slowly(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, breaking, warnings = tmp_path / "model", _Breaking(monkeypatch), []

    def listen(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == 4:
            breaking.turn(not warnings)
        if event.type == "warning" and FEW not in event.message:
            warnings.append(event.message)
            breaking.turn(False)

    report = run_job(small_job(folder, facesets, iterations=12, save_every=3, keep_checkpoints=9), listen)
    (warning,) = warnings
    assert "before step 9 " in warning and "goes on from step 3 with 0.5 of the learning rate" in warning
    assert report.iterations == 12
    assert checkpoint.saved_steps(folder) == [3, 6, 9, 12]
    assert checkpoint.load_latest(folder).info["slowing"] == 0.5
    steps = [line["step"] for line in read_history(folder)]
    assert steps == sorted(set(steps)) and steps[-1] == 12


def test_error_training_that_stays_broken_is_given_up(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, breaking, warnings = tmp_path / "model", _Breaking(monkeypatch), []

    def listen(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == 4:
            breaking.turn(True)
        if event.type == "warning" and FEW not in event.message:
            warnings.append(event.message)

    with pytest.raises(FaceswapError, match=r"diverged at step 9: .*not finite.*lower the learning rate"):
        run_job(small_job(folder, facesets, iterations=100, save_every=3), listen)
    assert [warning.partition(" with ")[2].split()[0] for warning in warnings] == ["0.5", "0.25", "0.125"]
    assert checkpoint.saved_steps(folder) == [3]
