"""Trains the detector, for so many minutes or steps; goes on where it was stopped."""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from training.classes import CLASSES, SIMULATED, SOURCES
from training.data import DETECTION, Pictures, read_source
from training.duplicates import without_duplicates
from training.loss import loss
from training.model import SHAPES, Yolox, start_from

RATE, RATE_NEW = 4e-4, 8e-4
"""Learning rates of the COCO weights, their normalisation put back, and of the new class heads.
Without it (`--folded`) 6e-4 destroys what they know."""
RATE_FOLDED = 1e-4
NORMALISE_BATCHES = 16
"""Batches over which the normalisation is measured before it is put back."""
RATE_SCRATCH = 1e-3
RATE_END = 0.05
"""Share of the rate that is left at the end."""
WARM_UP_STEPS = 100
CALM = 0.3
"""Last share of the training, without mosaics."""
GRADIENT_MAX = 10.0
AVERAGE_KEEP = 0.999
"""Share of the moving average of the weights that a step leaves."""
AHEAD = 3
"""Batches made ready while one is learnt."""


@dataclass
class Plan:
    """What is fixed for a whole training."""

    batch: int
    minutes: float
    steps: int | None
    seed: int
    checkpoint_minutes: float
    workers: int


def parameter_groups(model: Yolox, rate: float, rate_new: float) -> list[dict[str, Any]]:
    """Parameters by rate and decay: biases and norms don't decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        key = (rate_new if ".classes." in name else rate, 0.01 if parameter.ndim > 1 else 0.0)
        groups.setdefault(key, []).append(parameter)
    return [
        {"params": group, "lr": rate, "base": rate, "weight_decay": decay}
        for (rate, decay), group in groups.items()
    ]


class Training:
    """A model on its way, with all that a checkpoint holds."""

    def __init__(
        self, model: Yolox, pictures: Pictures, plan: Plan, rates: tuple[float, float]
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Channels last: a step takes 0.041 s a picture on two cores instead of 0.060.
        self.model = model.to(self.device, memory_format=torch.channels_last).train()
        self.average = copy.deepcopy(self.model).eval()
        self.pictures, self.plan = pictures, plan
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, *rates))
        self.step, self.spent_s = 0, 0.0

    def progress(self) -> float:
        """How much of the training is behind us, 0..1."""
        if self.plan.steps is not None:
            return self.step / self.plan.steps
        return self.spent_s / (self.plan.minutes * 60)

    def save(self, path: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "shape": self.model.shape.as_dict(),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
        }
        part = path.with_name(path.name + ".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s = state["step"], state["spent_s"]

    def batch(self, step: int, calm: bool) -> tuple[Tensor, list[Tensor], Tensor]:
        """Pictures, targets and known classes of a step: the same whenever it is asked for."""
        width, height = self.pictures.size(step)
        numbers = range(step * self.plan.batch, (step + 1) * self.plan.batch)
        samples = [self.pictures.sample(number, width, height, calm) for number in numbers]
        images, targets, known = zip(*samples, strict=True)
        return (
            torch.from_numpy(np.stack(images)),
            [torch.from_numpy(rows) for rows in targets],
            torch.from_numpy(np.stack(known)),
        )

    def learn(self, images: Tensor, targets: list[Tensor], known: Tensor) -> dict[str, float]:
        """One step; the parts of the loss."""
        part = min(self.progress(), 1.0)
        share = RATE_END + (1 - RATE_END) * 0.5 * (1 + math.cos(math.pi * part))
        share *= min((self.step + 1) / WARM_UP_STEPS, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * share
        images = images.to(self.device, memory_format=torch.channels_last).float()
        rows = self.model(images)
        total, parts = loss(
            rows,
            [target.to(self.device) for target in targets],
            known.to(self.device),
            *images.shape[2:],
        )
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss of step {self.step} is {float(total)}")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_MAX)
        self.optimizer.step()
        self.step += 1
        keep = min(AVERAGE_KEEP, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            current = self.model.state_dict()
            for name, value in self.average.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(current[name], 1 - keep)
                else:
                    value.copy_(current[name])
        return {"loss": float(total.detach()), **parts}

    def run(self, folder: Path, stop_after: int | None = None) -> None:
        """Trains to the end, or `stop_after` steps from here, with checkpoints in the folder."""
        last = None if stop_after is None else self.step + stop_after
        checkpoint, saved_s = folder / "checkpoint.pt", self.spent_s
        with ThreadPoolExecutor(self.plan.workers) as pool, (folder / "log.jsonl").open("a") as log:
            # A batch made ready early may see the calm phase begin some steps late in a
            # training by minutes; in one by steps, the step alone decides.
            waiting: dict[int, Future[tuple[Tensor, list[Tensor], Tensor]]] = {}
            while self.progress() < 1.0 and (last is None or self.step < last):
                begun = time.monotonic()
                for step in range(self.step, self.step + AHEAD):
                    if step not in waiting:
                        part = step / self.plan.steps if self.plan.steps else self.progress()
                        waiting[step] = pool.submit(self.batch, step, part >= 1 - CALM)
                step = self.step
                figures = self.learn(*waiting.pop(step).result())
                self.spent_s += time.monotonic() - begun
                rate = max(group["lr"] for group in self.optimizer.param_groups)
                speed = self.spent_s / (self.step * self.plan.batch)
                line = {"step": step, "rate": rate, "s_per_picture": speed, **figures}
                log.write(json.dumps(line) + "\n")
                if step % 10 == 0:
                    log.flush()
                    print(
                        f"step {step} ({self.progress():.1%}) loss {figures['loss']:.3f} "
                        f"rate {rate:.2e} {speed:.3f} s a picture",
                        flush=True,
                    )
                if self.spent_s - saved_s >= self.plan.checkpoint_minutes * 60:
                    self.save(checkpoint)
                    saved_s = self.spent_s
        self.save(checkpoint)


def collect(folder: Path, simulated: Path | None, seed: int, most: int | None) -> Pictures:
    """The pictures to learn from, without what resembles a validation picture."""
    val = [i for s in SOURCES for i in read_source(s, folder / s.folder / "val")]
    groups = []
    for source in SOURCES:
        items = read_source(source, folder / source.folder / "train")[:most]
        items, removed = without_duplicates(items, val)
        print(f"{source.folder}: {len(items)} pictures, {removed} near-duplicates removed")
        groups.append((items, source.share))
    if simulated is not None:
        items = read_source(SIMULATED, simulated)
        print(f"simulated: {len(items)} pictures")
        groups.append((items, SIMULATED.share))
    return Pictures(groups, seed)


def first_batches(pictures: Pictures, plan: Plan) -> Iterator[Tensor]:
    """Pictures as the training will see them."""
    for step in range(NORMALISE_BATCHES):
        width, height = pictures.size(step)
        numbers = range(step * plan.batch, (step + 1) * plan.batch)
        samples = [pictures.sample(number, width, height, False)[0] for number in numbers]
        yield torch.from_numpy(np.stack(samples)).float()


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--data", type=Path, default=DETECTION)
    coco = DETECTION.parents[1] / "models/yolox_nano.onnx"
    start = "COCO weights of the nano shape, or an exported model to go on from"
    parser.add_argument("--start", type=Path, default=coco, help=start)
    parser.add_argument("--shape", choices=SHAPES, default="nano")
    parser.add_argument("--simulated", type=Path, help="folder with images/ and labels/")
    parser.add_argument("--folded", action="store_true", help="leave the normalisation folded")
    parser.add_argument("--rate", type=float, help="another learning rate than the usual one")
    parser.add_argument("--rate-new", type=float, help="the same for new class heads")
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--steps", type=int, help="instead of minutes")
    parser.add_argument("--stop-after", type=int, help="stop after so many steps, to go on later")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="threads that make batches ready")
    parser.add_argument("--checkpoint-minutes", type=float, default=5.0)
    parser.add_argument("--most", type=int, help="pictures of each set, at most: for trials")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        arguments.batch,
        arguments.minutes,
        arguments.steps,
        arguments.seed,
        arguments.checkpoint_minutes,
        arguments.workers,
    )
    pictures = collect(arguments.data, arguments.simulated, arguments.seed, arguments.most)
    # Only the nano shape has COCO weights; the larger ones start from nothing.
    if arguments.shape != "nano":
        model, rates = Yolox(SHAPES[arguments.shape], len(CLASSES)), (RATE_SCRATCH, RATE_SCRATCH)
    else:
        model, rates = start_from(arguments.start, CLASSES), (RATE_FOLDED, RATE_NEW)
        if not arguments.folded:
            model, rates = model.normalise(first_batches(pictures, plan)), (RATE, RATE_NEW)
    if arguments.rate is not None:
        rates = (arguments.rate, arguments.rate_new or rates[1])
    training = Training(model, pictures, plan, rates)
    checkpoint = arguments.out / "checkpoint.pt"
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"going on from step {training.step}")
    training.run(arguments.out, arguments.stop_after)


if __name__ == "__main__":
    main()
