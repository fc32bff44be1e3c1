"""What one MQTT message of a device holds: native frames, JSON or bare numbers, as packets."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgmon.firmware_bridge.decoders.native import NativeDecoder, NativeSettings
from ecgmon.firmware_bridge.packet import Counters, Packet, StreamFormat, Trouble, shown
from ecgmon.firmware_bridge.swing import Swing
from ecgmon.firmware_bridge.units import MOST_MV, Unit, factor_mv, zero_of
from ecgmon.monitor.ingest.clock_reading import read_clock
from ecgmon.monitor.ingest.live_settings import MqttSettings
from ecgmon.monitor.ingest.message import (
    Message,
    RefusedError,
    find,
    keys_of,
    read_fields,
    read_json,
    read_samples,
)

_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
_VERSION_BYTE = b"\x01"
_EXPECTED = {
    "json": 'JSON such as {"fs_hz": 250, "samples": [0.01, 0.02]}',
    "native": "native frames",
    "numbers": "numbers, such as 0.01,0.02 or [0.01, 0.02]",
    "auto": 'native frames, or JSON such as {"fs_hz": 250, "samples": [0.01, 0.02]}',
}


class PayloadDecoder:
    """Decode the messages of one device.

    Parameters
    ----------
    settings : MqttSettings
        What messages hold and what their fields are called.

    Attributes
    ----------
    trouble : Trouble or None
        The last message that was refused, and why.
    refused : Counter of str
        Messages refused, by reason.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self.trouble: Trouble | None = None
        self.refused: Counter[str] = Counter()
        self._settings = settings
        self._native = NativeDecoder(NativeSettings(fs_hz=settings.fs_hz))
        self._text_counters = Counters()
        self._text_form: StreamFormat | None = None
        self._swing = Swing()
        self._is_text = settings.payload in ("json", "numbers")

    @property
    def note(self) -> str:
        """Why what is read is hardly an ECG, in words; empty where it may be one."""
        return self._swing.doubt

    @property
    def form(self) -> StreamFormat:
        """How the last packets are to be read."""
        return self._text_form if self._is_text and self._text_form else self._native.format

    @property
    def counters(self) -> Counters:
        """Frames or messages decoded and refused."""
        return self._text_counters if self._is_text else self._native.counters

    def decode(self, payload: bytes) -> list[Packet]:
        """Return the packets of a message; a message that makes no sense is counted, with its reason."""
        text = without_blanks(payload)
        if self._settings.payload == "auto":
            self._is_text = is_text(text)
        if not self._is_text:
            return self._frames(payload)
        try:
            packets = self._packets(text)
        except RefusedError as error:
            self.counters.bad_frames += 1
            self.counters.skipped_bytes += len(payload)
            self._refuse(payload, error.reason, error.advice)
            return []
        self.counters.frames += 1
        return packets

    def device(self, payload: bytes) -> str:
        """Return the name of the device that a JSON message carries; empty if it carries none."""
        text = without_blanks(payload)
        if not self._settings.fields.device or text[:1] != b"{":
            return ""
        try:
            found = find(read_json(text), self._settings.fields.device)
        except RefusedError:
            return ""
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""

    def _frames(self, payload: bytes) -> list[Packet]:
        before = self.counters.frames
        packets = self._native.feed(payload)
        packets += self._native.feed(b"\x00")  # a message ends a frame, whole or not
        if not packets and self.counters.frames == before:
            self._refuse(payload, "frame", "No whole native frame is in it.")
        elif not packets:
            said = "Frames arrive; the hello that tells rate and gain does not."
            self.trouble = Trouble(shown(payload), "a hello once a second", said)
        return packets

    def _refuse(self, payload: bytes, reason: str, advice: str) -> None:
        self.refused[reason] += 1
        self.trouble = Trouble(shown(payload), _EXPECTED[self._settings.payload], advice)

    def _packets(self, text: bytes) -> list[Packet]:
        if self._settings.payload == "numbers":
            return [self._packet({}, self._bare(text))]
        if text[:1] not in (b"{", b"["):
            raise RefusedError(
                "text", "It is text and no JSON object. For bare numbers write payload=numbers, and unit=."
            )
        message = read_json(text)
        if isinstance(message, list) and message and all(isinstance(one, dict) for one in message):
            return _joined([self._object(one) for one in message])
        if not isinstance(message, dict):
            raise RefusedError("list", "It is a bare list. Write payload=numbers, and unit=, to read it.")
        return [self._object(message)]

    def _bare(self, text: bytes) -> Any:
        """Return the numbers of a message that holds nothing else."""
        return read_json(text) if text[:1] == b"[" else text.decode(errors="replace")

    def _object(self, message: dict[str, Any]) -> Packet:
        path = self._settings.fields.samples
        value = find(message, path)
        if value is None:
            raise RefusedError(
                "no samples",
                f"It has no field {path}; its fields are {keys_of(message)}. Say under [mqtt.fields] which"
                " one samples is.",
            )
        return self._packet(message, value)

    def _packet(self, message: dict[str, Any], value: Any) -> Packet:
        settings = self._settings
        fields = read_fields(message, settings.fields)
        text_numbers = settings.text_numbers or settings.payload == "numbers"
        rows = np.array(read_samples(value, text_numbers), dtype=np.float64)
        samples_mv = self._millivolts(rows, fields.unit or settings.unit)
        self._note_form(fields, len(rows))
        return Packet(
            samples_mv,
            fields.seq,
            lead_off=bool(fields.lead_off),
            battery_percent=fields.battery_percent,
            clock=read_clock(find(message, settings.fields.t0)),
        )

    def _note_form(self, fields: Message, n_leads: int) -> None:
        leads = fields.lead or (("ECG",) if n_leads == 1 else ())
        if not len(leads) == len(set(leads)) == n_leads:
            leads = tuple(f"ECG{row + 1}" for row in range(n_leads)) if n_leads > 1 else ("ECG",)
        form = StreamFormat(fields.fs_hz or self._settings.fs_hz, leads)
        self._text_form = self._text_form if form == self._text_form else form

    def _millivolts(self, rows: NDArray[np.float64], unit: Unit) -> NDArray[np.float64]:
        settings = self._settings
        adc_max = settings.adc_max
        if unit == "adc":
            if adc_max is None:
                raise RefusedError(
                    "adc_max",
                    "It holds counts. Write adc_max, the largest one (4095 for 12 bits), vref_v and gain.",
                )
            least = -adc_max - 1 if settings.signed else 0
            if np.any(rows < least) or np.any(rows > adc_max):
                raise RefusedError(
                    "range", f"A count is outside {least} to {adc_max}: are adc_max and signed right?"
                )
        at_electrodes = unit == "v" and settings.gain is None
        zero, factor = (0.0, 1e3) if at_electrodes else (zero_of(unit, settings), factor_mv(unit, settings))
        samples_mv = (rows - zero) * factor
        if np.any(np.abs(samples_mv) > MOST_MV):
            raise RefusedError("range", f"A sample is above {MOST_MV:g} mV: is the unit right?")
        known = samples_mv[0][~np.isnan(samples_mv[0])]
        if known.size:
            self._swing.take(float(known.min()), float(known.max()), known.size)
        return samples_mv


def without_blanks(payload: bytes) -> bytes:
    """Return a message without the byte order mark and the blanks in front of it."""
    return payload.removeprefix(_BOM).lstrip(_BLANKS).removeprefix(_BOM)


def is_text(text: bytes) -> bool:
    """Tell JSON and other text from native frames, whose second byte is their version."""
    if text[:1] in (b"{", b"["):
        return text[1:2] != _VERSION_BYTE
    return bool(text) and all(byte >= 0x20 or byte in _BLANKS for byte in text[:64])


def _joined(packets: list[Packet]) -> list[Packet]:
    """Return the packets of one message as one, where they do not count themselves."""
    rows = {len(packet.samples_mv) for packet in packets}
    if len(rows) > 1:
        raise RefusedError("samples", "Its parts have not the same leads.")
    if any(packet.seq is not None for packet in packets):
        return packets
    samples_mv = np.concatenate([packet.samples_mv for packet in packets], axis=1)
    off = any(packet.lead_off for packet in packets)
    first = packets[0]
    return [Packet(samples_mv, lead_off=off, battery_percent=first.battery_percent, clock=first.clock)]
