"""Results that come later: asked for, waited for with a limit, cancelled, failed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import (
    CancelledError,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)

from twin import Findings, main

PATIENCE = 60.0
ORDER = [3, 1, 4, 0, 2]
# One task takes less than the noise of a machine: so many are submitted, and fail.
TIMES = 500


class NoSuchPageError(LookupError):
    """What a task fails with."""


def squared(number: int) -> int:
    """A task."""
    return number * number


def fail() -> int:
    """A task that fails."""
    raise NoSuchPageError("no such page")


def said(future: Future[int], patience: float) -> str:
    """The result, or why there is none."""
    try:
        return str(future.result(patience))
    except CancelledError:
        return "cancelled"
    except TimeoutError:
        return "no result in time"
    except LookupError as error:
        return f"failed: {error.args[0]}"


def mapped() -> list[int]:
    """A pool of processes, as published."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(squared, [1, 2, 3, 4], timeout=PATIENCE))


def behind(gate: threading.Event, number: int) -> int:
    """A task that ends when its gate opens."""
    return number if gate.wait(PATIENCE) else -1


def completed(pool: ThreadPoolExecutor) -> list[int]:
    """Five downloads of which each ends when its gate opens."""
    gates = [threading.Event() for _ in ORDER]
    ends = as_completed([pool.submit(behind, gate, n) for n, gate in enumerate(gates)], PATIENCE)
    numbers = []
    for number in ORDER:
        gates[number].set()
        numbers.append(next(ends).result())
    return numbers


def time_limit(pool: ThreadPoolExecutor, limit: float) -> tuple[str, float, str]:
    """Waits in vain for a task, then opens its gate and asks again."""
    gate = threading.Event()
    future = pool.submit(behind, gate, 100)
    begun = time.perf_counter()
    early = said(future, limit)
    waited = time.perf_counter() - begun
    gate.set()
    return early, waited, said(future, PATIENCE)


def cancel() -> tuple[str, bool]:
    """Of two tasks on one thread the first has begun and can't be cancelled; the second can."""
    gate, begun = threading.Event(), threading.Event()

    def first() -> bool:
        begun.set()
        return gate.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        running, waiting = pool.submit(first), pool.submit(squared, 2)
        begun.wait(PATIENCE)
        waiting.cancel()
        ended = said(waiting, PATIENCE), running.cancel()
        gate.set()
    return ended


def run(size: int, reduced: bool) -> Findings:
    """Each thing that a future can do."""
    findings = Findings()
    limit = 0.005 if reduced else 0.05
    with ThreadPoolExecutor(5) as pool:
        given = findings.measure(
            "submit",
            lambda: [said(pool.submit(squared, 10), PATIENCE) for _ in range(TIMES)],
        )
        findings.check("submitted tasks that gave 100", TIMES, given.count("100"))
        findings.check("map", [1, 4, 9, 16], findings.measure("map", mapped))
        numbers = findings.measure("as_completed", lambda: completed(pool))
        findings.check("as_completed", ORDER, numbers)
        early, waited, late = findings.measure("timeout", lambda: time_limit(pool, limit))
        findings.check("timeout", "no result in time", early)
        findings.bound(
            "waited", f"at least {limit * 1e3:g} ms", f"{waited * 1e3:.1f} ms", waited >= limit
        )
        findings.check("asked again after the timeout", "100", late)
        ended, stopped = findings.measure("cancel", cancel)
        findings.check("cancel", "cancelled", ended)
        findings.check("a task that has begun is cancelled", False, stopped)
        failed = findings.measure(
            "exception", lambda: [said(pool.submit(fail), PATIENCE) for _ in range(TIMES)]
        )
        count = failed.count("failed: no such page")
        findings.check("tasks that failed with 'no such page'", TIMES, count)
        findings.check("the next task", "4", said(pool.submit(squared, 2), PATIENCE))
    return findings


if __name__ == "__main__":
    main(run)
