"""The replay source gives out a whole record, in order and on time, and obeys its controls."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import SampleBlock
from ecgmon.monitor.ingest.replay import ReplaySource
from ecgmon.monitor.ingest.settings import ReplaySettings
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import Record, read_record


@pytest.fixture(scope="module")
def record() -> Record:
    return read_record(BUNDLED / "mitdb" / "100")


@pytest.fixture(autouse=True)
def _read_once(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecgmon.monitor.ingest.replay.read_record", lambda _name, _folder: record)


async def collect(source: ReplaySource, limit: int | None = None) -> list[SampleBlock]:
    blocks: list[SampleBlock] = []
    async with source:
        async for block in source:
            assert isinstance(block, SampleBlock)
            blocks.append(block)
            if limit is not None and len(blocks) >= limit:
                break
    return blocks


async def test_full_speed_gives_out_the_whole_record_in_order(record: Record) -> None:
    blocks = await collect(ReplaySource("100", ReplaySettings(speed="max")))
    assert [block.start for block in blocks] == list(range(0, record.n_samples, 360))
    assert blocks[-1].end == record.n_samples
    whole = np.concatenate([block.samples_mv for block in blocks], axis=1)
    np.testing.assert_array_equal(whole, record.samples_mv(0, record.n_samples))
    assert {(block.device, block.leads, block.fs_hz) for block in blocks} == {("100", ("MLII", "V5"), 360.0)}


@pytest.mark.parametrize("channel", [1, "V5", "1"])
async def test_the_chosen_lead_comes_first(channel: int | str, record: Record) -> None:
    settings = ReplaySettings(speed="max", channel=channel)
    (block,) = await collect(ReplaySource("100", settings), limit=1)
    assert block.leads == ("V5", "MLII")
    np.testing.assert_array_equal(block.samples_mv, record.samples_mv(0, 360, (1, 0)))


async def test_block_size_and_start_are_as_asked() -> None:
    settings = ReplaySettings(speed="max", chunk_samples=36, start_s=10)
    blocks = await collect(ReplaySource("100", settings), limit=3)
    assert [(block.start, block.end) for block in blocks] == [(3600, 3636), (3636, 3672), (3672, 3708)]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (ReplaySettings(channel=2), r"no channel 2\. It has: 0 \(MLII\), 1 \(V5\)"),
        (ReplaySettings(channel="aVR"), "no channel aVR"),
        (ReplaySettings(start_s=4000), "ends at 1806 s"),
    ],
)
async def test_what_the_record_does_not_have_is_refused(settings: ReplaySettings, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        await collect(ReplaySource("100", settings))


async def test_speed_is_kept_by_the_clock() -> None:
    source = ReplaySource("100", ReplaySettings(speed=20.0, chunk_samples=72))
    async with source:
        began = time.monotonic()
        async for block in source:
            assert isinstance(block, SampleBlock)
            # a block comes when its last sample has happened, never before
            assert time.monotonic() - began >= block.end / 360 / 20 - 0.001
            if block.end >= 20 * 360:
                break
        assert time.monotonic() - began < 1.4


async def test_full_speed_lets_others_work() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await collect(ReplaySource("100", ReplaySettings(speed="max")), limit=500)
    ticking.cancel()
    assert ticks >= 400


async def test_winding_back_marks_the_block_and_goes_on_from_there() -> None:
    source = ReplaySource("100", ReplaySettings(speed="max"))
    seen: list[tuple[int, bool]] = []
    async with source:
        async for block in source:
            assert isinstance(block, SampleBlock)
            seen.append((block.start, block.rewound))
            if len(seen) == 3:
                assert source.controls is not None
                source.controls.seek(0.5)
            if len(seen) == 5:
                break
    assert seen == [(0, False), (360, False), (720, False), (180, True), (540, False)]


async def test_controls_reach_a_waiting_source_from_another_thread() -> None:
    source = ReplaySource("100", ReplaySettings(speed=0.01))
    async with source:
        controls = source.controls
        assert controls is not None

        def hurry() -> None:
            time.sleep(0.05)
            controls.speed = None

        began = time.monotonic()
        hurrying = asyncio.create_task(asyncio.to_thread(hurry))
        async for _ in source:
            break
        await hurrying
    assert time.monotonic() - began < 2.0


async def test_a_pause_holds_and_a_resume_goes_on() -> None:
    source = ReplaySource("100", ReplaySettings(speed="max"))
    async with source:
        controls = source.controls
        assert controls is not None
        controls.pause()
        items = aiter(source)
        waiting = asyncio.ensure_future(anext(items))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
        controls.resume()
        block = await asyncio.wait_for(waiting, 2)
        assert isinstance(block, SampleBlock)
        assert block.start == 0


async def test_the_reference_is_at_hand_once_open(record: Record) -> None:
    source = ReplaySource("100")
    assert source.reference is None
    async with source:
        assert source.reference is record.reference
