"""A coroutine that takes numbers and gives their mean so far; None ends it."""

from __future__ import annotations

from collections.abc import Generator

from twin import Findings, main


def means() -> Generator[float | None, float | None, None]:
    """Sent a number, it gives the mean of all so far."""
    total, count, mean = 0.0, 0, None
    while (number := (yield mean)) is not None:
        total, count = total + number, count + 1
        mean = total / count


def run(size: int, reduced: bool) -> Findings:
    """Sends five numbers and the end."""
    findings = Findings()

    def all_means() -> list[float | None]:
        running = means()
        next(running)
        given = [running.send(number) for number in (10, 20, 30, 40, 50)]
        try:
            running.send(None)
        except StopIteration:
            return given
        raise AssertionError("it goes on after its end")

    given = findings.measure("stream", all_means)
    said = ", ".join(f"{mean:g}" for mean in given)
    findings.check("means", "10, 15, 20, 25, 30", said)
    return findings


if __name__ == "__main__":
    main(run)
