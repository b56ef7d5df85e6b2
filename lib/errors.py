"""The errors that a user can cause, each told in one line: what was expected, what came, what to do.

The command line prints the message and ends with exit code 2; anything outside this family is a fault of the program.
"""


class FaceswapError(Exception):
    """Base of every error that a user can act on."""


class MediaError(FaceswapError):
    """A medium cannot be read or written: missing, not a video, truncated, empty, of an unsupported kind."""


class OutputError(FaceswapError):
    """An output cannot be written: its folder does not exist, the disk is full, the ending is unknown."""


class StoreError(FaceswapError):
    """A faceset cannot be opened: missing, damaged, or of another contract version."""


class CheckpointError(FaceswapError):
    """No checkpoint of a model folder verifies, or it belongs to another model."""


class WeightsError(FaceswapError):
    """A plugin's weights file is missing, is not the one that was declared, or cannot be fetched."""


class ProvenanceError(FaceswapError):
    """A file cannot be signed: a key is missing, damaged or expired, or a record of consent has ended."""
