"""What a person says of a beat, kept beside what the model says, with author and time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ecgmon.monitor.core.errors import OutputError


@dataclass(frozen=True, slots=True)
class Remark:
    """One reclassification.

    Parameters
    ----------
    device : str
        Device or record.
    index : int
        Pipeline index (360 Hz) of the R wave.
    time_s : float
        Seconds since the stream's sample 0.
    model : str
        Symbol that the model gave.
    symbol : str
        Symbol that the person gives.
    author : str
        Who.
    at : str
        When, ISO 8601 in UTC.
    """

    device: str
    index: int
    time_s: float
    model: str
    symbol: str
    author: str
    at: str


class RemarkBook:
    """Remarks of all devices, one JSON line each; the last of a beat counts.

    Parameters
    ----------
    folder : Path
        Where ``DEVICE.remarks.jsonl`` are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._remarks: dict[str, dict[int, Remark]] = {}

    def path(self, device: str) -> Path:
        """Return the file of a device."""
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in device)
        return self._folder / f"{safe}.remarks.jsonl"

    def of(self, device: str) -> dict[int, Remark]:
        """Return a device's remarks by pipeline index; a line that cannot be read is left out."""
        if device not in self._remarks:
            self._remarks[device] = self._load(device)
        return self._remarks[device]

    def add(
        self,
        device: str,
        index: int,
        time_s: float,
        model: str,
        symbol: str,
        author: str,
        now: datetime | None = None,
    ) -> Remark:
        """Keep a remark; it is on disk when this returns.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
        remark = Remark(device, index, time_s, model, symbol, author, at)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self.path(device).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(remark)) + "\n")
        except OSError as error:
            raise OutputError(f"The remark could not be kept in {self.path(device)}: {error}.") from error
        self.of(device)[index] = remark
        return remark

    def _load(self, device: str) -> dict[int, Remark]:
        remarks: dict[int, Remark] = {}
        try:
            lines = self.path(device).read_text(encoding="utf-8").splitlines()
        except OSError:
            return remarks
        for line in lines:
            try:
                remark = Remark(**json.loads(line))
            except (ValueError, TypeError):
                continue
            remarks[remark.index] = remark
        return remarks
