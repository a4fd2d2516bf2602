"""The old design as a program: one event loop, one web socket a viewer.

`blocking`: a picture is read, looked at and encoded on the event loop itself.
`to_thread`: the three together run in a thread; the loop waits for it without standing still.

In both, commands are taken between two pictures only. What could make it slower than it must
be is left out: no rules, no database, no five pictures thrown away after a seek, no ten
milliseconds of waiting for a command after each picture.

Protocol, JSON as text. `/ws/stream/N`: `{"action": "start"}`, then `pause`, `play` and `seek`
(`position_ms`), each with an `id` that is answered with `{"type": "done", "id"}` when it has
been carried out; pictures come as `{"type": "frame", ..}`. `/ws/stats`: each message is
answered with the figures since the one before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from baseline.detector import Detector
from baseline.player import Player
from baseline.tracker import Tracker

KEEP_UP = "skip pictures that are late, as a live camera demands, instead of playing slower"
TICK_S = 0.010
"""The loop is looked at this often, seconds."""
SKIP_MAX = 30
"""Pictures skipped at once, at most; what is later still is played slower."""
COMMANDS_MAX = 16
"""Commands of a viewer that may wait."""


@dataclass
class Figures:
    """What happened since they were last asked for."""

    analysed: int = 0
    decoded: int = 0
    late_s: list[float] = field(default_factory=list)

    def take(self) -> dict[str, Any]:
        """The figures; begins anew."""
        late = sorted(self.late_s)
        p99 = late[min(len(late) - 1, int(len(late) * 0.99))] if late else 0.0
        figures = {
            "analysed": self.analysed,
            "decoded": self.decoded,
            "late_p99_ms": p99 * 1000.0,
        }
        self.analysed, self.decoded, self.late_s = 0, 0, []
        return figures


class Server:
    """All that is shared: the detector, the tracker, the figures."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._files: list[Path] = arguments.camera
        self._width: int = arguments.width
        self._in_threads = arguments.mode == "to_thread"
        self._keeps_up = bool(arguments.keep_up)
        self._detector = Detector(arguments.model, arguments.model_threads, arguments.spin)
        self._tracker = Tracker()
        self._figures = Figures()

    async def watch_loop(self) -> None:
        """Measures how late the loop is, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            self._figures.late_s.append(loop.time() - due)

    async def handle(self, socket: ServerConnection) -> None:
        """One connection."""
        path = socket.request.path if socket.request else ""
        try:
            if path == "/ws/stats":
                async for _ in socket:
                    await socket.send(json.dumps(self._figures.take()))
            else:
                await self._stream(socket, self._files[int(path.rsplit("/", 1)[-1])])
        except ConnectionClosed:
            pass

    async def _stream(self, socket: ServerConnection, file: Path) -> None:
        await socket.recv()
        player = Player(file, self._width, self._detector, self._tracker)
        commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue(COMMANDS_MAX)
        reader = asyncio.create_task(read_commands(socket, commands))
        try:
            await socket.send(json.dumps({"type": "metadata", "period_s": player.period_s}))
            await self._play(socket, player, commands)
        finally:
            reader.cancel()
            player.close()

    async def _play(
        self,
        socket: ServerConnection,
        player: Player,
        commands: asyncio.Queue[dict[str, Any]],
    ) -> None:
        loop = asyncio.get_running_loop()
        playing, due = True, loop.time()
        while True:
            # Between two pictures, and only here, commands are taken.
            wait_s = max(due - loop.time(), 0.0) if playing else None
            for command in await waiting(commands, wait_s):
                playing = obey(player, command, playing)
                player.generation += 1
                await socket.send(json.dumps({"type": "done", "id": command["id"]}))
                due = loop.time()
            if not playing or loop.time() < due:
                continue
            late = int((loop.time() - due) / player.period_s) if self._keeps_up else 0
            skip = min(late, SKIP_MAX)
            if self._in_threads:
                message = await asyncio.to_thread(player.step, skip)
            else:
                message = player.step(skip)
            self._figures.analysed += 1
            self._figures.decoded += 1 + skip
            await socket.send(message)
            # Without skipping, what cannot be kept up with is played slower.
            due += player.period_s * (1 + late)
            if not self._keeps_up:
                due = max(due, loop.time())


def obey(player: Player, command: dict[str, Any], playing: bool) -> bool:
    """Carries a command out; whether the camera plays then."""
    match command["action"]:
        case "play":
            return True
        case "pause":
            return False
        case "seek":
            player.seek(float(command["position_ms"]))
            return playing
        case other:
            raise ValueError(f"unknown action '{other}'")


async def read_commands(socket: ServerConnection, into: asyncio.Queue[dict[str, Any]]) -> None:
    """Reads commands as they arrive; they wait until the pictures let them in."""
    async for text in socket:
        await into.put(json.loads(text))


async def waiting(
    commands: asyncio.Queue[dict[str, Any]], wait_s: float | None
) -> list[dict[str, Any]]:
    """The commands that wait; if none does, the first that comes within `wait_s` (None: ever)."""
    # Even when late, the loop gets a turn: else nothing would ever be read or sent.
    await asyncio.sleep(0)
    taken: list[dict[str, Any]] = []
    if commands.empty() and wait_s != 0.0:
        first: Awaitable[dict[str, Any]] = commands.get()
        try:
            taken.append(await asyncio.wait_for(first, wait_s))
        except TimeoutError:
            return taken
    while not commands.empty():
        taken.append(commands.get_nowait())
    return taken


async def run(arguments: argparse.Namespace) -> None:
    """Serves until the program is ended."""
    server = Server(arguments)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(arguments.workers))
    # Compressing JPEG again would only cost time, and a loop that stands still would miss pongs.
    serving = serve(server.handle, "127.0.0.1", 0, compression=None, ping_interval=None)
    async with serving as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        print(f"listening at ws://127.0.0.1:{port}", flush=True)
        await server.watch_loop()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mode", choices=["blocking", "to_thread"], required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--camera", type=Path, action="append", required=True, metavar="FILE")
    parser.add_argument("--width", type=int, required=True, help="of the pictures sent, pixels")
    parser.add_argument("--model-threads", type=int, default=2, help="of the session")
    parser.add_argument("--spin", type=int, choices=[0, 1], default=1, help="threads spin")
    parser.add_argument("--picture-threads", type=int, default=2, help="of OpenCV")
    parser.add_argument("--keep-up", type=int, choices=[0, 1], default=0, help=KEEP_UP)
    parser.add_argument("--workers", type=int, default=6, help="threads for pictures")
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.picture_threads)
    asyncio.run(run(arguments))


if __name__ == "__main__":
    main()
