"""Three updates of one value over two threads: read, wait, write; without a lock and with one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from twin import Findings, main

UPDATES = 3
THREADS = 2


class Store:
    """A value that all threads may write."""

    def __init__(self, wait: float) -> None:
        """At first it is 0."""
        self.value = 0
        self._wait = wait
        self._lock = threading.Lock()
        # Where the first two updates meet, so that they overlap for certain and not only as a rule.
        self._meeting = threading.Barrier(THREADS, timeout=30)

    def update(self, number: int) -> None:
        """Reads, waits, writes; nothing says that this is a mistake."""
        read = self.value
        self._meet(number)
        time.sleep(self._wait)
        self.value = read + 1
        # Else a late second write could undo the third update as well.
        self._meet(number)

    def update_locked(self, number: int) -> None:
        """The same with the lock held from reading to writing."""
        with self._lock:
            read = self.value
            time.sleep(self._wait)
            self.value = read + 1

    def _meet(self, number: int) -> None:
        if number < THREADS:
            self._meeting.wait()


def run(size: int, reduced: bool) -> Findings:
    """Without the lock and with it."""
    findings = Findings()
    wait = 0.005 if reduced else 0.1

    def value_after(locked: bool) -> int:
        store = Store(wait)
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            # Reading the results brings up what went wrong in a thread.
            list(pool.map(store.update_locked if locked else store.update, range(UPDATES)))
        return store.value

    without = findings.measure("without lock", lambda: value_after(locked=False))
    with_lock = findings.measure("with lock", lambda: value_after(locked=True))
    findings.check("value without a lock", 2, without)
    findings.check("value with a lock", 3, with_lock)
    return findings


if __name__ == "__main__":
    main(run)
