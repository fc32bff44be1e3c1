"""Names every command and every option of the program once, for tests that go over all of them."""

from __future__ import annotations

LOOP = {
    "--config": "f.toml",
    "--model": "adaptive",
    "--duration": "5.5",
    "--speed": "max",
    "--channel": "V1",
    "--chunk": "36",
    "--data-dir": "d",
    "--annotations": "a",
    "--events": "-",
    "--json": None,
    "--quiet": None,
    "--tui": None,
    "--window": None,
    "--headless": None,
}
"""Options, each with a value; None for a flag."""

SELECTION = {"--database": "svdb", "--split": "ds2", "--data-dir": "d"}
LIVE = {"--channel": "1", "--chunk": "36", "--model": "adaptive"}
EFFORT = {"--jobs": "3", "--out": "o"}
FILES = {"--annotations": "a", "--annotator": "qrs"}
SOCKET = {"--socket": "s"}
DEVICE = {"--device": "bed1", **SOCKET}
SPAN = "20:10"

OPTIONS: dict[str, dict[str, str | None]] = {
    "run": {"--source": "replay:200", "--service": None, "--workers": "2", "--worker": "0/2", **LOOP},
    "replay": {**LOOP},
    "dashboard": {"--source": "replay:200", **LOOP},
    "demo": {"--tui": None, "--headless": None, "--speed": "max", "--duration": "5"},
    "models": {},
    "devices": {"--json": None, "--listen": "/dev/x", "--seconds": "5", "--config": "f"},
    "bridge": {
        "--source": "serial:/dev/x?device=native",
        "--broker": "mqtt://b",
        "--config": "f",
        "--store": "s",
        "--store-max-mb": "1.5",
        "--when-full": "drop_oldest",
        "--topic": "t",
    },
    "simulate": {
        "--device": "cyton",
        "--record": "100",
        "--channel": "1",
        "--data-dir": "d",
        "--link": "l",
        "--speed": "2",
        "--duration": "3",
        "--repeat": None,
        "--mqtt": "mqtt://b",
        "--count": "3",
        "--json": None,
        "--rate": "100",
        "--flip-rate": "1e-5",
        "--drop-rate": "0.1",
        "--double-rate": "0.1",
        "--drift-ppm": "-50",
        "--pause": SPAN,
        "--unplug": SPAN,
        "--lead-off": SPAN,
        "--battery-low": SPAN,
        "--seed": "7",
    },
    "events": {
        "--store": "s",
        "--config": "f",
        "--since": "2h",
        "--until": "1h",
        "--kind": "alarm",
        "--device": "bed1",
        "--last": "5",
        "--format": "csv",
        "--output": "o",
        "--names": None,
    },
    "status": {"--json": None, **SOCKET},
    "acknowledge": {**DEVICE},
    "silence": {"--seconds": "30", **DEVICE},
    "pause": {"--seconds": "30", **DEVICE},
    "resume": {**DEVICE},
    "doctor": {"--config": "f"},
    "install-service": {"--config": "f", "--root": "/r", "--print": None},
    "explain": {
        "--beat": "3",
        "--time": "6.5",
        "--model": "adaptive",
        "--channel": "1",
        "--data-dir": "d",
        "--out": "o",
    },
    "evaluate qrs": {**SELECTION, **LIVE, **FILES, "--learning-s": "300", **EFFORT},
    "evaluate beats": {**SELECTION, **LIVE, **FILES, "--provisional": None, "--learning-s": "300", **EFFORT},
    "evaluate rhythm": {**SELECTION, **LIVE, **FILES, **EFFORT},
    "evaluate alarms": {**SELECTION, **LIVE, "--without-quality": None, **EFFORT},
    "evaluate explanations": {**SELECTION, "--channel": "1", "--model": "m", "--beats": "9", **EFFORT},
    "completion": {"--install": None},
    "plugins": {},
}
"""Every command that does something, with all its options."""

NEEDED: dict[str, list[str]] = {
    "replay": ["200"],
    "bridge": ["--source", "serial:/dev/x?device=native", "--broker", "mqtt://b"],
    "explain": ["200", "--beat", "3"],
    "completion": ["bash"],
}
"""What a command cannot do without."""

TOGETHER: dict[tuple[str, str], list[str]] = {
    **{(f"evaluate {what}", "--annotator"): ["--annotations", "a"] for what in ("qrs", "beats", "rhythm")},
    **{("simulate", option): ["--mqtt", "mqtt://b"] for option in ("--count", "--json", "--rate")},
    **{("devices", option): ["--listen", "/dev/x"] for option in ("--seconds", "--config")},
    ("explain", "--time"): [],
}
"""What an option cannot do without, in place of what its command needs; a record goes with all of explain."""

GROUPS = ("evaluate", "train")
TRAININGS = ("adaptive", "arrhythminet", "rpeak", "vf", "af", "quality")


def line(command: str, option: str) -> list[str]:
    """Return a command line that uses an option properly."""
    value = OPTIONS[command][option]
    needed = list(NEEDED.get(command, []))
    if option in needed:
        at = needed.index(option)
        del needed[at : at + 2]
    if (command, option) == ("explain", "--time"):
        needed = ["200"]
    given = [option] if value is None else [option, value]
    return [*command.split(), *needed, *TOGETHER.get((command, option), []), *given]
