"""The layers of settings: defaults < YAML < environment < flags, with unknown names refused."""

from __future__ import annotations

import pytest

from faceswap.core.config import Chosen, Settings
from faceswap.core.errors import FaceswapError, OptionError
from faceswap.core.layers import lay_environment, lay_yaml


@pytest.fixture
def settings() -> Settings:
    chain = ("reinhard", "feather", "alpha")
    names = {"detector": ("dlib-hog",), "masker": ("hull",), "blender": chain, "recognizer": ()}
    defaults = {kind: [Chosen(name) for name in chosen] for kind, chosen in names.items()}
    return Settings(frozenset({"media", "crop_size"}), defaults)


def test_options_of_a_default_are_kept():
    settings = Settings(frozenset(), {"masker": [Chosen("hull", {"forehead": 0.1})]})
    settings.set_option("masker", ["hull", "size"], "64", "--masker.hull.size")
    assert settings.values()["masker"] == [{"name": "hull", "options": {"forehead": 0.1, "size": "64"}}]
    assert settings.defaults["masker"] == [Chosen("hull", {"forehead": 0.1})]


def test_nobody_chose_means_the_defaults(settings):
    assert settings.values() == {
        "detector": [{"name": "dlib-hog", "options": {}}],
        "masker": [{"name": "hull", "options": {}}],
        "blender": [{"name": name, "options": {}} for name in ("reinhard", "feather", "alpha")],
        "recognizer": [],
    }


def test_none_is_no_plugin_where_a_run_can_do_without(tmp_path):
    defaults = {"masker": [Chosen("hull")], "recognizer": [Chosen("dlib-resnet")], "detector": [Chosen("dlib-hog")]}
    settings = Settings(frozenset(), defaults, frozenset({"masker", "recognizer"}))
    (tmp_path / "run.yaml").write_text("maskers: none\n")
    lay_yaml(settings, tmp_path / "run.yaml")
    lay_environment(settings, {"FACESWAP__RECOGNIZER": "none"})
    settings.choose("detector", ["none"])
    assert settings.values() == {"masker": [], "recognizer": [], "detector": [{"name": "none", "options": {}}]}
    settings.choose("masker", ["hull", "none"])
    assert [plugin.name for plugin in settings.chosen()["masker"]] == ["hull", "none"]


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


@pytest.mark.parametrize("named", ["FACESWAP__DETECTOR", "FACESWAP__DETECTOR__NAME", "--detector", "yaml"])
def test_environment_options_go_to_the_plugin_that_is_chosen_in_the_end(settings, tmp_path, named):
    if named == "yaml":
        (tmp_path / "run.yaml").write_text("detector: {name: center, share: 0.1}\n")
        lay_yaml(settings, tmp_path / "run.yaml")
    naming = {named: "center"} if named.startswith("FACESWAP") else {}
    lay_environment(settings, {"FACESWAP__DETECTOR__SHARE": "0.7", "FACESWAP__DETECTOR__UP_TO": "3", **naming})
    if named == "--detector":
        settings.choose("detector", ["center"])
    settings.set_option("detector", ["up-to"], "4", "--detector.up-to")
    (chosen,) = settings.chosen()["detector"]
    assert (chosen.name, chosen.options) == ("center", {"share": "0.7", "up_to": "4"})
    assert chosen.origins == {"share": "FACESWAP__DETECTOR__SHARE", "up_to": "--detector.up-to"}
    assert chosen.where == {"yaml": str(tmp_path / "run.yaml"), "--detector": ""}.get(named, named)


@pytest.mark.parametrize("name", ["mtcnn", "mtcnn@faceswap"])
def test_options_in_a_file_are_kept_by_whoever_names_the_same_plugin(settings, tmp_path, name):
    path = tmp_path / "run.yaml"
    path.write_text("detector: {name: mtcnn, min_size: 20}\n")
    lay_yaml(settings, path)
    lay_environment(settings, {"FACESWAP__DETECTOR": name})
    assert settings.values()["detector"] == [{"name": name, "options": {"min_size": 20}}]
    settings.choose("detector", ["mtcnn@faceswap"])
    (chosen,) = settings.chosen()["detector"]
    assert (chosen.where, chosen.origins) == ("", {"min_size": str(path)})


def test_another_packages_plugin_of_the_name_is_another_plugin(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("detector: {name: mtcnn@faceswap, min_size: 20}\n")
    lay_yaml(settings, path)
    settings.choose("detector", ["mtcnn@another"])
    assert settings.values()["detector"] == [{"name": "mtcnn@another", "options": {}}]


def test_a_chain_named_anew_keeps_each_plugins_options_in_their_order(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("blender:\n- {name: feather, blur: 1}\n- {name: feather, blur: 2}\n- {name: alpha, x: 3}\n")
    lay_yaml(settings, path)
    settings.choose("blender", ["alpha", "feather", "feather", "feather"])
    assert [choice["options"] for choice in settings.values()["blender"]] == [{"x": 3}, {"blur": 1}, {"blur": 2}, {}]


def test_who_names_a_plugin_gets_it_without_the_options_of_the_job(settings):
    settings = Settings(frozenset(), {"masker": [Chosen("hull@faceswap", {"forehead": 0.1})]})
    lay_environment(settings, {"FACESWAP__MASKER__HULL__SIZE": "64"})
    assert settings.values()["masker"][0]["options"] == {"forehead": 0.1, "size": "64"}
    settings.choose("masker", ["hull"])
    assert settings.values()["masker"] == [{"name": "hull", "options": {"size": "64"}}]


def test_kinds_in_the_plural_in_the_environment(settings):
    lay_environment(settings, {"FACESWAP__BLENDERS": "alpha, feather", "FACESWAP__BLENDERS__FEATHER__BLUR": "2"})
    assert [choice["options"] for choice in settings.values()["blender"]] == [{}, {"blur": "2"}]


def test_fields_remember_what_gave_them(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("crop-size: 1\nmedia: a\n")
    lay_yaml(settings, path)
    lay_environment(settings, {"FACESWAP__CROP_SIZE": "2"})
    assert settings.origins == {"crop_size": "FACESWAP__CROP_SIZE", "media": str(path)}


def test_a_chain_is_addressed_by_plugin_name(settings):
    settings.set_option("blender", ["feather", "blur"], "5", "--blender.feather.blur")
    assert settings.values()["blender"][1] == {"name": "feather", "options": {"blur": "5"}}


def test_the_same_plugin_twice_goes_through_a_yaml_list(settings, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("blender:\n- {name: feather, blur: 1}\n- {name: feather, blur: 2}\n- alpha\n")
    lay_yaml(settings, path)
    assert [choice["options"] for choice in settings.values()["blender"]] == [{"blur": 1}, {"blur": 2}, {}]
    settings.set_option("blender", ["feather", "blur"], "3", "--blender.feather.blur")
    with pytest.raises(OptionError, match=r"--blender\.feather\.blur: .*chosen twice"):
        settings.values()


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


def test_a_field_whose_name_python_keeps_for_itself(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("not: anna.jpg\n")
    for lay, source in ((lay_yaml, path), (lay_environment, {"FACESWAP__NOT": "anna.jpg"})):
        settings = Settings(frozenset({"not_"}), {})
        lay(settings, source)
        assert settings.fields == {"not_": "anna.jpg"}


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
        ({"FACESWAP__DETECTOR__NAME": "a", "FACESWAP__DETECTOR": "b"}, "keep one of `FACESWAP__DETECTOR` and"),
    ],
)
def test_a_wrong_variable_is_named(settings, environment, message):
    with pytest.raises(OptionError, match=message) as caught:
        lay_environment(settings, environment)
        settings.values()
    assert next(iter(environment)) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crop_sise: 1", "Did you mean 'crop_size'"),
        ("- a\n- b", "must hold `setting: value` lines"),
        ("media: [", "not valid YAML"),
        ("detector: {upsample: 1}", "expected a plugin name"),
        ("detector: 5", "expected a plugin name"),
        ("media: a\n\tb: c", "line 2, column 1: "),
        ("media: a: b", r"not valid YAML: line 1, column 9: mapping values are not allowed"),
        ("media: \x07", "not valid YAML: .*special characters"),
        ("media: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_named(settings, tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(FaceswapError, match=message) as caught:
        lay_yaml(settings, path)
    assert str(caught.value).count(str(path)) == 1
    assert "unicode string" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(settings, tmp_path):
    with pytest.raises(
        FaceswapError, match=r"nowhere\.yaml cannot be read: there is no such file\..* holds no YAML file: check"
    ):
        lay_yaml(settings, tmp_path / "nowhere.yaml")
    (tmp_path / "run.yaml").touch()
    with pytest.raises(FaceswapError, match=r"rum\.yaml cannot be read: .* Did you mean 'run\.yaml'\?"):
        lay_yaml(settings, tmp_path / "rum.yaml")


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
