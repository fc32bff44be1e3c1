"""Turns the bytes of a signal file into samples, for the storage formats that take a few lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.integer]
Bytes = NDArray[np.uint8]

NULL = 0
"""Format of a signal that has no samples."""

DIFFERENCES = 8
"""Format of a signal whose samples are sums of what is stored."""


@dataclass(frozen=True, slots=True)
class Format:
    """How samples are stored (https://physionet.org/physiotools/wag/signal-5.htm).

    Parameters
    ----------
    block_bytes, block_samples : int
        Bytes of a block, and the samples in it.
    missing : int
        The value that means a missing sample.
    unpack : callable
        Turns whole blocks into samples.
    tail_bytes : tuple of int
        Bytes that the first samples of a block need; they suffice at the end of a file.
    """

    block_bytes: int
    block_samples: int
    missing: int
    unpack: Callable[[Bytes], Samples]
    tail_bytes: tuple[int, ...] = (0,)

    def n_bytes(self, n_samples: int) -> int:
        """Return the number of bytes that so many samples take."""
        blocks, rest = divmod(n_samples, self.block_samples)
        return blocks * self.block_bytes + self.tail_bytes[rest]

    def n_samples(self, n_bytes: int) -> int:
        """Return the number of samples that so many bytes hold."""
        blocks, rest = divmod(n_bytes, self.block_bytes)
        whole = sum(needed <= rest for needed in self.tail_bytes[1:])
        return blocks * self.block_samples + whole

    def decode(self, data: Bytes, n_samples: int) -> Samples:
        """Return the samples in the order stored.

        Parameters
        ----------
        data : array of shape (`n_bytes(n_samples)`,)
            Content of the file.
        n_samples : int
            How many are wanted.

        Returns
        -------
        array of shape (n_samples,)
            Counts, as int16 or int32.
        """
        fill = -data.size % self.block_bytes
        whole = np.concatenate((data, np.zeros(fill, np.uint8))) if fill else data
        return self.unpack(whole)[:n_samples]


def _unpack_212(data: Bytes) -> Samples:
    """Two samples of 12 bits in three bytes."""
    block = data.reshape(-1, 3)
    both = block[:, 1].astype(np.int16)
    samples = np.empty((len(block), 2), np.int16)
    samples[:, 0] = block[:, 0] | (both & 0x0F) << 8
    samples[:, 1] = block[:, 2] | (both & 0xF0) << 4
    return _signed(samples, 12)


def _unpack_310(data: Bytes) -> Samples:
    """Three samples of 10 bits in two words; the third one in what the first two leave over."""
    word = data.view("<u2").reshape(-1, 2).astype(np.int16)
    samples = np.empty((len(word), 3), np.int16)
    samples[:, 0] = word[:, 0] >> 1 & 0x3FF
    samples[:, 1] = word[:, 1] >> 1 & 0x3FF
    samples[:, 2] = word[:, 0] >> 11 & 0x1F | (word[:, 1] >> 11 & 0x1F) << 5
    return _signed(samples, 10)


def _unpack_311(data: Bytes) -> Samples:
    """Three samples of 10 bits in a word of 32, the first one lowest."""
    word = data.view("<u4")
    samples = np.empty((word.size, 3), np.int16)
    for place in range(3):
        samples[:, place] = word >> 10 * place & 0x3FF
    return _signed(samples, 10)


def _unpack_24(data: Bytes) -> Samples:
    block = data.reshape(-1, 3).astype(np.int32)
    return _signed(block[:, 0] | block[:, 1] << 8 | block[:, 2] << 16, 24)


def _signed(samples: Samples, bits: int) -> Samples:
    """Return samples that were read without their sign, flat."""
    unused = 8 * samples.itemsize - bits
    samples <<= unused  # the sign becomes the topmost bit, and the shift back repeats it
    samples >>= unused
    return samples.reshape(-1)


def _plain(dtype: str, bias: int = 0) -> Callable[[Bytes], Samples]:
    """Return what unpacks whole numbers of 8, 16 or 32 bits, from which a bias may have to be taken."""

    def unpack(data: Bytes) -> Samples:
        stored = data.view(dtype).astype(np.int32)
        return (stored - bias).astype(np.int16 if data.size < 4 * stored.size else np.int32)

    return unpack


FORMATS = {
    8: Format(1, 1, -(2**15), _plain("i1")),
    16: Format(2, 1, -(2**15), _plain("<i2")),
    24: Format(3, 1, -(2**23), _unpack_24),
    32: Format(4, 1, -(2**31), _plain("<i4")),
    61: Format(2, 1, -(2**15), _plain(">i2")),
    80: Format(1, 1, -(2**7), _plain("u1", 2**7)),
    160: Format(2, 1, -(2**15), _plain("<u2", 2**15)),
    212: Format(3, 2, -(2**11), _unpack_212, (0, 2)),
    310: Format(4, 3, -(2**9), _unpack_310, (0, 2, 4)),
    311: Format(4, 3, -(2**9), _unpack_311, (0, 2, 3)),
}
"""The formats read here, by their number."""

MISSING = {number: form.missing for number, form in FORMATS.items()} | {
    508: -(2**7),
    516: -(2**15),
    524: -(2**23),
}
"""The value that means a missing sample, of all formats there are."""
