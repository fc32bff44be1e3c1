"""Listens at an address for the command ``devices``, until the time is over or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from ecgmon.firmware_bridge.errors import NoFramesError, NothingHeardError
from ecgmon.monitor.cli.addresses import is_port
from ecgmon.monitor.cli.listening_words import as_data, as_lines
from ecgmon.monitor.core.platform import on_signals, run_async
from ecgmon.monitor.ingest.address import Address
from ecgmon.monitor.ingest.listen_port import Tell
from ecgmon.monitor.ingest.listening import Report, listen
from ecgmon.monitor.ingest.live_settings import MqttSettings


def listen_and_show(text: str, settings: MqttSettings, seconds: float, *, as_json: bool) -> None:
    """Listen, and print what was heard.

    Parameters
    ----------
    text : str
        Address, port or file.
    settings : MqttSettings
        How brokers are spoken to.
    seconds : float
        How long to listen.
    as_json : bool
        Print JSON.

    Raises
    ------
    NothingHeardError, NoFramesError
        Nothing came, or nothing that is known.
    EcgmonError
        The address is refused, or what it names cannot be opened.
    """
    report = run_async(_listen(listened_address(text), settings, seconds))
    sys.stdout.write(json.dumps(as_data(report)) if as_json else "\n".join(as_lines(report)))
    sys.stdout.write("\n")
    sys.stdout.flush()
    if report.silent:
        raise NothingHeardError("Nothing was heard.", report.advice)
    if not report.found:
        raise NoFramesError("Nothing that was heard is known.", report.advice)


def listened_address(text: str) -> Address:
    """Return the address that is meant by a port or a file alone, or a broker without a topic.

    Raises
    ------
    UsageError
        It makes no sense.
    """
    if text.startswith(("mqtt://", "mqtts://")):
        broker, mark, options = text.partition("?")
        if not broker.partition("//")[2].partition("/")[2]:
            return Address.parse(f"{broker.rstrip('/')}/#{mark}{options}")
    elif is_port(text) or Path(text).is_file():
        return Address(text, "serial", text)
    return Address.parse(text)


async def _listen(address: Address, settings: MqttSettings, seconds: float) -> Report:
    """Listen; SIGINT and SIGTERM end it early, a second one at once."""
    heard, stop = contextlib.ExitStack(), asyncio.Event()

    def end() -> None:
        heard.close()
        stop.set()

    with heard, _progress() as tell:
        heard.enter_context(on_signals({"SIGINT": end, "SIGTERM": end}))
        return await listen(address, settings, seconds, tell, stop)


@contextlib.contextmanager
def _progress() -> Iterator[Tell]:
    """Keep one line on a terminal; leave none behind."""
    stream = sys.stderr

    def tell(line: str) -> None:
        stream.write(f"\r\x1b[K{line}")
        stream.flush()

    if not stream.isatty():
        yield lambda _: None
        return
    try:
        yield tell
    finally:
        stream.write("\r\x1b[K")
        stream.flush()
