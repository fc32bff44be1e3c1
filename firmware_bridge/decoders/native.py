"""The project's own frame, for firmware that people write themselves.

Every frame is COBS-encoded and closed by a zero byte. All numbers are little-endian::

    data    ver u8 = 1 | flags u8 | seq u16 | t_us u32 | n u8 | n x i24 | CRC-16
    hello   ver u8 = 1 | flags u8 | seq u16 | t_us u32 | n_leads u8 | rate_mhz u32
            | gain_pv u32 | len u8, device name | n_leads x (len u8, lead name) | CRC-16

``flags``: bits 0 to 4 lead 1 to 5 off, bit 5 battery low, bit 6 zero, bit 7 hello.
A hello begins with a zero byte too, which cuts off boot text before it.
``seq`` counts data frames; a hello carries the number of the data frame that follows.
``t_us`` is the device clock at the first sample. Samples of several leads alternate.
``rate_mhz`` is in millihertz, ``gain_pv`` in picovolts a count. The CRC is
CRC-16/CCITT-FALSE over everything before it.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from ecgmon.firmware_bridge.device import DeviceKind
from ecgmon.firmware_bridge.framing import CobsScanner, cobs_frame, crc16
from ecgmon.firmware_bridge.packet import Packet, StreamDecoder, StreamFormat, Trouble, shown
from ecgmon.monitor.core.config import Settings

VERSION = 1
BATTERY_LOW = 0x20
HELLO = 0x80
LEAD_OFF = 0x1F
RESERVED = 0x40
SEQ_MODULUS = 1 << 16
CLOCK_WRAP_S = (1 << 32) * 1e-6
MAX_SAMPLES = 255
MAX_LEADS = 5
LEAST_HZ, MOST_HZ = 1.0, 100_000.0
LONGEST_NAME = 64
_HEAD = struct.Struct("<BBHIB")
_RATE = struct.Struct("<II")
_CRC = struct.Struct("<H")
_MAX_ENCODED = 800


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name has no control characters")
    return name


LeadName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_printable)]


class NativeSettings(Settings):
    """What to assume until a device says hello; a hello overrides it.

    Parameters
    ----------
    fs_hz : float or None
        Sampling rate in Hz; None waits for the hello.
    uv_per_count : float or None
        Microvolts a count; None waits for the hello.
    leads : tuple of str
        Names of the leads.
    """

    fs_hz: float | None = Field(default=None, ge=LEAST_HZ, le=MOST_HZ)
    uv_per_count: float | None = Field(default=None, gt=0, le=1e6)
    leads: tuple[LeadName, ...] = Field(default=("ECG",), min_length=1, max_length=MAX_LEADS)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a device says of itself.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz.
    uv_per_count : float
        Microvolts a count.
    leads : tuple of str
        Names of the leads, one to five.
    device : str
        Name of the device; may be empty.
    """

    fs_hz: float
    uv_per_count: float
    leads: tuple[str, ...] = ("ECG",)
    device: str = ""


def encode_hello(hello: Hello, seq: int = 0, t_us: int = 0) -> bytes:
    """Return a hello as it goes over the wire.

    Parameters
    ----------
    hello : Hello
        What to say.
    seq : int
        Number of the data frame that follows.
    t_us : int
        Device clock in microseconds.
    """
    texts = [text.encode()[:255] for text in (hello.device, *hello.leads)]
    payload = _HEAD.pack(VERSION, HELLO, seq % SEQ_MODULUS, t_us & 0xFFFFFFFF, len(hello.leads))
    payload += _RATE.pack(round(hello.fs_hz * 1e3), round(hello.uv_per_count * 1e6))
    payload += b"".join(bytes((len(text),)) + text for text in texts)
    return b"\x00" + cobs_frame(payload + _CRC.pack(crc16(payload)))


def encode_data(counts: NDArray[np.int32] | Sequence[int], seq: int, t_us: int, flags: int = 0) -> bytes:
    """Return a data frame as it goes over the wire.

    Parameters
    ----------
    counts : array of shape (n,)
        Samples as 24-bit numbers, leads alternating; at most 255.
    seq : int
        Number of the frame; taken modulo 65536.
    t_us : int
        Device clock at the first sample, in microseconds; taken modulo 2**32.
    flags : int
        Lead-off bits 0 to 4 and battery low, bit 5.
    """
    values = np.asarray(counts, dtype="<i4")
    if values.ndim != 1 or values.size > MAX_SAMPLES:
        raise ValueError(f"a native frame holds up to {MAX_SAMPLES} samples, not {values.shape}")
    payload = _HEAD.pack(VERSION, flags & 0x3F, seq % SEQ_MODULUS, t_us & 0xFFFFFFFF, values.size)
    payload += values.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return cobs_frame(payload + _CRC.pack(crc16(payload)))


@dataclass
class NativeDecoder(StreamDecoder):
    """Decode native frames.

    Parameters
    ----------
    settings : NativeSettings
        What to assume before the hello. Data frames that come before rate and gain are
        known are held back, up to 64 of them, and given out behind the hello.
    """

    settings: NativeSettings = field(default_factory=NativeSettings)

    def __post_init__(self) -> None:
        self._scanner = CobsScanner(_MAX_ENCODED, self.counters)
        self._held: deque[bytes] = deque(maxlen=64)
        self._uv = self.settings.uv_per_count
        self._format = StreamFormat(self.settings.fs_hz, self.settings.leads, SEQ_MODULUS, CLOCK_WRAP_S)

    @property
    def format(self) -> StreamFormat:
        """Rate, leads and name, as the last hello gave them."""
        return self._format

    @property
    def uv_per_count(self) -> float | None:
        """Microvolts a count; None before it is known."""
        return self._uv

    def feed(self, data: bytes) -> list[Packet]:
        """Take the next bytes; return the packets completed by them."""
        packets: list[Packet] = []
        for payload in self._scanner.feed(data):
            if not self._intact(payload):
                self.counters.bad_frames += 1
                self.counters.skipped_bytes += len(payload)
                continue
            self.counters.frames += 1
            if payload[1] & HELLO:
                packets += self._hello(payload)
            elif self._uv is None or self._format.fs_hz is None:
                self._held.append(payload)
            else:
                packets += self._data(payload)
        return packets

    @staticmethod
    def _intact(payload: bytes) -> bool:
        """Say whether version, reserved bit, length and CRC are right."""
        if len(payload) < _HEAD.size + _CRC.size or payload[0] != VERSION or payload[1] & RESERVED:
            return False
        body = len(payload) - _HEAD.size - _CRC.size
        if not payload[1] & HELLO and body != 3 * payload[8]:
            return False
        return crc16(payload[:-2]) == int.from_bytes(payload[-2:], "little")

    def _hello(self, payload: bytes) -> list[Packet]:
        n_leads, at = payload[8], _HEAD.size + _RATE.size
        texts = []
        for _ in range(n_leads + 1):
            text = payload[at + 1 : at + 1 + payload[at]] if at < len(payload) - 2 else b""
            texts.append(text.decode(errors="replace"))
            at += 1 + len(text)
        rate_mhz, gain_pv = _RATE.unpack_from(payload.ljust(_HEAD.size + _RATE.size), _HEAD.size)
        whole = at == len(payload) - 2 and 1 <= n_leads <= MAX_LEADS
        refused = _refusal(rate_mhz * 1e-3, gain_pv, texts) if whole else "It is not of the length it tells."
        if refused:
            self.counters.bad_frames += 1
            self.trouble = Trouble(shown(payload), "a hello with rate, gain and names", refused)
            return []
        self._uv = gain_pv * 1e-6
        form = StreamFormat(rate_mhz * 1e-3, tuple(texts[1:]), SEQ_MODULUS, CLOCK_WRAP_S, texts[0])
        self._format = self._format if form == self._format else form
        held, self._held = list(self._held), deque(maxlen=64)
        return [packet for data in held for packet in self._data(data)]

    def _data(self, payload: bytes) -> list[Packet]:
        _, flags, seq, t_us, n = _HEAD.unpack_from(payload)
        n_leads = len(self._format.leads)
        if n == 0 or n % n_leads:
            self.counters.bad_frames += 1
            return []
        raw = np.zeros((n, 4), dtype=np.uint8)
        raw[:, 1:] = np.frombuffer(payload, np.uint8, 3 * n, _HEAD.size).reshape(n, 3)
        counts = raw.view("<i4")[:, 0] >> 8
        assert self._uv is not None
        samples_mv = (counts.astype(np.float64) * (self._uv * 1e-3)).reshape(-1, n_leads).T
        off, low = bool(flags & LEAD_OFF), bool(flags & BATTERY_LOW)
        return [Packet(samples_mv, seq, t_us * 1e-6, off, low)]

    def reset(self) -> None:
        """Forget half a frame and frames held back."""
        self._scanner.reset()
        self._held.clear()


def _refusal(fs_hz: float, gain_pv: int, names: Sequence[str]) -> str:
    """Return why a hello is not believed; empty if it is."""
    if not LEAST_HZ <= fs_hz <= MOST_HZ:
        return f"A hello tells a rate of {fs_hz:g} Hz; it must lie between {LEAST_HZ:g} and {MOST_HZ:g} Hz."
    if not gain_pv:
        return "A hello tells that a count is 0 V."
    for name in names:
        if not name.isprintable() or len(name) > LONGEST_NAME:
            return f"A hello names {shown(name)}: a name has up to {LONGEST_NAME} printable signs."
    return ""


DEVICE = DeviceKind("own firmware with the native frame", NativeSettings, NativeDecoder)
