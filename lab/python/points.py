"""Points of company A become points of company B through a cache that many threads ask at once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from twin import Findings, main

THREADS = 8
PATIENCE = 60.0
MOST = 1_000_000


class PointsError(ValueError):
    """Points that are not converted."""


class NegativePointsError(PointsError):
    """Fewer than none."""


class TooManyPointsError(PointsError):
    """More than are converted at once."""


def rate(points: int) -> int:
    """The rates and limits."""
    if points < 0:
        raise NegativePointsError(f"{points} points are fewer than none")
    if points > MOST:
        raise TooManyPointsError(f"{points} points are more than {MOST} at once")
    percent = 100 if points == 5_000 else 80 if points < 10_000 else 90
    return points * percent // 100


class Office:
    """Converts, which takes a while, and counts."""

    def __init__(self, while_converting: Callable[[], object]) -> None:
        """Nothing is converted yet."""
        self.while_converting = while_converting
        self.conversions = self.inside = self.most_inside = 0
        self.lock = threading.Lock()

    def convert(self, points: int) -> int:
        """What company B gives."""
        converted = rate(points)
        with self.lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        self.while_converting()
        with self.lock:
            self.inside -= 1
            self.conversions += 1
        return converted


class WithoutLock:
    """Looks, converts, keeps; all threads meet after they looked."""

    def __init__(self, parties: int) -> None:
        """An empty cache for so many threads."""
        self.kept: dict[int, int] = {}
        self.meeting = threading.Barrier(parties)

    def ask(self, office: Office, points: int) -> int:
        """What could happen on a bad day happens each time."""
        known = self.kept.get(points)
        self.meeting.wait(PATIENCE)
        if known is None:
            known = self.kept[points] = office.convert(points)
        return known


class OneLock:
    """Holds the lock until the conversion is kept, as published."""

    def __init__(self) -> None:
        """An empty cache."""
        self.kept: dict[int, int] = {}
        self.lock = threading.Lock()

    def ask(self, office: Office, points: int) -> int:
        """One after the other."""
        with self.lock:
            if points not in self.kept:
                self.kept[points] = office.convert(points)
            return self.kept[points]


class SingleFlight:
    """The first who asks for a key converts; who asks for the same meanwhile waits for it."""

    def __init__(self, room: int) -> None:
        """Forgets what was not asked for the longest."""
        self.room = room
        self.kept: OrderedDict[int, int] = OrderedDict()
        self.flights: dict[int, Future[int]] = {}
        self.lock = threading.Lock()

    def ask(self, office: Office, points: int) -> int:
        """Errors are not kept."""
        with self.lock:
            if points in self.kept:
                self.kept.move_to_end(points)
                return self.kept[points]
            flight = self.flights.get(points)
            if first := flight is None:
                flight = self.flights[points] = Future()
        if not first:
            return flight.result(PATIENCE)
        try:
            converted = office.convert(points)
        except BaseException as error:
            with self.lock:
                del self.flights[points]
            flight.set_exception(error)
            raise
        with self.lock:
            del self.flights[points]
            self.kept[points] = converted
            if len(self.kept) > self.room:
                self.kept.popitem(last=False)
        flight.set_result(converted)
        return converted


Ask = Callable[[Office, int], int]


def ask_all(keys: list[int], number: int, apart: bool, office: Office, ask: Ask) -> int:
    """Asks for every key once; threads that begin apart have each another key first."""
    first = number * len(keys) // THREADS if apart else 0
    return sum(ask(office, key) for key in keys[first:] + keys[:first])


def on_threads(count: int, work: Callable[[int], int]) -> list[int]:
    """Each thread is told its number."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def two_at_once(patience: float, ask: Ask) -> bool:
    """Two keys, each converted until the other is being converted, too."""
    meeting = threading.Barrier(2)
    met: list[bool] = []

    def convert() -> None:
        try:
            meeting.wait(patience)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)

    office = Office(convert)
    on_threads(2, lambda number: ask(office, (number + 1) * 100))
    return met == [True, True]


def run(size: int, reduced: bool) -> Findings:
    """Each way, of the same keys."""
    findings = Findings()
    takes = 0.001 if reduced else 0.005
    keys = [(number + 1) * 100 for number in range(size)]
    right = [sum(map(rate, keys))] * THREADS

    def show(name: str, conversions: int, apart: bool, ask: Ask) -> None:
        office = Office(lambda: time.sleep(takes))
        sums = findings.measure(
            name, lambda: on_threads(THREADS, lambda n: ask_all(keys, n, apart, office, ask))
        )
        findings.figure("conversions", office.conversions, "")
        findings.figure("most at once", office.most_inside, "")
        findings.check(f"conversions, {name}", conversions, office.conversions)
        findings.check(f"right for every thread, {name}", True, sums == right)

    show("without a lock", THREADS * size, False, WithoutLock(THREADS).ask)
    show("one lock", size, True, OneLock().ask)
    show("single flight", size, True, SingleFlight(size).ask)
    findings.check("two keys at once, one lock", False, two_at_once(0.02, OneLock().ask))
    findings.check(
        "two keys at once, single flight", True, two_at_once(PATIENCE, SingleFlight(2).ask)
    )

    office, cache = Office(lambda: None), SingleFlight(3)
    for points, kind in ((-1, NegativePointsError), (MOST + 1, TooManyPointsError)):
        try:
            cache.ask(office, points)
            findings.check("refused", kind.__name__, "converted")
        except PointsError as error:
            findings.check("refused", kind.__name__, type(error).__name__)
    cost = office.conversions + len(cache.kept)
    findings.check("conversions and entries for what is refused", 0, cost)
    for points in (100, 200, 300, 100, 400):
        cache.ask(office, points)
    left = ", ".join(map(str, sorted(cache.kept)))
    findings.check("room for 3, asked 100, 200, 300, 100, 400: left", "100, 300, 400", left)
    crowded = SingleFlight(16)
    many = list(range(1, 101))
    on_threads(THREADS, lambda n: ask_all(many, n, True, office, crowded.ask))
    findings.check("kept of 100, room for 16", 16, len(crowded.kept))
    return findings


if __name__ == "__main__":
    main(run)
