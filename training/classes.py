"""What the detector sees, and what each data set says about it."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES = (
    "person",
    "helmet",
    "no_helmet",
    "vest",
    "no_vest",
    "mask",
    "no_mask",
    "safety_cone",
    "machinery",
    "vehicle",
    "forklift",
    "fire",
    "smoke",
)
"""The canonical classes in the order of the model's columns (`crates/core/src/class.rs`)."""
INDEX = {name: index for index, name in enumerate(CLASSES)}

ALIKE = (
    ("person", "vest", "no_vest"),
    ("helmet", "no_helmet", "mask", "no_mask"),
    ("machinery", "vehicle", "forklift"),
    ("fire", "smoke"),
)
"""Classes whose boxes may be nearly the same box: a face is `no_mask` and `no_helmet` at once.
Where a set labels one of them and not the other, nothing is known about the other."""


@dataclass(frozen=True)
class Source:
    """A data set: its folder and the canonical class of each of its labels, in label order."""

    folder: str
    labels: tuple[str | None, ...]
    share: float
    """Share of the pictures of a training that come from it."""
    zoom: tuple[float, float] = (0.6, 1.9)
    """How much smaller and larger than the whole picture its pictures are shown."""
    mosaics: float = 0.25
    """Share of its samples that are four pictures together."""

    @property
    def known(self) -> frozenset[str]:
        """Classes that are labelled wherever they are seen."""
        return frozenset(label for label in self.labels if label)


SOURCES = (
    Source(
        "construction-site-safety",
        (
            "helmet",
            "mask",
            "no_helmet",
            "no_mask",
            "no_vest",
            "person",
            "safety_cone",
            "vest",
            "machinery",
            "vehicle",
        ),
        0.70,
        # Most of its train pictures are mosaics already, and those to be judged are not: objects
        # there are about 1.6 times as large.
        zoom=(0.7, 2.4),
        mosaics=0.1,
    ),
    Source("hardhat-iaesp", ("helmet", "no_helmet", "no_helmet", "person"), 0.14),
    Source("forklift", ("forklift", "person"), 0.08),
    Source("fire-smoke", ("fire", None, "smoke"), 0.08),
)
"""The sets of `../shared/data/detection`; the unexplained `default` of fire-smoke is dropped."""
SIMULATED = Source("", CLASSES, 0.25, zoom=(0.7, 3.2))
"""Drawn pictures: everything in them is labelled, in the order of `CLASSES`."""


def alike() -> list[list[bool]]:
    """Whether two classes may share a box, by their indices."""
    groups = [set(group) for group in ALIKE]
    return [[any({a, b} <= group for group in groups) for b in CLASSES] for a in CLASSES]
