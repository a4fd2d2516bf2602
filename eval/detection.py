"""Average precision of a detector on the validation pictures, its size and its speed.

    python3 eval/detection.py [--model FILE] [--program FILE] [--data DIR]

The pictures go through `safe-yolo detect`, the boxes through `safe-yolo score detection`.
Ends with 1 when a figure is below what is asked for.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The classes of the label files, in their order; '-' is not scored.
SETS = {
    "construction-site-safety": (
        "helmet,mask,no_helmet,no_mask,no_vest,person,safety_cone,vest,machinery,vehicle"
    ),
    "hardhat-iaesp": "helmet,no_helmet,no_helmet,person",
    "forklift": "forklift,person",
    "fire-smoke": "fire,-,smoke",
}
SQUARE = "416x416"
# AP50 asked for on construction-site-safety at 416x416: the first `ppe_nano.onnx` and 0.05.
THRESHOLDS = {"person": 0.704, "helmet": 0.661, "no_helmet": 0.433, "vest": 0.583, "mean": 0.528}
MEGABYTES_MAX = 8.0
MILLISECONDS_MAX = 20.0
# Drawn pictures of a camera's shape, of looks and seeds that no training sees.
SCENES = 120
SCENE_SIZE = "1280x720"

Figures = dict[str, dict[str, float]]


@dataclass
class Judge:
    """The program and the model."""

    program: Path
    model: Path | None

    def run(self, *words: str | Path) -> str:
        """What the program prints."""
        return subprocess.run(
            [self.program, *words], check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def detect(self, pictures: list[Path], size: str | None, found: Path) -> None:
        """Writes what is found in the pictures; without `size` in inputs of their shape."""
        words: list[str | Path] = ["detect", "--json", "--min-score", "0.01"]
        words += ["--input", size] if size else []
        words += ["--model", self.model] if self.model else []
        found.write_text(self.run(*words, *pictures))

    def score(self, truth: Path, found: Path, classes: str | None) -> Figures:
        """AP50 and AP50:95 by class, and their means."""
        words: list[str | Path] = [
            "score",
            "detection",
            "--json",
            "--truth",
            truth,
            "--found",
            found,
        ]
        answer = json.loads(self.run(*words, *(["--classes", classes] if classes else [])))
        rows = {row["class"]: row for row in answer["classes"] if row["true"]}
        return rows | {"mean": {"ap50": answer["map50"], "ap50_95": answer["map50_95"]}}

    def milliseconds(self, size: str, input_size: str | None) -> tuple[str, float]:
        """The input and the time of one picture in it, on two threads."""
        model = self.model or ROOT / "models/ppe_nano.onnx"
        words: list[str | Path] = ["model", "bench", model, "--threads", "2", "--size", size]
        text = self.run(*words, *(["--input", input_size] if input_size else []))
        shape, time = re.search(r"input (\d+x\d+)", text), re.search(r"([\d.]+) ms a picture", text)
        if shape is None or time is None:
            sys.exit(f"error: `model bench` prints no time: {text}")
        return shape[1], float(time[1])


def on_photographs(judge: Judge, data: Path, scratch: Path) -> Figures:
    """Prints a table of each set; the figures of the first."""
    first: Figures | None = None
    for name, classes in SETS.items():
        folder = data / name / "val"
        pictures = sorted((folder / "images").iterdir())
        tables = {}
        for size in (SQUARE, None):
            found = scratch / "found.jsonl"
            judge.detect(pictures, size, found)
            tables[size] = judge.score(folder / "labels", found, classes)
        first = first or tables[SQUARE]
        print(f"\n{name} val, {len(pictures)} pictures\n")
        print("| class | boxes | AP50, 416x416 | AP50:95 | AP50, input of the picture's shape |")
        print("|---|---|---|---|---|")
        for label, row in tables[SQUARE].items():
            other = tables[None][label]["ap50"]
            boxes = row.get("true", "")
            print(f"| {label} | {boxes} | {row['ap50']:.3f} | {row['ap50_95']:.3f} | {other:.3f} |")
    assert first is not None
    return first


def on_cameras(judge: Judge, scratch: Path) -> None:
    """What an input of the camera's shape gains over a square one, in precision and time."""
    words = ["simulate", "random", "--scenes", str(SCENES), "--seconds", "4", "--pictures", "50"]
    judge.run(*words, "--size", SCENE_SIZE, "--out", scratch / "drawn")
    pictures = sorted((scratch / "drawn/images").iterdir())
    there = {picture.name for picture in pictures}
    truth = scratch / "truth.jsonl"
    lines = (scratch / "drawn/boxes.jsonl").read_text().splitlines(keepends=True)
    truth.write_text(
        "".join(line for line in lines if Path(json.loads(line)["file"]).name in there)
    )
    print(f"\ndrawn {SCENE_SIZE} (`simulate random`), {len(pictures)} pictures, two threads\n")
    print("| input | AP50 | AP50:95 | person | helmet | ms a picture |\n|---|---|---|---|---|---|")
    for size in (SQUARE, None):
        found = scratch / "found.jsonl"
        judge.detect(pictures, size, found)
        rows = judge.score(truth, found, None)
        shape, time = judge.milliseconds(SCENE_SIZE, size)
        figures = [rows["mean"]["ap50"], rows["mean"]["ap50_95"]]
        figures += [rows[label]["ap50"] for label in ("person", "helmet")]
        print(
            f"| {shape} | " + " | ".join(f"{figure:.3f}" for figure in figures) + f" | {time:.1f} |"
        )


def main() -> int:
    """Prints the tables; whether all is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/safe-yolo")
    parser.add_argument("--model", type=Path, help="another than the bundled one")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data/detection")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        sys.exit(f"error: no program '{arguments.program}': build it or give --program")
    missing = [name for name in SETS if not (arguments.data / name / "val/images").is_dir()]
    if missing:
        sys.exit(f"error: '{arguments.data}' lacks {', '.join(missing)}: give --data")
    judge = Judge(arguments.program.resolve(), arguments.model)
    with tempfile.TemporaryDirectory() as scratch:
        figures = on_photographs(judge, arguments.data, Path(scratch))
        on_cameras(judge, Path(scratch))
    size = (arguments.model or ROOT / "models/ppe_nano.onnx").stat().st_size / 1e6
    _, time = judge.milliseconds(SQUARE, SQUARE)
    asked = [(name, figures[name]["ap50"], least, None) for name, least in THRESHOLDS.items()]
    asked += [
        ("megabytes", size, None, MEGABYTES_MAX),
        ("milliseconds", time, None, MILLISECONDS_MAX),
    ]
    print("\n| asked for | is | at least | at most |\n|---|---|---|---|")
    short = []
    for name, figure, least, most in asked:
        print(f"| {name} | {figure:.3f} | {least or ''} | {most or ''} |")
        if (least is not None and figure < least) or (most is not None and figure > most):
            short.append(f"{name} is {figure:.4f}")
    for line in short:
        print(f"error: {line}, beyond what is asked for", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
