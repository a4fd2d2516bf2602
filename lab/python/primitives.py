"""What threads and processes agree by: one small check of each under contention."""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from typing import Any

from twin import Findings, main

THREADS = 4
LEVELS = 3
ROOM = 3
VISITORS = 12
PATIENCE = 60.0


def on_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Each thread is told its number."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def on_processes(work: Callable[..., None], *shared: Any) -> None:
    """Each process is told its number and what all share."""
    processes = [
        multiprocessing.Process(target=work, args=(number, *shared)) for number in range(THREADS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)


class Inside:
    """Counts how many are inside of something, and the most there ever were."""

    def __init__(self) -> None:
        """Nobody is."""
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self) -> None:
        """One more."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        """One less."""
        with self.lock:
            self.now -= 1


def lock(turns: int, findings: Findings) -> None:
    """One at a time."""
    one, inside, total = threading.Lock(), Inside(), 0

    def work(_: int) -> None:
        nonlocal total
        for _ in range(turns):
            with one, inside:
                total += 1

    on_threads(THREADS, work)
    findings.check("updates under a lock", THREADS * turns, total)
    findings.check("most inside of a lock", 1, inside.most)


def rlock(turns: int, findings: Findings) -> None:
    """Who holds it may take it again."""
    again, plain, total = threading.RLock(), threading.Lock(), 0

    def down(levels: int) -> None:
        nonlocal total
        with again:
            total += 1
            if levels > 1:
                down(levels - 1)

    def work(_: int) -> None:
        for _ in range(turns):
            down(LEVELS)

    on_threads(THREADS, work)
    findings.check("updates at three levels", LEVELS * THREADS * turns, total)
    with plain:
        refused = not plain.acquire(blocking=False)
    findings.check("a plain lock is refused to who holds it", True, refused)


def visits(room: threading.Semaphore, what: str, turns: int, findings: Findings) -> None:
    """Three meet inside, ask for a fourth permit in vain, and leave."""
    inside, meeting = Inside(), threading.Barrier(ROOM)
    # Made by whoever is free: a multiple of three, so that nobody waits inside alone.
    count = -(-turns // 200) * VISITORS
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for visit in range(count):
        left.put(visit)

    def work(_: int) -> int:
        refused = 0
        while True:
            try:
                left.get_nowait()
            except queue.Empty:
                return refused
            with room, inside:
                meeting.wait(PATIENCE)
                refused += not room.acquire(blocking=False)
                meeting.wait(PATIENCE)

    refused = sum(on_threads(VISITORS, work))
    findings.check(f"most inside of {what}", ROOM, inside.most)
    findings.check(f"a fourth is refused by {what}", count, refused)


def semaphore(turns: int, findings: Findings) -> None:
    """At most three inside."""
    visits(threading.Semaphore(ROOM), "a semaphore of 3", turns, findings)


def bounded(turns: int, findings: Findings) -> None:
    """To give back what was not taken is an error."""
    room = threading.BoundedSemaphore(ROOM)
    visits(room, "a bounded semaphore of 3", turns, findings)
    try:
        room.release()
        findings.check("a release beyond the bound", "ValueError", "taken")
    except ValueError as error:
        findings.check("a release beyond the bound", "ValueError", type(error).__name__)


def event(turns: int, findings: Findings) -> None:
    """Who comes after it was set need not wait."""
    events = [threading.Event() for _ in range(-(-turns // 200))]
    meeting, passed = threading.Barrier(THREADS + 1), Inside()

    def work(number: int) -> int:
        early = 0
        for before, happened in enumerate(events):
            # All have passed the event before this one, and nobody gets past this one yet.
            meeting.wait(PATIENCE)
            if number == THREADS:
                early += abs(passed.now - before * THREADS)
                happened.set()
            elif happened.wait(PATIENCE):
                passed.__enter__()
        return early

    early = sum(on_threads(THREADS + 1, work))
    findings.check("passed before their event", 0, early)
    findings.check("passed after it", THREADS * len(events), passed.now)
    late = sum(happened.wait(0) for happened in events)
    findings.check("events at which who comes later need not wait", len(events), late)


def condition(turns: int, findings: Findings) -> None:
    """Each thing is announced to one waiter; a lost wake-up would leave somebody waiting."""
    put = threading.Condition()
    things: list[int] = []

    def work(number: int) -> int:
        total = 0
        for turn in range(1, turns + 1):
            with put:
                if number < THREADS:
                    things.append(turn)
                    put.notify()
                elif put.wait_for(lambda: things, PATIENCE):
                    total += things.pop()
                else:
                    break
        return total

    taken = sum(on_threads(2 * THREADS, work))
    announced = THREADS * turns * (turns + 1) // 2
    findings.check("sum of what was announced and taken", announced, taken)
    findings.check("left over", 0, len(things))


def fifo(turns: int, findings: Findings) -> None:
    """What one thread put comes in its order."""
    things: queue.Queue[tuple[int, int]] = queue.Queue(16)

    def work(number: int) -> int:
        if number < THREADS:
            for turn in range(turns):
                things.put((number, turn), timeout=PATIENCE)
            return 0
        following, in_order = [0] * THREADS, 0
        for _ in range(THREADS * turns):
            put_by, turn = things.get(timeout=PATIENCE)
            in_order += following[put_by] == turn
            following[put_by] = turn + 1
        return in_order

    in_order = sum(on_threads(THREADS + 1, work))
    findings.check("taken in the order of who put it", THREADS * turns, in_order)
    findings.check("left in the queue", 0, things.qsize())


def lifo_and_priority(turns: int, findings: Findings) -> None:
    """All put, then all is taken."""
    stack: queue.LifoQueue[tuple[int, int]] = queue.LifoQueue(THREADS * turns)
    least: queue.PriorityQueue[tuple[int, int]] = queue.PriorityQueue(THREADS * turns)

    def work(number: int) -> None:
        for turn in range(turns):
            stack.put((number, turn), timeout=PATIENCE)
            least.put((turns - turn, number), timeout=PATIENCE)

    on_threads(THREADS, work)
    following, backwards = [turns] * THREADS, 0
    while not stack.empty():
        put_by, turn = stack.get_nowait()
        backwards += turn + 1 == following[put_by]
        following[put_by] = turn
    findings.check("last in, first out", THREADS * turns, backwards)
    taken = [least.get_nowait() for _ in range(least.qsize())]
    findings.check("least first", True, taken == sorted(taken))
    findings.check("in the priority queue", THREADS * turns, len(taken))


def count_up(
    number: int, value: Synchronized[int], array: SynchronizedArray[int], turns: int
) -> None:
    """In a process: adds to the value, and to its own cell and the next one in turn."""
    for turn in range(turns):
        with value.get_lock():
            value.value += 1
        with array.get_lock():
            array[(number + turn % 2) % THREADS] += 1


def value_and_array(turns: int, findings: Findings) -> None:
    """Memory shared between processes."""
    value, array = multiprocessing.Value("q", 0), multiprocessing.Array("q", THREADS)
    on_processes(count_up, value, array, turns)
    findings.check("the value", THREADS * turns, value.value)
    findings.check("each cell of the array", [turns] * THREADS, list(array))


def square(parent: Connection) -> None:
    """In a process: squares what it is sent until the end."""
    while (number := parent.recv()) is not None:
        parent.send(number * number)


def pipe(turns: int, findings: Findings) -> None:
    """A process is asked over a pipe."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=square, args=(there,), daemon=True)
    process.start()
    questions, right = -(-turns // 20), 0
    for number in range(1, questions + 1):
        here.send(number)
        right += here.poll(PATIENCE) and here.recv() == number * number
    here.send(None)
    process.join(PATIENCE)
    findings.check("squares that came over a pipe", questions, right)


def count_in_manager(number: int, counts: dict[str, int], one: Any, questions: int) -> None:
    """In a process: adding is two questions to the manager, so that it needs a lock."""
    for _ in range(questions):
        with one:
            counts["all"] = counts["all"] + 1
        counts[f"thread {number}"] = counts[f"thread {number}"] + 1


def manager(turns: int, findings: Findings) -> None:
    """A process that holds the counts and is asked by others."""
    questions = -(-turns // 20)
    with multiprocessing.Manager() as holder:
        names = ["all", *(f"thread {number}" for number in range(THREADS))]
        counts = holder.dict(dict.fromkeys(names, 0))
        on_processes(count_in_manager, counts, holder.Lock(), questions)
        found = dict(counts)
    findings.check("count of all", THREADS * questions, found.pop("all"))
    findings.check("each process's own count", [questions] * THREADS, list(found.values()))


ALL: dict[str, Callable[[int, Findings], None]] = {
    "Lock": lock,
    "RLock": rlock,
    "Semaphore": semaphore,
    "BoundedSemaphore": bounded,
    "Event": event,
    "Condition": condition,
    "Queue": fifo,
    "LIFO, priority": lifo_and_priority,
    "Value, Array": value_and_array,
    "Pipe": pipe,
    "Manager": manager,
}


def run(size: int, reduced: bool) -> Findings:
    """Each primitive by itself."""
    findings = Findings()
    for name, shown in ALL.items():
        findings.measure(name, lambda shown=shown: shown(size, findings))
    return findings


if __name__ == "__main__":
    main(run)
