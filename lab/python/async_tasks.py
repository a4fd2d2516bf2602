"""Tasks that sleep together on one thread, and what one blocking call does to all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import takewhile

from twin import Findings, main

BEAT = 0.01
PATIENCE = 60.0


async def nap(name: str, length: float, log: list[str]) -> None:
    """Sleeps and notes it."""
    log.append(f"{name} begins")
    await asyncio.sleep(length)
    log.append(f"{name} ends")


def together(log: list[str]) -> int:
    """How many had begun before the first one ended."""
    return len(list(takewhile(lambda what: what.endswith("begins"), log)))


async def apart(length: float, log: list[str]) -> None:
    """One after the other."""
    for name in "ABC":
        await nap(name, length, log)


async def gathered(length: float, log: list[str]) -> None:
    """All three at once."""
    await asyncio.gather(*(nap(name, length, log) for name in "ABC"))


async def created(length: float, log: list[str]) -> list[str]:
    """Two tasks of three rounds each; gives what had begun before their maker waited."""

    async def rounds(name: str) -> None:
        for _ in range(3):
            await nap(name, length / 3, log)

    tasks = [asyncio.create_task(rounds(name)) for name in "AB"]
    before = list(log)
    await asyncio.gather(*tasks)
    return before


class Heart:
    """Counts beats and keeps the longest gap between two."""

    def __init__(self) -> None:
        """It has not beaten yet."""
        self.beats = 0
        self.longest_gap = 0.0
        self._next = asyncio.Event()

    async def beat(self) -> None:
        """Beats until it is cancelled."""
        last = None
        while True:
            now = time.perf_counter()
            if last is not None:
                self.longest_gap = max(self.longest_gap, now - last)
            last = now
            self.beats += 1
            self._next.set()
            self._next = asyncio.Event()
            await asyncio.sleep(BEAT)

    async def next_beat(self) -> None:
        """Waits for it."""
        await self._next.wait()

    def blocking_call(self, length: float, wanted: int) -> int:
        """Sleeps as a thread does, and if need be until so many beats came; gives how many came."""
        begun, before = time.perf_counter(), self.beats
        time.sleep(length)
        while self.beats < before + wanted and time.perf_counter() - begun < PATIENCE:
            time.sleep(0.001)
        return self.beats - before


async def with_heart(work: Callable[[Heart], Awaitable[int]]) -> tuple[int, float]:
    """Does the work between two beats; gives what it gave and the longest gap."""
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    await heart.next_beat()
    given = await work(heart)
    await heart.next_beat()
    beating.cancel()
    return given, heart.longest_gap


def run(size: int, reduced: bool) -> Findings:
    """Each way, of sleeps of the same length."""
    findings = Findings()
    length = size / 1000

    def at_least(way: str, least: float) -> None:
        seconds = findings.ways[-1]["seconds"]
        wanted = f"at least {least:.3f} s"
        findings.bound(f"length of {way}", wanted, f"{seconds:.3f} s", seconds >= least)

    # The loop may wake up to its clock's resolution early, and asyncio allows it.
    clock = time.get_clock_info("monotonic").resolution

    log: list[str] = []
    findings.measure("one after the other", lambda: asyncio.run(apart(length, log)))
    at_least("one after the other", 3 * (length - clock))
    findings.check("slept together, one after the other", 1, together(log))
    log = []
    findings.measure("gather", lambda: asyncio.run(gathered(length, log)))
    at_least("gather", length - clock)
    findings.check("all three slept together", 3, together(log))
    log = []
    before = findings.measure("create_task", lambda: asyncio.run(created(length, log)))
    at_least("create_task", 3 * (length / 3 - clock))
    findings.check("begun before their maker waits", 0, len(before))
    findings.check("both had begun before a round ended", 2, together(log))
    rounds = [log.count(f"{name} ends") for name in "AB"]
    findings.check("rounds of each", [3, 3], rounds)

    async def on_loop(heart: Heart) -> int:
        return heart.blocking_call(length, 0)

    async def aside(heart: Heart) -> int:
        return await asyncio.to_thread(heart.blocking_call, length, 3)

    beats, gap = findings.measure("blocking on the loop", lambda: asyncio.run(with_heart(on_loop)))
    findings.figure("longest gap", gap * 1000, "ms")
    findings.check("beats during the call on the loop", 0, beats)
    found, wanted = f"{gap:.3f} s", f"at least {length:.3f} s"
    findings.bound("gap around the call on the loop", wanted, found, gap >= length)
    beats, gap = findings.measure("blocking aside", lambda: asyncio.run(with_heart(aside)))
    findings.figure("longest gap", gap * 1000, "ms")
    findings.bound("beats during the call aside", ">= 3", beats, beats >= 3)
    return findings


if __name__ == "__main__":
    main(run)
