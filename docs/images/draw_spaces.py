"""Draws `spaces.jpg`, the picture of the tensor contract, by running the program on scikit-image's astronaut.

Run it with `python docs/images/draw_spaces.py` after the geometry has changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from skimage.data import astronaut

from faceswap.core.host import built_in, prepare
from faceswap.lib.geometry import crop_matrix, transform_points
from faceswap.lib.media import write_image
from faceswap.lib.warp import cut

HEIGHT, GAP, TOP = 400, 150, 74
BLUE, GREEN, INK, GRAY = (40, 90, 230), (30, 190, 90), (30, 30, 30), (120, 120, 120)
MODEL_CROP, MODEL_SIZE = "full", 64


def main() -> None:
    """Finds the face, cuts the crops, and lays frame, crop and network picture side by side."""
    frame = np.ascontiguousarray(astronaut()[:360, 40:480])
    detections = prepare("detector", built_in("dlib-hog")).load().detect([frame])[0]
    landmarks = prepare("aligner", built_in("dlib-68")).load().align(frame, detections)[0]
    to_head = crop_matrix(landmarks, "ibug68", "head", HEIGHT)
    to_model = crop_matrix(landmarks, "ibug68", MODEL_CROP, MODEL_SIZE)
    head, model = cut(frame, to_head, HEIGHT), cut(frame, to_model, MODEL_SIZE)
    panels = [
        (_frame_panel(frame, detections.boxes[0], landmarks, to_head), "frame", "uint8 [height width 3]"),
        (_crop_panel(head, transform_points(to_head, landmarks)), "crop", "uint8 [faces size size 3]"),
        (_network_panel(model), "network", "float32 [batch size size 3], 0..1"),
    ]
    sheet = _lay(panels, ["matrix", "/ 255"])
    write_image(Path(__file__).with_name("spaces.jpg"), sheet)


def _frame_panel(frame: Any, box: Any, landmarks: Any, to_head: Any) -> Any:
    scale = HEIGHT / frame.shape[0]
    panel = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # Boxes lie on pixel edges, which scale plainly; landmarks on pixel centers, which do not.
    left, top, right, bottom = np.rint(box * scale).astype(int).tolist()
    cv2.rectangle(panel, (left, top), (right - 1, bottom - 1), BLUE, 2)
    square = np.array([[0, 0], [HEIGHT, 0], [HEIGHT, HEIGHT], [0, HEIGHT]], float) - 0.5
    corners = transform_points(cv2.invertAffineTransform(to_head.astype(np.float64)), square)
    cv2.polylines(panel, [np.rint((corners + 0.5) * scale).astype(np.int32)], True, GREEN, 2, cv2.LINE_AA)
    _dots(panel, (landmarks + 0.5) * scale - 0.5)
    cv2.putText(panel, "box", (left + 4, bottom - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.55, BLUE, 2, cv2.LINE_AA)
    return panel


def _crop_panel(head: Any, points: Any) -> Any:
    panel = head.copy()
    _dots(panel, points)
    cv2.rectangle(panel, (0, 0), (HEIGHT - 1, HEIGHT - 1), GREEN, 4)
    return panel


def _network_panel(model: Any) -> Any:
    return cv2.resize(model, (HEIGHT, HEIGHT), interpolation=cv2.INTER_NEAREST)


def _dots(panel: Any, points: Any) -> None:
    for x, y in np.rint(points).astype(int).tolist():
        cv2.circle(panel, (x, y), 2, GREEN, -1, cv2.LINE_AA)


def _lay(panels: list[Any], arrows: list[str]) -> Any:
    width = sum(panel.shape[1] for panel, _, _ in panels) + GAP * len(arrows)
    sheet = np.full((TOP + HEIGHT, width, 3), 255, np.uint8)
    left = 0
    for number, (panel, name, kind) in enumerate(panels):
        sheet[TOP:, left : left + panel.shape[1]] = panel
        _say(sheet, name, left, 26, 0.9, INK)
        _say(sheet, kind, left, 56, 0.6, GRAY)
        left += panel.shape[1]
        if number < len(arrows):
            _arrow(sheet, arrows[number], left)
            left += GAP
    return sheet


def _arrow(sheet: Any, text: str, left: int) -> None:
    middle = TOP + HEIGHT // 2
    cv2.arrowedLine(sheet, (left + 20, middle), (left + GAP - 20, middle), INK, 3, cv2.LINE_AA, tipLength=0.15)
    _say(sheet, text, left + 32, middle - 18, 0.7, INK)


def _say(sheet: Any, text: str, left: int, bottom: int, scale: float, color: tuple[int, int, int]) -> None:
    cv2.putText(sheet, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, color, 2, cv2.LINE_AA)


if __name__ == "__main__":
    main()
