"""One live device: its decoder's packets through its timekeeper into blocks and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ecgmon.firmware_bridge.packet import Packet, StreamFormat
from ecgmon.monitor.core.events import LinkState, SampleBlock, SourceStatus
from ecgmon.monitor.ingest.clock_settings import ClockSettings
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
    "queue_depth": "{:.0f} packets waiting",
    "reconnections": "{:.0f} reconnections",
    "battery_percent": "battery {:.0f} %",
    "battery_low": "battery low",
}
"""Figures that a log shows, in this order; those that are 0 are left out but for the first two."""


class LiveDevice:
    """Turn the packets of one device into blocks of true time.

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
        self._form: StreamFormat | None = None
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
        placed: list[Placed] = []
        keeper: Timekeeper | None = None
        for packets, time_s in arrivals:
            if packets:
                keeper = self._keeper_for(form)
                self.heard_s = self._in_step(keeper, packets) if time_s is None else time_s
                self._note_battery(packets[-1])
                placed += keeper.place(packets, self.heard_s, timed=time_s is not None)
        return self._merged(placed, keeper) if keeper is not None else []

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

    def _keeper_for(self, form: StreamFormat) -> Timekeeper:
        """Return the timekeeper; a device that changes rate or leads gets a new one."""
        if self._keeper is None or self._form != form:
            self._form = form
            self._keeper = Timekeeper(form, self._clock)
        return self._keeper

    def _merged(self, placed: Iterable[Placed], keeper: Timekeeper) -> list[SampleBlock]:
        """Join what is consecutive and alike into as few blocks as possible."""
        assert self._form is not None
        runs: list[list[Placed]] = []
        end = -1
        for part in placed:
            if runs and part.start == end and part.lead_off == runs[-1][0].lead_off:
                runs[-1].append(part)
            else:
                runs.append([part])
            end = part.start + part.samples_mv.shape[1]
        fs_hz = keeper.fs_hz or 1.0
        return [
            SampleBlock(
                np.concatenate([part.samples_mv for part in run], axis=1),
                run[0].start,
                fs_hz,
                self.name,
                self._form.leads,
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
        figures = self._keeper.health if self._keeper is not None else {}
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
