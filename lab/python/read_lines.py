"""A large file, read line by line and all at once, each in a process that says its peak of memory.

The peak of a process that is started counts the memory of who started it, too, for a moment; that
is little here, because this program does not read the file itself.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from twin import Findings, main

MORE_MAX_MB = 16.0
WAIT_MAX = 600


def lines_of(path: str) -> Iterator[str]:
    """The lines of a file, one after the other."""
    with Path(path).open(encoding="utf-8") as file:
        yield from file


def read(way: str, path: str) -> None:
    """Prints how many lines there are, the sum of their numbers, and the peak of memory in kB."""
    if way == "line by line":
        lines = lines_of(path)
    else:
        lines = iter(Path(path).read_text(encoding="utf-8").splitlines())
    count = total = 0
    for line in lines:
        count, total = count + 1, total + int(line.split(None, 1)[0])
    print(count, total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def in_process(way: str, path: str) -> tuple[int, int, float]:
    """Reads the file in a process of its own; lines, sum, peak of memory in MB."""
    command = [sys.executable, __file__, "read", way, path]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=WAIT_MAX)
    count, total, peak = map(int, done.stdout.split())
    return count, total, peak * 1024 / 1e6


def run(size: int, reduced: bool, whole: str, tenth: str) -> Findings:
    """Both ways, and a tenth of the file to compare with."""
    findings = Findings()
    expected = (size, size * (size - 1) // 2)
    *_, little = in_process("line by line", tenth)
    for way in ("line by line", "all at once"):
        *found, peak = findings.measure(way, partial(in_process, way, whole))
        findings.figure("peak of memory", peak, "MB")
        findings.check(f"lines and sum, {way}", expected, tuple(found))
        if way == "line by line":
            findings.figure("peak with a tenth of the file", little, "MB")
            findings.bound(
                "line by line, the whole file takes no more memory than a tenth of it",
                f"at most {MORE_MAX_MB:g} MB more",
                f"{peak:.1f} MB and {little:.1f} MB",
                peak <= little + MORE_MAX_MB,
            )
    return findings


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    else:
        main(run, "whole", "tenth")
