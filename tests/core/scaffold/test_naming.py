"""What names lead to, and which are refused."""

import keyword

import pytest

import faceswap
from faceswap.core.errors import PluginError
from faceswap.core.names import BUILT_IN, KINDS
from faceswap.core.scaffold.naming import derived_names, new_names


def test_feature_one_name_leads_to_all_others():
    names = new_names("blender", "warm-tint-2")
    assert (names.package, names.module) == ("faceswap-warm-tint-2-blender", "faceswap_warm_tint_2_blender")
    assert names.class_name == "WarmTint2Blender"
    assert (names.group, names.hook) == ("faceswap.blender", "faceswap_blender")


def test_feature_the_kind_is_not_said_twice():
    assert derived_names("detector", "skin-detector").package == "faceswap-skin-detector"


def test_feature_two_kinds_may_share_a_name():
    packages = {new_names(kind, "same").module for kind in KINDS}
    assert len(packages) == len(KINDS)


@pytest.mark.parametrize(("kind", "name"), [("blender", "crop"), ("model", "swap"), ("detector", "detector")])
def test_feature_no_class_hides_one_of_the_hosts(kind, name):
    class_name = derived_names(kind, name).class_name
    assert class_name not in faceswap.__all__
    assert class_name.endswith("Plugin")


@pytest.mark.parametrize("name", [*keyword.kwlist, "match", "type", "numpy", "a"])
def test_feature_no_name_makes_a_module_that_cannot_be_imported(name):
    names = derived_names("metric", name.lower())
    for word in (names.module, names.class_name):
        assert word.isidentifier()
        assert not keyword.iskeyword(word)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("Tint", "tint"),
        ("my_tint", "my-tint"),
        ("tint--two", "tint-two"),
        ("-tint", "tint"),
        ("3d", "my-blender"),
        ("", "my-blender"),
        ("tint@package", "tint-package"),
        ("../tint", "tint"),
        ("tint\n", "tint"),
        ("größe", "gr-e"),
    ],
)
def test_error_a_name_that_is_not_valid_is_answered_with_one_that_is(name, example):
    with pytest.raises(PluginError, match=f"lower-case letters and digits.* such as '{example}'. Received: '{name}'"):
        new_names("blender", name)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_error_a_built_in_name_is_taken(kind):
    name = next(iter(BUILT_IN[kind]))
    with pytest.raises(PluginError, match=f"There is a {kind} '{name}' already, from faceswap .*another name"):
        new_names(kind, name)


def test_error_a_kind_that_does_not_exist():
    with pytest.raises(PluginError, match=r"no plugin kind 'blendr'. Did you mean 'blender'"):
        new_names("blendr", "tint")
