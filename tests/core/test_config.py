"""The layers of settings: defaults < YAML < environment < flags, with unknown names refused."""

from __future__ import annotations

import pytest

from faceswap.core.config import Settings, lay_environment, lay_yaml
from faceswap.core.errors import FaceswapError, OptionError


@pytest.fixture
def settings() -> Settings:
    chain = ("reinhard", "feather", "alpha")
    names = {"detector": ("dlib-hog",), "masker": ("hull",), "blender": chain, "recognizer": ()}
    defaults = {kind: [{"name": name} for name in chosen] for kind, chosen in names.items()}
    return Settings(frozenset({"media", "crop_size"}), defaults)


def test_options_of_a_default_are_kept():
    settings = Settings(frozenset(), {"masker": [{"name": "hull", "forehead": 0.1}]})
    settings.set_option("masker", ["hull", "size"], "64", "--masker.hull.size")
    assert settings.values()["masker"] == [{"name": "hull", "options": {"forehead": 0.1, "size": "64"}}]
    assert settings.defaults["masker"] == [{"name": "hull", "forehead": 0.1}]


def test_nobody_chose_means_the_defaults(settings):
    assert settings.values() == {
        "detector": [{"name": "dlib-hog", "options": {}}],
        "masker": [{"name": "hull", "options": {}}],
        "blender": [{"name": name, "options": {}} for name in ("reinhard", "feather", "alpha")],
        "recognizer": [],
    }


def test_each_layer_goes_over_the_one_before(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("crop_size: 128\ndetector: {name: mtcnn, min-size: 20}\n")
    lay_yaml(settings, path)
    lay_environment(settings, {"FACESWAP__DETECTOR__MIN_SIZE": "30", "FACESWAP__CROP_SIZE": "256", "HOME": "/"})
    assert settings.values()["detector"] == [{"name": "mtcnn", "options": {"min_size": "30"}}]
    settings.set_option("detector", ["min-size"], "40", "--detector.min-size")
    settings.set_field("crop-size", "512", "--crop-size")
    assert settings.values()["detector"] == [{"name": "mtcnn", "options": {"min_size": "40"}}]
    assert settings.values()["crop_size"] == "512"


def test_a_flag_that_chooses_another_plugin_drops_the_options_of_the_first(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("detector: {name: mtcnn, min_size: 20}\n")
    lay_yaml(settings, path)
    settings.choose("detector", ["dlib-hog"])
    assert settings.values()["detector"] == [{"name": "dlib-hog", "options": {}}]


def test_a_chain_is_addressed_by_plugin_name(settings):
    settings.set_option("blender", ["feather", "blur"], "5", "--blender.feather.blur")
    assert settings.values()["blender"][1] == {"name": "feather", "options": {"blur": "5"}}


def test_the_same_plugin_twice_goes_through_a_yaml_list(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("blender:\n- {name: feather, blur: 1}\n- {name: feather, blur: 2}\n- alpha\n")
    lay_yaml(settings, path)
    assert [choice["options"] for choice in settings.values()["blender"]] == [{"blur": 1}, {"blur": 2}, {}]
    with pytest.raises(OptionError, match="chosen twice"):
        settings.set_option("blender", ["feather", "blur"], "3", "--blender.feather.blur")


def test_environment_chooses_before_it_sets_options(settings):
    lay_environment(settings, {"FACESWAP__BLENDER__ALPHA__X": "1", "FACESWAP__BLENDER__NAME": "mean-color, alpha"})
    assert settings.values()["blender"] == [
        {"name": "mean-color", "options": {}},
        {"name": "alpha", "options": {"x": "1"}},
    ]


def test_environment_reaches_a_plugin_whose_name_has_a_hyphen(settings):
    settings.choose("blender", ["mean-color", "alpha"])
    lay_environment(settings, {"FACESWAP__BLENDER__MEAN_COLOR__STRENGTH": "0.5"})
    assert settings.values()["blender"][0]["options"] == {"strength": "0.5"}


def test_environment_of_other_jobs_is_left_alone(settings):
    before = settings.values()
    lay_environment(settings, {"FACESWAP__MODEL__WIDTH": "2", "FACESWAP__ITERATIONS": "5"})
    assert settings.values() == before


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FACESWAP__DETECTR__UPSAMPLE": "1"}, "Did you mean 'detector'"),
        ({"FACESWAP__BLENDER__FEATHR__BLUR": "1"}, "Did you mean 'feather'"),
        ({"FACESWAP__BLENDER__BLUR": "1"}, "expected blender.PLUGIN.OPTION"),
        ({"FACESWAP__DETECTOR__A__B": "1"}, "expected detector.OPTION"),
        ({"FACESWAP__RECOGNIZER__X": "1"}, "no recognizer is chosen"),
    ],
)
def test_a_wrong_variable_is_named(settings, environment, message):
    with pytest.raises(OptionError, match=message) as caught:
        lay_environment(settings, environment)
    assert next(iter(environment)) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crop_sise: 1", "Did you mean 'crop_size'"),
        ("- a\n- b", "must hold `setting: value` lines"),
        ("media: [", "not valid YAML"),
        ("detector: {upsample: 1}", "expected a plugin name"),
        ("detector: 5", "expected a plugin name"),
        ("media: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_named(settings, tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(FaceswapError, match=message) as caught:
        lay_yaml(settings, path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(settings, tmp_path):
    with pytest.raises(FaceswapError, match=r"nowhere\.yaml cannot be read"):
        lay_yaml(settings, tmp_path / "nowhere.yaml")


def test_kinds_of_which_a_run_takes_several_may_stand_in_the_plural(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("blenders: [alpha, {name: feather, blur: 3}]\n")
    lay_yaml(settings, path)
    assert settings.values()["blender"] == [
        {"name": "alpha", "options": {}},
        {"name": "feather", "options": {"blur": 3}},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [("detectors: [mtcnn]\n", "there is no setting 'detectors'"), ("blender: a\nblenders: b\n", "given twice")],
)
def test_plurals_that_are_refused(settings, tmp_path, text, words):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(OptionError, match=words):
        lay_yaml(settings, path)
