"""Sources of our own keep the promises that others' must keep, and each promise can be broken."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from ecgmon.firmware_bridge.decoders.native import Hello, encode_data, encode_hello
from ecgmon.monitor.core.errors import UsageError
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.base import Source
from ecgmon.monitor.ingest.contract import check_source
from ecgmon.monitor.ingest.registry import SOURCES, open_source
from ecgmon.monitor.ingest.settings import SourceSettings


async def test_a_replay_keeps_its_promises():
    items = await check_source(open_source("replay:100?speed=max", SourceSettings()))
    assert [item.start for item in items] == [360 * n for n in range(20)]


async def test_a_capture_of_a_device_keeps_its_promises(tmp_path):
    frames = b"".join(encode_data([7] * 25, n, n * 100_000) for n in range(40))
    (tmp_path / "x.bin").write_bytes(encode_hello(Hello(250.0, 1.0)) + frames)
    source = open_source(f"serial:{tmp_path / 'x.bin'}?name=bed1", SourceSettings())
    items = await check_source(source)
    blocks = [item for item in items if isinstance(item, SampleBlock)]
    assert sum(block.samples_mv.shape[1] for block in blocks) == 1000
    assert {block.device for block in blocks} == {"bed1"}


def test_our_own_schemes_open_what_is_a_source(tmp_path):
    addresses = ("replay:100", "serial:/dev/ttyX", "mqtt://host/ecg/+/raw", "mqtts://host/ecg/+/raw")
    for address in addresses:
        source = open_source(address, SourceSettings())
        assert isinstance(source, Source)
        assert source.name
    assert [address.partition(":")[0] for address in addresses] == SOURCES.own_names()


def test_a_scheme_that_nobody_knows_is_refused_with_all_there_are():
    with pytest.raises(UsageError, match="Known: replay:, serial:, mqtt:, mqtts:"):
        open_source("zzz:/x", SourceSettings())


class Fine:
    """Yields ten samples at a time."""

    name = "fine"
    live = False
    starts = (0, 10, 30)
    shape = (1, 10)
    device = "fine"
    fs_hz = 100.0

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        pass

    async def __aiter__(self):
        for start in self.starts:
            await asyncio.sleep(0)
            yield SampleBlock(np.zeros(self.shape), start, self.fs_hz, self.device)


class Repeating(Fine):
    starts = (0, 5)


class Backwards(Fine):
    starts = (20, 0)


class Wide(Fine):
    shape = (2, 10)


class Empty(Fine):
    shape = (1, 0)


class Nothing(Fine):
    starts = ()


class Rateless(Fine):
    fs_hz = 0.0


class Spaced(Fine):
    device = "bed 1"


class Slashed(Fine):
    name = "ward/bed"


class Hanging(Fine):
    async def __aiter__(self):
        await asyncio.sleep(60)
        yield


class Deaf:
    name = "deaf"


async def test_a_source_that_is_fine_passes():
    items = await check_source(Fine())
    assert [item.start for item in items] == [0, 10, 30]


async def test_as_many_blocks_are_read_as_asked_for():
    assert len(await check_source(Fine(), blocks=2)) == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Repeating, "in the order of their samples, and none twice"),
        (Backwards, "in the order of their samples"),
        (Wide, r"samples have shape \(1, n\)"),
        (Empty, r"samples have shape \(1, n\)"),
        (Nothing, "at least one block"),
        (Rateless, "above 0"),
        (Spaced, "a device is named: 'bed 1'"),
        (Slashed, "no blanks or slashes: 'ward/bed'"),
        (Hanging, "blocks come within"),
        (Deaf, "a source has name, live"),
    ],
)
async def test_each_promise_that_is_broken_is_named(source, words):
    with pytest.raises(AssertionError, match=f"Broken promise: .*{words}"):
        await check_source(source(), timeout_s=0.5)
