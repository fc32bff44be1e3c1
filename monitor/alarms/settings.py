"""Every alarm of one patient as data; the fields are the kinds, and TOML may change a part of any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from ecgmon.monitor.alarms.rules import (
    AbsenceRule,
    AlarmRule,
    BatteryRule,
    CountRule,
    GapRule,
    MomentRule,
    QualityRule,
    RateLimitRule,
    RhythmRule,
    RunRateRule,
    TechnicalRule,
)
from ecgmon.monitor.core.config import Settings


class AlarmSettings(Settings):
    """All alarms of one patient; the fields are the kinds, most urgent first.

    A file may give a part of a rule, such as ``[alarms.heart_rate_high]`` with
    ``limit_bpm = 110``; the rest stays as it is here. Limits of the five
    life-threatening kinds follow the PhysioNet/CinC Challenge 2015 (Clifford et al. 2015,
    doi:10.1109/CIC.2015.7408639).

    Parameters
    ----------
    latency_s : float
        A beat is known at most this long after its R wave; the absence of beats is
        judged that much later, so that no beat on its way is overlooked.
    silence_s : float
        How long silencing lasts unless it is asked for otherwise, and at most.
    escalate_after_s : float
        A high-priority alarm that nobody acknowledged for this long is sent on to the
        second recipient.
    """

    latency_s: float = Field(default=0.7, ge=0, le=5)
    silence_s: float = Field(default=120.0, ge=1, le=600)
    escalate_after_s: float = Field(default=60.0, ge=5, le=3600)

    ventricular_fibrillation: RhythmRule = RhythmRule(priority="high", latching=True)
    asystole: AbsenceRule = AbsenceRule(priority="high", latching=True)
    ventricular_tachycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=100, beats=5)
    extreme_tachycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=140, beats=17)
    extreme_bradycardia: RunRateRule = RunRateRule(priority="high", latching=True, limit_bpm=40, beats=5)

    pause: AbsenceRule = AbsenceRule(limit_s=3.0, clear_beats=1, repeat_after_s=60)
    heart_rate_high: RateLimitRule = RateLimitRule(limit_bpm=120, delay_s=10)
    heart_rate_low: RateLimitRule = RateLimitRule(limit_bpm=50, delay_s=10)
    atrial_fibrillation: RhythmRule = RhythmRule()
    ventricular_run: MomentRule = MomentRule(repeat_after_s=60)
    r_on_t: MomentRule = MomentRule(priority="low", repeat_after_s=60)
    ventricular_couplet: MomentRule = MomentRule(priority="low", repeat_after_s=300)
    ventricular_beats_per_minute: CountRule = CountRule(priority="low", repeat_after_s=300)

    signal_lost: GapRule = GapRule(priority="medium")
    lead_off: TechnicalRule = TechnicalRule(priority="medium", delay_s=1.0)
    poor_signal: QualityRule = QualityRule(priority="low", delay_s=10.0)
    pipeline_overload: TechnicalRule = TechnicalRule(priority="medium")
    storage_full: TechnicalRule = TechnicalRule(priority="medium")
    output_failed: TechnicalRule = TechnicalRule(priority="low", delay_s=10.0)
    device_battery: BatteryRule = BatteryRule(priority="low")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        """Fill a rule that is given in part with what this kind has by default."""
        if not isinstance(data, Mapping):
            return data
        whole = dict(data)
        for name, given in data.items():
            field = cls.model_fields.get(name)
            if field is not None and isinstance(field.default, AlarmRule) and isinstance(given, Mapping):
                whole[name] = {**field.default.model_dump(), **given}
        return whole

    def differences(self, other: Self) -> list[str]:
        """Return what another has different, as ``kind.key: value here to value there``."""
        here, there = self._flat(), other._flat()
        return [f"{key}: {here[key]} to {there[key]}" for key in here if here[key] != there[key]]

    def _flat(self) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for name, value in self.model_dump().items():
            pairs = value.items() if isinstance(value, dict) else (("", value),)
            flat |= {f"{name}.{key}".rstrip("."): v for key, v in pairs}
        return flat

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy with some values changed, such as those of one patient.

        Parameters
        ----------
        changes : mapping
            As in a settings file: kind to a mapping of values, or a value of this class.

        Raises
        ------
        pydantic.ValidationError
            If a kind, key or value is not allowed.
        """
        whole = self.model_dump()
        for name, given in changes.items():
            part = whole.get(name)
            both = isinstance(part, dict) and isinstance(given, Mapping)
            whole[name] = {**part, **given} if both and part is not None else given
        return type(self).model_validate(whole)
