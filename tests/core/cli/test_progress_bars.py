"""Bars in terminals of several widths: what lasts, what goes first, and how figures are written."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from faceswap.core.cli.terminal import TerminalListener
from faceswap.core.events import Finished, Preview, Progress, Warned

LASTING = ("2048/20000 ", " iterations ", " 2.4/s ", " -:--:--")
LOSSES = {"source": 0.15324, "target": 0.17741}
BAR = re.compile("[━╸╺]")


def shown(width, stage="training", figures=LOSSES):
    """The line that a terminal of some width shows of a stage in the end."""
    file = StringIO()
    console = Console(width=width, force_terminal=True, file=file)
    with TerminalListener(console) as listener:
        told = {"done": 2048, "total": 20_000, "unit": "iterations", "rate": 2.41, "figures": figures}
        listener(Progress(job="x", stage=stage, **told))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    return [line for line in re.split("[\r\n]", text) if "iterations" in line][-1].rstrip()


@pytest.mark.parametrize("width", [80, 110, 200])
def test_feature_all_figures_are_shown_where_there_is_room(width):
    line = shown(width)
    assert line.startswith("training ")
    assert line.endswith("source 0.1532  target 0.1774")
    assert all(part in line for part in LASTING)
    assert "…" not in line
    assert len(line) <= width


@pytest.mark.parametrize(("width", "bar"), [(80, False), (84, False), (85, True), (110, True), (200, True)])
def test_feature_the_bar_goes_first(width, bar):
    """All the words take 74 columns, so the narrowest bar of ten and its gap come at 85."""
    line = shown(width)
    assert bool(BAR.search(line)) == bar
    assert "target 0.1774" in line


@pytest.mark.parametrize(("width", "kept"), [(74, 2), (73, 1), (59, 1), (58, 0), (45, 0)])
def test_feature_then_figures_go_the_last_first(width, kept):
    """A figure and what separates it from the next take 15 columns."""
    line = shown(width)
    assert all(part in f"{line} " for part in LASTING)
    assert [name in line for name in LOSSES] == [number < kept for number in range(2)]
    assert line.startswith("training ")
    assert not BAR.search(line)
    assert len(line) <= width


@pytest.mark.parametrize("width", [44, 60])
def test_feature_in_the_end_the_name_is_cut(width):
    line = shown(width, stage="extract a-video-of-a-long-name.mp4")
    assert all(part in f"{line} " for part in LASTING)
    assert "…" in line
    assert "source" not in line


def test_feature_counts_are_whole_and_losses_have_four_digits():
    assert "faces 153  loss 1.0000" in shown(110, figures={"faces": 153, "loss": 1.0})


def test_roundtrip_counts_stay_whole_in_json():
    event = Progress(job="x", stage="s", done=1, total=2, unit="u", figures={"faces": 153, "loss": 1.0})
    again = Progress.model_validate_json(event.model_dump_json()).figures
    assert [(value, type(value)) for value in again.values()] == [(153, int), (1.0, float)]


def test_feature_each_stage_has_a_line_and_news_stand_above():
    file = StringIO()
    with TerminalListener(Console(width=110, force_terminal=True, file=file, color_system=None)) as listener:
        for stage in ("render", "convert"):
            listener(Progress(job="x", stage=stage, done=1, total=1, unit="frames"))
        listener(Warned(job="x", message="mind [this]"))
        listener(Preview(job="x", path="a.png", title="preview"))
        listener(Finished(job="x", report={}))
    *_, render, convert = [line for line in file.getvalue().splitlines() if " 1/1 " in line]
    assert "render" in render
    assert "convert" in convert
    assert "Warning: mind [this]" in file.getvalue()
    assert "preview: a.png" in file.getvalue()


def test_feature_a_run_without_stages_shows_nothing():
    file = StringIO()
    with TerminalListener(Console(width=80, force_terminal=True, file=file)) as listener:
        listener(Finished(job="x", report={}))
    assert file.getvalue() == ""
