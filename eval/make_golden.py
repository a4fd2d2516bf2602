"""Makes the golden files of crates/score/tests.

Seeded sequences and detections, with the figures that the reference packages give.

    eval/venv.sh && target/eval-venv/bin/python eval/make_golden.py
"""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import reference
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

GOLDEN = Path(__file__).parent.parent / "crates/score/tests/golden"
FRAMES = 60

Box = tuple[float, float, float, float]
# Boxes by frame, then by track.
Tracks = dict[int, dict[int, Box]]


def walk(random_: random.Random, people: int) -> Tracks:
    """People who walk, meet, leave and come back; frames 31 to 33 are empty."""
    tracks: Tracks = {frame: {} for frame in range(1, FRAMES + 1)}
    for person in range(1, people + 1):
        x, y = random_.uniform(0, 500), random_.uniform(50, 250)
        across, down = random_.uniform(-6, 6), random_.uniform(-2, 2)
        begin, end = random_.randint(1, 15), random_.randint(40, FRAMES)
        away = random_.randint(18, 30)
        for frame in range(begin, end + 1):
            x, y = x + across + random_.gauss(0, 1), y + down + random_.gauss(0, 0.5)
            is_away = person % 3 == 0 and away <= frame < away + 5
            if not is_away and not 31 <= frame <= 33:
                tracks[frame][person] = (x, y, 45 + person, 110 + 2 * person)
    return tracks


def damage(
    random_: random.Random, truth: Tracks, miss: float, jitter: float, false: float, switch: float
) -> Tracks:
    """What a tracker with these faults would give."""
    names: dict[int, int] = {}
    fresh = iter(range(101, 100_000))
    found: Tracks = {}
    for frame, people in truth.items():
        out: dict[int, Box] = {}
        for person in people:
            if person not in names or random_.random() < switch:
                names[person] = next(fresh)
        if len(people) > 1 and random_.random() < switch:
            one, other = random_.sample(sorted(people), 2)
            names[one], names[other] = names[other], names[one]
        for person, (x, y, w, h) in people.items():
            if random_.random() >= miss:
                shift = [random_.gauss(0, jitter) for _ in range(4)]
                size = max(5.0, w + shift[2]), max(5.0, h + shift[3])
                out[names[person]] = (x + shift[0], y + shift[1], *size)
        while random_.random() < false:
            out[next(fresh)] = (random_.uniform(0, 550), random_.uniform(0, 300), 50.0, 120.0)
        # A second box on somebody, by a track that lives on.
        if people and random_.random() < false:
            x, y, w, h = random_.choice(list(people.values()))
            out[99] = (x + random_.gauss(0, 8), y + random_.gauss(0, 8), w, h)
        found[frame] = out
    return found


def gaps(random_: random.Random, truth: Tracks) -> Tracks:
    """The right tracks, each with pieces cut out of it; also whole frames."""
    found = {
        frame: {
            person: box
            for person, box in people.items()
            if (frame + 3 * person) % 11 < 7 and frame % 17 != 0
        }
        for frame, people in truth.items()
    }
    return damage(random_, found, 0.0, 1.0, 0.0, 0.0)


def write(path: Path, tracks: Tracks, random_: random.Random, *, truth: bool) -> None:
    """Writes tracks; the truth also gets boxes that do not count."""
    lines = []
    for frame, boxes in tracks.items():
        for track, box in sorted(boxes.items()):
            sides = ",".join(f"{side:.3f}" for side in box)
            lines.append(f"{frame},{track},{sides},1,-1,-1,-1")
        if truth and random_.random() < 0.2:
            lines.append(f"{frame},{900 + frame},10,10,40,90,0,-1,-1,-1")
    path.write_text("".join(f"{line}\n" for line in lines))


def sequences() -> dict[str, Callable[[random.Random, Tracks], Tracks]]:
    """Each sequence with what the tracker makes of it."""
    return {
        "perfect": lambda _, truth: truth,
        "empty_result": lambda *_: {},
        "misses": lambda r, truth: damage(r, truth, 0.3, 3, 0.0, 0.0),
        "false_boxes": lambda r, truth: damage(r, truth, 0.05, 3, 0.5, 0.0),
        "switches": lambda r, truth: damage(r, truth, 0.05, 3, 0.05, 0.08),
        "fragments": gaps,
        "everything": lambda r, truth: damage(r, truth, 0.2, 9, 0.3, 0.05),
        "hopeless": lambda r, truth: damage(r, truth, 0.6, 25, 0.6, 0.3),
    }


def detections() -> None:
    """Pictures with boxes of three classes, and the figures of pycocotools."""
    random_ = random.Random("detections")
    classes = ["person", "helmet", "no_helmet"]
    truth, found, coco_truth, coco_found = [], [], [], []
    for picture in range(1, 41):
        name = f"p{picture:03}.jpg"
        boxes, seen = [], []
        for _ in range(random_.randint(0, 6)):
            x, y = random_.uniform(0, 500), random_.uniform(0, 300)
            w, h = random_.uniform(20, 120), random_.uniform(20, 150)
            boxes.append((random_.choice(classes), x, y, w, h))
        for kind, x, y, w, h in boxes:
            while random_.random() < 0.7:
                x2, y2 = x + random_.gauss(0, 0.08 * w), y + random_.gauss(0, 0.08 * h)
                w2, h2 = w * random_.uniform(0.8, 1.2), h * random_.uniform(0.8, 1.2)
                other = random_.choice(classes) if random_.random() < 0.1 else kind
                # Coarse, so that many are equal.
                seen.append((other, round(random_.uniform(0.2, 1), 1), x2, y2, w2, h2))
        for _ in range(random_.randint(0, 2)):
            x, y = random_.uniform(0, 500), random_.uniform(0, 300)
            seen.append((random_.choice(classes), round(random_.random(), 1), x, y, 50.0, 60.0))
        line = [{"class": k, "box": [x, y, x + w, y + h]} for k, x, y, w, h in boxes]
        truth.append({"file": f"val/{name}", "boxes": line})
        for kind, *box in boxes:
            coco_truth.append(
                {
                    "id": len(coco_truth) + 1,
                    "image_id": picture,
                    "category_id": classes.index(kind) + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
        line = [{"class": k, "score": s, "box": [x, y, x + w, y + h]} for k, s, x, y, w, h in seen]
        found.append({"file": name, "width": 640, "height": 480, "detections": line})
        for kind, sure, *box in seen:
            category = classes.index(kind) + 1
            coco_found.append(
                {"image_id": picture, "category_id": category, "bbox": box, "score": sure}
            )
    for name, lines in (("truth", truth), ("found", found)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (GOLDEN / f"detection.{name}.jsonl").write_text(text)
    figures = coco_figures(coco_truth, coco_found, classes)
    (GOLDEN / "detection.json").write_text(json.dumps(figures, indent=1) + "\n")


def coco_figures(truth: list[dict], found: list[dict], classes: list[str]) -> dict:
    """AP50 and AP50:95 by class, as pycocotools has them."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": picture} for picture in range(1, 41)],
            "categories": [{"id": i + 1, "name": name} for i, name in enumerate(classes)],
            "annotations": truth,
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    # Overlap, recall, class, area, most detections.
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return {
        name: {
            "ap50": float(precision[0, :, index].mean()),
            "ap50_95": float(precision[:, :, index].mean()),
        }
        for index, name in enumerate(classes)
    }


def main() -> None:
    """Writes all golden files."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    all_scored = []
    for name, faults in sequences().items():
        random_ = random.Random(name)
        truth = walk(random_, 7)
        found = faults(random_, truth)
        files = GOLDEN / f"{name}.gt.txt", GOLDEN / f"{name}.result.txt"
        write(files[0], truth, random_, truth=True)
        write(files[1], found, random_, truth=False)
        scored = reference.score(*files)
        all_scored.append(scored)
        figures = json.dumps(scored.figures(), indent=1)
        (GOLDEN / f"{name}.json").write_text(figures + "\n")
    figures = json.dumps(reference.together(all_scored), indent=1)
    (GOLDEN / "together.json").write_text(figures + "\n")
    detections()


if __name__ == "__main__":
    main()
