"""Options: described, checked, made into plugins, and fingerprinted."""

from enum import Enum
from typing import Literal

import pytest
from pydantic import Field, field_validator

from faceswap import Detections, Detector
from faceswap.core.errors import FaceswapError, OptionError, PluginError
from faceswap.core.options import OptionInfo, describe_options, make_plugin, options_hash, parse_options
from faceswap.core.registry import Found, Selected


class Order(Enum):
    FIRST = "first"
    LAST = "last"


class Sample(Detector):
    class Options(Detector.Options):
        count: int = Field(2, ge=0, le=9, description="How many.")
        share: float = Field(0.5, gt=0)
        fast: bool = Field(False, description="Whether.")
        mode: Literal["near", "far"] = "near"
        note: str | None = None
        order: Order = Order.FIRST

        @field_validator("note")
        @classmethod
        def no_spaces(cls, value):
            if value and " " in value:
                raise ValueError("a note is\none word")
            return value

    options: Options

    def detect(self, images):
        return [Detections.none() for _ in images]


LABEL = "detector 'sample'"


def parse(**values):
    return parse_options(LABEL, Sample.Options, values)


def selected(plugin_class):
    return Selected(Found("detector", "sample", "module", "package", "1.0"), plugin_class)


def test_what_a_job_gives_is_described_as_the_default():
    described = describe_options(Sample.Options, {"count": 0, "fast": True})
    assert [option.default for option in described[:3]] == ["0", "0.5", "True"]


def test_options_are_described_in_order():
    described = describe_options(Sample.Options)
    assert [option.name for option in described] == ["count", "share", "fast", "mode", "note", "order"]
    assert described[0] == OptionInfo("count", "int", "2", "How many.", False)
    assert described[2] == OptionInfo("fast", "bool", "False", "Whether.", True)
    assert (described[3].type, described[3].default) == ("near|far", "near")
    assert described[4].type == "str | None"


def test_an_option_without_a_default_is_described_as_required():
    class Options(Detector.Options):
        path: str
        tags: tuple[str, ...] = Field(default_factory=lambda: ("a",))

    described = describe_options(Options)
    assert [option.default for option in described] == ["required", "('a',)"]


def test_a_plugin_without_options_has_none_to_describe():
    assert describe_options(Detector.Options) == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "3", 3),
        ("share", "0.25", 0.25),
        ("share", "2", 2.0),
        ("fast", "true", True),
        ("fast", "no", False),
        ("mode", "far", "far"),
        ("order", "last", Order.LAST),
    ],
)
def test_text_from_the_command_line_is_converted(name, text, value):
    assert getattr(parse(**{name: text}), name) == value


def test_defaults_stand_where_nothing_is_said():
    assert parse() == Sample.Options()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cuont": 1}, f"{LABEL} has no option 'cuont'. Did you mean 'count'?"),
        ({"zzzz": 1}, f"{LABEL} has no option 'zzzz'. Known: count, fast, mode, note, order, share."),
        ({"count": 10}, f"{LABEL} option 'count': must be at most 9. Received: 10"),
        ({"share": "0"}, f"{LABEL} option 'share': must be above 0. Received: '0'"),
        ({"mode": "by"}, f"{LABEL} option 'mode': 'near' or 'far' was expected. Received: 'by'"),
        ({"note": "a b"}, f"{LABEL} option 'note': a note is one word. Received: 'a b'"),
    ],
)
def test_a_wrong_option_is_one_line(values, message):
    with pytest.raises(OptionError) as caught:
        parse(**values)
    assert str(caught.value) == message
    assert caught.value.option == next(iter(values))


def test_text_that_is_no_number_is_refused():
    with pytest.raises(OptionError, match=r"option 'count': a whole number was expected\. Received: 'many'"):
        parse(count="many")


def test_a_missing_option_is_named():
    class Options(Detector.Options):
        path: str

    with pytest.raises(OptionError) as caught:
        parse_options(LABEL, Options, {})
    assert str(caught.value) == f"{LABEL} option 'path': must be given."


def test_an_option_of_a_plugin_without_options_is_refused():
    with pytest.raises(OptionError, match=r"has no option 'count'\. There are none\."):
        parse_options(LABEL, Detector.Options, {"count": 1})


def test_options_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        parse().count = 3


def test_option_names_that_hide_pydantic_are_refused():
    with pytest.raises(TypeError, match=r"Option 'copy' of .* hides a pydantic attribute; rename it"):

        class Options(Detector.Options):
            copy: bool = False


def test_defaults_are_checked_too():
    class Options(Detector.Options):
        count: int = Field(11, le=9)

    with pytest.raises(OptionError, match="at most 9"):
        parse_options(LABEL, Options, {})


def test_a_plugin_is_made_with_its_options_and_not_loaded():
    loaded = []

    class Loads(Sample):
        def load(self):
            loaded.append(True)

    plugin = make_plugin(selected(Loads), {"count": "4"})
    assert plugin.options.count == 4
    assert loaded == []


def test_a_plugin_is_made_with_its_defaults_when_none_are_given():
    assert Sample().options == Sample.Options()


def test_options_of_another_plugin_are_refused():
    class Other(Detector):
        class Options(Detector.Options):
            count: int = 2

    with pytest.raises(TypeError, match=r"Sample\.Options was expected\. Received: .*Other\.Options"):
        Sample(Other.Options())


def test_a_plugin_that_cannot_be_made_is_one_line():
    class Raises(Sample):
        def __init__(self, options=None):
            super().__init__(options)
            raise RuntimeError("no\nroom")

    with pytest.raises(PluginError) as caught:
        make_plugin(selected(Raises), {})
    assert str(caught.value) == "detector 'sample' from package 1.0 could not be made: RuntimeError: no room"


def test_what_a_plugin_has_to_say_to_the_user_stays_as_it_is():
    class Refuses(Sample):
        def __init__(self, options=None):
            raise FaceswapError("Take `--model.light` with this.")

    with pytest.raises(FaceswapError, match=r"^Take `--model\.light` with this\.$"):
        make_plugin(selected(Refuses), {})


def test_equal_options_have_equal_fingerprints():
    assert options_hash(parse(count="3", share=1)) == options_hash(parse(share="1.0", count=3))


def test_other_values_have_other_fingerprints():
    several = [parse(), parse(count=3), parse(share=0.51), parse(fast=True), parse(mode="far"), parse(note="x")]
    assert len({options_hash(options) for options in several}) == len(several)


def test_a_fingerprint_is_the_same_on_every_machine():
    import hashlib

    text = '{"count":2,"fast":false,"mode":"near","note":null,"order":"first","share":0.5}'
    assert options_hash(parse()) == hashlib.sha256(text.encode()).hexdigest()[:16]
