"""What the host does around plugins: how its settings are written, and what a faceset notes of them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from faceswap.core.cli.main import cli
from faceswap.core.extracting.plugins import PluginChoices
from faceswap.core.extracting.settings import Alignment, Search, settings_of
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.swap import SwapJob

SETTINGS = {
    "min_face": "40",
    "max_face": "80%",
    "rotations": (90, 270),
    "tiles": 960,
    "upsample": 1,
    "refeed": 4,
    "realign": True,
}


@pytest.mark.parametrize("given", ["90,270", "270, 90", ("90,270",), ["270", 90], (90, 270, 90)])
def test_feature_rotations_are_written_in_one_way(given):
    assert Search(rotations=given).rotations == (90, 270)


@pytest.mark.parametrize(("given", "size"), [(40, "40"), ("40.0", "40"), (" 5 %", "5%"), (2.5, "2.5"), (None, None)])
def test_feature_sizes_are_written_in_one_way(given, size):
    assert Search(min_face=given).min_face == size


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rotations": "90,360"}, "whole degrees from 1 to 359 were expected"),
        ({"rotations": "left"}, "whole degrees"),
        ({"min_face": "5 per cent"}, r"pixels \(40\) or per cent of the frame's height \(5%\) were expected"),
        ({"min_face": 0}, r"pixels \(40\)"),
        ({"min_face": 50, "max_face": "40"}, "--min-face 50 is larger than --max-face 40"),
        ({"tiles": 63}, "greater than or equal to 64"),
        ({"upsample": 4}, "less than or equal to 3"),
    ],
)
def test_error_other_settings_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        Search(**settings)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--rotations", "sideways"), "extract --rotations: "),
        (("--min-face", "5x"), "extract --min-face: "),
        (("--refeed", "-1"), "extract --refeed: "),
        (("--min-face", "9", "--max-face", "8"), "--min-face 9 is larger than --max-face 8"),
    ],
)
def test_error_the_command_line_is_answered_in_one_line(words, told):
    ran = CliRunner().invoke(cli, ["extract", "a.mp4", "b", *words])
    assert told in str(ran.exception)
    assert "\n" not in str(ran.exception)


def stages(**settings):
    choices = {"detector": PluginChoice(name="dlib-hog"), "aligner": PluginChoice(name="dlib-5")}
    return {stage.kind: stage.options_hash for stage in PluginChoices(**choices, **settings).prepare().stages()}


def test_feature_a_faceset_notes_each_setting_with_the_plugin_it_goes_with():
    plain = stages()
    for name, value in SETTINGS.items():
        part = Search if name in Search.model_fields else Alignment
        key = "search" if part is Search else "alignment"
        noted = stages(**{key: part(**{name: value})})
        changed = [kind for kind in plain if noted[kind] != plain[kind]]
        assert changed == ["detector" if part is Search else "aligner"], name
    assert stages(search=Search(), alignment=Alignment()) == plain


def test_feature_settings_at_their_defaults_leave_older_facesets_as_they_are():
    hog = PluginChoices(detector=PluginChoice(name="dlib-hog"), aligner=PluginChoice(name="dlib-5")).prepare()
    assert stages()["detector"] == hog.detector.options_hash


def test_feature_a_swap_hands_its_settings_to_both_extractions():
    swap = SwapJob(source="a.mp4", target="b.mp4", output="c.mp4", **SETTINGS)
    job = swap.extraction(swap.source, "source")
    assert settings_of(Search, job) == Search(**{name: SETTINGS[name] for name in Search.model_fields})
    assert settings_of(Alignment, job) == Alignment(refeed=4, realign=True)


def test_roundtrip_settings_reach_workers_as_json():
    job = ExtractJob(media="a.mp4", faceset="b", **SETTINGS)
    assert ExtractJob.model_validate_json(job.model_dump_json()) == job
    choices = job.choices()
    assert PluginChoices.model_validate(choices.model_dump(mode="json")) == choices
