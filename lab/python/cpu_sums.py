"""Sums of squares: one after the other, on threads, in processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool

from twin import Findings, main

SUMS = 20


def total(end: int) -> int:
    """The sum of i * i for i < end."""
    return sum(i * i for i in range(end))


def on_threads(ends: list[int]) -> list[int]:
    """A pool of threads: one interpreter lock for all of them."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(total, ends))


def over_processes(ends: list[int]) -> list[int]:
    """A process for each core."""
    with Pool() as pool:
        return pool.map(total, ends)


def run(size: int, reduced: bool) -> Findings:
    """Each way, of the same sums."""
    findings = Findings()
    ends = [size + more for more in range(SUMS)]
    one = findings.measure("sequential", lambda: [total(end) for end in ends])
    threads = findings.measure("threads", lambda: on_threads(ends))
    processes = findings.measure("processes", lambda: over_processes(ends))
    findings.check("threads give the same", True, threads == one)
    findings.check("processes give the same", True, processes == one)
    return findings


if __name__ == "__main__":
    main(run)
