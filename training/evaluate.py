"""Average precision of an ONNX model on the validation pictures: AP50 and AP50:95, 101 points."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from training.classes import SOURCES
from training.data import DETECTION, letterbox, read_source

SCORE_MIN = 0.01
NMS_IOU_MAX = 0.45
"""As in `crates/infer`."""
BOXES_MAX = 300
IOUS = np.arange(0.5, 0.96, 0.05)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of each box of `a` with each of `b` (x1, y1, x2, y2)."""
    near = np.maximum(a[:, None, :2], b[None, :, :2])
    far = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(far - near, 0, None).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (a, b)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)


def average_precision(scores: np.ndarray, hits: np.ndarray, objects: int) -> float:
    """Mean precision at 101 recalls; `hits` tells which of the boxes found an object."""
    if objects == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(hits[order])
    precision = found / np.arange(1, len(found) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(found / objects, np.linspace(0, 1, 101) - 1e-12, side="left")
    return float(np.append(precision, 0.0)[places].mean())


def match(found: np.ndarray, there: np.ndarray, iou_min: float) -> np.ndarray:
    """Which of the boxes, best first, find an object that no better one has found."""
    hits = np.zeros(len(found), bool)
    if not len(found) or not len(there):
        return hits
    ious = overlap(found, there)
    for index, row in enumerate(ious):
        best = int(row.argmax())
        if row[best] >= iou_min:
            hits[index] = True
            ious[:, best] = -1.0
    return hits


def decode(rows: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes in input pixels, scores and columns of the classes, best first, after suppression."""
    corners, strides = [], []
    for stride in (8, 16, 32):
        ys, xs = np.mgrid[: height // stride, : width // stride]
        corners.append(np.stack([xs.ravel(), ys.ravel()], 1))
        strides.append(np.full((xs.size, 1), stride))
    corner, step = np.concatenate(corners), np.concatenate(strides)
    centres = (rows[:, :2] + corner) * step
    halves = np.exp(np.minimum(rows[:, 2:4], 10.0)) * step / 2
    boxes = np.concatenate([centres - halves, centres + halves], 1)
    table = rows[:, 4:5] * rows[:, 5:]
    cells, columns = np.nonzero(table >= SCORE_MIN)
    boxes, scores = boxes[cells], table[cells, columns]
    order = np.argsort(-scores, kind="stable")
    boxes, scores, columns = boxes[order], scores[order], columns[order]
    kept: list[int] = []
    for column in np.unique(columns):
        left = np.flatnonzero(columns == column)
        while left.size:
            kept.append(int(left[0]))
            left = left[1:][overlap(boxes[left[:1]], boxes[left[1:]])[0] <= NMS_IOU_MAX]
    chosen = np.sort(np.array(kept, int))[:BOXES_MAX]
    return boxes[chosen], scores[chosen], columns[chosen]


def evaluate(
    model: Path, folder: Path, width: int, height: int, threads: int, most: int | None = None
) -> dict[str, dict[str, tuple[float, float]]]:
    """AP50 and AP50:95 of each class that a set labels and the model has, by set and class."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = json.loads(session.get_modelmeta().custom_metadata_map["names"])
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for source in SOURCES:
        looked = []
        for item in read_source(source, folder / source.folder / "val")[:most]:
            picture = cv2.imread(str(item.path))
            canvas, scale = letterbox(picture, width, height)
            blob = canvas.transpose(2, 0, 1)[None].astype(np.float32)
            rows = session.run(None, {session.get_inputs()[0].name: blob})[0][0]
            boxes, scores, columns = decode(rows, width, height)
            sides = np.array([picture.shape[1], picture.shape[0]] * 2)
            looked.append((boxes / scale, scores, columns, item.boxes * sides, item.names))
        table[source.folder] = {}
        for column, name in enumerate(names):
            if name not in source.known:
                continue
            there = [boxes[[n == name for n in labels]] for *_, boxes, labels in looked]
            objects = sum(map(len, there))
            figures = []
            for iou in IOUS:
                hits = [
                    match(found[columns == column], real, iou)
                    for (found, _, columns, _, _), real in zip(looked, there, strict=True)
                ]
                scores = [score[columns == column] for _, score, columns, _, _ in looked]
                figures.append(
                    average_precision(np.concatenate(scores), np.concatenate(hits), objects)
                )
            table[source.folder][name] = (figures[0], float(np.mean(figures)))
    return table


def main() -> None:
    """Prints the table of a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=DETECTION)
    parser.add_argument("--size", default="416x416", help="width x height")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, help="pictures of each set, at most")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    table = evaluate(
        arguments.model, arguments.data, width, height, arguments.threads, arguments.most
    )
    for folder, figures in table.items():
        print(f"{folder} val, {width}x{height}: AP50, AP50:95")
        for name, (half, mean) in figures.items():
            print(f"  {name:12} {half:.3f}  {mean:.3f}")
        if figures:
            halves, means = np.nanmean(np.array(list(figures.values())), 0)
            print(f"  {'mean':12} {halves:.3f}  {means:.3f}")


if __name__ == "__main__":
    main()
