"""YOLOX in ONNX Runtime: a picture in, boxes out.

The input has the size SAFE-YOLO uses for pictures of 16:9, 448x256, with the picture at the
top left and grey 114 in the margin; the values are BGR from 0 to 255.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

INPUT_WIDTH, INPUT_HEIGHT = 448, 256
"""Size of the model's input, pixels."""
STRIDES = (8, 16, 32)
MARGIN = 114
SCORE_MIN = 0.1
"""As in SAFE-YOLO: the tracker has a use for weak boxes."""
IOU_MAX = 0.45
"""Of two boxes of a class that overlap by more, the weaker one goes."""
BOXES_MAX = 300


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Left top corner, in cells, and stride, in pixels, of each row of the output."""
    corners, strides = [], []
    for stride in STRIDES:
        ys, xs = np.mgrid[: INPUT_HEIGHT // stride, : INPUT_WIDTH // stride]
        corners.append(np.stack([xs.ravel(), ys.ravel()], axis=1))
        strides.append(np.full((xs.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


def suppress(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Indices of the boxes that stay, best first (non-maximum suppression by class)."""
    # Boxes of different classes are moved apart, so that one pass serves all.
    apart = boxes + (classes * 2 * (INPUT_WIDTH + INPUT_HEIGHT))[:, None]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size and len(kept) < BOXES_MAX:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        near = np.maximum(apart[best, :2], apart[rest, :2])
        far = np.minimum(apart[best, 2:], apart[rest, 2:])
        common = np.clip(far - near, 0, None).prod(axis=1)
        iou = common / np.maximum(areas[best] + areas[rest] - common, 1e-6)
        order = rest[iou <= IOU_MAX]
    return np.array(kept, dtype=np.int64)


class Detector:
    """One session for all cameras; may be called by several threads at once."""

    def __init__(self, model: Path, threads: int, spin: bool) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._outputs = [self._session.get_outputs()[0].name]
        names = self._session.get_modelmeta().custom_metadata_map["names"]
        self.names: list[str] = [name.strip().lower() for name in json.loads(names)]
        self._corners, self._strides = grid()
        # Each thread letterboxes into a picture of its own; the margin is painted once.
        self._local = threading.local()

    def _letterbox(self, picture: np.ndarray) -> tuple[np.ndarray, float]:
        """The model's input and its scale, input pixels a pixel of the picture."""
        height, width = picture.shape[:2]
        scale = min(INPUT_WIDTH / width, INPUT_HEIGHT / height)
        size = (round(width * scale), round(height * scale))
        canvas = getattr(self._local, "canvas", None)
        if canvas is None:
            canvas = np.full((INPUT_HEIGHT, INPUT_WIDTH, 3), MARGIN, np.uint8)
            self._local.canvas = canvas
        cv2.resize(picture, size, dst=canvas[: size[1], : size[0]])
        return cv2.dnn.blobFromImage(canvas), scale

    def detect(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes (x1, y1, x2, y2 in pixels of the picture), scores and classes, best first."""
        blob, scale = self._letterbox(picture)
        rows = self._session.run(self._outputs, {self._input: blob})[0][0]
        # Most cells are empty: only the rest is decoded.
        hopeful = np.flatnonzero(rows[:, 4] >= SCORE_MIN)
        rows = rows[hopeful]
        scores = rows[:, 4:5] * rows[:, 5:]
        found, classes = np.nonzero(scores >= SCORE_MIN)
        strides = self._strides[hopeful][found]
        centres = (rows[found, :2] + self._corners[hopeful][found]) * strides
        halves = np.exp(np.minimum(rows[found, 2:4], 10.0)) * strides / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1)
        scores = scores[found, classes]
        kept = suppress(boxes, scores, classes)
        return boxes[kept] / scale, scores[kept], classes[kept]
