"""What the TAB key is answered, asked through click's own classes as the shells' scripts ask."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import get_completion_class

from faceswap.core.cli import completing
from faceswap.core.cli.main import COMMANDS, cli
from faceswap.core.names import BUILT_IN, KINDS
from faceswap.core.registry import NO_PLUGINS, Found

VARIABLE = completing.COMPLETE_VARIABLE
DETECTORS = sorted(BUILT_IN["detector"])


@pytest.fixture(autouse=True)
def built_in_only(monkeypatch):
    monkeypatch.setenv(NO_PLUGINS, "1")
    completing.answer_shells()


@pytest.fixture
def complete(monkeypatch):
    """Completes the last of some words in a shell; answers the words that it offers, or the kind of path."""

    def run(*words, shell="zsh"):
        line = ["faceswap", *words]
        if shell == "bash":  # Bash breaks words where readline does.
            line = [piece for word in line for piece in re.split("([=@])", word) if piece or not word]
        joined = " ".join(word or "''" for word in line)
        monkeypatch.setenv("COMP_WORDS", " ".join(line) if shell == "fish" else joined)
        monkeypatch.setenv("COMP_CWORD", line[-1] if shell == "fish" else str(len(line) - 1))
        answer = get_completion_class(shell)(cli, {}, "faceswap", VARIABLE).complete()
        if shell == "zsh":
            lines = answer.split("\n") if answer else []
            return [value if kind == "plain" else kind for kind, value in zip(lines[::3], lines[1::3], strict=True)]
        values = [line.partition(",") for line in answer.splitlines()]
        return [value.partition("\t")[0] if kind == "plain" else kind for kind, _, value in values]

    return run


@pytest.fixture
def clash(monkeypatch):
    """Another package offers a detector of a built-in one's name."""
    found = [*completing.discover("detector"), Found("detector", "mtcnn", "other", "another-package", "1.0")]
    monkeypatch.setattr(completing, "discover", lambda kind: found)


SHELLS = ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
class TestEveryShell:
    def test_commands(self, complete, shell):
        assert complete("", shell=shell) == list(COMMANDS)
        assert complete("ex", shell=shell) == ["extract"]

    def test_plugin_names(self, complete, shell):
        assert complete("extract", "--detector", "", shell=shell) == DETECTORS
        assert complete("extract", "--detector", "m", shell=shell) == ["mtcnn"]

    def test_plugin_names_behind_an_equals_sign(self, complete, shell):
        whole = "" if shell == "bash" else "--detector="  # Bash replaces what stands behind the sign only.
        assert complete("extract", "--detector=m", shell=shell) == [f"{whole}mtcnn"]
        assert complete("extract", "--detector=", shell=shell) == [f"{whole}{name}" for name in DETECTORS]

    def test_a_clash_offers_packages(self, complete, clash, shell):
        ours = ["mtcnn@faceswap" if name == "mtcnn" else name for name in DETECTORS]
        offered = complete("extract", "--detector", "", shell=shell)
        assert offered == [*ours, "mtcnn@another-package"]
        begun = complete("extract", "--detector", "mtcnn@an", shell=shell)
        assert begun == ["@another-package" if shell == "bash" else "mtcnn@another-package"]

    def test_options_of_the_chosen_plugin(self, complete, shell):
        offered = complete("extract", "--detector", "dlib-hog", "--detector.", shell=shell)
        assert offered == ["--detector.upsample", "--detector.threshold"]
        begun = complete("extract", "--detector", "mtcnn", "--detector.m", shell=shell)
        assert begun == ["--detector.min-size"]

    def test_paths_are_left_to_the_shell(self, complete, shell):
        for words in (["--config", ""], [""], ["clip.mp4", ""]):
            assert complete("extract", *words, shell=shell) == ["file"]
        assert complete("train", "models/mine", "--source", "", shell=shell) == ["file"]

    def test_choices(self, complete, shell):
        assert complete("convert", "--codec", "h", shell=shell) == ["h264", "hevc"]


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_every_kind(complete, kind):
    names = sorted(BUILT_IN.get(kind, {}))
    assert complete("swap", f"--{kind}", "") == names
    assert complete("plugins", "info", kind, "") == names
    assert complete("plugins", "check", kind, "") == names


@pytest.mark.parametrize("words", [["info"], ["check"], ["new"], ["--kind"]])
def test_kinds(complete, words):
    assert complete("plugins", *words, "") == list(KINDS)


@pytest.mark.parametrize("command", ["fetch", "path", "verify"])
def test_weights(complete, command):
    assert complete("weights", command, "det") == ["detector"]
    assert complete("weights", command, "aligner", "") == sorted(BUILT_IN["aligner"])
    assert complete("weights", command, "aligner", "dlib-68", "") == []
    assert complete("weights", command, "shape_predictor_5") == ["shape_predictor_5_face_landmarks.dat"]
    assert not any(" " in word for word in complete("weights", command, ""))


def test_a_package_can_be_named_without_a_clash(complete):
    assert complete("extract", "--detector", "dlib-hog@") == ["dlib-hog@faceswap"]


def test_options_of_a_default_plugin_once_its_kind_is_written_out(complete):
    assert complete("extract", "--detector.") == ["--detector.upsample", "--detector.threshold"]
    assert complete("extract", "--det") == ["--detector"]


def test_options_of_a_chosen_plugin_beside_the_flag_of_its_kind(complete):
    offered = complete("extract", "--detector", "dlib-hog", "--det")
    assert offered == ["--detector", "--detector.upsample", "--detector.threshold"]


def test_options_in_a_chain_name_their_plugin(complete):
    offered = complete("convert", "--blender", "poisson", "--blender", "feather", "--blender.f")
    assert {"--blender.feather.erode", "--blender.feather.blur"} <= set(offered)
    assert all(option.startswith("--blender.feather.") for option in offered)


def test_an_earlier_option_does_not_disturb(complete):
    offered = complete("extract", "--detector", "dlib-hog", "--detector.upsample", "1", "--detector.t")
    assert offered == ["--detector.threshold"]


def test_values_of_an_option(complete, monkeypatch):
    from typing import Literal

    from faceswap.core.cli import plugin_flags
    from faceswap.core.kinds import Detector

    class Options(Detector.Options):
        device: Literal["cpu", "gpu"] = "cpu"

    chosen = type("Chosen", (), {"plugin": type("Plugin", (), {"Options": Options})})
    monkeypatch.setattr(plugin_flags, "prepare", lambda kind, choice: chosen)
    assert complete("extract", "--detector", "mtcnn", "--detector.device", "") == ["cpu", "gpu"]
    assert complete("extract", "--detector", "mtcnn", "--detector.device=g") == ["--detector.device=gpu"]


def test_other_packages_stay_hidden(complete, monkeypatch):
    monkeypatch.setenv(NO_PLUGINS, "0")
    complete("--no-plugins", "extract", "--detector", "")
    assert os.environ[NO_PLUGINS] == "1"


@pytest.mark.parametrize(
    "words",
    [
        ["extrct", "--det"],
        ["plugins", "info", "detectr", ""],
        ["plugins", "inof", "x"],
        ["extract", "--detector", "nothing", "--detector."],
        ["extract", "--nonsense", "x", "--detector.u.p"],
    ],
)
def test_error_wrong_words_are_answered_with_silence(complete, capfd, words):
    assert complete(*words) == []
    assert capfd.readouterr() == ("", "")


def test_error_a_plugin_that_prints_does_not_speak_to_the_shell(complete, monkeypatch, capfd):
    from faceswap.core.cli import plugin_flags

    def loud(kind, choice):
        print("hello")
        raise SystemExit(3)

    monkeypatch.setattr(plugin_flags, "prepare", loud)
    assert complete("extract", "--detector", "mtcnn", "--detector.") == []
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(shell, fresh_python):
    ran = fresh_python("-m", "faceswap", "completion", shell)
    assert ran.returncode == 0, ran.stderr
    assert f"{VARIABLE}={shell}_complete" in ran.stdout
    assert f"# in this shell: {'' if shell == 'fish' else 'eval'}" in ran.stdout
    assert ran.stdout.startswith("#compdef faceswap\n") == (shell == "zsh")
    if shutil.which(shell):
        parsed = subprocess.run([shell, "-n"], input=ran.stdout, text=True, capture_output=True, check=False)
        assert (parsed.returncode, parsed.stderr) == (0, "")


def test_the_variable_is_the_one_that_click_asks_for(monkeypatch, fresh_python):
    environment = {"COMP_WORDS": "faceswap extract --detector ", "COMP_CWORD": "3", NO_PLUGINS: "1"}
    code = "from faceswap.core.cli.main import main; main([])"
    ran = fresh_python("-c", code, **environment, **{VARIABLE: "bash_complete"})
    assert ran.stdout.split() == [f"plain,{name}" for name in DETECTORS], ran.stderr


def test_error_an_unknown_shell_is_answered_with_those_there_are(fresh_python):
    ran = fresh_python("-m", "faceswap", "completion", "csh")
    assert ran.returncode == 2
    assert all(shell in ran.stderr for shell in SHELLS)


def test_every_shell_of_the_command_is_one_of_clicks():
    for name, shell in completing.SHELLS.items():
        assert issubclass(shell, click.shell_completion.ShellComplete)
        assert get_completion_class(name) is shell


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["faceswap", "extract", "--detector", "m"], ["mtcnn"]),
        (["faceswap", "extract", "--detector", "=", "m"], ["mtcnn"]),
        (["faceswap", "extract", "--detector", "mtcnn", "@", "fa"], ["@faceswap"]),
        (["faceswap", "extract", "--detector", "mtcnn", "--detector.mi"], ["--detector.min-size"]),
    ],
)
def test_the_script_works_in_bash(fresh_python, tmp_path, words, offered):
    """With the words as bash breaks a line; where it puts the answers was seen in a terminal."""
    program = tmp_path / "faceswap"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m faceswap "$@"\n')
    program.chmod(0o755)
    script = fresh_python("-m", "faceswap", "completion", "bash").stdout
    ask = f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _faceswap_completion faceswap"
    bash = ["bash", "--norc", "-c", f"{script}\n{ask}; printf '%s\\n' \"${{COMPREPLY[@]}}\""]
    paths = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(bash, env={**os.environ, **paths}, capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (offered, "")
