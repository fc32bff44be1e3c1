"""Failures of devices and brokers, each with a way out and an exit code of its own."""

from __future__ import annotations

from ecgmon.monitor.core.errors import SourceError


class UnknownDeviceError(SourceError):
    """No decoder has the name asked for."""

    exit_code = 20


class PortMissingError(SourceError):
    """The serial port does not exist."""

    exit_code = 21


class PortBusyError(SourceError):
    """Another program holds the serial port."""

    exit_code = 22


class PortDeniedError(SourceError):
    """The user may not open the serial port."""

    exit_code = 23


class NoFramesError(SourceError):
    """A capture holds nothing that can be read as frames of this device."""

    exit_code = 24


class BrokerRefusedError(SourceError):
    """The broker refuses the user name or password."""

    exit_code = 25


class BrokerCertificateError(SourceError):
    """The broker's certificate is not trusted, or ours is not."""

    exit_code = 26


class BrokerUnreachableError(SourceError):
    """There is no broker at the address."""

    exit_code = 27


class NothingHeardError(SourceError):
    """A port, capture or broker was listened to, and nothing came."""

    exit_code = 29


class LinkLostError(SourceError):
    """A link that was open is gone; it may come back."""


class SpoolError(SourceError):
    """The store of a bridge cannot be used."""

    exit_code = 28
