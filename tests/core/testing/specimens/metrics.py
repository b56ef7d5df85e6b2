"""A right metric, and one wrong metric for each check that metrics have to pass."""

import numpy as np

from faceswap import Metric


class Right(Metric):
    """The gap between the mean colors of both streams."""

    class Options(Metric.Options):
        scale: float = 1.0

    options: Options

    def measure(self, fake, real=None):
        return {"gap": self.options.scale * abs(self.mean(fake) - self.mean(real))}

    def mean(self, stream):
        total, count = 0.0, 0
        for batch in stream:
            total, count = total + float(batch.crops.mean(axis=(1, 2, 3)).sum()), count + len(batch.crops)
        return total / count


class MeanOfMeans(Right):
    def mean(self, stream):
        return float(np.mean([batch.crops.mean() for batch in stream]))


class ReadsTwice(Right):
    def mean(self, stream):
        count = len(list(stream))
        return sum(batch.crops.mean() for batch in stream) / count


class NotANumber(Right):
    def measure(self, fake, real=None):
        return {"gap": float("nan")}


class Nothing(Right):
    def measure(self, fake, real=None):
        return {}


class Integer(Right):
    def measure(self, fake, real=None):
        return {"gap": 3}


WRONG = [
    ("chunks-do-not-matter", MeanOfMeans),
    ("finite-figures", NotANumber),
    ("finite-figures", Nothing),
    ("finite-figures", Integer),
]
