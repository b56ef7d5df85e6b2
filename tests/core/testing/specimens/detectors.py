"""A right detector, and one wrong detector for each check that detectors have to pass."""

import itertools
import random
from dataclasses import replace

import numpy as np
from pydantic import ConfigDict, Field, field_serializer

from faceswap import Detections, Detector


class Right(Detector):
    """Finds two faces in the middle of the picture, the better one larger, with the five landmarks of both."""

    class Options(Detector.Options):
        share: float = Field(0.5, gt=0, le=1)

    options: Options
    scheme = "five"

    def detect(self, images):
        return [self.find(image, number) for number, image in enumerate(images)]

    def find(self, image, number):
        height, width = image.shape[:2]
        return self.around(np.array([width / 2, height / 2]), self.options.share * min(height, width) / 2)

    def around(self, middle, half):
        boxes = [[*(middle - size), *(middle + size)] for size in (half, half / 2)]
        landmarks = np.stack([np.stack([middle] * 5)] * 2)
        scores = np.array([0.9, 0.5], np.float32)
        return Detections(np.array(boxes, np.float32), scores, landmarks.astype(np.float32), "five")


class Changed(Right):
    """Like the right one, with one field of what it finds changed."""

    field = ""

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, **{self.field: self.change(getattr(found, self.field))})


def changed(name, field, change):
    """Makes a detector that changes a field; it stands in this module under its name, so that it can be pickled."""
    body = {"field": field, "change": staticmethod(change), "__module__": __name__, "__qualname__": name}
    globals()[name] = type(name, (Changed,), body)
    return globals()[name]


class UndeclaredScheme(Right):
    scheme = None


class NoFaceIsMarked(Right):
    def find(self, image, number):
        return replace(super().find(image, number), landmarks=None, scheme=None)


class InvalidDefault(Right):
    class Options(Detector.Options):
        model_config = ConfigDict(validate_default=False)
        share: float = Field(2.0, gt=0, le=1)


class NoDefault(Right):
    class Options(Detector.Options):
        share: float = Field(gt=0, le=1)


class LosesDigits(Right):
    class Options(Detector.Options):
        share: float = Field(0.52, gt=0, le=1)

        @field_serializer("share", when_used="json")
        def rounded(self, value):
            return round(value, 1)


class TakesAnyOption(Right):
    class Options(Detector.Options):
        model_config = ConfigDict(extra="ignore")
        share: float = Field(0.5, gt=0, le=1)


class DropsOptions(Right):
    def __init__(self, options=None):
        super().__init__(None)


class HoldsLambda(Right):
    def __init__(self, options=None):
        super().__init__(options)
        self.half = lambda side: side / 2


class LosesOptionsWhenPickled(Right):
    def __reduce__(self):
        return type(self), ()


class Unloadable(Right):
    def load(self):
        raise FileNotFoundError("weights.dat is missing")


class ExitsOnLoad(Right):
    def load(self):
        raise SystemExit(3)


class LoadsOnce(Right):
    loaded = False

    def load(self):
        if self.loaded:
            raise RuntimeError("already loaded")
        self.loaded = True


class ForgetsOnSecondLoad(Right):
    loads = 0

    def load(self):
        self.loads += 1

    def find(self, image, number):
        found = super().find(image, number)
        return found if self.loads == 1 else replace(found, boxes=found.boxes + np.float32(1))


class OneAnswer(Right):
    def detect(self, images):
        return super().detect(images)[:1]


class Scribbles(Right):
    def find(self, image, number):
        if image.flags.writeable:
            image[0, 0] = 1
        return super().find(image, number)


class WantsWritable(Right):
    def find(self, image, number):
        if not image.flags.writeable:
            raise ValueError("buffer source array is read-only")
        return super().find(image, number)


class EachObjectDiffers(Right):
    numbers = itertools.count()

    def __init__(self, options=None):
        super().__init__(options)
        self.offset = next(self.numbers)

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=found.boxes + np.float32(self.offset / 50))


class PlaceCounts(Right):
    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=found.boxes + np.float32(number / 10))


class NeedsPictures(Right):
    def detect(self, images):
        self.smallest = min(image.size for image in images)
        return super().detect(images)


class InventsForNothing(Right):
    def detect(self, images):
        return super().detect(images) or [Detections.none()]


class NeedsRoom(Right):
    def find(self, image, number):
        if min(image.shape[:2]) < 10:
            raise ValueError("kernel larger than the picture")
        return super().find(image, number)


class InfiniteWhenTiny(Right):
    def find(self, image, number):
        found = super().find(image, number)
        return found if min(image.shape[:2]) > 10 else replace(found, boxes=found.boxes / np.float32(0))


class Foreheads(Right):
    """Boxes that hold the middle of the face and end there."""

    def around(self, middle, half):
        found = super().around(middle, half)
        up = np.array([0, half * 0.7], np.float32)
        return replace(found, boxes=found.boxes - np.tile(up, 2), landmarks=found.landmarks - up)


class Beside(Right):
    def find(self, image, number):
        height, width = image.shape[:2]
        return self.around(np.array([width / 2 - 90, height / 2 - 90]), 40)


class FindsNothing(Right):
    def find(self, image, number):
        return Detections.none()


class WholePicture(Right):
    def find(self, image, number):
        height, width = image.shape[:2]
        return self.around(np.array([width / 2, height / 2]), 3 * max(height, width))


class StaysBehind(Right):
    def find(self, image, number):
        return self.around(np.array([120.0, 120.0]), 60)


class SwapsAxes(Right):
    """Gives top, left, bottom, right."""

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=found.boxes[:, [1, 0, 3, 2]])


class GivesSizes(Right):
    """Gives x, y, width, height."""

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=np.concatenate([found.boxes[:, :2], _sides(found.boxes)], axis=1))


class GivesMiddlesAndSizes(Right):
    """Gives center x, center y, width, height."""

    def find(self, image, number):
        found = super().find(image, number)
        middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        return replace(found, boxes=np.concatenate([middles, _sides(found.boxes)], axis=1))


class GivesShares(Right):
    """Gives boxes in shares of the picture's sides."""

    def find(self, image, number):
        found, (height, width) = super().find(image, number), image.shape[:2]
        return replace(found, boxes=found.boxes / np.array([width, height] * 2, np.float32))


class GivesLandmarkShares(Right):
    """Gives landmarks in shares of the picture's sides."""

    def find(self, image, number):
        found, (height, width) = super().find(image, number), image.shape[:2]
        return replace(found, landmarks=found.landmarks / np.array([width, height], np.float32))


class DrawsFromNumpy(Right):
    """Jitters its boxes with numpy's global generator."""

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=found.boxes + np.random.uniform(0, 0.5, found.boxes.shape).astype(np.float32))


class DrawsFromPython(Right):
    """Jitters its boxes with Python's global generator."""

    def find(self, image, number):
        found = super().find(image, number)
        return replace(found, boxes=found.boxes + np.float32(random.random() / 2))


class DrawsAnew(Right):
    """Jitters its boxes with a generator that nobody has seeded."""

    def find(self, image, number):
        found = super().find(image, number)
        jitter = np.random.default_rng().uniform(0, 0.5, found.boxes.shape)
        return replace(found, boxes=found.boxes + jitter.astype(np.float32))


class SeedsNumpy(Right):
    """Answers the same always, since it seeds everybody's generator."""

    def find(self, image, number):
        np.random.seed(0)
        return super().find(image, number)


class SeedsPython(Right):
    def find(self, image, number):
        random.seed(0)
        return super().find(image, number)


def _sides(boxes):
    return boxes[:, 2:] - boxes[:, :2]


def _upside_down(boxes):
    return np.concatenate([boxes[:1], boxes[1:, [2, 3, 0, 1]]])


def _unknown(boxes):
    return np.concatenate([boxes[:1], boxes[1:] * np.float32(np.nan)])


WRONG = [
    ("option-defaults", InvalidDefault),
    ("option-defaults", NoDefault),
    ("options-round-trip", LosesDigits),
    ("unknown-option-refused", TakesAnyOption),
    ("keeps-options", DropsOptions),
    ("pickles", HoldsLambda),
    ("pickles", LosesOptionsWhenPickled),
    ("loads", Unloadable),
    ("loads", ExitsOnLoad),
    ("loads-twice", LoadsOnce),
    ("loads-twice", ForgetsOnSecondLoad),
    ("contract-types", changed("DoubleBoxes", "boxes", np.float64)),
    ("contract-types", changed("ScoresInAColumn", "scores", lambda scores: scores[:, None])),
    ("inputs-unchanged", Scribbles),
    ("read-only-inputs", WantsWritable),
    ("same-answer", EachObjectDiffers),
    ("batch-equals-singles", PlaceCounts),
    ("empty-batch", NeedsPictures),
    ("empty-batch", InventsForNothing),
    ("odd-sizes", NeedsRoom),
    ("odd-sizes", InfiniteWhenTiny),
    ("finds-face", Beside),
    ("finds-face", FindsNothing),
    ("finds-face", Foreheads),
    ("finds-face", WholePicture),
    ("boxes-ordered", changed("UpsideDown", "boxes", _upside_down)),
    ("scores-in-range", changed("ScoresAboveOne", "scores", lambda scores: scores * np.float32(2))),
    ("scores-in-range", changed("ScoresBelowZero", "scores", lambda scores: scores - np.float32(0.6))),
    ("scores-sorted", changed("ScoresSortedUp", "scores", lambda scores: scores[::-1].copy())),
    ("landmarks-match-scheme", UndeclaredScheme),
    ("landmarks-match-scheme", NoFaceIsMarked),
    ("landmarks-match-scheme", changed("SchemeSix", "scheme", lambda scheme: "six")),
    ("landmarks-match-scheme", changed("NoScheme", "scheme", lambda scheme: None)),
    ("landmarks-match-scheme", changed("WrongScheme", "scheme", lambda scheme: "ibug68")),
    ("landmarks-match-scheme", changed("NoLandmarks", "landmarks", lambda landmarks: None)),
    ("boxes-follow-face", StaysBehind),
    ("boxes-are-corners", SwapsAxes),
    ("boxes-are-corners", GivesSizes),
    ("boxes-are-corners", GivesMiddlesAndSizes),
    ("boxes-in-pixels", GivesShares),
    ("landmarks-in-box", GivesLandmarkShares),
    ("no-hidden-randomness", DrawsFromNumpy),
    ("no-hidden-randomness", DrawsFromPython),
    ("no-hidden-randomness", DrawsAnew),
    ("no-hidden-randomness", SeedsNumpy),
    ("no-hidden-randomness", SeedsPython),
]
BROKEN_IN_SEVERAL_WAYS = [
    ("contract-types", OneAnswer),
    ("boxes-ordered", changed("UnknownBoxes", "boxes", _unknown)),
]
