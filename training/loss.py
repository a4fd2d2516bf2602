"""What a model's rows cost: SimOTA assignment, box, objectness and class losses, with masks.

Ge et al., "OTA: Optimal Transport Assignment for Object Detection", arXiv:2103.14259, in the
simplified form of arXiv:2107.08430. A set labels its own classes only. Of the others nothing is
known: their class scores cost nothing on a box that could be theirs too (`classes.alike`), and
objectness costs nothing where the model itself sees such a class and nothing is labelled.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.classes import alike
from training.model import grid

RADIUS = 2.5
"""Cells around the middle of an object that may stand for it, in strides."""
CANDIDATES = 10
"""Best cells whose overlaps, added up, say how many cells an object gets."""
BOX_WEIGHT = 5.0
UNKNOWN_MIN = 0.3
"""Class score of an unlabelled class above which the cell's objectness is left alone."""


def boxes_of(rows: Tensor, corners: Tensor, strides: Tensor) -> Tensor:
    """Boxes x1, y1, x2, y2 in input pixels of the first four columns."""
    centres = (rows[..., :2] + corners) * strides
    halves = rows[..., 2:4].clamp(max=10.0).exp() * strides / 2
    return torch.cat([centres - halves, centres + halves], -1)


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes, with broadcasting."""
    near, far = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    common = (far - near).clamp(min=0).prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return common / (areas - common).clamp(min=1e-7)


@torch.no_grad()
def assign(
    boxes: Tensor, logits: Tensor, targets: Tensor, known: Tensor, corners: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Cells that stand for an object, the object of each and their overlap (SimOTA).

    `boxes` [anchors, 4], `logits` [anchors, 1 + classes], `targets` [n, 5], `known` [classes].
    """
    middles = (corners + 0.5) * strides
    real = targets[:, 1:]
    inside = ((middles > real[:, None, :2]) & (middles < real[:, None, 2:])).all(-1)
    centres = (real[:, :2] + real[:, 2:]) / 2
    near = ((middles - centres[:, None]).abs() < RADIUS * strides).all(-1)
    cells = (inside | near).any(0).nonzero()[:, 0]
    ious = overlap(real[:, None], boxes[None, cells])
    scores = (logits[cells, 1:].sigmoid() * logits[cells, :1].sigmoid()).sqrt()
    scores = scores.clamp(1e-6, 1 - 1e-6)
    wanted = functional.one_hot(targets[:, 0].long(), scores.shape[1]).to(scores)
    counts = known.to(scores)
    yes, no = -scores.log() * counts, -(1 - scores).log() * counts
    cost = wanted @ yes.T + (1 - wanted) @ no.T - 3.0 * ious.clamp(min=1e-8).log()
    cost = cost + 1e5 * ~(inside & near)[:, cells]
    taken = torch.zeros_like(cost, dtype=torch.bool)
    best = ious.topk(min(CANDIDATES, len(cells)), 1).values.sum(1).int().clamp(min=1)
    for index, count in enumerate(best.tolist()):
        taken[index, cost[index].topk(min(count, len(cells)), largest=False).indices] = True
    twice = taken.sum(0) > 1
    if twice.any():
        cheapest = cost[:, twice].argmin(0)
        taken[:, twice] = functional.one_hot(cheapest, len(targets)).T.bool()
    chosen = taken.any(0).nonzero()[:, 0]
    objects = taken[:, chosen].int().argmax(0)
    return cells[chosen], objects, ious[objects, chosen]


def loss(
    rows: Tensor, targets: list[Tensor], known: Tensor, height: int, width: int
) -> tuple[Tensor, dict[str, float]]:
    """The cost of a batch and its parts.

    `rows` [n, anchors, 5 + classes] as the model gives them in training, `targets` of each
    picture [objects, 5] (class, box in pixels), `known` [n, classes].
    """
    rows = rows.float()
    corners, strides = grid(height, width, rows.device)
    boxes = boxes_of(rows, corners, strides)
    may_share = torch.tensor(alike(), device=rows.device)[: rows.shape[2] - 5, : rows.shape[2] - 5]
    box, objectness, kind = rows.new_zeros(()), rows.new_zeros(()), rows.new_zeros(())
    found = 0
    for row, shapes, real, labelled in zip(rows, boxes, targets, known, strict=True):
        there = torch.zeros_like(row[:, 4])
        believed = row[:, 5:].detach().sigmoid().masked_fill(labelled, 0.0).amax(1)
        counts = (believed < UNKNOWN_MIN).to(row)
        if len(real):
            cells, objects, ious = assign(
                shapes.detach(), row[:, 4:].detach(), real, labelled, corners, strides
            )
            there[cells], counts[cells] = 1.0, 1.0
            classes = real[objects, 0].long()
            wanted = functional.one_hot(classes, row.shape[1] - 5) * ious[:, None]
            each = functional.binary_cross_entropy_with_logits(
                row[cells, 5:], wanted.to(row), reduction="none"
            )
            kind = kind + (each * (labelled | ~may_share[classes])).sum()
            box = box + (1 - overlap(shapes[cells], real[objects, 1:]) ** 2).sum()
            found += len(cells)
        each = functional.binary_cross_entropy_with_logits(row[:, 4], there, reduction="none")
        objectness = objectness + (each * counts).sum()
    norm = max(found, 1)
    total = (BOX_WEIGHT * box + objectness + kind) / norm
    parts = {"box": box, "objectness": objectness, "class": kind}
    return total, {name: float(part.detach()) / norm for name, part in parts.items()}
