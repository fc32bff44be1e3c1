"""Says why a broker cannot be reached, and what to do; looks once more where the client did not say."""

from __future__ import annotations

import socket
import ssl

from ecgmon.firmware_bridge.errors import BrokerCertificateError, BrokerRefusedError, BrokerUnreachableError
from ecgmon.monitor.core.errors import SourceError

LOOK_S = 2.0
"""Longest wait for a broker's answer when it is looked at once more."""

_BAD_LOGIN = {4, 5, 134, 135}
_BAD_VERSION = {1, 132}
_BAD_CLIENT_ID = {2, 133}
"""Reason codes of MQTT 3.1.1 and 5."""

_EXPIRED, _NOT_YET_VALID = 10, 9
_WRONG_NAME = {62, 64}
"""What OpenSSL calls faults of a certificate (``X509_V_ERR_…``): its dates, its host or its address."""

_OURS = {
    "CERTIFICATE_REQUIRED": "wants a certificate of ours",
    "HANDSHAKE_FAILURE": "wants a certificate of ours, or speaks another TLS",
    "CERTIFICATE_EXPIRED": "says that our certificate has expired",
    "UNKNOWN_CA": "does not trust our certificate",
    "BAD_CERTIFICATE": "refuses our certificate",
}
"""Ends of the names of TLS alerts that a broker sends about a client's certificate."""


def explained(
    name: str, error: BaseException | None, context: ssl.SSLContext | None, code: int | None = None
) -> SourceError:
    """Return what is wrong with a broker as an error that says what to do.

    May take some seconds: where the client's own error does not tell the cause, the broker is
    looked at once more.

    Parameters
    ----------
    name : str
        ``HOST:PORT``.
    error : BaseException, optional
        What the client raised; its causes are looked at too.
    context : ssl.SSLContext, optional
        How the connection is encrypted; None if it is not.
    code : int, optional
        Reason for which the broker refused the connection, of MQTT 3.1.1 or 5.

    Returns
    -------
    SourceError
        A `BrokerRefusedError`, `BrokerCertificateError` or `BrokerUnreachableError`.
    """
    if code is not None:
        return _refusal(name, code)
    causes = chain(error)
    known: BaseException | None = next(
        (cause for cause in causes if isinstance(cause, ssl.SSLError | socket.gaierror)), None
    )
    if known is None and not any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        found = _look(name, context)
        if isinstance(found, SourceError):
            return found
        known = found
    if isinstance(known, ssl.SSLCertVerificationError):
        return _theirs(name, known)
    if isinstance(known, ssl.SSLError):
        return _disagreement(name, known)
    if isinstance(known, socket.gaierror):
        return BrokerUnreachableError(f"There is no host {name.rpartition(':')[0]!r}.", "Is the name right?")
    return BrokerUnreachableError(
        f"There is no broker at {name} ({error or 'no answer'}).", "Is it running, and the port right?"
    )


def chain(error: BaseException | None) -> list[BaseException]:
    """Return an error and what caused it."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _refusal(name: str, code: int) -> BrokerRefusedError:
    if code in _BAD_LOGIN:
        return BrokerRefusedError(
            f"The broker {name} refuses user name or password.",
            'Set user = "…" and password = "env:NAME" or "file:PATH" in the settings.',
        )
    if code in _BAD_VERSION:
        return BrokerRefusedError(
            f"The broker {name} does not speak this version of MQTT.", 'Set protocol = "3.1.1", or "5".'
        )
    if code in _BAD_CLIENT_ID:
        return BrokerRefusedError(
            f"The broker {name} refuses the client_id.", "Set another, or leave it out."
        )
    return BrokerRefusedError(
        f"The broker {name} refuses the connection (MQTT reason {code}).", "Its log says why."
    )


def _theirs(name: str, error: ssl.SSLCertVerificationError) -> BrokerCertificateError:
    """Return what is wrong with the broker's certificate."""
    reason = error.verify_message.rstrip(".")
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        hint = "Is this machine's clock right? If it is, whoever runs the broker must renew it."
    elif error.verify_code in _WRONG_NAME:
        hint = "Use the name that the certificate is for."
    else:
        hint = "Name the authority that signed it: ca_file."
    return BrokerCertificateError(f"The certificate of {name} is not trusted: {reason}.", hint)


def _disagreement(name: str, error: ssl.SSLError) -> BrokerCertificateError:
    """Return what a broker holds against our certificate, or that it does not speak TLS."""
    reason = error.reason or ""
    for ending, words in _OURS.items():
        if reason.endswith(ending):
            return BrokerCertificateError(
                f"The broker {name} {words}.", "Set cert_file and key_file in the settings."
            )
    return BrokerCertificateError(
        f"{name} does not agree on TLS ({reason or error}).", "Does it speak TLS on this port?"
    )


def _look(name: str, context: ssl.SSLContext | None) -> SourceError | OSError | None:
    """Look at a broker once more, without MQTT, for the cause that a client did not tell."""
    host, _, port = name.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), LOOK_S) as link:
            return _speaks_tls(name, link) if context is None else _shakes_hands(name, link, context)
    except OSError as error:
        return error


def _shakes_hands(name: str, link: socket.socket, context: ssl.SSLContext) -> SourceError | None:
    """Return an error if a broker hangs up where we offer TLS.

    Raises
    ------
    OSError
        The two do not agree, or there is no answer.
    """
    try:
        with context.wrap_socket(link, server_hostname=name.rpartition(":")[0]) as secure:
            # with TLS 1.3 what a broker thinks of our certificate comes behind the handshake
            secure.recv(1)
    except ConnectionError:
        return BrokerCertificateError(f"{name} hangs up on TLS.", "Does it speak TLS on this port?")
    return None


def _speaks_tls(name: str, link: socket.socket) -> SourceError | None:
    """Return an error if a broker wants TLS where we speak without."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(link).close()
    except OSError as error:
        asked = isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")
        if not asked:
            return None
    return BrokerCertificateError(
        f"The broker {name} speaks TLS only.", "Write mqtts:// in the address, or set tls = true."
    )
