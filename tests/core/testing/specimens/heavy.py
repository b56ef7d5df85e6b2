"""A detector whose module imports TensorFlow at its top: right in all else."""

import sys

# Not while pytest collects: the check that should see it imports this module in an interpreter of its own.
if "pytest" not in sys.modules:
    import tensorflow  # noqa: F401

from specimens.detectors import Right


class ImportsTensorFlow(Right):
    """Makes everybody who lists plugins wait."""


WRONG = [("light-import", ImportsTensorFlow)]
