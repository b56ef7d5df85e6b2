"""Masks with a segmentation network of your own, an ONNX file that OpenCV runs.

The network takes `[1, 3, size, size]` and gives `[1, classes, height, width]` or `[1, height, width]`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.errors import FaceswapError
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ..onnx_files import in_one_line, read_bytes

FACESWAP_CONTRACT = 1


def _split(given: Any) -> Any:
    return given.replace(",", " ").split() if isinstance(given, str) else given


Colors = Annotated[tuple[float, float, float], BeforeValidator(_split)]


class OnnxMasker(Masker):
    """A network that says of each pixel what it shows."""

    class Options(Masker.Options):
        """Which network, what it is shown, and how its answer is read."""

        file: Path | None = Field(None, description="The network, an ONNX file. There is no mask without it.")
        size: int = Field(256, ge=16, le=2048, description="Side of the crop that the network takes, in pixels.")
        face_type: Literal["half", "mid-full", "full", "whole", "head"] = Field(
            "head", description="How much of the head the network is shown."
        )
        channels: Literal["rgb", "bgr"] = Field("rgb", description="The order of the colors that it takes.")
        mean: Colors = Field(
            (0, 0, 0), description="What is subtracted from each color, 0 to 255, in the order red,green,blue."
        )
        std: Colors = Field(
            (255, 255, 255), description="What each color is divided by after that; 255,255,255 gives 0 to 1."
        )
        output: str = Field("", description="The name of the output that is read; the first one when empty.")
        values: Literal["logits", "probabilities", "labels"] = Field(
            "logits",
            description="What the output holds: logits (softmax over several channels, sigmoid of one), probabilities, "
            "or in each pixel the number of its class.",
        )
        classes: Annotated[tuple[int, ...], BeforeValidator(_split)] = Field(
            (1,),
            min_length=1,
            description="The classes that are face, counted from 0, such as 1,2,10; of one channel: 0.",
        )

    options: Options

    @property
    def crop(self) -> CropSpec:
        """What the network was made for."""
        return CropSpec(self.options.size, self.options.face_type)

    def load(self) -> None:
        """Reads the network, and shows it an empty crop: what does not fit is told by that."""
        path, size = self.options.file, self.options.size
        if path is None:
            raise FaceswapError("masker 'onnx' needs a network: --masker.onnx.file PATH")
        data, empty = read_bytes(path), np.zeros((size, size, 3), np.uint8)
        self._network: Any = in_one_line(path, "an ONNX network", lambda: cv2.dnn.readNetFromONNX(data))
        answer = in_one_line(path, f"a network that takes [1, 3, {size}, {size}]", lambda: self._answer(empty))
        self._require_answer(path, answer)

    def _require_answer(self, path: Path, answer: NDArray[Any]) -> None:
        labels, classes = self.options.values == "labels", answer.shape[1] if answer.ndim == 4 else 1
        fits = answer.ndim in (3, 4) and answer.shape[0] == 1 and not (labels and classes > 1)
        if not fits:
            wanted = "[1, height, width]" if labels else "[1, classes, height, width]"
            raise FaceswapError(f"{path} must answer {wanted}. Received: {list(answer.shape)}")
        if not labels and not all(0 <= index < classes for index in self.options.classes):
            wanted = ",".join(map(str, self.options.classes))
            raise FaceswapError(f"{path} has the classes 0 to {classes - 1}. Received: --masker.onnx.classes {wanted}")

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Asks the network about each crop; one at a time, since many networks take no more."""
        masks = np.zeros((*crops.shape[:3], 1), np.float32)
        for mask, crop in zip(masks, crops, strict=True):
            face = self._face(self._answer(crop))
            mask[..., 0] = np.clip(cv2.resize(face, mask.shape[1::-1], interpolation=cv2.INTER_LINEAR), 0, 1)
        return masks

    def _answer(self, crop: NDArray[np.uint8]) -> NDArray[Any]:
        shown = (crop - np.array(self.options.mean, np.float32)) / np.array(self.options.std, np.float32)
        if self.options.channels == "bgr":
            shown = shown[..., ::-1]
        self._network.setInput(np.ascontiguousarray(shown.transpose(2, 0, 1)[None]))  # [1, 3, size, size]
        return np.asarray(
            self._network.forward(self.options.output) if self.options.output else self._network.forward()
        )

    def _face(self, answer: NDArray[Any]) -> NDArray[np.float32]:
        """How sure the network is of face, `[height width]`."""
        planes = answer.astype(np.float64).reshape(-1, *answer.shape[-2:])  # [classes, height, width]
        chosen = list(self.options.classes)
        if self.options.values == "labels":
            return np.isin(np.rint(planes[0]), chosen).astype(np.float32)
        if self.options.values == "logits":
            # The sigmoid of one logit is the softmax of it and zero.
            planes = _softmax(planes) if len(planes) > 1 else _softmax(np.concatenate([planes, 0 * planes]))
        return np.asarray(planes[chosen].sum(axis=0), np.float32)


def _softmax(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(planes - planes.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))


@hookimpl
def faceswap_masker() -> type[OnnxMasker]:
    """Hands over the masker."""
    return OnnxMasker
