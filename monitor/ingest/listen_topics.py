"""What the messages of a topic hold, and which settings read them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.packet import Packet, note_of, shown
from ecgmon.firmware_bridge.text.trials import SCALE_GUESSED, scales
from ecgmon.monitor.ingest.listen_broker import Topic, TopicsHeard
from ecgmon.monitor.ingest.listen_fields import guessed_fields, leaves
from ecgmon.monitor.ingest.listen_signal import SignalLook, first_lead, usual_rate
from ecgmon.monitor.ingest.live_settings import JsonFields, MqttSettings
from ecgmon.monitor.ingest.message import RefusedError, find, read_json, read_samples
from ecgmon.monitor.ingest.payload import PayloadDecoder, is_text, without_blanks

_MOST_SHAPES = 4
_MOST_NUMBERS = 2000
_PROBED = 64
_MOST_FIELDS_SHOWN = 8
_READ = 0.5
_STRANGE_RATE = 0.05
_LEAST_TIMED_S = 2.0

Options = Mapping[str, Any]
"""Settings of ``[mqtt]``, in the form of its table."""


@dataclass(frozen=True, slots=True)
class TopicReading:
    """What a topic brings, and how it is read.

    Parameters
    ----------
    topic : str
        Its name.
    count : int
        Messages that came.
    per_s, mean_bytes : float
        Messages a second, and their mean size.
    retained : int
        Messages that the broker had kept from earlier.
    holds : str
        What a message holds, in words.
    example : str
        The begin of one, safe to print.
    device : str
        Name that messages give their device; empty if they give none.
    options : mapping
        Settings of ``[mqtt]`` that read it; those of the user are in them.
    read : float
        Share of messages that these settings read.
    look : SignalLook or None
        What the first lead looks like; None where no sample comes.
    refused : mapping of str to int
        What the settings as they stood refuse, by reason.
    why : str
        The last of these reasons in full.
    notes : tuple of str
        What was guessed or measured, in words.
    """

    topic: str
    count: int
    per_s: float
    mean_bytes: float
    retained: int
    holds: str
    example: str
    device: str = ""
    options: Options = field(default_factory=dict)
    read: float = 0.0
    look: SignalLook | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_ecg(self) -> bool:
        """Say whether the signal looks like an ECG."""
        return self.look is not None and not self.look.doubt

    @property
    def recognised(self) -> bool:
        """Say whether it is read as it stands, or looks like an ECG by what was guessed."""
        guessed = self.options.keys() - {"fs_hz"}
        return self.look is not None and self.read >= _READ and (self.is_ecg or not guessed)


def read_topics(heard: TopicsHeard, settings: MqttSettings) -> list[TopicReading]:
    """Return what each topic brings, those that look like an ECG first.

    Parameters
    ----------
    heard : TopicsHeard
        What came.
    settings : MqttSettings
        Settings of the user.
    """
    found: list[TopicReading] = []
    for topic in heard.topics.values():
        proven = [
            {key: one.options[key] for key in one.options if key != "fs_hz"} for one in found if one.is_ecg
        ]
        found.append(_read(topic, heard.seconds, settings, proven))
    return sorted(found, key=lambda one: (not one.is_ecg, not one.recognised, one.topic))


@dataclass(frozen=True, slots=True)
class _Result:
    options: Options
    read: float
    look: SignalLook | None
    notes: tuple[str, ...]
    decoder: PayloadDecoder

    @property
    def rank(self) -> tuple[bool, bool]:
        well = self.read >= _READ
        return not (well and self.look is not None and not self.look.doubt), not (
            well and self.look is not None
        )


def _read(topic: Topic, seconds: float, settings: MqttSettings, proven: Sequence[Options]) -> TopicReading:
    plain = _tried({}, topic, settings)
    best = plain
    for options in _unlike(_possible(topic, proven)):
        if not best.rank[0]:
            break
        result = _tried(options, topic, settings)
        best = min(best, result, key=lambda one: one.rank)
    last = topic.messages[-1][0] if topic.messages else b""
    trouble = plain.decoder.trouble
    return TopicReading(
        topic=topic.name,
        count=topic.count,
        per_s=topic.count / seconds if seconds else 0.0,
        mean_bytes=topic.n_bytes / topic.count if topic.count else 0.0,
        retained=topic.retained,
        holds=holds(last),
        example=shown(last),
        device=best.decoder.device(last),
        options=best.options if best.look is not None else {},
        read=best.read,
        look=best.look,
        refused=dict(plain.decoder.refused),
        why=trouble.advice if trouble is not None else "",
        notes=best.notes if best.look is not None else (),
    )


def _unlike(options: Iterable[Options]) -> Iterator[Options]:
    seen: list[Options] = [{}]
    for one in options:
        if one not in seen:
            seen.append(one)
            yield one


def _possible(topic: Topic, proven: Sequence[Options]) -> Iterator[Options]:
    """Yield settings that may read a topic: those of other topics, then what its own messages suggest."""
    yield from proven
    texts = [without_blanks(payload) for payload, _ in topic.messages[:_PROBED]]
    objects = [one for one in map(_object, texts) if one]
    if not objects:
        numbers = _numbers(map(_bare, texts))
        for scale in scales(numbers):
            yield {"payload": "numbers", **scale}
        return
    for fields in guessed_fields(objects[-1])[:_MOST_SHAPES]:
        values = [find(one, fields.samples) for one in objects]
        shape = _shape(fields, values[-1])
        yield shape
        unit = find(objects[-1], fields.unit)
        for scale in scales(_numbers(values)):
            if unit is None:
                yield {**shape, **scale}
            elif scale["unit"] == "adc":
                yield {**shape, **{key: scale[key] for key in scale if key != "unit"}}


def _object(text: bytes) -> dict[str, Any]:
    """Return the JSON object of a message, or the first of a list of them; empty without one."""
    if text[:1] not in (b"{", b"["):
        return {}
    try:
        message = read_json(text)
    except RefusedError:
        return {}
    first = message[0] if isinstance(message, list) and message else message
    return first if isinstance(first, dict) else {}


def _shape(fields: JsonFields, value: Any) -> dict[str, Any]:
    """Return the settings for the names of fields, where they are not the usual ones."""
    usual = JsonFields()
    other = {key: name for key, name in fields.model_dump().items() if name != getattr(usual, key)}
    textual = isinstance(value, str) or (
        isinstance(value, list) and any(isinstance(one, str) for one in value)
    )
    return {**({"fields": other} if other else {}), **({"text_numbers": True} if textual else {})}


def _bare(text: bytes) -> Any:
    """Return what a message holds that is no object: a list, or text."""
    try:
        return read_json(text) if text[:1] == b"[" else text.decode(errors="replace")
    except RefusedError:
        return None


def _numbers(values: Iterable[Any]) -> NDArray[np.float64]:
    """Return the numbers of the first lead in samples of messages."""
    numbers: list[float] = []
    for value in values:
        with contextlib.suppress(RefusedError):
            numbers += [one for one in read_samples(value, text_numbers=True)[0] if one is not None]
        if len(numbers) >= _MOST_NUMBERS:
            break
    found = np.array(numbers, dtype=np.float64)
    return found[np.isfinite(found)]


def _tried(options: Options, topic: Topic, settings: MqttSettings) -> _Result:
    """Read a topic with settings, and look at the signal."""
    chosen = with_options(settings, options)
    decoder = PayloadDecoder(chosen)
    packets: list[Packet] = []
    came: list[tuple[float, int]] = []
    for payload, time_s in topic.messages:
        some = decoder.decode(payload)
        packets += some
        if some:
            came.append((time_s, sum(packet.n_samples for packet in some)))
    read = len(came) / max(1, len(topic.messages))
    lead = first_lead(packets)
    if not lead.size:
        return _Result(options, read, None, (), decoder)
    told, measured = decoder.form.fs_hz, _measured_hz(came)
    notes = [SCALE_GUESSED if "unit" in options or "adc_max" in options else "", note_of(decoder)]
    if told is None and measured is None:
        return _Result(options, 0.0, None, (), decoder)
    fs_hz = told or (usual_rate(measured or 0.0) or measured or 0.0)
    if told is None:
        notes.append(f"{measured:.0f} samples a second come")
        options = {**options, "fs_hz": fs_hz} if usual_rate(fs_hz) else options
    elif measured is not None and abs(measured - told) > _STRANGE_RATE * told:
        notes.append(f"messages say {told:g} Hz, and {measured:.0f} samples a second come")
    return _Result(options, read, SignalLook.at(lead, fs_hz), tuple(filter(None, notes)), decoder)


def with_options(settings: MqttSettings, options: Options) -> MqttSettings:
    """Return settings with some of the table ``[mqtt]`` in their place."""
    fields = {**settings.fields.model_dump(), **options.get("fields", {})}
    return MqttSettings.model_validate({**settings.model_dump(), **options, "fields": fields})


def _measured_hz(came: Sequence[tuple[float, int]]) -> float | None:
    """Return the samples a second that arrived; None where too little did."""
    if len(came) < 2 or came[-1][0] - came[0][0] < _LEAST_TIMED_S:
        return None
    return sum(count for _, count in came[1:]) / (came[-1][0] - came[0][0])


def holds(payload: bytes) -> str:
    """Return what a message holds, in words for people."""
    text = without_blanks(payload)
    if not text:
        return "nothing"
    if not is_text(text):
        return "bytes"
    first = _object(text)
    if first:
        parts = [f"{shown(leaf.path)} ({leaf.kind})" for leaf in leaves(first)]
        more = ", …" if len(parts) > _MOST_FIELDS_SHOWN else ""
        several = "a list of JSON objects" if text[:1] == b"[" else "JSON"
        return f"{several} with {', '.join(parts[:_MOST_FIELDS_SHOWN])}{more}"
    count = _numbers([_bare(text)]).size
    if count:
        what = "a JSON list" if text[:1] == b"[" else "text"
        return "a number" if count == 1 else f"{what} of {count} numbers"
    return "text"
