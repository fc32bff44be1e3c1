"""A local socket on which the service answers questions and takes orders, one JSON line each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.errors import EcgmonError, SourceError
from ecgmon.monitor.core.platform import local_socket, serve_locally

Answer = dict[str, Any]
Handler = Callable[[Mapping[str, Any]], Answer]

WHAT = "the local socket of the service"
LONGEST_REQUEST = 10_000
TIMEOUT_S = 5.0


@contextlib.asynccontextmanager
async def answering(path: Path, handler: Handler) -> AsyncIterator[None]:
    """Answer on a local socket that only this user and group may use.

    Parameters
    ----------
    path : Path
        Of the socket; what a program that was killed left there is replaced.
    handler : callable
        Gets a request, returns the answer; an `EcgmonError` is answered as ``error``.

    Raises
    ------
    SourceError
        Another monitor answers there, or the socket cannot be made.
    PlatformError
        This system has no such sockets.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
                async with asyncio.timeout(TIMEOUT_S):
                    writer.write(json.dumps(await _reply(reader, handler)).encode() + b"\n")
                    await writer.drain()
        finally:
            writer.close()

    try:
        _make_way(path)
        server = await serve_locally(serve, path, limit=LONGEST_REQUEST, what=WHAT)
        os.chmod(path, 0o660)  # noqa: PTH101 - it takes no time
    except OSError as error:
        raise SourceError(f"The socket {path} cannot be made: {error.strerror}.") from error
    try:
        yield
    finally:
        server.close()
        _remove(path)


def ask(path: Path, request: Mapping[str, Any]) -> Answer:
    """Send a request to a running monitor and return its answer.

    Raises
    ------
    SourceError
        None answers, or it refuses.
    PlatformError
        This system has no such sockets.
    """
    try:
        with local_socket(WHAT) as channel:
            channel.settimeout(TIMEOUT_S)
            channel.connect(str(path))
            channel.sendall(json.dumps(request).encode() + b"\n")
            with channel.makefile("r", encoding="utf-8") as stream:
                answer: Answer = json.loads(stream.readline())
    except PermissionError as error:
        raise SourceError(f"You may not ask the monitor at {path}.", "Try again with sudo.") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"No monitor answers at {path}.", "Is it running? See 'ecgmon run'.") from error
    if "error" in answer:
        raise SourceError(str(answer["error"]))
    return answer


async def _reply(reader: asyncio.StreamReader, handler: Handler) -> Answer:
    try:
        line = await reader.readline()
    except ValueError:
        return {"error": f"A request has at most {LONGEST_REQUEST} characters."}
    return _answer(line, handler)


def _answer(line: bytes, handler: Handler) -> Answer:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            return {"error": "A request is a JSON object."}
        return handler(request)
    except ValueError:
        return {"error": "The request is not JSON."}
    except EcgmonError as error:
        return {"error": str(error)}


def _make_way(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_answered(path):
        raise SourceError(f"Another monitor answers at {path}.", "End it, or name another socket.")
    _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _is_answered(path: Path) -> bool:
    with local_socket(WHAT) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(path)) == 0
