"""Pictures for training that are, nearly, pictures of a validation set: they go.

Two signs: the name of the picture before the data set site changed it, and a perceptual hash
(64 signs of a cosine transform), of the picture and of its mirror image.
"""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from training.data import Item

BITS_MAX = 6
"""Hashes that differ in no more bits are of the same picture."""


def fingerprint(picture: np.ndarray) -> np.ndarray:
    """64 bits that survive scaling, compression and small changes of colour."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = cv2.dct(small)[:8, :8].ravel()
    return waves > np.median(waves[1:])


def origin(path: Path) -> str:
    """The name of the source picture, or nothing where the file's name does not tell it.

    Roboflow writes `name_jpg.rf.hash.jpg`, our copies of it `name_jpg_hash.jpg`.
    """
    found = re.fullmatch(r"(.+_(?:jpe?g|png))(?:\.rf\.|_)[0-9a-f]{8,}\.jpg", path.name)
    return found[1] if found else ""


def without_duplicates(train: list[Item], val: list[Item]) -> tuple[list[Item], int]:
    """The pictures of `train` that resemble none of `val`, and how many were removed."""
    if not train or not val:
        return train, 0
    names = {(item.path.parents[2], origin(item.path)) for item in val if origin(item.path)}
    seen = np.stack([fingerprint(cv2.imread(str(item.path))) for item in val])
    kept = []
    for item in train:
        picture = cv2.imread(str(item.path))
        marks = [fingerprint(picture), fingerprint(picture[:, ::-1].copy())]
        nearest = min(int((seen != mark).sum(1).min()) for mark in marks)
        if nearest > BITS_MAX and (item.path.parents[2], origin(item.path)) not in names:
            kept.append(item)
    return kept, len(train) - len(kept)
