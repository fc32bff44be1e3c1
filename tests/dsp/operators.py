"""All operators of the chain, each with what it is fed and how what it gives is compared."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import ecgmon.monitor
from ecgmon.monitor.dsp.denoise import WaveletDenoiser
from ecgmon.monitor.dsp.filters import FilterChain, FilterSettings
from ecgmon.monitor.dsp.front_end import FrontEnd
from ecgmon.monitor.dsp.holes import HoleFiller
from ecgmon.monitor.dsp.hum import HumFilter
from ecgmon.monitor.dsp.operator import Operator
from ecgmon.monitor.dsp.quality import REASONS, SignalQuality
from ecgmon.monitor.dsp.resample import MaskResampler, Resampler
from ecgmon.monitor.dsp.rpeak import RPeakDetector
from ecgmon.monitor.dsp.sanitise import Sanitiser
from ecgmon.monitor.dsp.segment import BeatSegmenter
from ecgmon.monitor.dsp.source_faults import SourceFaults, SourceSignal
from ecgmon.monitor.pipeline.lead import Lead, LeadSignal
from ecgmon.monitor.rhythm.vf import VfDetector
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.record import read_record

SIZE = 12 * 360
"""Samples that each operator is fed; at a source of 250 Hz they are 17 seconds."""

PEAKS = range(150, SIZE, 290)

Rows = np.ndarray


@cache
def signal() -> np.ndarray:
    """Record 200 with a flat stretch and a few seconds of a fast sine, in millivolts."""
    samples = read_record(BUNDLED / "mitdb" / "200").samples_mv(0, SIZE)[0].copy()
    samples[1500:2000] = samples[1500]
    samples[2200:4000] = 0.6 * np.sin(np.arange(1800) * 2 * np.pi * 4.5 / 360.0)
    return samples


@cache
def missing() -> np.ndarray:
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[700:790] = mask[3000] = True
    return mask


@cache
def humming() -> np.ndarray:
    """The signal with hum of 50 Hz in its second half."""
    t = np.arange(SIZE)
    return signal() + np.where(t > SIZE // 2, 0.4 * np.sin(2 * np.pi * 50.0 * t / 360.0), 0.0)


@cache
def broken() -> np.ndarray:
    """The signal as a device may send it: with values that are none."""
    samples = np.where(missing(), np.nan, signal())
    samples[3100] = 1e9
    return samples


@dataclass(frozen=True)
class Case:
    """One operator.

    Parameters
    ----------
    make : callable
        Returns a new one.
    feed : callable
        Gives an operator the samples from one index to another; returns its output.
    rows : callable
        Turns an output into rows of numbers, shape (n, k); rows of chunks can be joined.
    lag : callable
        Returns by how many input samples the output of a new operator is late, as measured.
    tolerance : float
        How far the stated delay may be from that, in samples.
    """

    make: Callable[[], Operator[Any, Any, Any, Any]]
    feed: Callable[[Any, int, int], Any]
    rows: Callable[[Any], Rows]
    lag: Callable[[Any], float]
    tolerance: float = 0.0


def column(values: np.ndarray) -> Rows:
    return np.asarray(values, dtype=np.float64)[:, None]


def table(rows: list[list[float]], width: int) -> Rows:
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)


def quality_rows(seconds: list) -> Rows:
    return table(
        [[s.start, s.known_at, s.index, *(reason in s.reasons for reason in REASONS)] for s in seconds],
        3 + len(REASONS),
    )


def fault_rows(seconds: list) -> Rows:
    return table([[s.second, s.saturated, s.stuck] for s in seconds], 3)


def peak_rows(peaks: list) -> Rows:
    return table([[p.sample, p.known_at, p.score] for p in peaks], 3)


def window_rows(windows: list) -> Rows:
    nothing = np.full(360, np.nan)
    return table(
        [
            [w.r, w.start, w.known_at, w.cut is None, *(nothing if w.samples_mv is None else w.samples_mv)]
            for w in windows
        ],
        364,
    )


def vf_rows(seconds: list) -> Rows:
    return table(
        [
            [
                s.start,
                s.known_at,
                np.nan if s.probability is None else s.probability,
                s.is_vf,
                s.holds,
                -1 if s.onset is None else s.onset,
            ]
            for s in seconds
        ],
        6,
    )


def lead_rows(out: LeadSignal) -> Rows:
    """Raw samples first when all rows are sorted: see `joined`."""
    raw = np.column_stack(
        (np.zeros(out.raw.size), out.first + np.arange(out.raw.size), out.raw, out.missing, out.off)
    )
    clean = np.zeros((out.clean.size, 5))
    clean[:, 0], clean[:, 1], clean[:, 2] = 1, out.clean_from + np.arange(out.clean.size), out.clean
    return np.concatenate((raw, clean))


def joined(case: Case, outputs: list[Any]) -> Rows:
    """Rows of all outputs; those of a lead are put in order, raw before clean."""
    rows = np.concatenate([case.rows(out) for out in outputs])
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))] if case is CASES[Lead] else rows


def shift_of_a_wave(operator: Any) -> float:
    """By how much a smooth wave of 12 Hz comes out later than it went in."""
    t = np.arange(SIZE)
    wave = np.sin(2 * np.pi * 12.0 * t / 360.0) * np.exp(-0.5 * ((t - 2000) / 40.0) ** 2)
    late = operator.process(wave)
    fine = np.arange(-5.0, 60.0, 0.05)
    return float(fine[np.argmax([np.dot(np.interp(t + lag, t, late), wave) for lag in fine])])


def late_by(operator: Any, reached: Callable[[Any, Any], float], *args: Any) -> float:
    """How far the output lags behind the input when all samples have been taken, in input samples."""
    return SIZE - reached(operator, operator.process(*args))


CASES: dict[type, Case] = {
    Sanitiser: Case(
        Sanitiser,
        lambda op, a, b: op.process(broken()[a:b]),
        lambda out: np.column_stack([np.asarray(part, dtype=np.float64) for part in out]),
        lambda op: late_by(op, lambda _, out: out[0].size, signal()),
    ),
    HoleFiller: Case(
        HoleFiller,
        lambda op, a, b: op.process(signal()[a:b], missing()[a:b]),
        lambda out: np.column_stack((out.samples, out.missing)),
        lambda op: late_by(op, lambda _, out: out.samples.size, signal(), np.zeros(SIZE, dtype=np.bool_)),
    ),
    Resampler: Case(
        lambda: Resampler(250.0),
        lambda op, a, b: op.process(signal()[a:b]),
        column,
        lambda op: late_by(op, lambda op, _: op.next_output_index * 250 / 360, signal()),
        tolerance=1.0,
    ),
    MaskResampler: Case(
        lambda: MaskResampler(250.0),
        lambda op, a, b: op.process(missing()[a:b]),
        column,
        lambda op: late_by(op, lambda _, out: out.size * 250 / 360, missing()),
        tolerance=1.0,
    ),
    FilterChain: Case(
        lambda: FilterChain(FilterSettings(lowpass_hz=100.0)),
        lambda op, a, b: op.process(signal()[a:b]),
        column,
        shift_of_a_wave,
        tolerance=2.0,
    ),
    HumFilter: Case(
        lambda: HumFilter(FilterSettings(mains_hz="auto")),
        lambda op, a, b: op.process(humming()[a:b]),
        column,
        shift_of_a_wave,
        tolerance=0.2,
    ),
    WaveletDenoiser: Case(
        WaveletDenoiser,
        lambda op, a, b: op.process(signal()[a:b]),
        column,
        shift_of_a_wave,
        tolerance=0.1,
    ),
    FrontEnd: Case(
        FrontEnd,
        lambda op, a, b: op.process(signal()[a:b]),
        column,
        lambda op: late_by(op, lambda op, _: op.position, signal()),
    ),
    SignalQuality: Case(
        SignalQuality,
        lambda op, a, b: op.process(signal()[a:b], missing()[a:b], ~missing()[a:b]),
        quality_rows,
        lambda op: float(np.ptp([op.process(signal())[0].start, 359])),
    ),
    SourceFaults: Case(
        lambda: SourceFaults(source_hz=250.0),
        lambda op, a, b: op.process(SourceSignal(a, signal()[a:b], missing()[a:b])),
        fault_rows,
        lambda op: float(
            next(at for at in range(SIZE) if op.process(SourceSignal(at, signal()[at : at + 1])))
        ),
    ),
    RPeakDetector: Case(
        RPeakDetector,
        lambda op, a, b: op.process(signal()[a:b]),
        peak_rows,
        lambda op: float(np.min([p.known_at - p.sample for p in op.process(signal()[:1500])])),
        tolerance=10.0,
    ),
    BeatSegmenter: Case(
        BeatSegmenter,
        lambda op, a, b: op.process(signal()[a:b], [r for r in PEAKS if a <= r < b]),
        window_rows,
        lambda op: float(op.process(signal(), [1000])[0].known_at - 1000),
    ),
    VfDetector: Case(
        VfDetector,
        lambda op, a, b: op.process(signal()[a:b], missing()[a:b]),
        vf_rows,
        lambda op: float(np.diff([(s.start, s.known_at) for s in op.process(signal())]).max()),
    ),
    Lead: Case(
        lambda: Lead(250.0),
        lambda op, a, b: op.process(broken()[a:b], lead_off=True),
        lead_rows,
        lambda op: late_by(op, lambda _, out: (out.clean_from + out.clean.size) * 250 / 360, signal()),
        tolerance=2.0,
    ),
}


def operators_of_the_program() -> set[type]:
    """Every class of the program that is an operator and can be built."""
    for module in pkgutil.walk_packages(ecgmon.monitor.__path__, "ecgmon.monitor."):
        if module.name.split(".")[2] in {"dsp", "inference", "rhythm", "pipeline"}:
            importlib.import_module(module.name)
    return {kind for kind in descendants(Operator) if not inspect.isabstract(kind)}


def descendants(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("ecgmon."):
            yield child
        yield from descendants(child)
