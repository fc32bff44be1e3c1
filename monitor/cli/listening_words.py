"""What was heard, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ecgmon.firmware_bridge.packet import shown
from ecgmon.monitor.ingest.listen_bytes import Reading
from ecgmon.monitor.ingest.listen_port import Heard
from ecgmon.monitor.ingest.listen_signal import SignalLook
from ecgmon.monitor.ingest.listen_topics import TopicReading
from ecgmon.monitor.ingest.listening import BrokerReport, Found, PortReport, Report

_MOST_SHOWN = 3


def as_lines(report: Report) -> list[str]:
    """Return a report as lines for people; what strangers sent is escaped."""
    lines = _port(report) if isinstance(report, PortReport) else _broker(report)
    return [*lines, *(line for found in report.found for line in _found(found))]


def as_data(report: Report) -> dict[str, Any]:
    """Return a report as plain data for JSON."""
    found = [
        {"reads": one.reads, "others": one.others, "command": one.paste.command, "toml": one.paste.toml}
        for one in report.found
    ]
    if isinstance(report, BrokerReport):
        came: dict[str, Any] = {
            "broker": report.broker,
            "pattern": report.pattern,
            "seconds": report.seconds,
            "left_out": report.left_out,
            "ended": report.ended,
            "topics": [{**asdict(one), "recognised": one.recognised} for one in report.readings],
        }
    else:
        heard = report.heard
        came = {
            "name": heard.name,
            "live": heard.live,
            "baud": heard.baud,
            "seconds": heard.seconds,
            "bytes": heard.n_bytes,
            "example": _example(heard),
            "ended": heard.ended,
            "readings": [{**asdict(one), "recognised": one.recognised} for one in report.readings],
        }
    return {**came, "found": found, "advice": report.advice}


def _port(report: PortReport) -> Iterator[str]:
    heard = report.heard
    at = f" at {heard.baud} baud" if heard.baud else ""
    amount = f"{heard.n_bytes} bytes"
    if heard.live and heard.seconds:
        amount += f" in {heard.seconds:.1f} s, {heard.n_bytes / heard.seconds:.0f} a second"
    yield f"{shown(heard.name)}{at}: {amount}"
    if heard.chunks:
        yield _row("such as", f"'{_example(heard)}'")
    if heard.ended:
        yield _row("ended", heard.ended)
    best, *others = report.readings or (None,)
    if best is not None and best.recognised:
        yield from _reading(best, heard)
        if others:
            yield _row("or", "; ".join(_named(one.device, one.options) for one in others[:_MOST_SHOWN]))
    else:
        for one in report.readings:
            if one.trouble is not None:
                yield _row(f"no {one.device}", one.trouble.advice)


def _reading(one: Reading, heard: Heard) -> Iterator[str]:
    a_second = f", {one.frames / heard.seconds:.0f} a second" if heard.live and heard.seconds else ""
    yield _row("device", f"{one.device}: {one.title}")
    yield _row(
        "read",
        f"{one.frames} frames or lines{a_second}; {100 * one.understood:.0f} % of the bytes understood",
    )
    if one.look is not None:
        yield _row("signal", _signal(one.look, "" if one.rate == "told" else f" {one.rate}"))
    yield from _notes(one.notes)


def _broker(report: BrokerReport) -> Iterator[str]:
    more = f"; {report.left_out} messages of more topics are left out" if report.left_out else ""
    topics = "topic" if len(report.readings) == 1 else "topics"
    yield (
        f"{report.broker}, {shown(report.pattern)}: {len(report.readings)} {topics}"
        f" in {report.seconds:.1f} s{more}"
    )
    if report.ended:
        yield _row("ended", report.ended)
    for one in report.readings:
        yield ""
        yield from _topic(one)


def _topic(one: TopicReading) -> Iterator[str]:
    retained = f" ({one.retained} of them retained)" if one.retained else ""
    rate = f"{one.per_s:.1f} a second, {one.mean_bytes:.0f} bytes each"
    yield f"{shown(one.topic)}: {one.count} messages{retained}, {rate}"
    yield _row("holds", one.holds)
    yield _row("such as", f"'{one.example}'")
    if one.device:
        yield _row("device", shown(one.device))
    if one.look is not None:
        yield _row("signal", _signal(one.look))
    yield from _notes(one.notes)
    if one.refused:
        count = sum(one.refused.values())
        yield _row("refused", f"{count} by the settings as they are ({', '.join(one.refused)}). {one.why}")


def _found(one: Found) -> Iterator[str]:
    reads = ", ".join(map(shown, one.reads[:_MOST_SHOWN]))
    more = f" and {len(one.reads) - _MOST_SHOWN} more" if len(one.reads) > _MOST_SHOWN else ""
    yield ""
    yield f"To read {reads}{more}:"
    yield f"  {one.paste.command}"
    yield (
        "with these lines in ecg.toml:"
        if one.paste.needs_file
        else "or, in a settings file (ecgmon run --config FILE):"
    )
    yield from (f"  {line}".rstrip() for line in one.paste.toml.splitlines())
    if one.others:
        yield f"This catches {len(one.others)} more, which these settings do not read."


def _signal(look: SignalLook, rate: str = "") -> str:
    """Return what a signal looks like in one line."""
    parts = [f"{look.fs_hz:.4g} Hz{rate}"]
    if look.bpm is not None:
        parts.append(f"{look.bpm:.0f} R peaks a minute")
    if look.height_mv is not None:
        parts.append(f"QRS of {look.height_mv:.2g} mV")
    if look.quality is not None:
        parts.append(f"quality {look.quality:.2f}")
    verdict = f"hardly an ECG: {look.doubt}" if look.doubt else "it looks like an ECG"
    return f"{', '.join(parts)}; {verdict}"


def _notes(notes: Iterable[str]) -> Iterator[str]:
    return (_row("note", note) for note in notes)


def _named(device: str, options: Mapping[str, object]) -> str:
    return " ".join([device, *(f"{key}={value}" for key, value in options.items())])


def _example(heard: Heard) -> str:
    """Return a line of what came, or its last bytes, safe to print."""
    last = heard.chunks[-1].data if heard.chunks else b""
    lines = last.splitlines()
    return shown(lines[len(lines) // 2] if len(lines) > 2 and last.isascii() else last[:32])


def _row(name: str, text: str) -> str:
    return f"  {name:<9} {text}"
