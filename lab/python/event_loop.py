"""Who runs the detector: the event loop, a thread for each picture, another process, an actor.

The model is run by `detector.py`, the old design's detector, with ONNX Runtime, OpenCV and NumPy.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin import Findings, main

try:
    import cv2
    import numpy as np
    from detector import Detector
except ImportError as error:
    MISSING = f"this Python lacks a package for the detector: {error}"
else:
    MISSING = ""

CAMERAS = (1, 2, 4, 12)
RATE = 15
"""Pictures of a camera, a second."""
PERIOD_S = 1 / RATE
COMMANDS_EVERY_MS = 19
BEAT_S = 0.002
GRACE_S = 60.0
"""The cameras have to be through so long after the last picture, however busy the machine is."""
BATCH_MAX = 4
"""Pictures that the actor takes at once."""
SURE = 0.3
"""A box as sure as this must be found by every design."""
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Boxes = Any
"""Boxes, scores and classes of a picture."""
By = tuple[int, int, float]
"""Process and thread that detected, and how long it took."""
Look = Callable[[Any], Awaitable[tuple[Boxes, By]]]


@dataclass
class Log:
    """What became of a camera's pictures."""

    answers: list[tuple[int, float, Boxes, By]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)

    def answer(self, number: int, looked: tuple[Boxes, By]) -> None:
        """Notes what was found in a picture."""
        self.answers.append((number, time.perf_counter(), *looked))


@dataclass
class Feed:
    """The pictures of one camera, which come whether somebody takes them or not."""

    begun: float
    pictures: list[Any]
    next: int = 0

    async def newest(self, log: Log) -> tuple[int, Any] | None:
        """The newest picture, once there is one that was not taken; none after the last."""
        last = len(self.pictures) - 1
        if self.next > last:
            return None
        due = self.begun + self.next * PERIOD_S
        # Even when late the loop gets a turn, or no command would ever be answered.
        await asyncio.sleep(max(due - time.perf_counter(), 0.0))
        by_now = int((time.perf_counter() - self.begun) / PERIOD_S)
        number = min(max(by_now, self.next), last)
        log.replaced.extend(range(self.next, number))
        self.next = number + 1
        return number, self.pictures[number]


@dataclass
class Cell:
    """What one loop lived through."""

    logs: list[Log]
    offered: int
    commands_s: list[float]
    sent: int
    longest_gap_s: float


def detect(detector: Detector, picture: Any) -> tuple[Boxes, By]:
    """Looks at a picture right here."""
    begun = time.perf_counter()
    found = detector.detect(picture)
    return found, (os.getpid(), threading.get_ident(), time.perf_counter() - begun)


async def in_turn(feed: Feed, look: Look) -> Log:
    """A camera that has its newest picture looked at, and then the next."""
    log = Log()
    while (offer := await feed.newest(log)) is not None:
        number, picture = offer
        log.answer(number, await look(picture))
    return log


class Blocking:
    """Detects on the loop."""

    def __init__(self, model: Path, detector: Detector) -> None:
        """Shares the detector; another process needs the model's file."""
        self._model, self._detector = model, detector

    async def camera(self, feed: Feed) -> Log:
        """One camera."""
        return await in_turn(feed, self._look)

    async def _look(self, picture: Any) -> tuple[Boxes, By]:
        return detect(self._detector, picture)

    def close(self) -> None:
        """Nothing to end."""


class ToThread(Blocking):
    """Hands each picture to a thread; the threads take turns with the one detector.

    A session may be run by several threads at once, but the old design's detector carries the
    tracks along: two pictures at once would mix up the cameras.
    """

    _turn = threading.Lock()

    async def _look(self, picture: Any) -> tuple[Boxes, By]:
        return await asyncio.to_thread(self._look_in_turn, picture)

    def _look_in_turn(self, picture: Any) -> tuple[Boxes, By]:
        with self._turn:
            return detect(self._detector, picture)


def serve(model: Path, requests: Any, answers: Any) -> None:
    """The process that detects: answers each request, until there is none."""
    detector = Detector(model, CORES, spin=False)
    answers.put(None)
    while (request := requests.get()) is not None:
        number, picture = request
        answers.put((number, detect(detector, picture)))
    answers.put(None)


class Process(Blocking):
    """Sends each picture to one other process."""

    def __init__(self, model: Path, detector: Detector) -> None:
        """Starts it and waits until its model is loaded."""
        super().__init__(model, detector)
        spawned = multiprocessing.get_context("spawn")
        # Each camera has one picture on its way at most.
        self._requests = spawned.Queue(max(CAMERAS))
        self._answers = spawned.Queue(max(CAMERAS))
        arguments = (self._model, self._requests, self._answers)
        self._child = spawned.Process(target=serve, args=arguments, daemon=True)
        self._child.start()
        self._answers.get(timeout=GRACE_S)
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[tuple[Boxes, By]]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while (answer := self._answers.get()) is not None:
            number, looked = answer
            future = self._waiting.pop(number)
            future.get_loop().call_soon_threadsafe(future.set_result, looked)

    async def _look(self, picture: Any) -> tuple[Boxes, By]:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        answer = self._waiting[number]
        self._requests.put_nowait((number, picture))
        return await answer

    def close(self) -> None:
        """Ends the process."""
        self._requests.put(None)
        self._reader.join(GRACE_S)
        self._child.join(GRACE_S)


class Actor(Blocking):
    """One owner of the detector; its mailbox keeps the newest picture of each camera."""

    async def camera(self, feed: Feed) -> Log:
        """One camera: offers each picture when it comes."""
        log, me = Log(), object()
        idle = asyncio.Event()
        while (offer := await feed.newest(log)) is not None:
            # A camera stands in the queue once; what lies in its place is replaced.
            if (older := self._newest.pop(me, None)) is not None:
                log.replaced.append(older[0])
            else:
                self._mailbox.put_nowait(me)
            self._newest[me] = (*offer, log, idle)
            idle.clear()
        await idle.wait()
        return log

    def open(self) -> asyncio.Task[None]:
        """Starts the owner on this loop."""
        self._mailbox: asyncio.Queue[object] = asyncio.Queue(max(CAMERAS))
        self._newest: dict[object, tuple[int, Any, Log, asyncio.Event]] = {}
        return asyncio.create_task(self._own())

    async def _own(self) -> None:
        while True:
            waiting = [await self._mailbox.get()]
            while len(waiting) < BATCH_MAX and not self._mailbox.empty():
                waiting.append(self._mailbox.get_nowait())
            batch = [self._newest.pop(camera) for camera in waiting]
            looked = await asyncio.to_thread(self._look_at_all, [mail[1] for mail in batch])
            for camera, (number, _, log, idle), one in zip(waiting, batch, looked, strict=True):
                log.answer(number, one)
                if camera not in self._newest:
                    idle.set()

    def _look_at_all(self, pictures: list[Any]) -> list[tuple[Boxes, By]]:
        return [detect(self._detector, picture) for picture in pictures]


DESIGNS = {"blocking": Blocking, "to-thread": ToThread, "process": Process, "actor": Actor}


async def beats(end: asyncio.Event) -> float:
    """The longest time between two turns of a task that wants one at every beat."""
    longest, last = 0.0, time.perf_counter()
    while not end.is_set():
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


async def live(design: Any, pictures: list[Any], cameras: int, lasts_ms: int) -> Cell:
    """A loop with so many cameras that answers commands meanwhile."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    waited: list[float] = []
    count = max(lasts_ms // COMMANDS_EVERY_MS, 1)

    def send() -> None:
        due = time.perf_counter()
        for _ in range(count):
            time.sleep(max(due - time.perf_counter(), 0.0))
            due += COMMANDS_EVERY_MS / 1000
            sent = time.perf_counter()
            loop.call_soon_threadsafe(lambda sent=sent: waited.append(time.perf_counter() - sent))

    owner = design.open() if isinstance(design, Actor) else None
    heart = asyncio.create_task(beats(end))
    await asyncio.sleep(0)
    commander = threading.Thread(target=send, daemon=True)
    commander.start()
    # At least two, or there would be no time between answers.
    begun, offered = time.perf_counter(), max(lasts_ms * RATE // 1000, 2)
    feeds = [
        Feed(
            begun + PERIOD_S * camera / cameras,
            [pictures[(camera + number) % len(pictures)] for number in range(offered)],
        )
        for camera in range(cameras)
    ]
    watching = asyncio.gather(*(design.camera(feed) for feed in feeds))
    logs = await asyncio.wait_for(watching, lasts_ms / 1000 + GRACE_S)
    # What it has sent is answered before the loop hears of its end.
    await asyncio.to_thread(commander.join)
    end.set()
    longest = await heart
    if owner is not None:
        owner.cancel()
    return Cell(list(logs), offered, waited, count, longest)


def quantile(values: list[float], part: float) -> float:
    """The value that this part of the values does not exceed."""
    if not values:
        return 0.0
    return sorted(values)[min(max(math.ceil(part * len(values)), 1), len(values)) - 1]


def alike(one: Boxes, other: Boxes) -> bool:
    """Whether two answers about a picture say the same, but for rounding."""

    def within(some: Boxes, every: Boxes) -> bool:
        for box, score, kind in zip(*some, strict=True):
            near = np.abs(every[0] - box).max(axis=1, initial=0.0) < 1.0
            same = (every[2] == kind) & (np.abs(every[1] - score) < 0.02)
            if score >= SURE and not (near & same).any():
                return False
        return True

    return within(one, other) and within(other, one)


def note(findings: Findings, cell: Cell) -> None:
    """The figures of the cell that was measured last."""
    answered = sum(len(log.answers) for log in cell.logs)
    findings.ways[-1]["seconds"] /= max(answered, 1)
    gaps = [b[1] - a[1] for log in cell.logs for a, b in itertools.pairwise(log.answers)]
    jitter = max(quantile(gaps, 0.99) - PERIOD_S, 0.0)
    findings.figure("command, median", quantile(cell.commands_s, 0.5) * 1e3, "ms")
    findings.figure("command, 99 %", quantile(cell.commands_s, 0.99) * 1e3, "ms")
    findings.figure("command, most", max(cell.commands_s) * 1e3, "ms")
    findings.figure("jitter, 99 %", jitter * 1e3, "ms")
    findings.figure("analysed", 1 / findings.ways[-1]["seconds"], "pictures/s")
    replaced = sum(len(log.replaced) for log in cell.logs)
    findings.figure("replaced", replaced, "pictures")


def outcome(findings: Findings, name: str, cells: list[Cell], truth: list[Boxes]) -> None:
    """What must hold of a design, whatever the machine."""
    here = (os.getpid(), threading.get_ident())
    lost, disorder, other_boxes, answers, on_the_loop, stalled = 0, 0, 0, 0, 0, True
    for cell in cells:
        took = []
        for camera, log in enumerate(cell.logs):
            numbers = [number for number, *_ in log.answers]
            lost += sorted(numbers + log.replaced) != list(range(cell.offered))
            disorder += sum(b <= a for a, b in itertools.pairwise(numbers))
            answers += len(numbers)
            for number, _, found, by in log.answers:
                other_boxes += not alike(found, truth[(camera + number) % len(truth)])
                if by[:2] == here:
                    took.append(by[2])
        on_the_loop += len(took)
        stalled = stalled and bool(took) and cell.longest_gap_s >= min(took)
    findings.check(f"{name}: cameras with pictures neither answered nor replaced", 0, lost)
    findings.check(f"{name}: answers out of order", 0, disorder)
    findings.check(f"{name}: answers with other boxes", 0, other_boxes)
    sent, answered = (sum(cell.sent for cell in cells), sum(len(c.commands_s) for c in cells))
    findings.check(f"{name}: commands answered", sent, answered)
    expected = answers if name == "blocking" else 0
    findings.check(f"{name}: detections on the loop's thread", expected, on_the_loop)
    if name == "blocking":
        what = "blocking: the loop stands still for at least a detection"
        findings.check(what, True, stalled)


def run(size: int, reduced: bool, model: str, pictures: str) -> Findings:
    """Each design with each number of cameras."""
    findings = Findings()
    files = sorted(Path(pictures).glob("*.ppm"))
    shown = [cv2.imread(str(file)) for file in files]
    detector = Detector(Path(model), CORES, spin=False)
    truth = [detector.detect(picture) for picture in shown]
    for name, kind in DESIGNS.items():
        design, cells = kind(Path(model), detector), []
        for cameras in CAMERAS[:2] if reduced else CAMERAS:
            living = live(design, shown, cameras, size)
            cell = findings.measure(f"{name} {cameras}", lambda living=living: asyncio.run(living))
            note(findings, cell)
            cells.append(cell)
        design.close()
        outcome(findings, name, cells, truth)
    return findings


if __name__ == "__main__":
    if MISSING:
        print(json.dumps({"missing": MISSING}))
    else:
        main(run, "model", "pictures")
