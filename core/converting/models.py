"""A swap model of a conversion at work: what it is called, what it wants, and whose face it puts on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import CropSpec
from ..errors import FaceswapError, PluginError
from ..kinds import SwapModel

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class UsedModel:
    """A loaded model.

    Attributes:
        plugin: The model; each call may be checked against the contract.
        label: The model as messages call it.
        spec: The crop that it wants.
        identity: Whose face is put on.
        person: The number or name of the person who gets it; empty for everybody whose faces are swapped.
    """

    plugin: SwapModel
    label: str
    spec: CropSpec
    identity: str = "source"
    person: str = ""

    def swap(self, crops: NDArray[np.uint8]) -> tuple[Floats, Floats | None]:
        """Swaps crops, uint8 `[faces size size 3]`: faces, float32 likewise, and masks `[faces size size 1]` or None.

        Raises:
            PluginError: The model failed.
        """
        try:
            return self.plugin.swap(crops, self.identity)
        except FaceswapError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())
            raise PluginError(f"{self.label} failed: {type(error).__name__}: {reason}") from error
