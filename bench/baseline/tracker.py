"""A tracker by overlap in two rounds: strong boxes first, then weak ones.

In the old design there is one for all cameras, as its detector keeps its tracks to itself:
the boxes of each camera meet the tracks of all others. That is what is shown here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

HIGH = 0.5
"""Boxes with at least this score take part in the first round."""
NEW = 0.6
"""Boxes with at least this score begin a track."""
IOU_MIN = 0.2
"""Overlap below which a box is not of a track (a cost of 0.8 at most)."""
BUFFER = 30
"""A track that was not seen in so many pictures is gone."""


@dataclass
class Track:
    """A person, as far as the tracker knows."""

    number: int
    box: np.ndarray
    speed: np.ndarray
    """Change of the box from one picture to the next, pixels."""
    missed: int = 0

    def expected(self) -> np.ndarray:
        """Where the box should be in the next picture."""
        return self.box + self.speed * (self.missed + 1)

    def take(self, box: np.ndarray) -> None:
        """Moves to a box that was matched."""
        step = (box - self.box) / (self.missed + 1)
        self.speed = 0.7 * self.speed + 0.3 * step
        self.box = box
        self.missed = 0


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of each box of `a` with each of `b`."""
    near = np.maximum(a[:, None, :2], b[None, :, :2])
    far = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(far - near, 0, None).prod(axis=2)
    area_a = np.clip(a[:, 2:] - a[:, :2], 0, None).prod(axis=1)
    area_b = np.clip(b[:, 2:] - b[:, :2], 0, None).prod(axis=1)
    return common / np.maximum(area_a[:, None] + area_b[None, :] - common, 1e-6)


def match(tracks: list[Track], boxes: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of a track and a box, the greatest overlap first."""
    if not tracks or not len(boxes):
        return []
    iou = overlaps(np.stack([track.expected() for track in tracks]), boxes)
    pairs = []
    for flat in np.argsort(-iou, axis=None):
        track, box = divmod(int(flat), len(boxes))
        if iou[track, box] < IOU_MIN:
            break
        if all(track != t and box != b for t, b in pairs):
            pairs.append((track, box))
    return pairs


class Tracker:
    """All tracks of all cameras; one caller at a time."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._numbers = 0
        self._lock = threading.Lock()

    def update(self, boxes: np.ndarray, scores: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Number and box of the tracks that are seen in this picture."""
        with self._lock:
            return self._update(boxes, scores)

    def _update(self, boxes: np.ndarray, scores: np.ndarray) -> list[tuple[int, np.ndarray]]:
        seen: list[Track] = []
        left = self._tracks
        for strong in (True, False):
            chosen = np.flatnonzero((scores >= HIGH) == strong)
            pairs = match(left, boxes[chosen])
            for track, box in pairs:
                left[track].take(boxes[chosen[box]])
                seen.append(left[track])
            taken = {track for track, _ in pairs}
            left = [track for number, track in enumerate(left) if number not in taken]
            if strong:
                used = {int(chosen[box]) for _, box in pairs}
                fresh = [box for box in chosen if int(box) not in used and scores[box] >= NEW]
        for track in left:
            track.missed += 1
        kept = seen + [track for track in left if track.missed <= BUFFER]
        for box in fresh:
            self._numbers += 1
            begun = Track(self._numbers, boxes[box], np.zeros(4, np.float32))
            kept.append(begun)
            seen.append(begun)
        self._tracks = kept
        return [(track.number, track.box) for track in seen]
