"""TCP connections that can be cut, slowed down or silenced: a small proxy between any two that talk."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from motcua_devstack.ports import HOST

CHUNK = 65_536
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Condition:
    """What a link does to what goes over it.

    Attributes:
        cut: connections are reset, new ones as soon as they are made.
        delay: seconds that each piece waits.
        silent: half open: who is asked sees the connection end, who asks sees nothing, ever; what is sent is lost.
    """

    cut: bool = False
    delay: float = 0.0
    silent: bool = False


OPEN = Condition()
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(eq=False)
class Link:
    """One way from somebody to somebody.

    Attributes:
        name: `who>whom`.
        target: port of who is asked.
        condition: what happens on it now.
    """

    name: str
    target: int
    condition: Condition = OPEN
    _asking: set[asyncio.StreamWriter] = field(default_factory=set)
    _asked: set[asyncio.StreamWriter] = field(default_factory=set)

    def change(self, condition: Condition) -> None:
        """Change the condition; connections that cannot live on in the new one end."""
        was, self.condition = self.condition, condition
        ending = set(self._asked) if condition.silent else set()
        if condition.cut or was.silent:  # after silence the first sign of life is that the connection is unknown
            ending |= self._asking | self._asked
        for writer in ending:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection from its begin to its end."""
        self._asking.add(writer)
        try:
            if not (self.condition.cut or self.condition.silent):
                await self._connect((reader, writer))
            if self.condition.silent:
                await _swallow(reader)
        except asyncio.CancelledError:  # all links end; asyncio's servers would report it as an error
            return
        finally:
            self._asking.discard(writer)
            writer.transport.abort() if self.condition.cut else writer.close()

    async def _connect(self, asking: Pair) -> None:
        try:
            asked = await asyncio.open_connection(HOST, self.target)
        except OSError:  # nobody listens there: who asks sees the connection end
            return
        if self.condition.cut or self.condition.silent:  # it was changed meanwhile
            asked[1].transport.abort()
            return
        self._asked.add(asked[1])
        ways = [
            asyncio.create_task(self._carry(asking[0], asked[1])),
            asyncio.create_task(self._carry(asked[0], asking[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            self._asked.discard(asked[1])
            asked[1].close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.condition.delay:
                    await asyncio.sleep(self.condition.delay)
                writer.write(data)
                await writer.drain()


async def _swallow(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(CHUNK):
            pass


class Links:
    """All links of a stack, on a thread of their own; use it in a `with` block around the stack's run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._links: dict[str, tuple[Link, asyncio.Server]] = {}

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all connections."""
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    def way(self, who: str, whom: str, port: int) -> int:
        """The port of the link between the two, which is made when it is first asked for."""
        name = f"{who}>{whom}"
        if name not in self._links:
            link = Link(name, port)
            self._links[name] = (link, self._await(asyncio.start_server(link.serve, HOST, 0)))
        number: int = self._links[name][1].sockets[0].getsockname()[1]
        return number

    def change(self, name: str, condition: Condition) -> None:
        """Change what happens on a link.

        Raises:
            LookupError: there is none of that name.
        """
        link, _ = self._links[name]

        async def change() -> None:
            link.change(condition)

        self._await(change())

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_SECONDS)

    async def _close(self) -> None:
        for _, server in self._links.values():
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
