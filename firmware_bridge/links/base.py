"""What every link is: open, read, write, close, and when the bytes came."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Chunk(NamedTuple):
    """Bytes that arrived together.

    Parameters
    ----------
    data : bytes
        The bytes, never empty.
    time_s : float or None
        When the last of them arrived, on a clock that never jumps; None where arrival
        means nothing, as in a file.
    """

    data: bytes
    time_s: float | None


class Link(Protocol):
    """A way for bytes to and from a device."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    @property
    def dropped_bytes(self) -> int:
        """Bytes thrown away because nobody fetched them in time."""
        ...

    async def open(self) -> None:
        """Open the link.

        Raises
        ------
        SourceError
            It cannot be opened; the kind of error says why.
        """
        ...

    async def read(self) -> Chunk | None:
        """Wait for bytes; None at the end of a link that ends. May be cancelled without loss.

        Raises
        ------
        LinkLostError
            The link is gone.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises
        ------
        LinkLostError
            The link is gone.
        """
        ...

    async def close(self) -> None:
        """Close the link; it may be opened again."""
        ...
