"""The reference scorers: py-motmetrics and roboflow/trackers, on files of tracks."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import motmetrics
import numpy as np
from trackers import eval as trackers_eval
from trackers.eval.clear import aggregate_clear_metrics
from trackers.eval.hota import aggregate_hota_metrics
from trackers.eval.identity import aggregate_identity_metrics

IOU_MIN = 0.5
MOTMETRICS = [
    "mota",
    "motp",
    "idf1",
    "idp",
    "idr",
    "precision",
    "recall",
    "num_switches",
    "num_fragmentations",
    "num_misses",
    "num_false_positives",
    "num_detections",
    "mostly_tracked",
    "partially_tracked",
    "mostly_lost",
]
CLEAR = ["MOTA", "MOTP", "CLR_Re", "CLR_Pr", "CLR_TP", "CLR_FN", "CLR_FP"]
CLEAR += ["IDSW", "Frag", "MT", "PT", "ML"]
HOTA = ["HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr"]
IDENTITY = ["IDF1", "IDP", "IDR"]


@dataclass
class Scored:
    """What both packages make of one sequence."""

    accumulator: motmetrics.MOTAccumulator
    clear: dict[str, Any]
    hota: dict[str, Any]
    identity: dict[str, Any]
    motmetrics: dict[str, float | None] = field(default_factory=dict)

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Every figure by package, NaN as None."""
        return {"motmetrics": self.motmetrics, "trackers": _trackers_figures(self)}


def read(path: Path, *, truth: bool) -> np.ndarray:
    """Rows of frame, id, x, y, w, h in the order of the file; of the truth those that count."""
    text = path.read_text()
    rows = [[float(v) for v in line.split(",")] for line in text.splitlines() if line.strip()]
    if truth:
        rows = [row for row in rows if row[6] == 1]
    return np.array([row[:6] for row in rows]).reshape(-1, 6)


def score(truth_path: Path, found_path: Path) -> Scored:
    """Scores one sequence with both packages."""
    truth, found = read(truth_path, truth=True), read(found_path, truth=False)
    accumulator = _accumulate(truth, found)
    clear, hota, identity = _trackers(truth, found)
    scored = Scored(accumulator, clear, hota, identity)
    scored.motmetrics = _summary([accumulator], together=False)
    return scored


def together(all_scored: list[Scored]) -> dict[str, dict[str, float | None]]:
    """The combined row of both packages."""
    combined = Scored(
        all_scored[0].accumulator,
        aggregate_clear_metrics([scored.clear for scored in all_scored]),
        aggregate_hota_metrics([scored.hota for scored in all_scored]),
        aggregate_identity_metrics([scored.identity for scored in all_scored]),
    )
    accumulators = [scored.accumulator for scored in all_scored]
    combined.motmetrics = _summary(accumulators, together=True)
    return combined.figures()


def _accumulate(truth: np.ndarray, found: np.ndarray) -> motmetrics.MOTAccumulator:
    accumulator = motmetrics.MOTAccumulator()
    for frame in sorted({*truth[:, 0], *found[:, 0]}):
        there, seen = truth[truth[:, 0] == frame], found[found[:, 0] == frame]
        # Its `iou_matrix` calls `np.asfarray`, which numpy 2 no longer has; the
        # overlap itself and the threshold are the same here.
        distances = 1 - motmetrics.distances.boxiou(there[:, None, 2:], seen[None, :, 2:])
        distances = np.where(distances > 1 - IOU_MIN, np.nan, distances)
        there_ids, seen_ids = there[:, 1].astype(int), seen[:, 1].astype(int)
        accumulator.update(there_ids, seen_ids, distances, frameid=int(frame))
    return accumulator


def _summary(accumulators: list[Any], *, together: bool) -> dict[str, float | None]:
    host = motmetrics.metrics.create()
    summary = host.compute_many(accumulators, metrics=MOTMETRICS, generate_overall=together)
    row = summary.iloc[-1]
    return {name: _plain(row[name]) for name in MOTMETRICS}


def _trackers(truth: np.ndarray, found: np.ndarray) -> tuple[dict, dict, dict]:
    if not len(found):
        # Its reader refuses an empty file, its formulas do not.
        frames = sorted({*truth[:, 0]})
        ids = [truth[truth[:, 0] == frame][:, 1].astype(int) for frame in frames]
        none = [np.array([], dtype=int) for _ in ids]
        overlaps = [np.zeros((len(row), 0)) for row in ids]
        return (
            trackers_eval.compute_clear_metrics(ids, none, overlaps),
            trackers_eval.compute_hota_metrics(ids, none, overlaps),
            trackers_eval.compute_identity_metrics(ids, none, overlaps),
        )
    with tempfile.TemporaryDirectory() as folder:
        # Its reader takes the eighth column of the truth for MOT17's class and leaves
        # out all of MOT15, which has a place or -1 there.
        files = Path(folder, "gt.txt"), Path(folder, "result.txt")
        for file, rows in zip(files, (truth, found), strict=True):
            lines = (",".join(repr(float(v)) for v in row) for row in rows)
            file.write_text("".join(f"{line},1,1,1\n" for line in lines))
        result = trackers_eval.evaluate_mot_sequence(
            *files, metrics=["CLEAR", "HOTA", "Identity"], threshold=IOU_MIN
        )
    hota = result.HOTA.to_dict(include_arrays=True, arrays_as_list=False)
    return result.CLEAR.to_dict(), hota, result.Identity.to_dict()


def _trackers_figures(scored: Scored) -> dict[str, float | None]:
    parts = [(scored.clear, CLEAR), (scored.hota, HOTA), (scored.identity, IDENTITY)]
    return {name: _plain(part[name]) for part, names in parts for name in names}


def _plain(value: Any) -> float | None:
    value = float(value)
    return None if math.isnan(value) else value
