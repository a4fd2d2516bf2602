"""Tracks the MOT15 sequences with `safe-yolo track` and with a library, and scores both.

    eval/venv.sh && target/eval-venv/bin/python eval/tracking.py [--program FILE] [--data DIR]

Prints the mean over the sequences and ends with 1 when ours is below what is asked for.
`--choose` instead tells how the settings were chosen: those that do best on all sequences
but one are scored on that one, in turn.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import supervision
import trackers
from compare import ROOT, SEQUENCES
from trackers.core.base import BaseTracker

# What is asked for, of the mean over the sequences.
THRESHOLDS = {"hota": 0.41, "idf1": 0.58, "mota": 0.42}
# What was tried; everything else is as in `TrackerConfig::default`.
CHOICES = {
    "confirm_score_sum": (0, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 2.0),
    "match_cost_max": (0.7, 0.75, 0.8, 0.85),
}

Figures = dict[str, float]


@dataclass
class Site:
    """The program and the sequences."""

    program: Path
    data: Path

    def track(self, name: str, out: Path, extra: list[str]) -> None:
        """Tracks one sequence with our program."""
        rate, size = SEQUENCES[name]
        det = self.data / name / "det/det.txt"
        command = ["track", "--det", det, "--fps", str(rate), "--size", size, "--out", out]
        subprocess.run([self.program, *command, *extra], check=True)

    def score(self, found: dict[str, Path]) -> dict[str, Figures]:
        """HOTA, IDF1 and MOTA by sequence."""
        command: list[str | Path] = [self.program, "score", "tracking", "--json"]
        for name, path in found.items():
            truth = self.data / name / "gt/gt.txt"
            command += ["--truth", truth, "--found", path, "--name", name]
        answer = subprocess.run(command, check=True, capture_output=True).stdout
        rows = zip(found, json.loads(answer)["sequences"], strict=True)
        return {
            name: {"hota": row["hota"], "idf1": row["idf1"], "mota": row["clear"]["mota"]}
            for name, row in rows
        }

    def run(self, tracks: Callable[[str, Path], None]) -> dict[str, Figures]:
        """Lets `tracks` write a file for each sequence and scores them."""
        with tempfile.TemporaryDirectory() as scratch:
            found = {name: Path(scratch, f"{name}.txt") for name in SEQUENCES}
            for name, path in found.items():
                tracks(name, path)
            return self.score(found)

    def ours(self, *extra: str) -> dict[str, Figures]:
        """Our program with these further arguments."""
        return self.run(lambda name, out: self.track(name, out, list(extra)))

    def theirs(self, make: Callable[[float], BaseTracker]) -> dict[str, Figures]:
        """A tracker of the library, told the frame rate, on the same detections."""
        return self.run(lambda name, out: self._track_with(make(SEQUENCES[name][0]), name, out))

    def _track_with(self, tracker: BaseTracker, name: str, out: Path) -> None:
        text = (self.data / name / "det/det.txt").read_text()
        rows = [[float(v) for v in line.split(",")] for line in text.splitlines() if line.strip()]
        all_found = np.array(rows)
        lines = []
        for frame in range(1, int(all_found[:, 0].max()) + 1):
            rows_now = all_found[all_found[:, 0] == frame]
            boxes = rows_now[:, 2:6].copy()
            boxes[:, 2:] += boxes[:, :2]
            detections = supervision.Detections(
                xyxy=boxes.reshape(-1, 4),
                confidence=rows_now[:, 6],
                class_id=np.zeros(len(rows_now), dtype=int),
            )
            tracked = tracker.update(detections)
            for box, track in zip(tracked.xyxy, tracked.tracker_id, strict=True):
                # -1 is a track that is not confirmed.
                if track >= 0:
                    x1, y1, x2, y2 = box
                    lines.append(f"{frame},{track},{x1},{y1},{x2 - x1},{y2 - y1},1,-1,-1,-1\n")
        out.write_text("".join(lines))


def mean(scored: dict[str, Figures]) -> Figures:
    """The mean over the sequences."""
    return {key: sum(row[key] for row in scored.values()) / len(scored) for key in THRESHOLDS}


def line(name: str, figures: Figures) -> str:
    """One row of the table."""
    return f"| {name} | " + " | ".join(f"{figures[key]:.3f}" for key in THRESHOLDS) + " |"


def compare(site: Site) -> bool:
    """Prints the tables; whether ours reaches what is asked for."""
    ours = site.ours()
    print("| | HOTA | IDF1 | MOTA |\n|---|---|---|---|")
    print(line("**safe-yolo track**", mean(ours)))
    print(line("asked for, at least", THRESHOLDS))
    for preset in ("bot-sort", "byte-track"):
        print(line(f"safe-yolo track --preset {preset}", mean(site.ours("--preset", preset))))
    library: dict[str, Callable[[float], BaseTracker]] = {
        "BoT-SORT, no camera motion": lambda rate: trackers.BoTSORTTracker(
            frame_rate=rate, enable_cmc=False
        ),
        "ByteTrack": lambda rate: trackers.ByteTrackTracker(frame_rate=rate),
        "OC-SORT": lambda rate: trackers.OCSORTTracker(frame_rate=rate),
        "SORT": lambda rate: trackers.SORTTracker(frame_rate=rate),
    }
    for name, make in library.items():
        print(line(f"trackers {version('trackers')}: {name}", mean(site.theirs(make))))
    print("\n| sequence | HOTA | IDF1 | MOTA |\n|---|---|---|---|")
    for name, figures in ours.items():
        print(line(name, figures))
    short = {key: figure for key, figure in mean(ours).items() if figure < THRESHOLDS[key]}
    for key, figure in short.items():
        print(f"error: {key} is {figure:.4f}, below {THRESHOLDS[key]}", file=sys.stderr)
    return not short


def choose(site: Site) -> None:
    """Prints what is chosen without each sequence, and how it does there."""
    tried: dict[tuple[float, ...], dict[str, Figures]] = {}
    for values in itertools.product(*CHOICES.values()):
        settings = zip(CHOICES, values, strict=True)
        extra = [part for name, value in settings for part in ("--set", f"{name}={value}")]
        tried[values] = site.ours(*extra)

    def best(names: list[str]) -> tuple[float, ...]:
        return max(tried, key=lambda values: sum(sum(tried[values][n].values()) for n in names))

    columns = " | ".join(CHOICES)
    print(f"| kept aside | {columns} | HOTA | IDF1 | MOTA |")
    print("|" + "---|" * (4 + len(CHOICES)))
    aside: dict[str, Figures] = {}
    for name in SEQUENCES:
        values = best([other for other in SEQUENCES if other != name])
        aside[name] = tried[values][name]
        print(line(f"{name} | " + " | ".join(map(str, values)), aside[name]))
    print(line("mean of those kept aside | " + " | ".join("" for _ in CHOICES), mean(aside)))
    values = best(list(SEQUENCES))
    print(line("none | " + " | ".join(map(str, values)), mean(tried[values])))


def main() -> int:
    """Reads the arguments and does what they ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/safe-yolo")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data/mot")
    parser.add_argument("--choose", action="store_true")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        sys.exit(f"error: no program '{arguments.program}': build it or give --program")
    missing = [name for name in SEQUENCES if not (arguments.data / name / "det/det.txt").is_file()]
    if missing:
        sys.exit(f"error: '{arguments.data}' lacks {', '.join(missing)}: give --data")
    site = Site(arguments.program.resolve(), arguments.data)
    if arguments.choose:
        choose(site)
        return 0
    return 0 if compare(site) else 1


if __name__ == "__main__":
    sys.exit(main())
