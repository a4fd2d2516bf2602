"""Labelled pictures: read, changed and laid into the model's input."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from training.classes import CLASSES, INDEX, Source

DETECTION = Path(__file__).resolve().parents[2] / "shared/data/detection"
MARGIN = 114
SIZES = ((416, 416), (416, 416), (352, 352), (320, 320), (448, 288), (416, 256))
"""Sizes of the input in training, width and height, pixels; equally often."""
SIDE_MIN = 3.0
"""Boxes with a shorter side, input pixels, are not learnt."""
VISIBLE_MIN = 0.3
"""Share of a box that must be left in the picture for it to be learnt."""


@dataclass
class Item:
    """A picture and what is labelled in it."""

    path: Path
    names: list[str]
    boxes: np.ndarray
    """[n, 4]: x1, y1, x2, y2 as fractions of the picture."""
    known: frozenset[str] = field(default_factory=frozenset)
    """Classes that are labelled wherever they are seen in it."""
    zoom: tuple[float, float] = (0.6, 1.9)
    mosaics: float = 0.25


def read_labels(path: Path, source: Source) -> tuple[list[str], np.ndarray]:
    """Names and boxes of a label file; a polygon becomes its bounding box."""
    names, boxes = [], []
    for line in path.read_text().splitlines():
        numbers = [float(word) for word in line.split()]
        if len(numbers) < 5:
            continue
        name = source.labels[int(numbers[0])]
        if name is None:
            continue
        if len(numbers) == 5:
            x, y, w, h = numbers[1:]
            box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        else:
            xs, ys = numbers[1::2], numbers[2::2]
            box = (min(xs), min(ys), max(xs), max(ys))
        names.append(name)
        boxes.append(box)
    return names, np.clip(np.array(boxes, np.float64).reshape(-1, 4), 0, 1)


def read_source(source: Source, folder: Path) -> list[Item]:
    """The pictures of `folder/images` with `folder/labels`, by name."""
    if not (folder / "images").is_dir():
        raise FileNotFoundError(f"'{folder}' has no folder 'images': is the data set there?")
    items = []
    for path in sorted((folder / "images").iterdir()):
        label = folder / "labels" / f"{path.stem}.txt"
        if label.exists():
            names, boxes = read_labels(label, source)
            items.append(Item(path, names, boxes, source.known, source.zoom, source.mosaics))
    return items


def letterbox(picture: np.ndarray, width: int, height: int) -> tuple[np.ndarray, float]:
    """The picture at the top left of the input, grey 114 elsewhere, and its scale."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    canvas = np.full((height, width, 3), MARGIN, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(picture, size)
    return canvas, scale


class Pictures:
    """Samples by number: the same seed and number give the same picture, whenever asked."""

    def __init__(self, groups: list[tuple[list[Item], float]], seed: int) -> None:
        """`groups`: pictures and the share of samples drawn from them."""
        self._groups = [items for items, _ in groups]
        shares = np.array([share for _, share in groups])
        self._shares = shares / shares.sum()
        self._weights = [weights(items) for items in self._groups]
        self._seed = seed
        self._kept: dict[Path, np.ndarray] = {}

    def size(self, step: int) -> tuple[int, int]:
        """Width and height of the inputs of a step."""
        return SIZES[int(np.random.default_rng((self._seed, 1, step)).integers(len(SIZES)))]

    def _read(self, path: Path) -> np.ndarray:
        if path not in self._kept:
            picture = cv2.imread(str(path))
            if picture is None:
                raise OSError(f"'{path}' can't be read as a picture")
            self._kept[path] = picture
        return self._kept[path]

    def sample(
        self, number: int, width: int, height: int, calm: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture [3, height, width], targets [n, 5] (class, box in pixels), known [classes].

        `calm` leaves mosaics out: the end of a training sees pictures as they are.
        """
        rng = np.random.default_rng((self._seed, 2, number))
        group = int(rng.choice(len(self._groups), p=self._shares))
        items, weight = self._groups[group], self._weights[group]
        # Pictures of one set only share a mosaic, so that one mask holds for all of it.
        parts = 4 if not calm and rng.random() < items[0].mosaics else 1
        canvas = np.full((height, width, 3), MARGIN, np.uint8)
        targets: list[tuple[float, ...]] = []
        known: frozenset[str] = frozenset()
        middle = (int(width * rng.uniform(0.35, 0.65)), int(height * rng.uniform(0.35, 0.65)))
        for part in range(parts):
            item = items[int(rng.choice(len(items), p=weight))]
            known = item.known
            left, top, right, bottom = 0, 0, width, height
            if parts == 4:
                left, right = ((0, middle[0]), (middle[0], width))[part % 2]
                top, bottom = ((0, middle[1]), (middle[1], height))[part // 2]
            room = canvas[top:bottom, left:right]
            for index, box in place(item, self._read(item.path), room, rng):
                targets.append((index, *(box + np.array([left, top, left, top]))))
        canvas = spoil(canvas, rng)
        flags = np.array([name in known for name in CLASSES])
        rows = np.array(targets, np.float32).reshape(-1, 5)
        return np.ascontiguousarray(canvas.transpose(2, 0, 1)), rows, flags


def weights(items: list[Item]) -> np.ndarray:
    """How often each picture is drawn: those with a rare class oftener (repeat factors)."""
    share = {name: np.mean([name in item.names for item in items]) for name in CLASSES}
    factor = [
        max([1.0, *(min((0.3 / share[name]) ** 0.5, 2.0) for name in set(item.names))])
        for item in items
    ]
    return np.array(factor) / np.sum(factor)


def place(
    item: Item, picture: np.ndarray, room: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, np.ndarray]]:
    """Draws the picture, scaled, moved and perhaps mirrored, into the room; its boxes there."""
    height, width = room.shape[:2]
    scale = min(width / picture.shape[1], height / picture.shape[0])
    scale *= float(np.exp(rng.uniform(*np.log(item.zoom)))) if rng.random() < 0.8 else 1.0
    size = np.array([picture.shape[1], picture.shape[0]]) * scale
    offset = (np.array([width, height]) - size) * rng.uniform(0, 1, 2)
    mirrored = rng.random() < 0.5
    across = -scale if mirrored else scale
    start = offset[0] + (size[0] if mirrored else 0.0)
    change = np.array([[across, 0, start], [0, scale, offset[1]]])
    cv2.warpAffine(
        picture, change, (width, height), dst=room, flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(MARGIN,) * 3,
    )  # fmt: skip
    found = []
    for name, (x1, y1, x2, y2) in zip(item.names, item.boxes, strict=True):
        if mirrored:
            x1, x2 = 1 - x2, 1 - x1
        box = np.array([x1, y1, x2, y2]) * np.tile(size, 2) + np.tile(offset, 2)
        cut = np.clip(box, 0, [width, height, width, height])
        sides = cut[2:] - cut[:2]
        whole = (box[2:] - box[:2]).prod()
        if sides.min() >= SIDE_MIN and sides.prod() >= VISIBLE_MIN * whole:
            found.append((INDEX[name], cut))
    return found


def spoil(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colour, blur, far-away coarseness, noise and JPEG, each at times."""
    if rng.random() < 0.7:
        colours = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.int16)
        colours[..., 0] = (colours[..., 0] + int(rng.integers(-5, 6))) % 180
        colours[..., 1:] = colours[..., 1:] * rng.uniform(0.6, 1.4, 2)
        picture = cv2.cvtColor(np.clip(colours, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR)
    if rng.random() < 0.15:
        height, width = picture.shape[:2]
        part = rng.uniform(0.4, 0.8)
        small = cv2.resize(picture, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height))
    elif rng.random() < 0.1:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < 0.1:
        noise = rng.normal(0, rng.uniform(2, 10), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = int(rng.integers(35, 85))
        _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture
