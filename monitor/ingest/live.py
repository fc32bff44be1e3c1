"""One live device: its decoder's packets through its timekeeper into blocks and reports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.ingest.agreement import Agreement, form_words
from ecgmon.monitor.ingest.clock_settings import ClockSettings
from ecgmon.monitor.ingest.left_out import LeftOut
from ecgmon.monitor.ingest.timekeeper import Placed, Timekeeper

Arrival = tuple[list[Packet], float | None]
"""Packets that arrived together, and when the last of them did."""

_WORDS = {
    "rate_hz": "{:.2f} Hz",
    "lost_samples": "{:.0f} samples lost",
    "late_packets": "{:.0f} packets too late",
    "duplicate_packets": "{:.0f} packets sent twice",
    "clock_steps": "{:.0f} steps of its clock",
    "counter_restarts": "{:.0f} restarts of its counter",
    "jitter_ms": "jitter {:.0f} ms",
    "drift_ppm": "drift {:+.0f} ppm",
    "resyncs": "{:.0f} resyncs",
    "dropped_blocks": "{:.0f} packets dropped",
    "left_out_messages": "{:.0f} messages left out",
    "queue_depth": "{:.0f} packets waiting",
    "reconnections": "{:.0f} reconnections",
    "battery_percent": "battery {:.0f} %",
    "battery_low": "battery low",
}
"""Figures that a log shows, in this order; those that are 0 are left out but for the first two."""

_SAME_RATE = 0.01
"""Named rates that differ by less are the same, told less exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Packets of one form that arrived together, and when; None where arrival means nothing."""

    packets: list[Packet]
    form: StreamFormat
    time_s: float | None

    @property
    def seconds(self) -> float:
        """Length of their signal; 0 where the rate is not known."""
        return sum(packet.n_samples for packet in self.packets) / (self.form.fs_hz or math.inf)


class LiveDevice:
    """Turn the packets of one device into blocks of true time.

    The index runs on, whatever the device changes. At another rate it goes on at the same
    second: the index is then the seconds so far times the new rate. A packet that differs from
    those before in rate or leads waits until three agree, and is left out if they do not.

    Parameters
    ----------
    name : str
        Name the events carry.
    clock : ClockSettings
        How far its clock is believed.
    """

    def __init__(self, name: str, clock: ClockSettings) -> None:
        self.name = name
        self.heard_s: float | None = None
        self._clock = clock
        self._keeper: Timekeeper | None = None
        self._form = StreamFormat(None)
        self._usual: StreamFormat | None = None
        self._names: dict[int, tuple[str, ...]] = {}
        self._agreement: Agreement[StreamFormat, _Batch] = Agreement()
        self._left_out = LeftOut("message")
        self._battery: dict[str, float] = {}

    @property
    def streaming(self) -> bool:
        """True once there have been samples."""
        return self.heard_s is not None

    def blocks(self, arrivals: Sequence[Arrival], form: StreamFormat) -> list[SampleBlock]:
        """Return the blocks that packets make, as few as possible.

        Parameters
        ----------
        arrivals : sequence of (list of Packet, float or None)
            Packets that arrived together and when the last of them did; None where
            arrival means nothing.
        form : StreamFormat
            How they are to be read.
        """
        blocks: list[SampleBlock] = []
        placed: list[Placed] = []
        for packets, time_s in arrivals:
            for batch in self._agreed(packets, form, time_s):
                if batch.form != self._form:
                    if self._keeper is not None:
                        placed += self._keeper.release(self.heard_s or 0.0)
                    blocks += self._merged(placed)
                    placed = []
                placed += self._place(batch)
        return blocks + self._merged(placed)

    def news(self) -> list[SourceStatus]:
        """Return what there is to say since the last call, such as that messages were left out."""
        said, self._left_out.news = self._left_out.news, []
        return [self.status("streaming", news.detail, {"left_out_s": news.seconds}) for news in said]

    def _agreed(self, packets: list[Packet], form: StreamFormat, time_s: float | None) -> list[_Batch]:
        """Return what is to be placed now, in order."""
        if not packets:
            return []
        if form is self._usual:  # most packets come in the form in force, told by the same object
            form = self._form
        else:
            given, form = form, self._comparable(form)
            self._usual = given if form == self._agreement.form else None
        if self._usual is not None and all(_rows(packet) == len(form.leads) for packet in packets):
            return self._judged(_Batch(packets, form, time_s))
        agreed = [
            batch
            for packet in packets
            for batch in self._judged(_Batch([packet], self._form_of(packet, form), time_s))
        ]
        together = groupby(agreed, key=lambda batch: (batch.form, batch.time_s))
        return [_Batch([p for b in batches for p in b.packets], *key) for key, batches in together]

    def _comparable(self, form: StreamFormat) -> StreamFormat:
        """Return a form with the rate in force if it names none or nearly that one; names do not matter."""
        fs_hz, other = self._form.fs_hz, self._agreement.other
        running_hz = self._keeper.fs_hz if self._keeper is not None else None
        if running_hz and (form.fs_hz is None or _near(form.fs_hz, running_hz)):
            return replace(form, fs_hz=fs_hz, device="")
        if form.fs_hz and other is not None and other.fs_hz and _near(form.fs_hz, other.fs_hz):
            return replace(form, fs_hz=other.fs_hz, device="")
        return replace(form, device="")

    def _form_of(self, packet: Packet, form: StreamFormat) -> StreamFormat:
        """Return the form of a packet; one that came just before its device told of another has the old.

        The leads of a packet that fits neither have no names.
        """
        rows = _rows(packet)
        if rows == len(form.leads):
            return form
        if self._keeper is not None and rows == len(self._form.leads):
            return self._form
        return replace(form, leads=tuple(f"ECG{row + 1}" for row in range(rows)))

    def _judged(self, batch: _Batch) -> list[_Batch]:
        """Return what may be placed now that a batch has come, and count what is refused."""
        force = self._agreement.form
        taken, refused = self._agreement.take(batch.form, batch, batch.seconds)
        for other in refused:
            assert force is not None
            now_s = other.time_s if other.time_s is not None else self.heard_s or 0.0
            words, usual = (form_words(form.fs_hz, form.leads) for form in (other.form, force))
            self._left_out.add(other.seconds, f"{words} in place of {usual}", now_s)
        return taken

    def _place(self, batch: _Batch) -> list[Placed]:
        keeper = self._keeper_for(batch)
        time_s = self._in_step(keeper, batch.packets) if batch.time_s is None else batch.time_s
        self.heard_s = time_s
        self._note_battery(batch.packets[-1])
        self._left_out.taken(batch.seconds)
        return keeper.place(batch.packets, time_s, timed=batch.time_s is not None)

    def _note_battery(self, packet: Packet) -> None:
        """Keep what the device says of its battery; a flag that was never set is left out."""
        if packet.battery_low or "battery_low" in self._battery:
            self._battery["battery_low"] = float(packet.battery_low)
        if packet.battery_percent is not None:
            self._battery["battery_percent"] = packet.battery_percent

    @staticmethod
    def _in_step(keeper: Timekeeper, packets: list[Packet]) -> float:
        """Return when packets without a time of arrival would have come from a perfect device."""
        samples = sum(packet.n_samples + packet.missed_samples for packet in packets)
        return (keeper.index + samples) / (keeper.fs_hz or 1.0)

    def _keeper_for(self, batch: _Batch) -> Timekeeper:
        """Return the timekeeper; a device that changes its rate or its clock gets one that goes on."""
        form, before = batch.form, self._form
        self._form = form
        self._names[len(form.leads)] = form.leads
        if self._keeper is None:
            self._keeper = Timekeeper(form, self._clock)
        elif replace(form, leads=before.leads) != before:
            self._keeper = self._going_on(self._keeper, batch)
        elif form.leads != before.leads:
            self._keeper.change_leads(form.leads)
        return self._keeper

    def _going_on(self, keeper: Timekeeper, batch: _Batch) -> Timekeeper:
        """Return a timekeeper that goes on where the last one ends, or later if the device was away."""
        form = replace(batch.form, fs_hz=batch.form.fs_hz or keeper.fs_hz)
        if not (form.fs_hz and keeper.fs_hz):
            return Timekeeper(form, self._clock)
        first_s = keeper.index / keeper.fs_hz
        if batch.time_s is not None and self.heard_s is not None:
            away_s = batch.time_s - self.heard_s - batch.seconds
            first_s += away_s if away_s > self._clock.silence_s else 0.0
        return Timekeeper(form, self._clock, round(first_s * form.fs_hz))

    def _merged(self, placed: Iterable[Placed]) -> list[SampleBlock]:
        """Join what is consecutive and alike into as few blocks as possible."""
        runs: list[list[Placed]] = []
        for part in placed:
            if runs and _goes_on(runs[-1][-1], part):
                runs[-1].append(part)
            else:
                runs.append([part])
        fs_hz = (self._keeper.fs_hz if self._keeper is not None else None) or 1.0
        return [
            SampleBlock(
                np.concatenate([part.samples_mv for part in run], axis=1),
                run[0].start,
                fs_hz,
                self.name,
                self._names.get(run[0].samples_mv.shape[0], self._form.leads),
                run[0].lead_off,
            )
            for run in runs
        ]

    def reconnected(self) -> None:
        """Say that the link was lost and is back."""
        if self._keeper is not None:
            self._keeper.reconnected()

    @property
    def health(self) -> dict[str, float]:
        """Figures of the device: rate, loss, jitter, drift, battery."""
        figures = dict(self._keeper.health) if self._keeper is not None else {}
        if self._left_out.items:
            figures["left_out_messages"] = float(self._left_out.items)
            figures["left_out_s"] = self._left_out.seconds
        return {**figures, **self._battery}

    def status(self, state: LinkState, detail: str, extra: dict[str, float] | None = None) -> SourceStatus:
        """Return news of the device with its figures, which stand in for an empty detail."""
        index = self._keeper.index if self._keeper is not None else 0
        health = {**self.health, **(extra or {})}
        fs_hz = (self._keeper.fs_hz if self._keeper is not None else None) or 1.0
        return SourceStatus(
            sample=index,
            time_s=index / fs_hz,
            known_at=index,
            device=self.name,
            state=state,
            detail=detail or _in_words(health),
            health=health,
            clock=self._keeper.clock if self._keeper is not None else "",
        )


def _in_words(health: dict[str, float]) -> str:
    """Return the figures that matter most as one plain line."""
    parts = []
    for key, form in _WORDS.items():
        if key in health and (health[key] or key in ("rate_hz", "lost_samples")):
            parts.append(form.format(health[key]))
    return ", ".join(parts)


def _goes_on(one: Placed, two: Placed) -> bool:
    """Tell whether samples follow others, and are alike; a timekeeper may have held some of another form."""
    rows, length = one.samples_mv.shape
    return (one.start + length, rows, one.lead_off) == (two.start, two.samples_mv.shape[0], two.lead_off)


def _near(one_hz: float, two_hz: float) -> bool:
    return abs(one_hz / two_hz - 1) <= _SAME_RATE


def _rows(packet: Packet) -> int:
    return int(packet.samples_mv.shape[0])
