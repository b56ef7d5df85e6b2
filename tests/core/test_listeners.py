"""Listeners of a run: chosen by name, told in order, and harmless when they fail."""

from __future__ import annotations

import importlib
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from faceswap.core import events
from faceswap.core.errors import Cancelled, FaceswapError, OptionError, PluginError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.isolated import run_isolated
from faceswap.core.jobs.job import Job, Report, run_job
from faceswap.core.listeners import Listeners


class StepsJob(Job):
    """Tells of three steps and a frame."""

    command: ClassVar[str] = "steps"
    folder: Path
    ends: str = "done"

    def home(self) -> Path:
        return self.folder

    def run(self, context: JobContext) -> Report:
        for step in (1, 2, 3):
            context.tell(events.TrainingStep, step=step, steps=1, losses={"source": step / 2})
        context.tell(events.FrameConverted, source="clip.mp4", pts=5, seconds=0.2, faces=1)
        if self.ends == "done":
            return Report()
        raise {"failed": FaceswapError("it failed"), "stopped": Cancelled("as asked"), "fault": KeyError("x")}[
            self.ends
        ]


LISTENER = """
from faceswap import Listener, hookimpl
FACESWAP_CONTRACT = 1
class Mine(Listener):
{body}
@hookimpl
def faceswap_listener():
    return Mine
"""

STEP = "@hookimpl\ndef faceswap_training_step(self, {arguments}):\n    {body}"


def module(body: str) -> str:
    return LISTENER.format(body=textwrap.indent(body, "    "))


def on_step(body: str, arguments: str = "step") -> str:
    return module(STEP.format(arguments=arguments, body=body))


def run(folder: Path, *listeners: PluginChoice, ends: str = "done") -> list[Any]:
    """The events of a run; the report of the run itself is not looked at."""
    told: list[Any] = []
    with suppress(FaceswapError, KeyError):
        run_job(StepsJob(folder=folder, listeners=listeners, ends=ends), told.append)
    return told


def warnings(told: list[Any]) -> list[str]:
    return [event.message for event in told if event.type == "warning"]


def test_feature_a_listener_of_another_package_is_told_of_the_run(tmp_path, recording):
    run(tmp_path, recording.choice)
    assert [said["hook"] for said in recording.told()] == [
        "run_started", *["training_step"] * 3, "frame_converted", "run_ended",
    ]  # fmt: skip
    started, *steps, frame, ended = recording.told()
    assert (started["command"], started["home"], started["parent"]) == ("steps", str(tmp_path), None)
    assert started["plugins"] == {"listener recorder": "package-recorder 1.0"}
    assert started["settings"]["listeners"][0]["name"] == "recorder"
    assert [(step["step"], step["losses"]) for step in steps] == [(n, {"source": n / 2}) for n in (1, 2, 3)]
    assert (frame["source"], frame["pts"], frame["seconds"], frame["faces"]) == ("clip.mp4", 5, 0.2, 1)
    assert (ended["outcome"], ended["message"]) == ("done", "")
    assert ended["report"]["seconds"] >= 0
    assert len({said["job"] for said in recording.told()}) == 1


@pytest.mark.parametrize(
    ("ends", "outcome", "message"),
    [("failed", "failed", "it failed"), ("stopped", "stopped", "as asked"), ("fault", "failed", "KeyError: 'x'")],
)
def test_feature_listeners_are_told_how_a_run_ends(tmp_path, recording, ends, outcome, message):
    told = run(tmp_path, recording.choice, ends=ends)
    (ended,) = recording.told("run_ended")
    assert (ended["outcome"], ended["message"], ended["report"]) == (outcome, message, None)
    assert (told[-1].type, told[-1].message) == ("failed", message)


def test_feature_the_run_s_record_names_its_listeners(tmp_path, recording):
    run(tmp_path, recording.choice)
    (record,) = (tmp_path / "runs").glob("*.json")
    assert "package-recorder 1.0" in record.read_text()


def test_feature_nobody_is_told_who_was_not_named(tmp_path, recording):
    run(tmp_path)
    assert recording.told() == []


def test_feature_details_are_for_listeners_alone(tmp_path, recording):
    assert "frame_converted" not in {event.type for event in run(tmp_path, recording.choice)}
    assert recording.told("frame_converted")


def test_feature_details_that_no_listener_wants_are_not_made(tmp_path, install_listener, monkeypatch):
    made = []
    monkeypatch.setattr(events.FrameConverted, "__init__", lambda self, **said: made.append(said))
    run(tmp_path)
    run(tmp_path, install_listener("steps", on_step("pass")))
    assert made == []


def test_feature_listeners_get_copies(tmp_path, install_listener, recording):
    clearing = install_listener("clearing", on_step("losses.clear()", "losses"))
    told = run(tmp_path, clearing, recording.choice)
    assert [step["losses"] for step in recording.told("training_step")] == [{"source": n / 2} for n in (1, 2, 3)]
    assert [event.losses for event in told if event.type == "training_step"] == [{"source": n / 2} for n in (1, 2, 3)]


def test_feature_options_reach_the_listener(tmp_path, install_listener):
    body = f"open({str(tmp_path / 'said')!r}, 'a').write(self.options.word)"
    options = "class Options(Listener.Options):\n    word: str = 'a'\n"
    choice = install_listener("words", module(options + STEP.format(arguments="step", body=body)))
    run(tmp_path, choice, choice.model_copy(update={"options": {"word": "b"}}))
    assert (tmp_path / "said").read_text() == "ababab"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no\\nway')", "ValueError: no way"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("from faceswap import FaceswapError; raise FaceswapError('the disk is full')", "the disk is full"),
    ],
)
def test_error_a_listener_that_raises_is_named_once_and_the_run_goes_on(
    tmp_path, install_listener, recording, body, reason
):
    choice = install_listener("broken", on_step(body))
    told = run(tmp_path, choice, recording.choice)
    (warning,) = [event for event in told if event.type == "warning"]
    assert warning.message == (
        "listener 'broken' from package-broken 1.0 failed in `faceswap_training_step` and is switched off: " + reason
    )
    assert warning.listener == "broken"
    assert told[-1].type == "finished"
    assert len(recording.told("training_step")) == 3
    assert [event.type for event in told if event.type == "training_step"] == ["training_step"] * 3


def test_error_the_same_listener_with_other_options_is_told_on(tmp_path, install_listener):
    body = f"open({str(tmp_path / 'said')!r}, 'a').write(self.options.word) if self.options.word else 1 / 0"
    options = "class Options(Listener.Options):\n    word: str = ''\n"
    choice = install_listener("words", module(options + STEP.format(arguments="step", body=body)))
    told = run(tmp_path, choice, choice.model_copy(update={"options": {"word": "b"}}))
    assert len(warnings(told)) == 1
    assert (tmp_path / "said").read_text() == "bbb"


def test_error_a_listener_that_raises_at_the_end_is_named_before_the_end(tmp_path, install_listener):
    choice = install_listener("late", module("@hookimpl\ndef faceswap_run_ended(self):\n    1 / 0"))
    told = run(tmp_path, choice)
    assert [event.type for event in told[-2:]] == ["warning", "finished"]


def test_error_an_interruption_is_not_held_back(tmp_path, install_listener):
    choice = install_listener("interrupting", on_step("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        run_job(StepsJob(folder=tmp_path, listeners=(choice,)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (module("@hookimpl\ndef faceswap_training_stop(self):\n    pass"),
         "unknown hook 'faceswap_training_stop'. Did you mean 'faceswap_training_step'?"),
        (on_step("pass", "step, loss"), "Argument(s) {'loss'} are declared in the hookimpl"),
        (on_step("pass").replace("    @hookimpl\n", ""), "`faceswap_training_step` is not marked with @hookimpl"),
        (on_step("pass").replace("return Mine", "return int"), "its hook must return a subclass of Listener"),
        (on_step("pass").replace("CONTRACT = 1", "CONTRACT = 99"), "it speaks contract 99"),
        (on_step("pass").replace("@hookimpl\ndef", "@hookimpl\ndef faceswap_run_ended(): pass\n@hookimpl\ndef"),
         "unknown hook 'faceswap_run_ended'"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        (module("def load(self):\n    raise OSError('no line')"), "OSError: no line"),
    ],
)  # fmt: skip
def test_error_a_broken_listener_ends_the_run_before_it_begins(tmp_path, install_listener, source, words):
    choice = install_listener("odd", source)
    told: list[Any] = []
    with pytest.raises(PluginError) as caught:
        run_job(StepsJob(folder=tmp_path, listeners=(choice,)), told.append)
    assert str(caught.value).startswith("listener 'odd'") and "could not be loaded: " in str(caught.value)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert [event.type for event in told] == ["failed"]


def test_error_an_unknown_listener_gets_a_suggestion(tmp_path):
    with pytest.raises(PluginError, match=r"There is no listener 'histori'\. Did you mean 'history'\?"):
        run_job(StepsJob(folder=tmp_path, listeners=(PluginChoice(name="histori"),)))


def test_error_an_unknown_option_gets_a_suggestion(recording):
    with pytest.raises(OptionError, match=r"listener 'recorder' has no option 'pth'\. Did you mean 'path'"):
        Listeners.load([PluginChoice(name="recorder", options={"pth": 1})])


JOBS = """
from pathlib import Path
from typing import ClassVar
from faceswap.core import events
from faceswap.core.jobs.job import Job, Report

class PartJob(Job):
    command: ClassVar[str] = "part"
    folder: Path

    def home(self):
        return self.folder

    def run(self, context):
        context.tell(events.Preview, path="a.png", title="a")
        context.tell(events.FrameConverted, source="clip.mp4", pts=5, seconds=0.2, faces=1)
        return Report()

class Fault(PartJob):
    def run(self, context):
        raise KeyError("x")
"""


@pytest.fixture
def parts(tmp_path, install_listener, monkeypatch):
    """A module with jobs that a spawned process can import."""
    (tmp_path / "site" / "part_jobs.py").write_text(JOBS)
    importlib.invalidate_caches()
    monkeypatch.delitem(importlib.sys.modules, "part_jobs", raising=False)
    return importlib.import_module("part_jobs")


def context_of(folder: Path, *choices: PluginChoice) -> tuple[JobContext, list[Any]]:
    told: list[Any] = []
    return JobContext(told.append, folder, "whole", Listeners.load(choices)), told


def test_feature_parts_of_a_job_tell_its_listeners_once(tmp_path, parts, recording):
    context, told = context_of(tmp_path, recording.choice)
    run_isolated(parts.PartJob(folder=tmp_path, listeners=(recording.choice,)), context)
    assert [said["hook"] for said in recording.told()] == [
        "run_started", "preview_made", "frame_converted", "run_ended",
    ]  # fmt: skip
    assert recording.told("run_started")[0]["parent"] == "whole"
    assert len({said["process"] for said in recording.told()}) == 1
    assert [(event.type, event.job) for event in told] == [("preview", "whole")]


def test_error_a_listener_that_fails_in_one_part_is_off_in_the_next(tmp_path, parts, install_listener, recording):
    broken = install_listener("broken", module("@hookimpl\ndef faceswap_preview_made(self):\n    1 / 0"))
    context, told = context_of(tmp_path, broken, recording.choice)
    part = parts.PartJob(folder=tmp_path, listeners=(broken, recording.choice))
    run_isolated(part, context)
    context.tell(events.Preview, path="b.png", title="b")
    run_isolated(part, context)
    assert [event.type for event in told] == ["preview", "warning", "preview", "preview"]
    assert len(warnings(told)) == 1
    assert [said["plugins"].keys() for said in recording.told("run_started")] == [
        {"listener broken", "listener recorder"}, {"listener recorder"},
    ]  # fmt: skip


def test_error_a_fault_of_a_part_is_told(tmp_path, parts, recording, capfd):
    context, _ = context_of(tmp_path)
    with pytest.raises(FaceswapError, match="KeyError: 'x'"):
        run_isolated(parts.Fault(folder=tmp_path, listeners=(recording.choice,)), context)
    assert recording.told("run_ended")[0]["outcome"] == "failed"
    assert "Traceback" in capfd.readouterr().err
