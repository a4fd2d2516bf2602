"""Two lists of random numbers, sorted one after the other, on two threads, in two processes."""

from __future__ import annotations

import math
import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import NamedTuple

from twin import Findings, main

SEEDS = (1, 2)


class Summary(NamedTuple):
    """What is to be known of a list."""

    count: int
    # Exactly rounded, so that it does not change with the order.
    total: float
    in_order: bool


def working(seed: int, size: int) -> list[float]:
    """Makes a list and sorts it, as published."""
    numbers = random.Random(seed)
    return sorted([numbers.random() for _ in range(size)])


def summary(numbers: list[float]) -> Summary:
    """Looks at a list that was sorted."""
    # One pass only, as what is in order is left so, and far faster than to compare in Python.
    in_order = sorted(numbers) == numbers
    return Summary(len(numbers), math.fsum(numbers), in_order)


def expected(seed: int, size: int) -> Summary:
    """The same of numbers that were not sorted."""
    numbers = random.Random(seed)
    return Summary(size, math.fsum(numbers.random() for _ in range(size)), True)


def on_threads(size: int) -> list[list[float]]:
    """A thread for each list: one interpreter lock for both."""
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        return list(pool.map(working, SEEDS, [size] * len(SEEDS)))


def in_process(seed: int, size: int, parent: Connection) -> None:
    """Tells when it has sorted, and then what it has: to send the list would take too long."""
    numbers = working(seed, size)
    parent.send("sorted")
    parent.send(summary(numbers))


def over_processes(size: int) -> list[Connection]:
    """A process for each list; gives what tells of them, once both have sorted."""
    told = []
    for seed in SEEDS:
        here, there = multiprocessing.Pipe(duplex=False)
        multiprocessing.Process(target=in_process, args=(seed, size, there), daemon=True).start()
        there.close()
        told.append(here)
    for here in told:
        here.recv()
    return told


def run(size: int, reduced: bool) -> Findings:
    """Each way, of the same lists."""
    findings = Findings()
    wanted = [expected(seed, size) for seed in SEEDS]

    def check(way: str, found: list[Summary]) -> None:
        findings.check(f"sorted lists, {way}", len(SEEDS), sum(one.in_order for one in found))
        findings.check(f"the same numbers as before, {way}", True, found == wanted)

    lists = findings.measure("sequential", lambda: [working(seed, size) for seed in SEEDS])
    check("sequential", list(map(summary, lists)))
    # No more than two are alive.
    del lists
    lists = findings.measure("two threads", lambda: on_threads(size))
    check("two threads", list(map(summary, lists)))
    del lists
    told = findings.measure("two processes", lambda: over_processes(size))
    check("two processes", [here.recv() for here in told])
    return findings


if __name__ == "__main__":
    main(run)
