"""Installs the monitor as a service of systemd."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ecgmon.monitor.core.errors import OutputError
from ecgmon.monitor.core.platform import has_group, require_linux

UNIT_PATH = Path("etc/systemd/system/ecgmon.service")
CONFIG_PATH = Path("etc/ecgmon/ecgmon.toml")
GROUPS = ("dialout", "gpio", "audio")
"""Groups that may use serial ports, pins and sound, where the system has them."""

STARTER = """\
# Settings of the monitor; see docs/raspberry-pi.md. After a change: sudo systemctl reload ecgmon
sources = []

[outputs]
console = "quiet"

[outputs.store]
address = "/var/lib/ecgmon/events.db"

[outputs.recorder]
folder = "/var/lib/ecgmon/recordings"
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written.

    Parameters
    ----------
    unit, config : Path
        The files.
    new_config : bool
        False if there was a settings file already, which stays as it is.
    """

    unit: Path
    config: Path
    new_config: bool


def unit_text(config: Path = Path("/") / CONFIG_PATH, command: str | None = None) -> str:
    """Return the text of the unit.

    Parameters
    ----------
    config : Path
        Settings file of the service.
    command : str, optional
        Path of ``ecgmon``; by default the one beside this Python.
    """
    template = files("ecgmon.monitor.headless").joinpath("ecgmon.service").read_text("utf-8")
    groups = " ".join(name for name in GROUPS if has_group(name))
    values = {"{command}": command or find_command(), "{config}": str(config), "{groups}": groups}
    for mark, value in values.items():
        template = template.replace(mark, value)
    return template


def find_command() -> str:
    """Return the path of ``ecgmon``."""
    beside = Path(sys.executable).with_name("ecgmon")
    found = str(beside) if beside.exists() else shutil.which("ecgmon")
    return found or f"{sys.executable} -P -m ecgmon"


def install(root: Path = Path("/"), config: Path | None = None) -> Installed:
    """Write the unit, and a settings file if there is none.

    Parameters
    ----------
    root : Path
        Root of the file system.
    config : Path, optional
        Settings to begin with; a small default otherwise.

    Raises
    ------
    OutputError
        The files cannot be written.
    PlatformError
        This system has no systemd.
    """
    require_linux("a service of systemd", "Start 'ecgmon run' as your system starts its own services.")
    unit, target = root / UNIT_PATH, root / CONFIG_PATH
    try:
        unit.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = not target.exists()
        if new:
            target.write_text(config.read_text("utf-8") if config is not None else STARTER, "utf-8")
        unit.write_text(unit_text(), "utf-8")
    except OSError as error:
        raise OutputError(
            f"The service cannot be installed: {error.filename}: {error.strerror}.", "Try again with sudo."
        ) from error
    return Installed(unit, target, new)
