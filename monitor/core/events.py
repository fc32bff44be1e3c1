"""What flows through the monitor: blocks of samples in, frozen events out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgmon.monitor.core.samples import as_millivolts, lead_names

_COUNTS = ("sample", "known_at", "r_known_at", "end_sample", "length_samples")
"""Fields of events that count samples of the source."""

_NOISE = 1e-6
"""What a product of an index and a ratio of rates may be off by."""

PIPELINE_HZ = 360.0
"""Internal sampling rate, in Hz, of everything behind the resampler."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """A run of consecutive samples from one device.

    Parameters
    ----------
    samples_mv : array of shape (n_leads, n_samples)
        ECG in millivolts. A value that is not finite is a missing sample.
    start : int
        Absolute index, at the source's own rate, of the first sample. A block that
        starts later than the last one ended tells of lost samples.
    fs_hz : float
        Sampling rate of the source in Hz.
    device : str
        Name of the device; one pipeline exists for each.
    leads : tuple of str
        Names of the leads, one for each row.
    lead_off : bool
        The device says that an electrode is off.
    rewound : bool
        A replay was wound to another place: the stream begins anew at ``start``.
    """

    samples_mv: NDArray[np.float64]
    start: int
    fs_hz: float
    device: str = "ecg"
    leads: tuple[str, ...] = ("ECG",)
    lead_off: bool = False
    rewound: bool = False

    @property
    def end(self) -> int:
        """Index just behind the last sample."""
        return self.start + int(self.samples_mv.shape[1])

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        *,
        fs_hz: float,
        start: int = 0,
        gain: ArrayLike | None = None,
        zero: ArrayLike = 0.0,
        leads: Sequence[str] | None = None,
        device: str = "ecg",
    ) -> Self:
        """Make a block of what is in hand.

        Parameters
        ----------
        values : array of shape (n,), (n, n_leads) or (n_leads, n)
            Samples in millivolts, or whole numbers with a ``gain``. An axis longer than 16
            is time; where neither or both are, ``leads`` must tell. Not a number means a
            missing sample.
        fs_hz : float
            Sampling rate in Hz.
        start : int
            Index of the first sample.
        gain : float or array of shape (n_leads,), optional
            Counts a millivolt: 1000 for microvolts.
        zero : float or array of shape (n_leads,)
            The count that means 0 mV.
        leads : sequence of str, optional
            Names of the leads; the first is the one that is analysed.
        device : str
            Name of the device.

        Raises
        ------
        SignalError
            It cannot be told what the values mean.
        """
        rows = as_millivolts(values, fs_hz=fs_hz, gain=gain, zero=zero, leads=leads)
        return cls(rows, start, fs_hz, device, lead_names(len(rows)) if leads is None else tuple(leads))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that is true of the signal.

    Parameters
    ----------
    sample : int
        Index, at the source's rate, of what the event describes.
    time_s : float
        The same in seconds since the stream's sample 0; may be finer than a sample.
    known_at : int
        Index of the sample that had to arrive before the event could be known. The
        difference to ``sample`` is the event's latency.
    device : str
        Name of the device.
    """

    type: ClassVar[str] = "event"

    sample: int
    time_s: float
    known_at: int
    device: str = "ecg"


EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat(Event):
    """A heartbeat: where, what kind, how sure and why.

    Parameters
    ----------
    symbol : str
        WFDB beat symbol, such as ``N``, ``L``, ``R``, ``A``, ``V``, ``Q``.
    aami : str
        AAMI EC57 class: ``N``, ``S``, ``V``, ``F`` or ``Q``.
    probabilities : mapping of str to float
        Probability of each symbol the model knows; empty for a beat not classified.
    r_known_at : int
        Sample index at which the R wave was known.
    rr_s : float or None
        Seconds since the beat before; None at the start, and where a gap may hide a beat.
    quality : float
        Signal quality at the beat, 0 (useless) to 1 (clean).
    attribution : array of shape (360,), or None
        Grad-CAM of the predicted class at 360 Hz, 0 to 1, over the beat's window.
    attribution_start : int
        Index at 360 Hz of the first attribution point.
    """

    type: ClassVar[str] = "beat"

    symbol: str
    aami: str
    probabilities: Mapping[str, float]
    r_known_at: int
    rr_s: float | None
    quality: float
    attribution: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    attribution_start: int = field(default=0, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatRevision(Event):
    """The interval behind a beat changed its class; ``sample`` is that of the beat.

    Parameters
    ----------
    was : str
        Symbol that the beat was given first.
    symbol, aami, probabilities
        As in `Beat`, now final.
    """

    type: ClassVar[str] = "beat_revision"

    was: str
    symbol: str
    aami: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartRate(Event):
    """The heart rate changed or became unknown.

    Parameters
    ----------
    bpm : float or None
        Beats a minute; None where it is unknown.
    """

    type: ClassVar[str] = "heart_rate"

    bpm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Event):
    """Signal quality of one second that begins at ``sample``.

    Parameters
    ----------
    index : float
        0 (useless) to 1 (clean).
    reasons : tuple of str
        Any of ``flat``, ``lead_off``, ``saturated``, ``stuck``, ``motion``, ``muscle``, ``hum``,
        ``drift``, ``missing``, ``small``; empty when the signal is good.
    """

    type: ClassVar[str] = "quality"

    index: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWaves(Event):
    """Waves like beats, but too small to be told as such, begin in the second at ``sample``.

    Parameters
    ----------
    height_mv : float
        Their height, peak to peak behind the band-pass of the detector.
    floor_mv : float
        The least height of a beat.
    """

    type: ClassVar[str] = "small_waves"

    height_mv: float
    floor_mv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Event):
    """Samples that never came; ``sample`` is the first one missing.

    Parameters
    ----------
    length_samples : int
        Number of missing samples at the source's rate; may be 0 where the rate changed.
    reason : str
        ``lost``; ``rate_change`` where the device goes on at another rate.
    bridged : bool
        It is so short that the signal was drawn through it: nothing began anew, and intervals span it.
    """

    type: ClassVar[str] = "gap"

    length_samples: int
    reason: str = "lost"
    bridged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmChange(Event):
    """A rhythm begins at ``sample``.

    Parameters
    ----------
    rhythm : str
        WFDB rhythm string without the bracket, such as ``N``, ``AFIB``, ``VT``; ``NOISE``
        where the signal does not tell.
    confidence : float
        0 to 1.
    beneath : str
        The base rhythm that a passing one interrupts, such as ``AFIB`` beneath ``VT``;
        empty for a base rhythm, or where it is unknown.
    """

    type: ClassVar[str] = "rhythm"

    rhythm: str
    confidence: float = 1.0
    beneath: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode(Event):
    """Something short that is over, from its first beat at ``sample`` to its last.

    Parameters
    ----------
    kind : str
        ``ventricular_couplet``, ``ventricular_run``, ``supraventricular_couplet``,
        ``supraventricular_run``, ``pause`` or ``dropped_beat``.
    end_sample : int
        Index, at the source's rate, of its last beat.
    beats : int
        Beats that it consists of; of a pause, the two at its ends.
    bpm : float
        Mean rate from the first to the last beat, in beats a minute.
    """

    type: ClassVar[str] = "episode"

    kind: str
    end_sample: int
    beats: int
    bpm: float


Priority = Literal["high", "medium", "low"]
AlarmState = Literal["active", "acknowledged", "latched", "silenced", "inactive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm(Event):
    """An alarm condition changed its state.

    Parameters
    ----------
    kind : str
        Such as ``asystole``, ``ventricular_tachycardia``, ``signal_lost``.
    priority : {"high", "medium", "low"}
        As in IEC 60601-1-8.
    state : {"active", "acknowledged", "latched", "silenced", "inactive"}
        The state entered.
    message : str
        One plain line for the person who reads it.
    technical : bool
        True if it concerns the equipment and not the patient.
    escalation : int
        0 for a change of state; 1 when an alarm that nobody acknowledged is sent on to
        the second recipient, its state unchanged.
    """

    type: ClassVar[str] = "alarm"

    kind: str
    priority: Priority
    state: AlarmState
    message: str
    technical: bool = False
    escalation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange(Event):
    """Settings of a running device changed: by somebody's hand, or the device sends in another form.

    Parameters
    ----------
    detail : str
        What was changed, from what to what.
    """

    type: ClassVar[str] = "settings"

    detail: str


LinkState = Literal["connecting", "streaming", "unreadable", "silent", "reconnecting", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus(Event):
    """How a source is doing; sources yield it between blocks.

    Parameters
    ----------
    state : {"connecting", "streaming", "unreadable", "silent", "reconnecting", "ended"}
        State of the link. ``unreadable``: bytes or messages arrive, and nothing or next to
        nothing comes of them.
    detail : str
        One plain line: what happened and what is being done.
    health : mapping of str to float
        Figures with their unit in the name: ``rate_hz``, ``lost_samples``,
        ``jitter_ms``, ``drift_ppm``, ``resyncs``, ``dropped_blocks``, ``queue_depth``,
        ``left_out_s`` (seconds of signal that are being left out).
    clock : str
        Which clock gives the samples their time, and why, in plain words.
    """

    type: ClassVar[str] = "source"

    state: LinkState
    detail: str = ""
    health: Mapping[str, float] = field(default_factory=dict)
    clock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten(SourceStatus):
    """A device that gave next to nothing, and fell silent, has lost its place; nothing of it is kept open."""


def at_rate(event: EventT, ratio: float) -> EventT:
    """Return an event as it counts on a clock of another rate; its seconds stay.

    Parameters
    ----------
    event : Event
        Any event.
    ratio : float
        Samples of the other clock for each of the event's own. Fractions are rounded up, so
        that nothing is known before its time.

    Returns
    -------
    Event
        Its indices converted.
    """
    counts = [name for name in _COUNTS if name in event.__dataclass_fields__]
    return replace(event, **{name: math.ceil(getattr(event, name) * ratio - _NOISE) for name in counts})


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as a dictionary for one JSON line.

    Parameters
    ----------
    event : Event
        Any event.

    Returns
    -------
    dict
        ``type`` first, then the event's fields; arrays are left out.
    """
    row: dict[str, Any] = {"type": event.type}
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        if isinstance(value, np.ndarray) or name.startswith("attribution"):
            continue
        if isinstance(value, float):
            value = round(value, 6)
        elif isinstance(value, Mapping):
            value = {key: round(float(v), 6) for key, v in value.items()}
        row[name] = value
    return row
