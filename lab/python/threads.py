"""What a thread can do: be joined, be left behind, wait its turn, go off later, be told to stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from twin import Findings, main

WAIT_MAX = 30
SUM = 50_005_000

Log = list[str]


def start_and_join(findings: Findings, wait: float) -> None:
    """The thread runs beside the one that started it, and join waits for its end."""
    log: Log = ["before"]
    gone_on = threading.Event()
    results: list[int] = []

    def work() -> None:
        log.append("thread starts")
        gone_on.wait(WAIT_MAX)
        time.sleep(wait)
        log.append("thread ends")
        results.append(sum(range(10_001)))

    thread = threading.Thread(target=work)
    thread.start()
    log.append("main goes on")
    gone_on.set()
    thread.join()
    log.append("joined")
    in_order(findings, "main goes on", log, ["before", "main goes on", "thread ends", "joined"])
    in_order(findings, "the thread runs", log, ["before", "thread starts", "thread ends", "joined"])
    findings.check("result of the joined thread", [SUM], results)


def scoped(findings: Findings) -> None:
    """Python has no scopes for threads; the block of a pool ends when they have."""
    numbers = list(range(10_001))
    share = -(-len(numbers) // 4)
    with ThreadPoolExecutor(4) as pool:
        sums = pool.map(lambda at: sum(numbers[at : at + share]), range(0, len(numbers), share))
    findings.check("sum by four threads that borrow", SUM, sum(sums))


def daemon(findings: Findings) -> None:
    """A daemon thread ends with its program."""
    command = [sys.executable, __file__, "daemon"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=2 * WAIT_MAX)
    said = " → ".join(done.stdout.splitlines())
    findings.check(
        "the program does not wait for a thread left behind", "thread starts → main ends", said
    )


def program_with_daemon() -> None:
    """The program with the thread that it does not wait for."""
    started = threading.Event()

    def work() -> None:
        print("thread starts", flush=True)
        started.set()
        time.sleep(WAIT_MAX)
        print("thread ends", flush=True)

    threading.Thread(target=work, daemon=True).start()
    started.wait(WAIT_MAX)
    print("main ends", flush=True)


def pool_of_two(findings: Findings, wait: float) -> None:
    """Three jobs for two threads: the third waits until one of them is free."""
    log: Log = []

    def job(name: str) -> int:
        log.append(f"{name} starts")
        total = sum(range(10_001))
        time.sleep(wait)
        log.append(f"{name} ends")
        return total

    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(job, ["first", "second", "third"]))
    starts = [event for event in log if event.endswith(" starts")]
    free = any(event.endswith(" ends") for event in log[: log.index("third starts")])
    what, expected = (
        "the third job starts when a thread is free",
        "the third one last, 2 at once at most",
    )
    findings.bound(what, expected, " → ".join(log), free and starts[-1] == "third starts")
    findings.check("results of the pool", [SUM] * 3, results)


def timer(findings: Findings, delay: float) -> None:
    """A timer goes off later, unless it is called off."""
    went_off: list[float] = []
    begun = time.monotonic()
    goes_off = threading.Timer(delay, lambda: went_off.append(time.monotonic() - begun))
    called_off = threading.Timer(WAIT_MAX, lambda: went_off.append(0.0))
    goes_off.start()
    called_off.start()
    called_off.cancel()
    goes_off.join()
    called_off.join()
    findings.check("timers that went off", 1, len(went_off))
    findings.bound(
        "the timer goes off: time", f"at least {delay} s", went_off, went_off[0] >= delay
    )


def stop_flag(findings: Findings, step: float) -> None:
    """A thread can't be ended from outside: it looks at a flag between two pieces of work."""
    log: Log = []
    stop, worked = threading.Event(), threading.Event()

    def work() -> None:
        rounds, begun = 0, time.monotonic()
        while not stop.is_set() and time.monotonic() - begun < WAIT_MAX:
            time.sleep(step)
            rounds += 1
            log.append(f"round {rounds}")
            if rounds == 3:
                worked.set()
        log.append("thread ends")

    thread = threading.Thread(target=work)
    thread.start()
    worked.wait(WAIT_MAX)
    log.append("main says stop")
    stop.set()
    thread.join()
    events = ["round 1", "round 2", "round 3", "main says stop", "thread ends"]
    in_order(findings, "the thread works until the flag is set", log, events)


def cancellation(findings: Findings) -> None:
    """A task can be cancelled wherever it waits."""
    log: Log = []

    async def camera(name: str) -> None:
        log.append(f"{name} waits")
        try:
            await asyncio.sleep(WAIT_MAX)
            log.append(f"{name} has waited for nothing")
        except asyncio.CancelledError:
            log.append(f"{name} is cancelled")

    async def both() -> None:
        tasks = [asyncio.create_task(camera(f"task {number}")) for number in (1, 2)]
        # Once around the loop: both have begun to wait.
        await asyncio.sleep(0)
        log.append("main cancels")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)

    asyncio.run(both())
    for task in ("task 1", "task 2"):
        events = [f"{task} waits", "main cancels", f"{task} is cancelled"]
        in_order(findings, f"the token ends {task}", log, events)


def in_order(findings: Findings, what: str, log: Log, events: list[str]) -> None:
    """That these events happened, each after the one before."""
    held = [event for event in log if event in events] == events
    findings.bound(what, " → ".join(events), " → ".join(log), held)


def run(size: int, reduced: bool) -> Findings:
    """Each of them."""
    findings = Findings()
    wait = 0.01 if reduced else 0.2
    ways: dict[str, Callable[[], None]] = {
        "start and join": lambda: start_and_join(findings, wait),
        "scoped": lambda: scoped(findings),
        "daemon": lambda: daemon(findings),
        "pool of two": lambda: pool_of_two(findings, wait),
        "timer": lambda: timer(findings, wait),
        "stop flag": lambda: stop_flag(findings, wait / 20),
        "cancellation": lambda: cancellation(findings),
    }
    for way, work in ways.items():
        findings.measure(way, work)
    return findings


if __name__ == "__main__":
    if sys.argv[1:] == ["daemon"]:
        program_with_daemon()
    else:
        main(run)
