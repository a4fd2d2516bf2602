"""A queue of ten between producers and consumers; an event ends it, what is left is consumed."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

from twin import Findings, main

CAPACITY = 10
WAIT_MAX = 30

Message = tuple[int, int]


class Line:
    """The queue, and the event that stops it after so many messages."""

    def __init__(self, enough: int) -> None:
        """An empty queue."""
        self.queue: queue.Queue[Message | None] = queue.Queue(maxsize=CAPACITY)
        self.stop = threading.Event()
        self._enough = enough
        self._taken = count(1)

    def produce(self, producer: int) -> int:
        """Puts messages until the event is set, waiting while the queue is full; how many."""
        number = 0
        while not self.stop.is_set():
            self.queue.put((producer, number), timeout=WAIT_MAX)
            number += 1
        return number

    def consume(self) -> tuple[list[Message], int]:
        """Takes messages until it is told the end; what they were and how deep the queue was."""
        messages: list[Message] = []
        deepest = 0
        while (message := self.queue.get(timeout=WAIT_MAX)) is not None:
            deepest = max(deepest, self.queue.qsize())
            messages.append(message)
            if next(self._taken) == self._enough:
                self.stop.set()
        return messages, deepest

    def filled(self) -> int:
        """Waits until the queue is full; how many are in it."""
        begun = time.monotonic()
        while not self.queue.full() and time.monotonic() - begun < WAIT_MAX:
            time.sleep(0.001)
        return self.queue.qsize()


def work(sides: int, messages: int) -> tuple[list[int], list[list[Message]], int, int]:
    """So many producers and consumers; what each made and got, the deepest queue, what was left."""
    line = Line(messages)
    with ThreadPoolExecutor(max_workers=2 * sides) as pool:
        producers = [pool.submit(line.produce, producer) for producer in range(sides)]
        deepest = line.filled()
        consumers = [pool.submit(line.consume) for _ in range(sides)]
        produced = [producer.result() for producer in producers]
        # This queue does not know that its producers have gone: each consumer has to be told.
        for _ in consumers:
            line.queue.put(None, timeout=WAIT_MAX)
        ended = [consumer.result() for consumer in consumers]
    deepest = max(deepest, *(depth for _, depth in ended))
    return produced, [messages for messages, _ in ended], deepest, line.queue.qsize()


def run(size: int, reduced: bool) -> Findings:
    """One producer and one consumer, then two of each."""
    findings = Findings()
    for way, sides in (("one and one", 1), ("two and two", 2)):
        produced, consumed, deepest, left = findings.measure(way, partial(work, sides, size))
        made = [(producer, n) for producer, number in enumerate(produced) for n in range(number)]
        got = sorted(message for messages in consumed for message in messages)
        findings.bound(
            f"{way}: each message is consumed exactly once",
            f"{len(made)} of {len(made)}",
            f"{len(got)} of {len(made)}",
            got == made,
        )
        findings.check(f"{way}: most messages in the queue", CAPACITY, deepest)
        findings.check(f"{way}: left in the queue at the end", 0, left)
    return findings


if __name__ == "__main__":
    main(run)
