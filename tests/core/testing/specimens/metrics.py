"""A right metric, and one wrong metric for each check that metrics have to pass."""

import numpy as np

from faceswap import FaceMetric, Metric


class Right(Metric):
    """The gap between the mean colors of both streams."""

    class Options(Metric.Options):
        scale: float = 1.0

    options: Options
    needs_real = True

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


class ReadsMore(Right):
    needs = frozenset({"landmarks"})


class NeedsReal(Right):
    needs_real = False


class RightRanking(FaceMetric):
    """How bright each face is."""

    class Options(Metric.Options):
        scale: float = 1.0

    options: Options
    ranked_by = "brightness"

    def judge(self, fake, real=None):
        for batch in fake:
            yield {"brightness": self.options.scale * batch.crops.mean(axis=(1, 2, 3))}


class RanksBatches(RightRanking):
    def judge(self, fake, real=None):
        yield {"brightness": np.array([np.mean([face.crops.mean() for batch in fake for face in batch.singles()])])}


class FaceNotANumber(RightRanking):
    def sum_up(self, judged):
        return {**super().sum_up(judged), "gap": float("nan")}


class MeanOfLast(RightRanking):
    def sum_up(self, judged):
        return {"brightness": float(list(judged)[-1]["brightness"].mean())}


class ReadsAll(RightRanking):
    needs = frozenset({"times"})


WRONG = [
    ("needs-what-it-reads", ReadsMore),
    ("needs-what-it-reads", NeedsReal),
    ("ranks-each-face", RanksBatches),
    ("finite-figures", FaceNotANumber),
    ("chunks-do-not-matter", MeanOfLast),
    ("needs-what-it-reads", ReadsAll),
    ("chunks-do-not-matter", MeanOfMeans),
    ("finite-figures", NotANumber),
    ("finite-figures", Nothing),
    ("finite-figures", Integer),
]
