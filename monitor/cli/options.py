"""Options that several commands share, so that each has one name, one meaning and one line of help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, ArgumentCollection, Group, Parameter, Token
from cyclopts.validators import Number as AtLeast


def whole(_: object, tokens: Sequence[Token]) -> int:
    """Return a whole number; the library alone would round 3.5.

    Raises
    ------
    ValueError
        It is none.
    """
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number.") from None


Flag = Annotated[bool, Parameter(show_default=False)]
Text = Annotated[str | None, Parameter(metavar="TEXT")]
Name = Annotated[str | None, Parameter(metavar="NAME")]
Several = Annotated[tuple[str, ...], Parameter(show_default=False)]
Seconds = Annotated[float | None, Parameter(metavar="S")]
Duration = Annotated[float, Parameter(metavar="S")]
Speed = Annotated[str | None, Parameter(metavar="S")]
Model = Annotated[str | None, Parameter(metavar="NAME|FILE")]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]
File = Annotated[Path | None, Parameter(metavar="FILE")]
FileOrDash = Annotated[Path | None, Parameter(metavar="FILE", allow_leading_hyphen=True)]
Sources = Annotated[Several, Parameter(metavar="ADDRESS")]
Number = Annotated[int, Parameter(converter=whole)]
Channel = Annotated[Number, Parameter(metavar="K")]
Whole = Annotated[int | None, Parameter(metavar="N", converter=whole)]
Positive = Annotated[Number, Parameter(metavar="N", validator=AtLeast(gte=1))]
Words = Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]
"""Words that are handed on as they stand, options among them."""

CommandLine = Annotated[tuple[str, ...], Parameter(parse=False)]
"""All words of the process, for a command that starts itself again."""


def command(name: str, examples: str = "") -> App:
    """Return a command that is still without its function.

    Parameters
    ----------
    name : str
        What it is called by.
    examples : str
        What its help ends with.
    """
    return App(name=name, help_epilogue=examples.rstrip(), version_flags=[])


def one_of(given: ArgumentCollection) -> None:
    """Refuse a second option of a group.

    Raises
    ------
    ValueError
        More than one is given.
    """
    names = _names(given)
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} exclude each other; give one of them.")


def exactly_one(given: ArgumentCollection) -> None:
    """Refuse none and more than one option of a group.

    Raises
    ------
    ValueError
        Not one is given.
    """
    one_of(given)
    if not _names(given):
        raise ValueError(f"One of {' and '.join(argument.name for argument in given)} is needed.")


def only_with(option: str) -> Callable[[ArgumentCollection], None]:
    """Return a rule for a group: nothing else of it is used without this option."""

    def rule(given: ArgumentCollection) -> None:
        names = _names(given)
        if names and option not in names:
            raise ValueError(f"{names[0]} is used together with {option} only.")

    return rule


def not_with(option: str) -> Callable[[ArgumentCollection], None]:
    """Return a rule for a group: nothing else of it is used together with this option."""

    def rule(given: ArgumentCollection) -> None:
        names = _names(given)
        if option in names and len(names) > 1:
            other = next(name for name in names if name != option)
            raise ValueError(f"{other} is not used together with {option}; leave one of them out.")

    return rule


def _names(given: ArgumentCollection) -> list[str]:
    return [argument.name for argument in given.filter_by(value_set=True)]


OPTIONS = Group("Options", sort_key=1)
"""Where an option stands in the help if nothing else is said."""

_REPLAY = Group("Replay", sort_key=2)
_OUTPUT = Group("Output", sort_key=3)
_PRINTED = Group(validator=one_of)
_DISPLAY = Group(validator=one_of)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """What every command that runs the loop understands; what is left out stays as in the settings.

    Parameters
    ----------
    config : Path, optional
        Settings file (TOML); options here win.
    model : str, optional
        Beat classifier; 'ecgmon models' marks the default.
    duration : float, optional
        Stop after S seconds of signal.
    speed : str, optional
        Times the speed of life, or max.
    channel : str, optional
        Number (from 0) or name of the lead to analyse.
    chunk : int, optional
        Samples in a block (a tenth of a second; a second at full speed).
    data_dir : Path, optional
        Folder of the record or of databases.
    annotations : Path, optional
        Write WFDB annotations DIR/DEVICE.ecgmon.
    events : Path, optional
        Write JSON lines; - is standard output.
    json : bool
        Print JSON lines in place of the log.
    quiet : bool
        Print alarms and the summary only.
    tui : bool
        Show it live in the terminal.
    window : bool
        Show it in the window.
    headless : bool
        No window (as is usual; wins over the settings).
    """

    config: File = None
    model: Model = None
    duration: Seconds = None
    speed: Annotated[Speed, Parameter(group=_REPLAY, show_default="1")] = None
    channel: Annotated[str | None, Parameter(group=_REPLAY, metavar="K", show_default="0")] = None
    chunk: Annotated[Whole, Parameter(group=_REPLAY)] = None
    data_dir: Annotated[Folder, Parameter(group=_REPLAY)] = None
    annotations: Annotated[Folder, Parameter(group=_OUTPUT)] = None
    events: Annotated[FileOrDash, Parameter(group=_OUTPUT)] = None
    json: Annotated[Flag, Parameter(group=(_OUTPUT, _PRINTED))] = False
    quiet: Annotated[Flag, Parameter(group=(_OUTPUT, _PRINTED))] = False
    tui: Annotated[Flag, Parameter(group=(_OUTPUT, _DISPLAY))] = False
    window: Annotated[Flag, Parameter(group=(_OUTPUT, _DISPLAY))] = False
    headless: Annotated[Flag, Parameter(group=(_OUTPUT, _DISPLAY))] = False

    @property
    def console(self) -> str | None:
        """What is printed: ``json``, ``quiet``, or as in the settings."""
        return "json" if self.json else "quiet" if self.quiet else None

    @property
    def in_window(self) -> bool | None:
        """Whether the window is asked for; None leaves it to the settings."""
        return True if self.window else False if self.headless else None
