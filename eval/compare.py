"""Compares `safe-yolo score tracking` with the reference packages on MOT15 files.

    eval/venv.sh && target/eval-venv/bin/python eval/compare.py [--program FILE] [--data DIR]

Two answers a sequence are scored: that of `safe-yolo track` over the detections, and the
truth itself with seeded faults. Ends with 1 when a figure differs by more than 1e-6.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import make_golden
import reference

ROOT = Path(__file__).parent.parent
# Pictures a second and size, from the seqinfo of MOT15.
SEQUENCES = {
    "ADL-Rundle-6": (30, "1920x1080"),
    "ETH-Bahnhof": (14, "640x480"),
    "ETH-Pedcross2": (14, "640x480"),
    "KITTI-13": (10, "1242x375"),
    "TUD-Stadtmitte": (25, "640x480"),
}
TOLERANCE = 1e-6
CLEAR = {
    "recall": ("recall", "CLR_Re"),
    "precision": ("precision", "CLR_Pr"),
    "matches": ("num_detections", "CLR_TP"),
    "misses": ("num_misses", "CLR_FN"),
    "false_boxes": ("num_false_positives", "CLR_FP"),
    "switches": ("num_switches", "IDSW"),
    "fragments": ("num_fragmentations", "Frag"),
    "mostly_tracked": ("mostly_tracked", "MT"),
    "partly_tracked": ("partially_tracked", "PT"),
    "mostly_lost": ("mostly_lost", "ML"),
    "mota": ("mota", "MOTA"),
}
PLAIN = {
    "hota": "HOTA",
    "det_a": "DetA",
    "ass_a": "AssA",
    "loc_a": "LocA",
    "det_re": "DetRe",
    "det_pr": "DetPr",
    "ass_re": "AssRe",
    "ass_pr": "AssPr",
    "idf1": "IDF1",
    "idp": "IDP",
    "idr": "IDR",
}


def pairs(ours: dict, theirs: dict) -> list[tuple[str, float | None, float | None]]:
    """Every figure of ours beside that of the package it must equal."""
    motmetrics, trackers = theirs["motmetrics"], theirs["trackers"]
    clear, trackeval = ours["clear"], ours["clear_trackeval"]
    rows = [(name, ours[name], trackers[key]) for name, key in PLAIN.items()]
    identity = ("idf1", "idp", "idr")
    rows += [(f"{name} (motmetrics)", ours[name], motmetrics[name]) for name in identity]
    for name, (one, other) in CLEAR.items():
        rows.append((f"clear.{name}", clear[name], motmetrics[one]))
        rows.append((f"clear_trackeval.{name}", trackeval[name], trackers[other]))
    # A distance there, an overlap here.
    motp = motmetrics["motp"]
    rows.append(("clear.motp", clear["motp"], None if motp is None else 1 - motp))
    rows.append(("clear_trackeval.motp", trackeval["motp"], trackers["MOTP"]))
    return rows


def differs(ours: float | None, theirs: float | None) -> float:
    """How much; 0 / 0 is none here and NaN or 0 there."""
    return abs((ours or 0.0) - (theirs or 0.0))


def read_tracks(path: Path) -> make_golden.Tracks:
    """The boxes that count, by frame and track."""
    tracks: make_golden.Tracks = {}
    for frame, track, *box in reference.read(path, truth=True).tolist():
        tracks.setdefault(int(frame), {})[int(track)] = tuple(box)
    return dict(sorted(tracks.items()))


def main() -> int:
    """Compares, prints the figures and says how large the largest difference is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/safe-yolo")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data/mot")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        sys.exit(f"error: no program '{arguments.program}': build it or give --program")
    missing = [name for name in SEQUENCES if not (arguments.data / name / "gt/gt.txt").is_file()]
    if missing:
        sys.exit(f"error: '{arguments.data}' lacks {', '.join(missing)}: give --data")
    largest, where = 0.0, "nothing"
    with tempfile.TemporaryDirectory() as scratch:
        command, all_scored, labels = [], [], []
        for name, (rate, size) in SEQUENCES.items():
            truth = arguments.data / name / "gt/gt.txt"
            tracked, damaged = Path(scratch, f"{name}.txt"), Path(scratch, f"{name}.damaged.txt")
            det = arguments.data / name / "det/det.txt"
            track = ["track", "--det", det, "--fps", str(rate), "--size", size, "--out", tracked]
            subprocess.run([arguments.program, *track], check=True)
            random_ = random.Random(name)
            faults = make_golden.damage(random_, read_tracks(truth), 0.2, 4, 0.2, 0.03)
            make_golden.write(damaged, faults, random_, truth=False)
            for label, found in ((name, tracked), (f"{name} damaged", damaged)):
                command += ["--truth", truth, "--found", found, "--name", label]
                all_scored.append(reference.score(truth, found))
                labels.append(label)
        score = [arguments.program, "score", "tracking", *command]
        subprocess.run(score, check=True)
        answer = subprocess.run([*score, "--json"], check=True, capture_output=True).stdout
    report = json.loads(answer)
    rows = list(zip(labels, report["sequences"], [s.figures() for s in all_scored], strict=True))
    rows.append(("together", report["together"], reference.together(all_scored)))
    figures = 0
    for label, ours, theirs in rows:
        for name, mine, reference_value in pairs(ours, theirs):
            figures += 1
            difference = differs(mine, reference_value)
            if difference > TOLERANCE:
                print(f"{label}: {name} is {mine}, the reference has {reference_value}")
            if difference > largest:
                largest, where = difference, f"{name} of {label}"
    print(f"{figures} figures compared; the largest difference is {largest:.3g} ({where})")
    return 1 if largest > TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
