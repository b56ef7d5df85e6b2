"""A training in a terminal: facts below the bar, at any width, and only while it lasts."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from faceswap.core import events
from faceswap.core.cli.progress_lines import LineListener
from faceswap.core.cli.terminal import TerminalListener

FIGURES = {"identity": 0.5, "ssim_source": 0.81234, "psnr_source": 27.123}


def _step(stage, done):
    return events.Progress(job="x", stage=stage, done=done, total=900, unit="iterations", rate=2.0)


TRAINING = [
    events.TrainingStarted(job="x", model_dir="models/mine", step=0, iterations=900),
    _step("training", 0),
    events.TrainingStep(job="x", step=500, steps=10, losses={"source": 0.1}, faces_per_second=61.26),
    events.Validated(job="x", step=500, figures=FIGURES, score=0.31, best_step=400),
    events.CheckpointSaved(job="x", path="models/mine/checkpoints/500", step=500),
    events.Preview(job="x", path="models/mine/previews/00000500.png", title="after 500 iterations"),
    _step("training", 500),
]


def shown(width, told):
    file = StringIO()
    with TerminalListener(Console(width=width, force_terminal=True, file=file, color_system=None)) as listener:
        for event in told:
            listener(event)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    return [line.rstrip() for line in re.split("[\r\n]+", text) if line.strip()]


def test_feature_the_facts_of_a_training_stand_below_its_bar():
    bar, *facts = shown(120, TRAINING)[-5:]
    assert bar.startswith("training ") and " 500/900 " in bar
    assert facts == [
        "speed       61.3 faces/s",
        "validation  after 500: identity 0.5, ssim_source 0.8123, psnr_source 27.12; best after 400",
        "checkpoint  after 500 iterations",
        "preview     models/mine/previews/00000500.png",
    ]


def test_feature_figures_that_are_not_weighed_name_no_best_step():
    told = [*TRAINING[:3], events.Validated(job="x", step=500, figures={"spread": 0.5}), _step("training", 500)]
    assert shown(120, told)[-1] == "validation  after 500: spread 0.5"


def test_feature_newer_facts_take_the_place_of_older_ones():
    later = [events.Preview(job="x", path="models/mine/previews/00000900.png", title=""), _step("training", 900)]
    assert shown(120, TRAINING + later)[-1] == "preview     models/mine/previews/00000900.png"


def test_feature_skipped_steps_are_told_once_there_are_any():
    step = events.TrainingStep(job="x", step=900, steps=10, losses={}, faces_per_second=60.0, skipped=3)
    assert "skipped     3 steps" in shown(120, [*TRAINING, step, _step("training", 900)])
    assert not any("skipped" in line for line in shown(120, TRAINING))


@pytest.mark.parametrize("width", [24, 40, 60])
def test_feature_narrow_terminals_cut_text_at_its_end_and_paths_at_their_beginning(width):
    lines = shown(width, TRAINING)
    assert max(map(len, lines)) <= width
    assert lines[-1].endswith("0500.png")
    assert next(line for line in reversed(lines) if line.startswith("validation")).endswith("…")


def test_feature_previews_of_what_follows_are_told_as_ever():
    told = [*TRAINING, _step("converting", 1), events.Preview(job="x", path="a.png", title="target and swap")]
    lines = shown(120, told)
    assert "target and swap: a.png" in lines
    assert lines[-1] == "preview     models/mine/previews/00000500.png"


def test_feature_without_a_terminal_validations_are_lines(capsys):
    with LineListener() as listener:
        for event in TRAINING:
            listener(event)
    assert capsys.readouterr().err.splitlines()[1:3] == [
        "validation after 500: identity 0.5, ssim_source 0.8123, psnr_source 27.12; best after 400",
        "after 500 iterations: models/mine/previews/00000500.png",
    ]
