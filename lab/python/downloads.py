"""Two pages fetched over and over from a server that takes its time, in four ways."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from multiprocessing import Pool
from urllib.parse import urlsplit

from twin import Findings, main

THREADS = 5
TASKS = 100
WAIT_MAX = 30

local = threading.local()


def connect(place: str) -> None:
    """Opens the connection that this thread, or this process, keeps."""
    local.connection = HTTPConnection(place, timeout=WAIT_MAX)


def fetch(number: int) -> bytes:
    """Waits for one page."""
    local.connection.request("GET", f"/{number % 2}")
    answer = local.connection.getresponse()
    if answer.status != 200:
        raise ValueError(f"the server answered {answer.status}")
    return answer.read()


def sequential(place: str, requests: int) -> list[bytes]:
    """One after the other."""
    connect(place)
    return [fetch(number) for number in range(requests)]


def over_threads(place: str, requests: int) -> list[bytes]:
    """Five threads, each with a connection of its own."""
    with ThreadPoolExecutor(THREADS, initializer=connect, initargs=(place,)) as pool:
        return list(pool.map(fetch, range(requests)))


def over_processes(place: str, requests: int) -> list[bytes]:
    """A process for each core, each with a connection of its own."""
    with Pool(initializer=connect, initargs=(place,)) as pool:
        return pool.map(fetch, range(requests))


async def fetch_with_task(place: str, numbers: Iterator[int]) -> list[bytes]:
    """One task with a connection of its own; whoever is free takes the next request."""
    host, _, port = place.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    bodies = []
    for number in numbers:
        writer.write(f"GET /{number % 2} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        async with asyncio.timeout(WAIT_MAX):
            head = await reader.readuntil(b"\r\n\r\n")
            status, *fields = head.decode().splitlines()
            if " 200 " not in status:
                raise ValueError(f"the server answered {status}")
            lengths = [
                field.split(":")[1]
                for field in fields
                if field.lower().startswith("content-length:")
            ]
            bodies.append(await reader.readexactly(int(lengths[0])))
    writer.close()
    return bodies


def over_tasks(place: str, requests: int) -> list[bytes]:
    """A hundred tasks on this one thread."""

    async def all_tasks() -> list[list[bytes]]:
        numbers = iter(range(requests))
        tasks = min(TASKS, requests)
        return await asyncio.gather(*(fetch_with_task(place, numbers) for _ in range(tasks)))

    return [body for bodies in asyncio.run(all_tasks()) for body in bodies]


def run(size: int, reduced: bool, url: str, body_bytes: str) -> Findings:
    """Each way, from the same server."""
    findings = Findings()
    place = urlsplit(url).netloc
    ways = {
        "sequential": sequential,
        "threads": over_threads,
        "async": over_tasks,
        "processes": over_processes,
    }
    pages: set[bytes] = set()
    for way, work in ways.items():
        bodies = findings.measure(way, partial(work, place, size))
        pages.update(bodies)
        findings.check(f"{way}: bodies", size, len(bodies))
        findings.check(f"{way}: bytes", int(body_bytes), sum(map(len, bodies)))
    findings.check("different pages", min(size, 2), len(pages))
    return findings


if __name__ == "__main__":
    main(run, "url", "body-bytes")
