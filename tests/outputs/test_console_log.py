"""The log says what matters, once, in words."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.events import (
    Alarm,
    AlarmState,
    Beat,
    Event,
    Gap,
    HeartRate,
    Quality,
    RhythmChange,
    SourceStatus,
)
from ecgmon.monitor.outputs.console import ConsoleOutput
from ecgmon.monitor.outputs.words import clock


def at(second: float) -> dict[str, object]:
    return {"sample": int(second * 360), "time_s": second, "known_at": int(second * 360), "device": "200"}


def beat(second: float, symbol: str = "V") -> Beat:
    return Beat(
        **at(second),  # type: ignore[arg-type]
        symbol=symbol,
        aami="V",
        probabilities={symbol: 0.94},
        r_known_at=0,
        rr_s=0.54,
        quality=1.0,
    )


def alarm(second: float, state: AlarmState) -> Alarm:
    return Alarm(
        **at(second),  # type: ignore[arg-type]
        kind="extreme_tachycardia",
        priority="high",
        state=state,
        message="Heart rate above 140/min",
    )


def log(*events: Event, quiet: bool = False, colour: bool = False) -> list[str]:
    stream = io.StringIO()
    with ConsoleOutput(stream=stream, quiet=quiet, colour=colour) as output:
        output.write(events)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0:00:00.0"), (59.96, "0:01:00.0"), (3723.5, "1:02:03.5"), (90000, "1 day, 1:00:00.0")],
)
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_beat_is_one_line_with_rate_interval_and_certainty() -> None:
    rate = HeartRate(**at(45.0), bpm=81.6)  # type: ignore[arg-type]
    assert log(rate, beat(45.5)) == [
        " 0:00:45.5  200      beat   V    82/min  RR 0.54 s   94 %  ventricular premature"
    ]


def test_an_alarm_and_its_end_are_told_and_held_back_repeats_are_not() -> None:
    lines = log(alarm(1, "active"), alarm(2, "inactive"), alarm(3, "silenced"), alarm(4, "inactive"))
    assert [line.split("200      ")[1] for line in lines] == [
        "ALARM  Heart rate above 140/min [extreme tachycardia, high]",
        "alarm over: extreme tachycardia",
    ]


def test_quality_is_told_when_it_changes() -> None:
    reasons: list[tuple[str, ...]] = [(), (), ("lead_off",), ("lead_off",), ()]
    seconds = [
        Quality(**at(float(second)), index=1.0, reasons=reason)  # type: ignore[arg-type]
        for second, reason in enumerate(reasons)
    ]
    assert [line.split("200      ")[1] for line in log(*seconds)] == ["signal lead off", "signal good again"]


def test_quiet_keeps_alarms_gaps_and_news_of_the_source() -> None:
    lines = log(
        beat(1),
        RhythmChange(**at(2), rhythm="AFIB"),  # type: ignore[arg-type]
        Gap(**at(3), length_samples=720),  # type: ignore[arg-type]
        SourceStatus(**at(4), state="reconnecting", detail="port is gone"),  # type: ignore[arg-type]
        SourceStatus(**at(4), state="streaming", detail="back", clock="counter of samples"),  # type: ignore[arg-type]
        alarm(5, "active"),
        quiet=True,
    )
    assert [line.split("200      ")[1] for line in lines] == [
        "gap    720 samples missing (lost)",
        "source reconnecting: port is gone",
        "source streaming: back (time by counter of samples)",
        "ALARM  Heart rate above 140/min [extreme tachycardia, high]",
    ]


def test_colour_is_for_terminals() -> None:
    assert "\x1b" not in log(alarm(1, "active"))[0]
    assert "\x1b[1;97;41m" in log(alarm(1, "active"), colour=True)[0]


def test_a_log_that_cannot_be_written_is_an_output_error() -> None:
    with Path("/dev/full").open("w") as full, pytest.raises(OutputError, match="No space left"):
        ConsoleOutput(stream=full).write([beat(1)])
