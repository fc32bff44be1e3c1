"""Limits of the rhythm analyser, with their units."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ecgmon.monitor.core.config import Settings


class RhythmSettings(Settings):
    """Settings of the `RhythmAnalyser`.

    Parameters
    ----------
    brady_bpm, tachy_bpm : float
        A base rhythm slower, or faster, is sinus bradycardia or tachycardia.
    rate_hysteresis_bpm : float
        How far back inside the limit the rate must come.
    run_bpm : float
        A run of ectopic beats that is faster is a tachycardia.
    cycles : int
        Bigeminy and trigeminy are called after so many repetitions.
    pause_s : float
        An interval as long is a pause.
    asystole_s : float
        So long without a beat is asystole.
    latency_s : float
        A beat is known at most this long after its R wave.
    min_quality : float
        A beat or second on a worse signal tells nothing.
    clear_quality : float
        A beat on a worse signal tells nothing of the atria.
    unreadable_s : int
        So many such seconds in a row make the rhythm unknown; as many good ones end that.
    forget_s : float
        Longer without a usable signal, what is known of the base rhythm is forgotten.
    af_on, af_off : float
        Probability at which atrial fibrillation is found, and below which it must stay to be over.
    """

    renamed: ClassVar = {
        "blind_s": "unreadable_s",
        "fibrillation_on": "af_on",
        "fibrillation_off": "af_off",
    }

    brady_bpm: float = Field(default=50.0, ge=20, le=80)
    tachy_bpm: float = Field(default=100.0, ge=80, le=200)
    rate_hysteresis_bpm: float = Field(default=4.0, ge=0, le=20)
    run_bpm: float = Field(default=100.0, ge=60, le=200)
    cycles: int = Field(default=3, ge=2, le=10)
    pause_s: float = Field(default=2.0, ge=1, le=10)
    asystole_s: float = Field(default=4.0, ge=2, le=20)
    latency_s: float = Field(default=0.7, ge=0, le=5)
    min_quality: float = Field(default=0.15, ge=0, le=1)
    clear_quality: float = Field(default=0.5, ge=0, le=1)
    unreadable_s: int = Field(default=3, ge=1, le=30)
    forget_s: float = Field(default=60.0, ge=5, le=600)
    af_on: float = Field(default=0.95, gt=0, lt=1)
    af_off: float = Field(default=0.5, gt=0, lt=1)
