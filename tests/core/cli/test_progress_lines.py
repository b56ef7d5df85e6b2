"""Progress in a log: which lines are written, when, and that they are plain."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from faceswap.core.cli import terminal
from faceswap.core.cli.progress_lines import LineListener
from faceswap.core.cli.terminal import JsonListener, TerminalListener, listener_for
from faceswap.core.events import Failed, Finished, Noted, Preview, Progress, Warned


class Run:
    """A listener, its clock, and what it has written so far."""

    def __init__(self, capsys):
        self.now, self._capsys = 100.0, capsys
        self.tell = LineListener(lambda: self.now)

    def progress(self, done, total=20_000, stage="training", seconds=0, **said):
        self.now += seconds
        self.tell(Progress(job="x", stage=stage, done=done, total=total, unit="iterations", **said))

    def lines(self):
        written = self._capsys.readouterr()
        assert written.out == ""
        return written.err.splitlines()


@pytest.fixture
def run(capsys):
    return Run(capsys)


def test_feature_minutes_that_are_over_before_the_iterations_end_a_run(run):
    run.progress(1000, rate=10.0, seconds_left=90.4)
    run.progress(19_900, stage="more", rate=10.0, seconds_left=90.0)
    assert [line.split(", ")[2] for line in run.lines()] == ["0:01:30 left", "0:00:10 left"]


def test_feature_a_line_at_the_beginning_every_half_minute_and_at_the_end(run):
    run.progress(0)
    assert run.lines() == ["training: 0/20000 iterations"]
    run.progress(600, seconds=29.9, rate=20.0)
    assert run.lines() == []
    # 18800 iterations at 4.1 a second are 4585 seconds.
    run.progress(1200, seconds=0.1, rate=4.1, figures={"source": 0.03124, "faces": 7})
    assert run.lines() == ["training: 1200/20000 iterations, 4.1/s, 1:16:25 left, source 0.0312, faces 7"]
    run.progress(1300, seconds=29.9)
    assert run.lines() == []
    run.progress(20_000, seconds=0.05, rate=4.0)
    run.progress(20_000, seconds=60, rate=4.1)
    run.tell(Finished(job="x", report={}))
    assert run.lines() == ["training: 20000/20000 iterations, 4.0/s"]


def test_feature_a_stage_that_stops_early_says_where(run):
    run.progress(500)
    run.progress(510, seconds=1, rate=10)
    run.tell(Failed(job="x", message="stopped"))
    assert run.lines() == ["training: 500/20000 iterations", "training: 510/20000 iterations, 10.0/s, 0:32:29 left"]


def test_feature_a_stage_without_a_total(run):
    run.progress(0, None, "reading")
    run.progress(5, None, "reading", rate=2.0)
    run.progress(0, 3, "writing")
    assert run.lines() == ["reading: 0/? iterations", "reading: 5/? iterations, 2.0/s", "writing: 0/3 iterations"]


def test_feature_a_stage_that_was_complete_is_one_line_and_one_that_comes_again_begins_anew(run):
    run.progress(9, 9)
    run.progress(9, 9)
    assert run.lines() == ["training: 9/9 iterations"]
    run.progress(0, 9)
    assert run.lines() == ["training: 0/9 iterations"]


def test_feature_warnings_and_pictures_are_plain_lines_of_any_length(run):
    run.tell(Warned(job="x", message="long " * 50 + "\x1b[31mred\r\nline"))
    run.tell(Preview(job="x", title="preview", path="a.png"))
    warning, preview = run.lines()
    assert warning == "Warning: " + "long " * 50 + " [31mred  line"
    assert preview == "preview: a.png"


def test_feature_leaving_tells_where_a_stage_stood(run):
    with run.tell:
        run.progress(1)
        run.progress(2)
    assert [line.split()[1] for line in run.lines()] == ["1/20000", "2/20000"]


@pytest.mark.parametrize(
    ("environment", "is_terminal", "kind"),
    [({"TERM": "xterm"}, True, TerminalListener), ({"TERM": "dumb"}, True, LineListener), ({}, False, LineListener)],
)
def test_feature_the_error_stream_decides(monkeypatch, environment, is_terminal, kind):
    made = terminal.Console
    monkeypatch.setattr(
        terminal, "Console", lambda **given: made(force_terminal=is_terminal, _environ=environment, **given)
    )
    assert isinstance(listener_for(False), kind)
    assert isinstance(listener_for(True), JsonListener)


def test_feature_json_is_a_line_per_event(capsys):
    with JsonListener() as tell:
        tell(Warned(job="x", message="mind"))
    assert json.loads(capsys.readouterr().out)["message"] == "mind"


def test_feature_what_is_worth_knowing_is_no_warning(run):
    run.tell(Noted(job="x", message="34 of 36 arrays of weights were taken from models/old"))
    assert run.lines() == ["34 of 36 arrays of weights were taken from models/old"]
    written = StringIO()
    TerminalListener(Console(file=written, width=80))(Noted(job="x", message="35 of 36 [arrays]"))
    assert written.getvalue() == "35 of 36 [arrays]\n"
