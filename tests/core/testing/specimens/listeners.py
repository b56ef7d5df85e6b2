"""A right listener, and one wrong listener for each check that listeners have to pass."""

from faceswap import Listener, hookimpl


class Right(Listener):
    """Counts the steps of a run."""

    class Options(Listener.Options):
        least: int = 0

    options: Options
    steps = 0

    @hookimpl
    def faceswap_training_step(self, steps):
        self.steps += max(steps, self.options.least)

    @hookimpl
    def faceswap_run_ended(self, outcome, report):
        self.steps = 0


class Deaf(Listener):
    class Options(Listener.Options):
        least: int = 0


class Misspelt(Right):
    @hookimpl
    def faceswap_training_stop(self, step):
        pass


class AsksTooMuch(Right):
    @hookimpl
    def faceswap_training_step(self, steps, loss):
        pass


class Unmarked(Right):
    def faceswap_preview_made(self, path):
        pass


class NeedsAReport(Right):
    @hookimpl
    def faceswap_run_ended(self, outcome, report):
        return report["iterations"]


class Leaves(Right):
    @hookimpl
    def faceswap_checkpoint_saved(self, path):
        raise SystemExit


WRONG = [
    ("hooks-known", Deaf),
    ("hooks-known", Misspelt),
    ("hooks-known", AsksTooMuch),
    ("hooks-known", Unmarked),
    ("bears-every-run", NeedsAReport),
    ("bears-every-run", Leaves),
]
