"""What one MQTT message of a device holds: native frames or JSON, as packets."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ecgmon.firmware_bridge.decoders.native import NativeDecoder, NativeSettings
from ecgmon.firmware_bridge.packet import Counters, Packet, StreamFormat, Trouble
from ecgmon.monitor.ingest.clock_reading import read_clock
from ecgmon.monitor.ingest.live_settings import MqttSettings

_MV = {"mv": 1.0, "uv": 1e-3, "v": 1e3}
_MAX_SAMPLES = 100_000


class PayloadDecoder:
    """Decode the messages of one device.

    Parameters
    ----------
    settings : MqttSettings
        What messages hold and what their fields are called.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._native = NativeDecoder(NativeSettings(fs_hz=settings.fs_hz))
        self._json_counters = Counters()
        self._json_form: StreamFormat | None = None
        self._is_json = settings.payload == "json"
        self.trouble: Trouble | None = None

    @property
    def form(self) -> StreamFormat:
        """How the last packets are to be read."""
        return self._json_form if self._is_json and self._json_form else self._native.format

    @property
    def counters(self) -> Counters:
        """Frames or messages decoded and refused."""
        return self._json_counters if self._is_json else self._native.counters

    def decode(self, payload: bytes) -> list[Packet]:
        """Return the packets of a message; a message that makes no sense is counted."""
        if self._settings.payload == "auto":
            self._is_json = payload[:1] == b"{"
        if not self._is_json:
            packets = self._native.feed(payload)
            self._native.feed(b"\x00")  # a message ends a frame, whole or not
            return packets
        try:
            packet = self._json_packet(json.loads(payload))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            self._json_counters.bad_frames += 1
            self._json_counters.skipped_bytes += len(payload)
            return []
        self._json_counters.frames += 1
        return [packet]

    def _json_packet(self, message: Any) -> Packet:
        names = self._settings.fields
        samples = np.array(_find(message, names.samples), dtype=np.float64)
        samples = samples[None] if samples.ndim == 1 else samples
        unit = str(_find(message, names.unit) or self._settings.unit).lower()
        if samples.ndim != 2 or not 0 < samples.size <= _MAX_SAMPLES:
            raise ValueError("samples are a list of numbers, or one list a lead")
        fs_hz = _float(_find(message, names.fs_hz)) or self._settings.fs_hz
        if fs_hz is not None and not 0 < fs_hz < 1e6:
            raise ValueError("a rate is above 0")
        lead = _find(message, names.lead)
        leads = tuple(map(str, lead)) if isinstance(lead, list) else (str(lead or "ECG"),)
        if len(leads) != len(samples):
            leads = tuple(f"ECG{row + 1}" for row in range(len(samples)))
        form = StreamFormat(fs_hz, leads)
        self._json_form = self._json_form if form == self._json_form else form
        seq = _find(message, names.seq)
        seq = None if seq is None else int(seq)
        return Packet(
            samples * _MV[unit],
            seq,
            lead_off=bool(_find(message, names.lead_off)),
            battery_percent=_percent(_find(message, names.battery_percent)),
            clock=read_clock(_find(message, names.t0)),
        )

    def device(self, payload: bytes) -> str:
        """Return the name of the device that a JSON message carries; empty if it carries none."""
        name = self._settings.fields.device
        if not name or payload[:1] != b"{":
            return ""
        try:
            found = _find(json.loads(payload), name)
        except (ValueError, TypeError, RecursionError):
            return ""
        return str(found) if isinstance(found, str | int) else ""


def _find(message: Any, path: str) -> Any:
    """Return a field of a JSON object, dots leading into inner ones; None if it is not there."""
    if not path:
        return None
    if not isinstance(message, dict):
        raise TypeError("a message is a JSON object")
    for name in path.split("."):
        message = message.get(name) if isinstance(message, dict) else None
    return message


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _percent(value: Any) -> float | None:
    """Return a charge from 0 to 100; None for what is none, which costs no samples."""
    try:
        charge = float(value)
    except (TypeError, ValueError):
        return None
    return charge if 0 <= charge <= 100 else None
