"""Errors a person can act on, each kind with its own exit code."""

from __future__ import annotations


class EcgmonError(Exception):
    """Base of all expected failures: shown as one line, without a traceback.

    Parameters
    ----------
    message : str
        What happened, to what.
    hint : str, optional
        What to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.hint}" if self.hint else message


class UsageError(EcgmonError):
    """The command line makes no sense."""

    exit_code = 2


class SettingsError(EcgmonError):
    """A settings file or value is refused; names file, key, value and what is allowed."""

    exit_code = 3


class MissingExtraError(EcgmonError):
    """An optional part is not installed; names the extra to install."""

    exit_code = 4


class RecordError(EcgmonError):
    """A record is unknown, damaged or cannot be fetched."""

    exit_code = 5


class ModelError(EcgmonError):
    """A model file is foreign, damaged or cannot be served."""

    exit_code = 6


class SourceError(EcgmonError):
    """A device, port or broker cannot be used."""

    exit_code = 7


class OutputError(EcgmonError):
    """A result cannot be written or delivered."""

    exit_code = 8


class PluginError(EcgmonError):
    """A part that another package offers cannot be loaded or does not fit."""

    exit_code = 9


class SignalError(EcgmonError, ValueError):
    """Samples cannot be taken as they are: their shape, kind of number or rate."""

    exit_code = 10


INTERNAL_FAULT_EXIT_CODE = 70
