"""Calls into plugins are checked against the contract of the base class, and errors name the place."""

from dataclasses import replace

import numpy as np
import pytest

from faceswap import (
    Aligner,
    CropBlender,
    CropPatch,
    CropSpec,
    Detections,
    Detector,
    FrameBlender,
    FramePatch,
    Masker,
    Recognizer,
    SwapModel,
)
from faceswap.core.checking import checked, checks_wanted, contract_methods, declared_attributes
from faceswap.core.errors import ContractError


def answering(kind, method, answer):
    """A plugin of a kind whose one method gives an answer, watched."""
    plugin_class = type("Answering", (kind,), {method: lambda self, *args, **kwargs: answer})
    return checked(plugin_class(), "the plugin")


def image(height=5, width=7):
    return np.zeros((height, width, 3), np.uint8)


def floats(*shape):
    return np.zeros(shape, np.float32)


def crops(count=2, size=4):
    return np.zeros((count, size, size, 3), np.uint8)


def patch(count=2, size=4, points=68):
    faces, masks = floats(count, size, size, 3), floats(count, size, size, 1)
    return CropPatch(faces, masks, faces, floats(count, points, 2), floats(count, 2, 3), stored_masks={"hull": masks})


def box(height=3, width=5):
    return FramePatch(floats(height, width, 3), floats(height, width, 3), floats(height, width, 1))


RIGHT = {
    "no picture": (Detector, "detect", [], ([],)),
    "no face": (Detector, "detect", [Detections.none()], ([image()],)),
    "pictures of other sizes and counts": (
        Detector,
        "detect",
        [Detections(floats(1, 4), floats(1)), Detections(floats(3, 4), floats(3), floats(3, 5, 2), "five")],
        ([image(), image(9, 2)],),
    ),
    "landmarks": (Aligner, "align", floats(2, 68, 2), (image(), Detections(floats(2, 4), floats(2)))),
    "landmarks of another scheme than the detector's": (
        Aligner,
        "align",
        floats(2, 68, 2),
        (image(), Detections(floats(2, 4), floats(2), floats(2, 5, 2), "five")),
    ),
    "masks": (Masker, "mask", floats(2, 4, 4, 1), (crops(), floats(2, 68, 2))),
    "embeddings": (Recognizer, "embed", floats(2, 128), (crops(),)),
    "faces without masks": (SwapModel, "swap", (floats(2, 4, 4, 3), None), (crops(), "source")),
    "faces with masks": (SwapModel, "swap", (floats(2, 4, 4, 3), floats(2, 4, 4, 1)), (crops(),)),
    "a patch": (CropBlender, "blend", patch(), (patch(),)),
    "a box": (
        FrameBlender,
        "composite",
        floats(3, 5, 3),
        (box(),),
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_calls_pass(case):
    kind, method, answer, arguments = RIGHT[case]
    assert getattr(answering(kind, method, answer), method)(*arguments) is answer


WRONG = {
    "picture without color": (
        (Detector, "detect", [], ([np.zeros((5, 7), np.uint8)],)),
        "detect argument `images`[0]: expected uint8 [height width 3]. Received: uint8 [5 7]",
    ),
    "picture of floats": (
        (Detector, "detect", [], ([image(), floats(5, 7, 3)],)),
        "detect argument `images`[1]: expected uint8 [height width 3]. Received: float32 [5 7 3]",
    ),
    "one picture instead of a list": (
        (Detector, "detect", [], (image(),)),
        "detect argument `images`: expected a list. Received: uint8 [5 7 3]",
    ),
    "no list": (
        (Detector, "detect", Detections.none(), ([image()],)),
        "detect answer: expected a list. Received: Detections",
    ),
    "bare boxes": (
        (Detector, "detect", [floats(1, 4)], ([image()],)),
        "detect answer[0]: expected Detections. Received: float32 [1 4]",
    ),
    "boxes of float64": (
        (Detector, "detect", [Detections(np.zeros((1, 4)), floats(1))], ([image()],)),
        "detect answer[0].boxes: expected float32 [faces 4]. Received: float64 [1 4]",
    ),
    "more scores than boxes": (
        (Detector, "detect", [Detections.none(), Detections(floats(2, 4), floats(3))], ([image(), image()],)),
        "detect answer[1].scores: expected float32 [faces] where faces = 2. Received: float32 [3]",
    ),
    "scheme that is no text": (
        (Detector, "detect", [Detections(floats(1, 4), floats(1), None, 68)], ([image()],)),
        "detect answer[0].scheme: expected str. Received: int",
    ),
    "landmarks for another number of faces": (
        (Aligner, "align", floats(1, 68, 2), (image(), Detections(floats(2, 4), floats(2)))),
        "align answer: expected float32 [faces points 2] where faces = 2. Received: float32 [1 68 2]",
    ),
    "nothing": (
        (Aligner, "align", None, (image(), Detections.none())),
        "align answer: expected float32 [faces points 2] where faces = 0. Received: NoneType",
    ),
    "list of lists": (
        (Aligner, "align", [[1.0, 2.0]], (image(), Detections.none())),
        "align answer: expected float32 [faces points 2] where faces = 0. Received: list",
    ),
    "crops that are not square": (
        (Masker, "mask", floats(2, 4, 4, 1), (np.zeros((2, 4, 5, 3), np.uint8), floats(2, 68, 2))),
        "mask argument `crops`: expected uint8 [faces size size 3]. Received: uint8 [2 4 5 3]",
    ),
    "landmarks that do not fit the crops": (
        (Masker, "mask", floats(2, 4, 4, 1), (crops(2), floats(3, 68, 2))),
        "mask argument `crop_landmarks`: expected float32 [faces points 2] where faces = 2. Received: float32 [3 68 2]",
    ),
    "masks of another size": (
        (Masker, "mask", floats(2, 8, 8, 1), (crops(2), floats(2, 68, 2))),
        "mask answer: expected float32 [faces size size 1] where faces = 2, size = 4. Received: float32 [2 8 8 1]",
    ),
    "masks without channel": (
        (Masker, "mask", floats(2, 4, 4), (crops(2), floats(2, 68, 2))),
        "mask answer: expected float32 [faces size size 1] where faces = 2, size = 4. Received: float32 [2 4 4]",
    ),
    "faces alone": (
        (SwapModel, "swap", floats(2, 4, 4, 3), (crops(),)),
        "swap answer: expected a tuple of 2. Received: float32 [2 4 4 3]",
    ),
    "masks of three channels": (
        (SwapModel, "swap", (floats(2, 4, 4, 3), floats(2, 4, 4, 3)), (crops(),)),
        "swap answer[1]: expected float32 [faces size size 1] where faces = 2, size = 4. Received: float32 [2 4 4 3]",
    ),
    "one face less": (
        (CropBlender, "blend", patch(1), (patch(2),)),
        "blend answer.faces: expected float32 [faces size size 3] where faces = 2, size = 4. "
        "Received: float32 [1 4 4 3]",
    ),
    "stored masks of another size": (
        (CropBlender, "blend", replace(patch(), stored_masks={"hull": floats(2, 9, 9, 1)}), (patch(),)),
        "blend answer.stored_masks['hull']: expected float32 [faces size size 1] where faces = 2, size = 4. "
        "Received: float32 [2 9 9 1]",
    ),
    "stored masks that are no mapping": (
        (CropBlender, "blend", replace(patch(), stored_masks=[floats(2, 4, 4, 1)]), (patch(),)),
        "blend answer.stored_masks: expected a mapping. Received: list",
    ),
    "times that are no numbers": (
        (CropBlender, "blend", replace(patch(), time=("0:01",)), (patch(),)),
        "blend answer.time: expected tuple[float, ...]. Received: tuple",
    ),
    "another box": (
        (FrameBlender, "composite", floats(3, 4, 3), (box(),)),
        "composite answer: expected float32 [height width 3] where height = 3, width = 5. Received: float32 [3 4 3]",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_say_where_and_what(case):
    (kind, method, answer, arguments), message = WRONG[case]
    with pytest.raises(ContractError) as caught:
        getattr(answering(kind, method, answer), method)(*arguments)
    assert str(caught.value) == f"the plugin: {message}"


def test_arguments_may_be_named():
    masker = answering(Masker, "mask", floats(2, 4, 4, 1))
    masker.mask(crop_landmarks=floats(2, 68, 2), crops=crops())
    with pytest.raises(ContractError, match="`crop_landmarks`"):
        masker.mask(crop_landmarks=floats(2, 68), crops=crops())


def test_the_first_wrong_argument_is_blamed():
    masker = answering(Masker, "mask", floats(2, 4, 4, 1))
    with pytest.raises(ContractError, match="argument `crops`"):
        masker.mask(floats(1), floats(1))


def test_a_forgotten_argument_is_a_type_error():
    with pytest.raises(TypeError, match="crop_landmarks"):
        answering(Masker, "mask", None).mask(crops())


def test_calls_do_not_bind_each_other():
    """Sizes agree within one call, not from call to call."""
    masker = checked(type("Any", (Masker,), {"mask": lambda self, c, m: floats(*c.shape[:3], 1)})(), "masker")
    for count, size in ((2, 4), (3, 8), (0, 4)):
        assert masker.mask(crops(count, size), floats(count, 68, 2)).shape == (count, size, size, 1)


def test_the_authors_own_methods_are_left_alone():
    class Own(Detector):
        def detect(self, images):
            return [self.helper(each) for each in images]

        def helper(self, each):
            return Detections.none()

    watched = checked(Own(), "own")
    assert watched.helper("anything") is not None
    assert watched.detect([image()])[0].boxes.shape == (0, 4)


def test_an_error_of_the_plugin_stays_its_own():
    class Raises(Detector):
        def detect(self, images):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        checked(Raises(), "raises").detect([image()])


def test_only_the_one_object_is_watched():
    class Loose(Detector):
        def detect(self, images):
            return "nonsense"

    checked(Loose(), "watched")
    assert Loose().detect([]) == "nonsense"


def test_a_family_of_plugins_is_checked_against_the_kind():
    class Parent(Detector):
        def detect(self, images):
            return "nonsense"

    class Child(Parent):
        pass

    with pytest.raises(ContractError, match="expected a list"):
        checked(Child(), "child").detect([])


@pytest.mark.parametrize(
    ("asked", "value", "wanted"),
    [(False, None, False), (True, None, True), (False, "1", True), (False, "0", False), (False, "", False)],
)
def test_checks_are_asked_for_by_flag_or_environment(monkeypatch, asked, value, wanted):
    monkeypatch.delenv("FACESWAP_CHECK", raising=False)
    if value is not None:
        monkeypatch.setenv("FACESWAP_CHECK", value)
    assert checks_wanted(asked) is wanted


def test_signatures_are_told_in_words():
    assert contract_methods(answering(Masker, "mask", None)) == [
        "mask(crops: uint8 [faces size size 3], crop_landmarks: float32 [faces points 2]) "
        "-> float32 [faces size size 1]"
    ]


def test_what_a_plugin_declares_is_told():
    class Told(Masker):
        schemes = frozenset({"five"})
        crop = property(lambda self: CropSpec(64))

    assert declared_attributes(Masker())["crop"] == "not declared"
    told = {"schemes": frozenset({"five"}), "crop": CropSpec(64), "backend": None, "reads_weights": True}
    assert declared_attributes(Told()) == told
