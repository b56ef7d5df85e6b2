"""A job becomes a command: arguments, flags, namespaced plugin options, layers, errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from click.testing import CliRunner
from pydantic import Field

from faceswap.core.cli.job_command import job_command
from faceswap.core.errors import FaceswapError, OptionError, PluginError
from faceswap.core.host import PluginChoice, built_in, prepare
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.job import Job, Report
from faceswap.core.jobs.train_settings import BatchSize, Words


class EchoReport(Report):
    settings: dict


class EchoJob(Job):
    """Say what was asked for."""

    command: ClassVar[str] = "echo"
    positional: ClassVar[tuple[str, ...]] = ("media",)
    media: Path = Field(description="What to read.")
    crop_size: int = Field(512, gt=0, description="Side of the crop.")
    minutes: float | None = Field(None, description="At most so long.")
    mode: Literal["fast", "exact"] = Field("fast", description="How to go about it.")
    pace: Literal["slow", "quick"] | None = Field(None, description="How quickly.")
    check: bool = Field(False, description="Check every call.")
    seed: int = Field(0, description="Where randomness comes from.")
    detector: PluginChoice = PluginChoice(name="dlib-hog")
    recognizer: PluginChoice | None = PluginChoice(name="dlib-resnet")
    blenders: tuple[PluginChoice, ...] = ()
    freeze: Words = Field((), description="What stays as it is (repeatable).")
    batch_size: BatchSize = Field(16, description="How many at once.")

    def home(self) -> Path:
        return self.media.parent

    def run(self, context: JobContext) -> EchoReport:
        prepare("detector", self.detector)
        return EchoReport(settings=self.model_dump(mode="json"))


@pytest.fixture
def call(tmp_path):
    def run(*words, **environment):
        arguments = [str(tmp_path / "clip.mp4"), *words, "--json-events"]
        result = CliRunner().invoke(job_command(EchoJob), arguments, env=environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        if result.exit_code:
            return result
        return json.loads(result.stdout.splitlines()[-1])["report"]["settings"]

    return run


def test_fields_become_arguments_and_flags(call, tmp_path):
    settings = call("--crop-size", "128", "--minutes", "1.5", "--mode", "exact", "--check")
    assert settings["media"] == str(tmp_path / "clip.mp4")
    assert (settings["crop_size"], settings["minutes"], settings["mode"], settings["check"]) == (
        128,
        1.5,
        "exact",
        True,
    )


class GatherJob(EchoJob):
    """Gather several into one."""

    command: ClassVar[str] = "gather"
    positional: ClassVar[tuple[str, ...]] = ("media", "result")
    media: tuple[Path, ...] = Field(description="What to read.")
    result: Path = Field(description="Where it goes.")

    def home(self) -> Path:
        return self.result.parent


def test_all_words_but_the_last_are_the_media(tmp_path):
    def gathered(*words):
        done = CliRunner().invoke(job_command(GatherJob), [*words, "--json-events"], catch_exceptions=False)
        settings = json.loads(done.stdout.splitlines()[-1])["report"]["settings"]
        return settings["media"], settings["result"]

    there, config = str(tmp_path / "all"), tmp_path / "run.yaml"
    assert gathered("a.mp4", "--seed", "3", "b c.mp4", there) == (["a.mp4", "b c.mp4"], there)
    config.write_text(f"result: {there}\nmedia: [x.mp4]\n")
    assert gathered("a.mp4", "--config", str(config)) == (["a.mp4"], there)
    assert gathered("--config", str(config)) == (["x.mp4"], there)
    assert "MEDIA... RESULT" in CliRunner().invoke(job_command(GatherJob), ["--help"]).output


def test_defaults_are_the_jobs(call):
    settings = call()
    assert (settings["crop_size"], settings["minutes"], settings["mode"], settings["check"]) == (
        512,
        None,
        "fast",
        False,
    )
    assert settings["detector"] == {"name": "dlib-hog", "options": {}}


@pytest.mark.parametrize("words", [["--detector.upsample", "2"], ["--detector.upsample=2"]])
def test_namespaced_options_reach_the_plugin(call, words):
    assert call(*words)["detector"]["options"] == {"upsample": "2"}


def test_a_value_may_begin_with_a_minus(call):
    assert call("--detector.threshold", "-0.5")["detector"]["options"] == {"threshold": "-0.5"}


def test_a_chain_keeps_its_order_and_its_options(call):
    settings = call(
        "--blender", "feather", "--blender", "poisson", "--blender.poisson.mixed", "--blender.feather.blur", "5"
    )
    assert settings["blenders"] == [
        {"name": "feather", "options": {"blur": "5"}},
        {"name": "poisson", "options": {"mixed": "true"}},
    ]


def test_none_is_said_where_a_job_can_do_without(call):
    assert call("--recognizer", "none")["recognizer"] is None
    assert call(FACESWAP__RECOGNIZER="none")["recognizer"] is None
    with pytest.raises(PluginError, match="'none'"):
        call("--detector", "none")
    help_text = CliRunner().invoke(job_command(EchoJob), ["--recognizer", "none", "--help"]).output
    assert "`none`: no recognizer." in help_text and "recognizer dlib-resnet" not in help_text
    assert "no detector" not in help_text and "no blender." not in help_text


def test_flags_go_before_environment_before_yaml(call, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("crop_size: 64\nminutes: 1\nmode: exact\n")
    settings = call("--config", str(path), "--crop-size", "256", FACESWAP__CROP_SIZE="128", FACESWAP__MINUTES="2")
    assert (settings["crop_size"], settings["minutes"], settings["mode"]) == (256, 2.0, "exact")


def test_a_number_may_also_be_a_word(call):
    assert [call("--batch-size", value)["batch_size"] for value in ("8", "auto")] == [8, "auto"]
    assert call(FACESWAP__BATCH_SIZE="auto")["batch_size"] == "auto"
    with pytest.raises(
        FaceswapError, match=r"echo --batch-size: a whole number or 'auto' was expected\. Received: 'some'"
    ):
        call("--batch-size", "some")


def test_words_come_by_repeated_flags_by_one_variable_and_as_a_list(call, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("freeze: [c]\n")
    assert call()["freeze"] == []
    assert call("--config", str(path))["freeze"] == ["c"]
    assert call("--config", str(path), FACESWAP__FREEZE="a b")["freeze"] == ["a", "b"]
    assert call("--freeze", "d", "--freeze", "e", FACESWAP__FREEZE="a b")["freeze"] == ["d", "e"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--detector", "dlib-hgo"], "Did you mean 'dlib-hog'"),
        (["--detector.upsampel", "1"], "no option 'upsampel'. Did you mean 'upsample'"),
        (["--detector.upsample", "many"], "detector 'dlib-hog' option 'upsample': .*Received: 'many'"),
        (["--crop-size", "big"], r"echo --crop-size: a whole number was expected\. Received: 'big'"),
        (["--crop-size", "0"], "echo --crop-size: must be above 0"),
        (["--detector", "mtcnn", "--detector", "dlib-hog"], "A run takes one detector"),
        (["--blender.feather.blur", "1"], "no blender 'feather' is chosen"),
    ],
)
def test_wrong_words_are_told_in_one_line(call, words, message):
    if "feather" in words[0]:
        words = ["--blender", "alpha", *words]
    with pytest.raises(FaceswapError, match=message) as caught:
        call(*words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DETECTOR__UPSAMPLE": "77"}, "FACESWAP__DETECTOR__UPSAMPLE: detector 'dlib-hog' option 'upsample': .* '77'$"),
        ({"DETECTOR__NONSENSE": "77"}, "FACESWAP__DETECTOR__NONSENSE: detector 'dlib-hog' has no option 'nonsense'"),
        ({"DETECTOR": "dlib-hgo"}, r"FACESWAP__DETECTOR: There is no detector 'dlib-hgo'\. Did you mean 'dlib-hog'"),
        ({"CROP_SIZE": "big"}, "FACESWAP__CROP_SIZE: echo --crop-size: .* Received: 'big'"),
    ],
)
@pytest.mark.parametrize("words", [[], ["--detector", "dlib-hog"]])
def test_error_a_wrong_variable_is_named(call, environment, message, words):
    if "DETECTOR" in environment:
        words = []
    with pytest.raises(OptionError if "There is" not in message else PluginError, match=f"^{message}"):
        call(*words, **{f"FACESWAP__{key}": value for key, value in environment.items()})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detector: {name: dlib-hog, upsample: 77}", "detector 'dlib-hog' option 'upsample': .* Received: 77$"),
        ("detector: {name: dlib-hog, nonsense: 77}", "detector 'dlib-hog' has no option 'nonsense'"),
        ("blenders: [alpha, {name: feather, blur: much}]", "blender 'feather' option 'blur'"),
        ("detector: dlib-hgo", "There is no detector 'dlib-hgo'"),
        ("crop_size: big", "echo --crop-size: "),
    ],
)
def test_error_a_wrong_file_is_named(call, tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(FaceswapError, match=f"^{path}: {message}"):
        call("--config", str(path))


def test_error_the_flag_of_a_wrong_option_is_named(call):
    with pytest.raises(OptionError, match=r"^--detector\.upsample: detector 'dlib-hog' option 'upsample': "):
        call("--detector.upsample", "77", FACESWAP__DETECTOR__UPSAMPLE="1")


@pytest.mark.parametrize("words", [["--detector", "mtcnn"], []])
def test_environment_options_reach_the_plugin_that_a_flag_names(call, words):
    named = {} if words else {"FACESWAP__DETECTOR": "mtcnn"}
    chosen = call(*words, FACESWAP__DETECTOR__MIN_SIZE="30", **named)["detector"]
    assert chosen == {"name": "mtcnn", "options": {"min_size": "30"}}


def test_a_missing_argument_is_a_usage_error():
    result = CliRunner().invoke(job_command(EchoJob), [])
    assert result.exit_code == 2
    assert "Missing argument 'MEDIA'" in result.output


def test_help_teaches_the_selected_plugins_options():
    result = CliRunner().invoke(job_command(EchoJob), ["--detector", "dlib-hog", "--help"])
    assert "Options of detector dlib-hog" in result.output
    assert "--detector.upsample" in result.output
    assert "Say what was asked for." in result.output
    assert "default: 512" in result.output


class ShyJob(EchoJob):
    """Say it with options of its own."""

    faceset: Path = Field(description="What to write.")
    maskers: tuple[PluginChoice, ...] = (built_in("hull", forehead=0.125),)


def helped(*words):
    output = CliRunner().invoke(job_command(ShyJob), [*words, "--help"]).output
    return re.sub(r"\s+", " ", output)


def test_help_shows_the_jobs_own_options_of_its_own_plugins():
    shown = r"--masker\.hull\.forehead [^\[]*\[float, default: {}\]"
    assert re.search(shown.format("0.125"), helped())
    assert re.search(shown.format("0.3"), helped("--masker", "hull"))


def test_help_marks_what_is_required_and_shows_zero():
    text = helped()
    assert "--faceset PATH What to write. [required]" in text
    assert "--seed N Where randomness comes from. [default: 0]" in text
    assert "At most so long. --" in text
    assert "--pace [slow|quick] How quickly. --" in text
    assert "--batch-size N|auto How many at once. [default: 16]" in text
    assert "Check every call. --" in text
    assert text.count("[required]") == 1


def test_help_survives_a_plugin_that_is_not_there():
    result = CliRunner().invoke(job_command(EchoJob), ["--detector", "nothing", "--help"])
    assert result.exit_code == 0
    assert "There is no detector 'nothing'" in " ".join(result.output.split())


def test_listeners_are_named_by_flag_or_in_the_file(call, recording, tmp_path):
    path = recording.choice.options["path"]
    (tmp_path / "run.yaml").write_text(f"listeners: [history, {{name: recorder, path: '{path}'}}]\n")
    named = [{"name": "history", "options": {}}, {"name": "recorder", "options": {"path": path}}]
    assert call("--config", str(tmp_path / "run.yaml"))["listeners"] == named
    assert call("--listener", "history", "--listener", "recorder", "--listener.recorder.path", path) is not None
    assert [said["command"] for said in recording.told("run_started")] == ["echo", "echo"]
    assert call()["listeners"] == []
    assert len(recording.told("run_started")) == 2


def test_an_unknown_listener_is_answered_with_a_suggestion(call):
    with pytest.raises(FaceswapError, match=r"There is no listener 'histery'\. Did you mean 'history'"):
        call("--listener", "histery")
