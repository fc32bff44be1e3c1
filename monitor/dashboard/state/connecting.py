"""What can be connected: records with their description, serial ports, brokers; as addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ecgmon.firmware_bridge import decoders
from ecgmon.firmware_bridge.links import list_ports
from ecgmon.monitor.wfdb.header import DamagedError
from ecgmon.monitor.wfdb.reader import read_header
from ecgmon.sim.library import BUNDLED

DATABASES = {
    "mitdb": "MIT-BIH Arrhythmia Database: half-hour ambulatory recordings, two leads, 360 Hz, beats and "
    "rhythms annotated (Moody and Mark 2001).",
    "svdb": "MIT-BIH Supraventricular Arrhythmia Database: half-hour recordings, 128 Hz (Greenwald 1990).",
    "vfdb": "MIT-BIH Malignant Ventricular Ectopy Database: half-hour recordings with flutter and "
    "fibrillation, 250 Hz (Greenwald 1986).",
    "nstdb": "MIT-BIH Noise Stress Test Database: clean records with noise added (Moody 1984).",
}

TITLES = {
    "mitdb/100": "normal sinus rhythm, a few atrial beats",
    "mitdb/200": "bigeminy and runs of ventricular beats",
    "mitdb/207": "ventricular flutter, bundle branch block",
    "mitdb/232": "sick sinus syndrome, long pauses",
}
"""What the bundled records show, in a few words."""


@dataclass(frozen=True, slots=True)
class RecordChoice:
    """A record that can be replayed.

    Parameters
    ----------
    name : str
        Database and record.
    title : str
        A few words.
    description : str
        What database and header say.
    """

    name: str
    title: str
    description: str


def record_choices(data_dir: Path | None = None) -> list[RecordChoice]:
    """Return the records at hand: bundled, and those of a data folder.

    Parameters
    ----------
    data_dir : Path, optional
        Folder with one folder a database, or with a database's files.
    """
    headers: dict[str, Path] = {}
    for folder in filter(None, (BUNDLED, data_dir)):
        for header in sorted([*folder.glob("*/*.hea"), *folder.glob("*.hea")]):
            headers.setdefault(f"{header.parent.name}/{header.stem}", header)
    return [
        RecordChoice(name, TITLES.get(name, ""), describe(name, header)) for name, header in headers.items()
    ]


def describe(name: str, header: Path) -> str:
    """Return the database's description of a record: signals, length, and the header's comments.

    A record whose header is damaged says so.
    """
    parts = [DATABASES.get(name.split("/", maxsplit=1)[0], "")]
    try:
        said = read_header(header.with_suffix(""))
    except DamagedError as error:
        return "\n".join([*filter(None, parts), f"It cannot be read: {error}."])
    if said.n_frames is not None:
        minutes = said.n_frames / said.frame_hz / 60
        number, kind = (len(said.segments), "segment") if said.segments else (len(said.signals), "lead")
        parts.append(f"{number} {kind}{'' if number == 1 else 's'}, {said.frame_hz:g} Hz, {minutes:.0f} min.")
    if said.comments:
        notes = [*said.comments[:2], " ".join(said.comments[2:])]
        parts.append("Header: " + " · ".join(note for note in notes if note))
    return "\n".join(part for part in parts if part)


def serial_ports() -> list[tuple[str, str]]:
    """Return device path and description of the serial ports; may take a second."""
    return [(port.path, port.description or "serial port") for port in list_ports()]


def device_kinds() -> list[tuple[str, str]]:
    """Return title and name of the devices that are understood."""
    return [(kind.title[:1].upper() + kind.title[1:], name) for name, kind in decoders.device_kinds().items()]


def replay_address(record: str, speed: float) -> str:
    """Return the address of a replay."""
    return f"replay:{quote(record, safe='/~')}?speed={speed:g}"


def serial_address(port: str, device: str, baud: int | None = None) -> str:
    """Return the address of a serial device; the device's own speed without ``baud``."""
    rate = f"&baud={baud}" if baud else ""
    return f"serial:{port}?device={device}{rate}"


def mqtt_address(host: str, port: int, topic: str, *, secure: bool) -> str:
    """Return the address of a broker's devices."""
    return f"{'mqtts' if secure else 'mqtt'}://{host.strip()}:{port}/{topic.strip().lstrip('/')}"
