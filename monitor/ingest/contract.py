"""Proves that a source keeps its promises; for the tests of whoever writes one."""

from __future__ import annotations

import asyncio

from ecgmon.monitor.core.events import SampleBlock, SourceStatus
from ecgmon.monitor.core.names import DEVICE_NAME
from ecgmon.monitor.core.promise import promise
from ecgmon.monitor.ingest.base import Source


async def check_source(
    source: Source, *, blocks: int = 20, timeout_s: float = 10.0
) -> list[SampleBlock | SourceStatus]:
    """Open a source, read some of it and close it.

    Parameters
    ----------
    source : Source
        Not yet entered.
    blocks : int
        How many blocks to read, unless it ends before.
    timeout_s : float
        How long they may take to come, in seconds.

    Returns
    -------
    list of SampleBlock and SourceStatus
        What it yielded.

    Raises
    ------
    AssertionError
        A promise is broken; says which.
    """
    promise(isinstance(source, Source), "a source has name, live, __aenter__, __aexit__ and __aiter__")
    promise(
        DEVICE_NAME.fullmatch(source.name) is not None, f"a name has no blanks or slashes: {source.name!r}"
    )
    items: list[SampleBlock | SourceStatus] = []
    try:
        async with asyncio.timeout(timeout_s), source:
            async for item in source:
                items.append(item)
                if sum(isinstance(one, SampleBlock) for one in items) >= blocks:
                    break
    except TimeoutError:
        promise(False, f"{blocks} blocks come within {timeout_s:g} s, or the source ends")
    _check_blocks([item for item in items if isinstance(item, SampleBlock)])
    return items


def _check_blocks(blocks: list[SampleBlock]) -> None:
    promise(bool(blocks), "a source yields at least one block")
    ends: dict[str, int] = {}
    for block in blocks:
        shape = block.samples_mv.shape
        promise(
            len(shape) == 2 and shape[0] == len(block.leads) and shape[1] > 0,
            f"samples have shape ({len(block.leads)}, n) for the leads {block.leads}, not {shape}",
        )
        promise(block.fs_hz > 0, "a sampling rate is above 0")
        promise(DEVICE_NAME.fullmatch(block.device) is not None, f"a device is named: {block.device!r}")
        promise(
            block.rewound or block.start >= ends.get(block.device, block.start),
            "blocks of a device come in the order of their samples, and none twice",
        )
        ends[block.device] = block.end
