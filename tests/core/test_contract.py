"""The records of the contract, the base classes, and the public names of the package."""

import dataclasses
import pickle
from importlib import import_module

import numpy as np
import pytest

import faceswap
from faceswap import CropPatch, CropSpec, Detections, Detector, FaceBatch, FramePatch, SwapModel, TrainableModel
from faceswap.core import kinds
from faceswap.core.training.step import IdentityBatch, Player


def floats(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


RECORDS = [
    Detections(floats(2, 4), floats(2), floats(2, 5, 2), "five"),
    Detections.none(),
    CropSpec(64, "whole", 0.8),
    CropPatch(
        faces=floats(2, 4, 4, 3),
        masks=floats(2, 4, 4, 1),
        targets=floats(2, 4, 4, 3),
        crop_landmarks=floats(2, 68, 2),
        matrix=floats(2, 2, 3),
        stored_masks={"hull": floats(2, 4, 4, 1)},
        track=(3, -1),
        time=(0.5, 1.0),
    ),
    FramePatch(floats(3, 5, 3), floats(3, 5, 3), floats(3, 5, 1), (7, 9)),
    FaceBatch(floats(2, 4, 4, 3).astype(np.uint8), floats(2, 8), floats(2, 68, 2), floats(2)),
    IdentityBatch(*(floats(2, 4, 4, channels) for channels in (3, 3, 1, 1, 1))),
    Player("painter", ("encoder", "decoder"), None, 2),
]


def same(value, other):
    if isinstance(value, np.ndarray):
        return value.dtype == other.dtype and np.array_equal(value, other)
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    return value == other


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_survive_pickling(record):
    again = pickle.loads(pickle.dumps(record))
    assert type(again) is type(record)
    for field in dataclasses.fields(record):
        assert same(getattr(record, field.name), getattr(again, field.name)), field.name


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_are_frozen(record):
    name = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, name, None)


def test_detections_count_their_faces():
    assert len(RECORDS[0]) == 2
    nobody = Detections.none()
    assert (len(nobody), nobody.boxes.shape, nobody.scores.shape) == (0, (0, 4), (0,))
    assert (nobody.boxes.dtype, nobody.scores.dtype) == (np.float32, np.float32)
    assert (nobody.landmarks, nobody.scheme) == (None, None)


def test_a_patch_is_changed_by_replacing():
    patch = RECORDS[3]
    changed = dataclasses.replace(patch, faces=patch.faces * 2)
    assert changed.targets is patch.targets
    assert np.array_equal(changed.faces, patch.faces * 2)


@pytest.mark.parametrize("name", faceswap.__all__)
def test_public_names_are_there_and_say_what_they_are(name):
    value = getattr(faceswap, name)
    assert (getattr(value, "__doc__", "") or "").strip(), name
    assert getattr(faceswap, name) is value


def test_public_names_are_listed():
    assert set(dir(faceswap)) == {*faceswap.__all__, "__version__"}
    assert faceswap.__all__ == sorted(faceswap.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'faceswap' has no attribute 'Detecter'"):
        faceswap.Detecter  # noqa: B018


def test_type_checkers_see_the_same_names_as_programs():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(faceswap.__file__).read_text())
    typed = {
        alias.asname: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == faceswap._MODULE_OF


PLUGIN_KINDS = [
    kinds.Detector,
    kinds.Aligner,
    kinds.Masker,
    kinds.Recognizer,
    kinds.SwapModel,
    kinds.TrainableModel,
    kinds.Generator,
    kinds.CropBlender,
    kinds.FrameBlender,
    kinds.Metric,
    kinds.Listener,
]


@pytest.mark.parametrize("kind", PLUGIN_KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_can_be_made_without_options_and_pickles(kind):
    plugin = kind()
    assert plugin.options == kind.Options()
    assert pickle.loads(pickle.dumps(plugin)).options == plugin.options
    assert plugin.backend is None


def test_a_subclass_of_a_plugin_keeps_or_replaces_its_options():
    class Parent(Detector):
        class Options(Detector.Options):
            count: int = 1

    class Child(Parent):
        class Options(Parent.Options):
            share: float = 0.5

    assert Child().options.model_dump() == {"count": 1, "share": 0.5}
    assert Child(Child.Options(count=3)).options.count == 3
    with pytest.raises(TypeError, match="Options was expected"):
        Child(Parent.Options())


class Mirror(TrainableModel):
    """Its network answers the picture mirrored."""

    with_masks = False

    def swap_network(self, identity):
        self.asked = [*getattr(self, "asked", []), identity]
        return self

    def predict_on_batch(self, pictures):
        mirrored = pictures[:, :, ::-1]
        return [mirrored, mirrored[..., :1]] if self.with_masks else mirrored


def test_swap_runs_the_network_on_values_from_0_to_1():
    crops = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    faces, masks = Mirror().swap(crops)
    assert faces.dtype == np.float32
    assert masks is None
    assert np.array_equal(faces, crops[:, :, ::-1].astype(np.float32) / np.float32(255))


def test_swap_hands_masks_on_where_the_network_gives_them():
    model = Mirror()
    model.with_masks = True
    crops = np.full((1, 4, 4, 3), 51, np.uint8)
    faces, masks = model.swap(crops, "target")
    assert (faces.shape, masks.shape) == ((1, 4, 4, 3), (1, 4, 4, 1))
    assert np.allclose(masks, 0.2)


def test_swap_asks_for_each_network_once():
    model = Mirror()
    for identity in ("source", "target", "source"):
        model.swap(np.zeros((1, 4, 4, 3), np.uint8), identity)
    assert model.asked == ["source", "target"]


def test_swap_of_nobody_is_nobody():
    faces, masks = Mirror().swap(np.zeros((0, 4, 4, 3), np.uint8))
    assert (faces.shape, faces.dtype, masks) == ((0, 4, 4, 3), np.float32, None)


def test_swap_with_an_unknown_identity_is_refused():
    with pytest.raises(ValueError, match=r"`identity` must be one of .*source.*target.*Received: 'nobody'"):
        Mirror().swap(np.zeros((0, 4, 4, 3), np.uint8), "nobody")


def test_what_a_kind_leaves_open_must_be_written():
    for kind, method, arguments in [
        (Detector, "detect", ([],)),
        (SwapModel, "swap", (None,)),
        (TrainableModel, "build", ()),
    ]:
        with pytest.raises(NotImplementedError):
            getattr(kind(), method)(*arguments)


@pytest.mark.parametrize("module", ["core.contract", "core.kinds", "core.hookspecs", "core.errors", "testing"])
def test_modules_for_authors_begin_with_a_docstring(module):
    assert import_module(f"faceswap.{module}").__doc__
