"""What the twins have in common: arguments, measuring, and the answer on the last line."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any


class Findings:
    """What a twin measured and checked."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.ways: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []

    def measure(self, way: str, work: Callable[[], Any]) -> Any:
        """Does the work and notes the seconds it took."""
        begun = time.perf_counter()
        given = work()
        self.ways.append({"name": way, "seconds": time.perf_counter() - begun, "figures": []})
        return given

    def figure(self, name: str, value: float, unit: str) -> None:
        """Notes another figure of the way measured last."""
        self.ways[-1]["figures"].append({"name": name, "value": value, "unit": unit})

    def check(self, what: str, expected: Any, found: Any) -> None:
        """Notes what must be and what was."""
        held = expected == found
        self.checks.append(
            {"what": what, "expected": str(expected), "found": str(found), "held": held}
        )

    def bound(self, what: str, expected: str, found: Any, held: bool) -> None:
        """Notes bounds, in words, and what was."""
        self.checks.append({"what": what, "expected": expected, "found": str(found), "held": held})


def main(run: Callable[..., Findings], *more: str) -> None:
    """Runs with the size and the options of these names, and prints what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--reduced", action="store_true")
    for name in more:
        parser.add_argument(f"--{name}", required=True)
    given = vars(parser.parse_args())
    print(json.dumps(vars(run(**given))))
