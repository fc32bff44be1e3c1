"""Measures the denoiser: noise taken off, QRS and ST kept, against PyWavelets over whole records.

Run ``python -m benchmarks.denoiser --data-dir DIR`` (or with ``ECGMON_DATA``); it needs the MIT-BIH
Arrhythmia and Noise Stress Test databases, takes about a minute and prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pywt
import wfdb

from ecgmon.monitor.core.ecg_codes import DS1
from ecgmon.monitor.dsp.denoise import DenoiseSettings, WaveletDenoiser, shrunk_part
from ecgmon.monitor.dsp.filters import FilterChain, FilterSettings
from ecgmon.monitor.dsp.operator import Samples
from ecgmon.sim.noise import noise_gain, noise_rms_mv, qrs_amplitude_mv

FS_HZ = 360
SECONDS = 296
SETTLED = slice(5 * FS_HZ, -2 * FS_HZ)
SNRS_DB = (0.0, 6.0, 12.0)
ST = (40, 47)
"""Samples after R where the ST level is read: 111 to 131 ms, some 60 to 80 ms behind the J point."""

BASELINE = (-36, -29)
"""Samples before R where the PR level is read."""

SETTINGS = DenoiseSettings()

Method = Callable[[Samples], Samples]


@dataclass(frozen=True)
class Case:
    """A clean stretch behind the high-pass, its beats, and noise behind the same high-pass."""

    name: str
    clean: Samples
    beats: Samples
    qrs_mv: float
    noise: Samples


def load(folder: Path, names: tuple[str, ...], kind: str) -> list[Case]:
    noise = FilterChain().process(np.asarray(wfdb.rdrecord(str(folder / "nstdb" / kind)).p_signal[:, 0]))
    cases = []
    for number, name in enumerate(names):
        stem = str(folder / "mitdb" / name)
        signal = FilterChain().process(np.asarray(wfdb.rdrecord(stem).p_signal[:, 0]))
        notes = wfdb.rdann(stem, "atr")
        normal = notes.sample[np.isin(notes.symbol, list("NLR"))]
        inside = normal[(normal > SETTLED.start) & (normal < (SECONDS - 3) * FS_HZ)]
        size = SECONDS * FS_HZ
        begin = 3600 + number * 7200
        cases.append(
            Case(
                name,
                signal[:size],
                inside,
                qrs_amplitude_mv(signal, normal, FS_HZ),
                noise[begin : begin + size],
            )
        )
    return cases


def streaming(noisy: Samples) -> Samples:
    """Return the live denoiser's output, its delay taken off."""
    denoiser = WaveletDenoiser(SETTINGS)
    delay = round(denoiser.delay_samples)
    return denoiser.process(np.concatenate((noisy, np.full(delay, noisy[-1]))))[delay:]


def shrink_whole(noisy: Samples, stationary: bool) -> Samples:
    """Denoise a whole record with PyWavelets: same wavelet, levels, rule and factor."""
    levels = SETTINGS.levels
    if stationary:
        approximation, *details = pywt.swt(noisy, "sym4", levels, trim_approx=True)
    else:
        approximation, *details = pywt.wavedec(noisy, "sym4", level=levels, mode="periodization")
    kept = []
    for detail in details:
        threshold = SETTINGS.threshold * np.median(np.abs(detail)) / 0.6745
        kept.append(detail - shrunk_part(detail, np.asarray(threshold)))
    if stationary:
        return np.asarray(pywt.iswt([approximation, *kept], "sym4"))
    return np.asarray(pywt.waverec([approximation, *kept], "sym4", mode="periodization"))


def low_pass(noisy: Samples) -> Samples:
    """Return the output of the causal 40 Hz low-pass, its delay at the QRS taken off."""
    plain, cut = FilterChain(), FilterChain(FilterSettings(lowpass_hz=40.0))
    delay = round(cut.delay_samples - plain.delay_samples)
    return cut.process(np.concatenate((noisy, np.full(delay, noisy[-1]))))[delay:]


METHODS: dict[str, Method] = {
    "streaming (ours)": streaming,
    "whole record, undecimated": lambda noisy: shrink_whole(noisy, stationary=True),
    "whole record, decimated": lambda noisy: shrink_whole(noisy, stationary=False),
    "causal 40 Hz low-pass": low_pass,
}


def gain_db(case: Case, method: Method, snr_db: float) -> float:
    """Return by how many decibels the error falls, noise that the method cannot reach included."""
    noise = case.noise * noise_gain(case.qrs_mv, noise_rms_mv(case.noise, FS_HZ), snr_db)
    left = method(case.clean + noise) - case.clean
    return float(10 * np.log10(np.mean(noise[SETTLED] ** 2) / np.mean(left[SETTLED] ** 2)))


def kept(case: Case, method: Method) -> tuple[float, float]:
    """Return the part of the QRS height kept on the clean signal, and the mean shift of the ST level."""
    out = method(case.clean)
    qrs = case.beats[:, None] + np.arange(-18, 19)
    st, base = case.beats[:, None] + np.arange(*ST), case.beats[:, None] + np.arange(*BASELINE)
    shift = (out[st].mean(1) - out[base].mean(1)) - (case.clean[st].mean(1) - case.clean[base].mean(1))
    return float(np.mean(np.ptp(out[qrs], axis=1) / np.ptp(case.clean[qrs], axis=1))), float(shift.mean())


def speed() -> float:
    """Return seconds of signal denoised in a second, at blocks of one second."""
    denoiser = WaveletDenoiser(SETTINGS)
    block = np.random.default_rng(0).standard_normal(FS_HZ)
    times = []
    for _ in range(2000):
        begin = time.perf_counter()
        denoiser.process(block)
        times.append(time.perf_counter() - begin)
    return 1.0 / float(np.median(times))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("ECGMON_DATA"))
    options = parser.parse_args()
    if options.data_dir is None:
        parser.error("name the folder of the databases with --data-dir or ECGMON_DATA")
    cases = load(Path(options.data_dir), DS1, "ma")
    titles = " | ".join(f"gain at {snr_db:g} dB" for snr_db in SNRS_DB)
    print(f"| method | {titles} | QRS kept, mean | QRS kept, worst record | ST shift, worst record |")
    print("| --- |" + " --- |" * (len(SNRS_DB) + 3))
    for title, method in METHODS.items():
        gains = [np.mean([gain_db(case, method, snr_db) for case in cases]) for snr_db in SNRS_DB]
        heights, shifts = zip(*(kept(case, method) for case in cases), strict=True)
        print(
            f"| {title} | "
            + " | ".join(f"{gain:.2f} dB" for gain in gains)
            + f" | {100 * np.mean(heights):.1f} % | {100 * min(heights):.1f} %"
            + f" | {1000 * max(np.abs(shifts)):.1f} µV |"
        )
    delay = WaveletDenoiser(SETTINGS).delay_samples
    print(f"\nDelay {delay:.0f} samples ({1000 * delay / FS_HZ:.0f} ms); {speed():,.0f} times real time.")


if __name__ == "__main__":
    main()
