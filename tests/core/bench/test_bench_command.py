"""The command `faceswap bench`, on the unit that needs no library."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from click import Option
from click.testing import CliRunner

from faceswap.core.cli.bench import COMMANDS, command
from faceswap.core.cli.bench.arguments import TrainablesCommand, split_choices
from faceswap.core.errors import FaceswapError
from faceswap.core.host import PluginChoice

Python = Callable[..., CompletedProcess[str]]

BENCH = "from faceswap.core.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"


def test_smoke_startup_as_json(fresh_python: Python) -> None:
    done = fresh_python("-c", BENCH, "bench", "startup", "--repeats", "1", "--json")
    assert done.returncode in (0, 1), done.stderr  # 1: over the bound, as it may be on a busy machine.
    told = json.loads(done.stdout)
    assert told["machine"]["matrix_gflops"] > 0
    names = ["--help", "plugins", "plugins, 200 packages"]
    assert [figure["name"] for figure in told["figures"]] == [f"start: faceswap {name}" for name in names]
    assert done.returncode == int(not all(figure["kept"] for figure in told["figures"]))


def test_error_an_unknown_unit_gets_a_suggestion(fresh_python: Python) -> None:
    done = fresh_python("-c", BENCH, "bench", "trian")
    assert done.returncode == 2
    assert "trian" in done.stderr and "Did you mean 'train'?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("unit", sorted(set(COMMANDS) - {"quality", "study"}))
def test_smoke_every_unit_is_there(unit: str, fresh_python: Python) -> None:
    program = f"import faceswap.core.bench.{unit} as unit, sys; assert callable(unit.measure); print(*sys.modules)"
    done = fresh_python("-c", program)
    assert done.returncode == 0, done.stderr
    assert not {"tensorflow", "keras", "dlib", "av"} & set(done.stdout.split())


def test_feature_options_belong_to_the_model_before_them() -> None:
    words = ["--model", "mini", "--model", "h64", "--model.light", "--model.width=0.5", "--repeats", "2", "--json"]
    models, rest = split_choices("model", words)
    assert models == [PluginChoice(name="mini"), PluginChoice(name="h64", options={"light": "true", "width": "0.5"})]
    assert rest == ["--repeats", "2", "--json"]


def test_feature_models_and_generators_are_taken_together() -> None:
    words = ["--generator", "vae", "--model", "mini", "--generator.dim", "8", "--batch-size", "2"]
    with TrainablesCommand("train", params=[Option(["--batch-size"])]).make_context("train", words) as context:
        assert context.meta["choices"] == {
            "model": [PluginChoice(name="mini")],
            "generator": [PluginChoice(name="vae", options={"dim": "8"})],
        }
        assert context.params == {"batch_size": "2"}


def test_error_an_option_without_a_model() -> None:
    with pytest.raises(FaceswapError, match=r"--model\.light must follow"):
        split_choices("model", ["--model.light", "--model", "h64"])


def test_error_a_wrong_option_of_a_model_is_told_before_the_work(fresh_python: Python) -> None:
    done = fresh_python("-c", BENCH, "bench", "train", "--model", "mini", "--model.breadth", "2")
    assert done.returncode == 2 and "has no option 'breadth'" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("extraction", "--size", "640"), "two even numbers such as 640x360 were expected. Received: 640"),
        (("extraction", "--size", "641x360"), "two even numbers"),
        (("extraction", "--size", "300x400"), "a height from 256 to the width"),
        (("extraction", "--frames", "20"), "x>=160"),
        (("memory", "--frames", "300", "--over", "300"), "it must be less than --frames, 300. Received: 300"),
    ],
)
def test_error_footage_that_cannot_be_measured_is_told_before_the_work(words: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 2 and told in " ".join(done.output.split())
