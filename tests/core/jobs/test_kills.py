"""Each job is killed three times at random moments of its work; nothing that was committed may be missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from faceswap.core.bench.kills import torture
from faceswap.core.bench.trials import Trial, make_trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tree of processes is read from /proc"),
]

KILLS = 3


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trial]:
    return {trial.name: trial for trial in make_trials(tmp_path_factory.mktemp("kills"))}


@pytest.mark.parametrize("name", ["extract", "train", "convert"])
def test_feature_killed_three_times_and_continued(trials: dict[str, Trial], tmp_path: Path, name: str) -> None:
    figure = torture(trials[name], tmp_path / name, KILLS, seed=0)
    assert figure.details["losses"] == []
    assert figure.kept
