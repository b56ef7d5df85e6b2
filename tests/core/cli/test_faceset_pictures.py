"""`faceswap faceset sheet` and `stats`."""

from __future__ import annotations

import json

import pytest

from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.media import read_image


@pytest.fixture
def faceset(tmp_path, make_faceset):
    path = make_faceset(tmp_path / "anna", count=5)
    with FacesetWriter.open(path) as opened:
        opened.measure_missing()
    return path


def test_feature_sheets_have_pages(call, tmp_path, faceset):
    words = ("--sort", "brightness", "--columns", "2", "--rows", "2", "--tile", "40")
    code, output, _ = call("faceset", "sheet", str(faceset), *words, "--out", str(tmp_path / "anna.jpg"))
    assert code == 0 and output.split() == [str(tmp_path / "anna-1.jpg"), str(tmp_path / "anna-2.jpg")]
    assert read_image(tmp_path / "anna-2.jpg").shape[1] == 2 * 24 + 2 * 40 + 10


def test_feature_stats_are_text_json_and_a_picture(call, tmp_path, faceset):
    code, output, _ = call("faceset", "stats", str(faceset), "--out", str(tmp_path / "anna.png"))
    assert code == 0 and output.startswith("faces: 5, with a known pose 5\n") and output.endswith("anna.png\n")
    assert read_image(tmp_path / "anna.png").shape[1] == 1430
    told = json.loads(call("faceset", "stats", str(faceset), "--json")[1])
    assert told["faces"] == 5 and sum(map(sum, told["pose"])) == 5 and told["spans"][0]["source"] == "clip.mp4"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sheet", "anna", "--out", "a.txt"), "unknown ending"),
        (("sheet", "anna", "--out", "missing/a.jpg"), "does not exist"),
        (("stats", "anna", "--out", "missing/a.png"), "does not exist"),
    ],
)
def test_error_bad_outputs_are_one_line(call, tmp_path, faceset, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, _, error = call("faceset", *words)
    assert code == 2 and said in error and len(error.splitlines()) == 1


@pytest.mark.parametrize("command", ["sheet", "stats"])
def test_smoke_help_teaches_by_an_example(call, command):
    code, output, _ = call("faceset", command, "--help")
    assert code == 0 and f"faceswap faceset {command} faces/anna" in output
