"""The door of the command line: exit codes, one-line errors, `plugins`."""

from __future__ import annotations

import json

import pytest

from faceswap.core.cli import main as door
from faceswap.core.errors import Cancelled, FaceswapError
from faceswap.core.names import BUILT_IN


def test_help_names_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    assert all(name in out for name in door.COMMANDS)


@pytest.mark.parametrize("words", [["extrct"], ["plugins", "info", "detectr", "x"], ["extract", "--nonsense"]])
def test_bad_words_end_with_code_2_and_a_suggestion(call, words):
    code, _, err = call(*words)
    assert code == 2
    assert "Traceback" not in err
    assert "Did you mean" in err or "No such option" in err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (FaceswapError("expected this, came that"), 2, "Error: expected this, came that\n"),
        (Cancelled("stopped"), 130, "stopped\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (ZeroDivisionError("division"), 1, "Internal error: ZeroDivisionError: division. Run again with --debug"),
    ],
)
def test_errors_become_one_line(call, monkeypatch, error, code, text):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(door.cli, "main", fail)
    got, _, err = call("plugins")
    assert got == code
    assert err.startswith(text)
    with pytest.raises(type(error)):
        door.main(["plugins", "--debug"])


def test_plugins_lists_every_built_in(call):
    _, out, _ = call("plugins", "--json", "--no-plugins")
    listed = {(plugin["kind"], plugin["name"]) for plugin in json.loads(out)}
    assert listed == {(kind, name) for kind, plugins in BUILT_IN.items() for name in plugins}


def test_plugins_list_is_the_same(call):
    for flags in ([], ["--kind", "masker"], ["--json"], ["--kind", "masker", "--json"]):
        same = call("plugins", *flags)
        assert same[0] == 0
        assert call("plugins", "list", *flags) == same
        assert call("plugins", *flags, "list") == same


def test_plugins_shows_summary_and_licence_without_importing(call):
    _, out, _ = call("plugins", "--kind", "aligner", "--json")
    by_name = {plugin["name"]: plugin for plugin in json.loads(out)}
    assert by_name["dlib-68"]["weights"][0]["commercial"] is False
    assert by_name["dlib-5"]["weights"][0]["commercial"] is True
    assert all(plugin["summary"] for plugin in by_name.values())


def test_info_shows_options_and_contract(call):
    code, out, _ = call("plugins", "info", "detector", "dlib-hog")
    assert code == 0
    assert "--detector.upsample" in out
    assert "detect(images: list[uint8 [height width 3]]) -> list[Detections]" in out
