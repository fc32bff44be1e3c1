"""One more operator is one file, and one field of the settings: its events and its state are there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from pydantic import Field, ValidationError

from ecgmon.monitor.core.events import Event, SampleBlock, to_json
from ecgmon.monitor.dsp.operator import Operator
from ecgmon.monitor.pipeline.lead import LeadSignal
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
from ecgmon.monitor.pipeline.time_base import TimeBase
from ecgmon.monitor.pipeline.watch import WatchSettings
from ecgmon.monitor.run.stream import Stream
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

# ---- what would be the new operator's own file ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump(Event):
    """The raw signal rose above a limit."""

    type: ClassVar[str] = "jump"

    height_mv: float


@dataclass(frozen=True, slots=True)
class JumpFound:
    known_at: int
    height_mv: float

    def event(self, time: TimeBase, device: str) -> Jump:
        return Jump(
            sample=time.source(self.known_at),
            time_s=self.known_at / 360.0,
            known_at=time.input_needed(self.known_at),
            device=device,
            height_mv=self.height_mv,
        )


class JumpSettings(WatchSettings):
    limit_mv: float = Field(default=1.0, gt=0.0)

    def build(self) -> JumpWatch:
        return JumpWatch(self)


@dataclass(slots=True)
class JumpState:
    above: bool = False
    jumps: int = 0


class JumpWatch(Operator[JumpSettings, JumpState, [LeadSignal], Sequence[JumpFound]]):
    @property
    def delay_samples(self) -> float:
        return 0.0

    def fresh(self, start: int) -> JumpState:
        return JumpState()

    def process(self, signal: LeadSignal) -> list[JumpFound]:
        state, found = self.state, []
        for at, value in enumerate(signal.raw.tolist(), signal.first):
            if value > self.settings.limit_mv and not state.above:
                state.jumps += 1
                found.append(JumpFound(at, value))
            state.above = value > self.settings.limit_mv
        return found


# ---- and the one line elsewhere ----


class WithJumps(PipelineSettings):
    jumps: JumpSettings = Field(default_factory=JumpSettings)


@pytest.fixture(scope="module")
def ecg() -> np.ndarray:
    return read_record(BUNDLED / "mitdb" / "200").samples_mv(0, 360 * 20)[0]


def rising(ecg: np.ndarray, limit_mv: float) -> list[int]:
    above = np.concatenate(([False], ecg > limit_mv))
    return np.flatnonzero(above[1:] & ~above[:-1]).tolist()


def played(pipeline: Pipeline, ecg: np.ndarray, edges: list[int], fs_hz: float = 360.0) -> list[Event]:
    pieces = itertools.pairwise([*edges, len(ecg)])
    return [e for a, b in pieces for e in pipeline.process(SampleBlock(ecg[None, a:b], a, fs_hz))]


def jumps(events: list[Event]) -> list[Jump]:
    return [event for event in events if isinstance(event, Jump)]


def test_its_events_come_among_the_others_in_the_order_in_which_they_were_known(ecg):
    events = played(Pipeline(WithJumps(), device="bed-1"), ecg, [0])
    assert [event.sample for event in jumps(events)] == rising(ecg, 1.0) != []
    assert {event.device for event in jumps(events)} == {"bed-1"}
    assert [event.known_at for event in events] == sorted(event.known_at for event in events)


def test_the_other_events_are_those_of_a_pipeline_without_it(ecg):
    events = played(Pipeline(WithJumps()), ecg, [0])
    others = [to_json(event) for event in events if not isinstance(event, Jump)]
    assert others == [to_json(event) for event in played(Pipeline(), ecg, [0])]


def test_its_events_do_not_depend_on_how_the_signal_is_cut(ecg):
    whole = jumps(played(Pipeline(WithJumps()), ecg, [0]))
    assert jumps(played(Pipeline(WithJumps()), ecg, list(range(0, len(ecg), 97)))) == whole


def test_its_state_is_in_the_snapshot_and_comes_back_with_it(ecg):
    first, second = Pipeline(WithJumps()), Pipeline(WithJumps())
    played(first, ecg[:2000], [0])
    snapshot = first.snapshot()
    kept = snapshot["chain"]["watches"]["jumps"]
    assert kept["jumps"] == len(rising(ecg[:2000], 1.0)) > 0
    second.restore(snapshot)
    assert jumps(played(second, ecg, [2000])) == jumps(played(first, ecg, [2000])) != []


def test_a_snapshot_without_it_is_refused(ecg):
    with pytest.raises(ValueError, match=r"watches.*jumps"):
        Pipeline(WithJumps()).restore(Pipeline().snapshot())


def test_a_gap_that_is_too_long_to_be_filled_resets_it(ecg):
    pipeline = Pipeline(WithJumps())
    played(pipeline, ecg[:2000], [0])
    pipeline.process(SampleBlock(ecg[None, 2000:2001], 2000 + 11 * 360, 360.0))
    assert pipeline.snapshot()["chain"]["watches"]["jumps"]["jumps"] <= 1


def test_it_carries_the_source_index_at_another_rate(ecg):
    slower = np.interp(np.arange(250 * 20) / 250.0, np.arange(len(ecg)) / 360.0, ecg)
    events = jumps(played(Pipeline(WithJumps(), fs_hz=250.0), slower, [0], 250.0))
    assert len(events) > 5
    for event in events:
        assert event.sample == pytest.approx(event.time_s * 250.0, abs=0.51)
        assert event.known_at >= event.sample


def test_its_settings_are_checked_as_all_others():
    settings = WithJumps.model_validate({"jumps": {"limit_mv": 2.5}})
    assert Pipeline(settings).snapshot()["chain"]["watches"].keys() == {"jumps"}
    with pytest.raises(ValidationError, match="limit_mv"):
        WithJumps.model_validate({"jumps": {"limit_mv": -1.0}})
    with pytest.raises(ValidationError, match="lmit"):
        WithJumps.model_validate({"jumps": {"lmit": 1.0}})


def test_a_stream_with_alarms_gives_them_out_too(ecg):
    stream = Stream("bed-1", 360.0, pipeline=WithJumps())
    events = stream.process(SampleBlock(ecg[None], 0, 360.0, "bed-1"))
    line = json.loads(json.dumps(to_json(jumps(events)[0])))
    assert line["type"] == "jump"
    assert line["height_mv"] > 1.0
    assert jumps(stream.log.since(0)[1]) == jumps(events)


def test_a_pipeline_of_its_own_has_no_watches():
    assert Pipeline().snapshot()["chain"]["watches"] == {}
