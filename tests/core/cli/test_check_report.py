"""How `faceswap plugins check` is told: nothing is cut off, exit codes, expected failures from flags and files."""

import json
from functools import partial

import pytest

from faceswap.core.cli import check_report
from faceswap.core.cli.check_report import in_words, read_expected, read_options
from faceswap.core.errors import FaceswapError
from faceswap.core.registry import NO_PLUGINS, Found
from faceswap.core.testing.costs import Costs
from faceswap.core.testing.records import CheckRecord
from faceswap.core.testing.report import BackendRow, Report

FOUND = Found("model", "mine", "mine_module", "package-mine", "1.2")
RIGHT = CheckRecord("model 'mine'", "loads", "passed")
WRONG = CheckRecord("model 'mine'", "output-in-range", "failed", "expected faces in 0..1. Received: 0..255")
COSTS = Costs(0.25, ["cv2"], {"cv2": 0.2}, 2.5, ["keras"], 80_000_000, 40_000_000, {1: 0.05, 16: 0.00125})


@pytest.fixture
def check(call, monkeypatch):
    """Calls `plugins check`, blind to other packages' plugins."""
    monkeypatch.setenv(NO_PLUGINS, "1")
    return partial(call, "plugins", "check")


def test_feature_checks_costs_and_backends_are_tables():
    rows = [BackendRow("tensorflow", [RIGHT, RIGHT], COSTS), BackendRow("jax", [RIGHT, WRONG], None)]
    words = in_words(Report(FOUND, [RIGHT, RIGHT], COSTS, rows)).splitlines()
    assert words == [
        "model 'mine' from package-mine 1.2",
        "PASSED  loads",
        "PASSED  loads",
        "",
        "COST            FIGURE   MORE",
        "import          250 ms   heavy: cv2; slowest: cv2 0.20 s",
        "load            2.50 s   heavy: keras",
        "memory, load    80 MB    resident memory at the peak of load() over that before",
        "memory, calls   40 MB    the same for the calls below",
        "item, batch 1   50 ms    20 per second",
        "item, batch 16  1.25 ms  800 per second",
        "",
        "KERAS BACKEND  passed  failed  skipped  expected  item, batch 1  item, batch 16  failed checks",
        "tensorflow     2       0       0        0         50 ms          1.25 ms         -",
        "jax            1       1       0        0         -              -               output-in-range",
        "",
        "NOT PASSED: 2 passed; failures on jax",
    ]


def test_feature_figures_that_are_missing_are_told():
    words = in_words(Report(FOUND, [RIGHT], Costs(error="its process ended with SIGSEGV")))
    assert "load           -       heavy: none" in words
    assert "not measured any further: its process ended with SIGSEGV" in words
    assert words.splitlines()[-1] == "passed: 1 passed"


def test_feature_what_came_is_never_cut_off(monkeypatch):
    long = CheckRecord("model 'mine'", "loads", "failed", "expected " + "words " * 40 + "Received: the end")
    monkeypatch.setattr(check_report.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        check_report.shutil, "get_terminal_size", lambda *given, **named: __import__("os").terminal_size((60, 20))
    )
    lines = in_words(Report(FOUND, [long], None)).splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines[1:-2]).split()) == f"FAILED loads {long.message}"


def test_feature_a_plugin_that_passes_ends_with_0(check):
    code, out, err = check("blender", "alpha", "--no-costs")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("blender 'alpha' from faceswap ")
    assert "COST" not in out
    assert out.splitlines()[-1].startswith("passed: ")


def test_feature_json_holds_everything(check):
    code, out, _ = check("blender", "alpha", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["passed"]
    assert found["counts"]["failed"] == 0
    assert sum(found["counts"].values()) == len(found["records"])
    assert found["costs"]["import_seconds"] > 0
    assert found["backends"] == []


def test_feature_an_expected_failure_that_passes_ends_with_1(check):
    code, out, _ = check("blender", "alpha", "--no-costs", "--expect", "face-arrives=it hides")
    assert code == 1
    failed = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert "expected to fail (it hides), but it passed" in failed[0]


def test_error_an_expected_failure_without_a_check_ends_with_2(check):
    code, out, err = check("blender", "alpha", "--no-costs", "--expect", "face-arives=it hides")
    assert (code, out) == (2, "")
    assert err.startswith("Error: There is no check 'face-arives' for this plugin. Did you mean 'face-arrives'?")


def test_feature_expected_failures_come_from_flags_and_files(tmp_path):
    file = tmp_path / "expected.txt"
    file.write_text("# What we know of\n\nloads = no weights here\nweights-move=frozen = on purpose\n")
    assert read_expected(("loads=flags come last",), file) == {
        "loads": "flags come last",
        "weights-move": "frozen = on purpose",
    }
    assert read_expected((), None) == {}


@pytest.mark.parametrize("entry", ["loads", "loads=", "=why", "loads= "])
def test_error_an_expected_failure_without_a_reason(entry):
    with pytest.raises(FaceswapError, match=r"An expected failure is written CHECK=REASON\. Received: '"):
        read_expected((entry,), None)


def test_error_a_file_that_is_no_text(tmp_path):
    (tmp_path / "expected.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FaceswapError, match="cannot be read"):
        read_expected((), tmp_path / "expected.txt")


def test_feature_options_are_read_as_flags_write_them():
    assert read_options(["min-size=40", "file=a=b.onnx", "output="]) == {
        "min_size": "40",
        "file": "a=b.onnx",
        "output": "",
    }
    for wrong in ("file", "=3"):
        with pytest.raises(FaceswapError, match=r"An option is written NAME=VALUE\. Received: "):
            read_options([wrong])


def test_feature_a_plugin_is_checked_and_measured_with_the_options(check):
    code, out, _ = check("masker", "ellipse", "--option", "width=1e-6", "--json")
    assert code == 1
    report = json.loads(out)
    assert [record["check"] for record in report["records"] if record["status"] == "failed"] == ["mask-covers-face"]
    assert report["costs"]["error"] == ""


def test_error_an_option_that_is_not_allowed_is_told_in_one_line(check):
    code, _, err = check("masker", "ellipse", "--option", "width=3")
    assert code == 2
    assert "masker 'ellipse' option 'width'" in err
    assert err.count("\n") == 1
