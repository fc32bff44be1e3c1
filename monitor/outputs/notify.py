"""Tells people: by apprise (e-mail, Telegram, ntfy, desktop and a hundred more) and by webhook."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import re
import threading
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import OutputError, SettingsError
from ecgmon.monitor.core.events import Alarm, Event, Priority, to_json
from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.core.secrets import Secret, is_elsewhere, resolve
from ecgmon.monitor.outputs.kind import OutputKind
from ecgmon.monitor.outputs.mailbox import RANKS, Message
from ecgmon.monitor.outputs.queued import FIRST_PAUSE_S, TOO_OLD_S, QueuedOutput, RefusedError, Sink
from ecgmon.monitor.outputs.recipients import Recipients

PRIORITIES: Sequence[Priority] = ("high", "medium", "low")
WEBHOOK_TIMEOUT_S = 10.0
LATE_S = 60.0
PASSING = frozenset({408, 425, 429})
"""Statuses of the 4xx that say "not now": timeout, too early, too many requests."""


class NotifySettings(Settings):
    """Settings of notifications.

    Parameters
    ----------
    urls : tuple of str
        Apprise addresses of the first recipients, such as ``ntfy://topic``;
        ``env:NAME`` and ``file:PATH`` take them from there. None of them is ever logged.
    second : tuple of str
        Addresses told when nobody acknowledged in time.
    priority : {"high", "medium", "low"}
        Alarms of this priority and above are told.
    technical : bool
        Tell technical alarms too.
    ended : bool
        Tell that an alarm is over.
    too_old_s : float
        Age in seconds beyond which an alarm that could not be delivered is set aside.
    """

    urls: tuple[Secret, ...] = Field(min_length=1, repr=False)
    second: tuple[Secret, ...] = Field(default=(), repr=False)
    priority: Priority = "high"
    technical: bool = True
    ended: bool = False
    too_old_s: float = Field(default=TOO_OLD_S, gt=0, le=604_800)


class WebhookSettings(Settings):
    """Settings of the webhook.

    Parameters
    ----------
    url : str
        Gets a POST with the alarm as JSON; ``env:NAME`` and ``file:PATH`` are understood.
    token : str or None
        Sent as ``Authorization: Bearer``; likewise.
    priority : {"high", "medium", "low"}
        Alarms of this priority and above are posted.
    too_old_s : float
        Age in seconds beyond which an alarm that could not be delivered is set aside.
    """

    url: Secret = Field(min_length=1, repr=False)
    token: Secret | None = Field(default=None, repr=False)
    priority: Priority = "low"
    too_old_s: float = Field(default=TOO_OLD_S, gt=0, le=604_800)

    @field_validator("url")
    @classmethod
    def _is_web(cls, url: str) -> str:
        if not (url.startswith(("http://", "https://")) or is_elsewhere(url)):
            raise ValueError("must begin with http://, https://, env: or file:")
        return url


def is_wanted(alarm: Alarm, priority: Priority) -> bool:
    """Tell whether an alarm is at least of a priority."""
    return PRIORITIES.index(alarm.priority) <= PRIORITIES.index(priority)


class NotifySink(Sink):
    """Tells one recipient the begin of alarms, or what nobody acknowledged.

    Parameters
    ----------
    settings : NotifySettings
        What is told.
    key : {"urls", "second"}
        Whether the recipient is one of the first, or of those told when nobody acknowledged.
    number : int
        Which of them, from 0.

    Raises
    ------
    MissingExtraError
        apprise is not installed.
    SettingsError
        The address is not understood.
    """

    def __init__(
        self, settings: NotifySettings, key: Literal["urls", "second"] = "urls", number: int = 0
    ) -> None:
        self.settings = settings
        self.name = f"Notification ({key}, address {number + 1})"
        self._told = {False, True} if not settings.second else {key == "second"}
        self.recipient = f"notify.{key} {_digest(getattr(settings, key)[number])}"
        self._recipient = _recipient(getattr(settings, key)[number], key, number)

    def messages(self, event: Event) -> Iterable[Message]:
        """See `Sink.messages`."""
        if not isinstance(event, Alarm) or not is_wanted(event, self.settings.priority):
            return
        if bool(event.escalation) not in self._told or (event.technical and not self.settings.technical):
            return
        over = event.state in ("inactive", "latched")
        if event.state == "active" or event.escalation or (over and self.settings.ended):
            kind = "failure" if event.priority == "high" else "warning"
            title = f"{event.device}: {event.kind.replace('_', ' ')}"
            yield Message("", (title, event.message, kind), RANKS[event.priority])

    def send(self, message: Message) -> None:
        """See `Sink.send`."""
        title, text, kind = message.body
        if time.time() - message.made > LATE_S:
            text = f"{text} (late: of {time.strftime('%d %b %H:%M:%S', time.localtime(message.made))})"
        with _Answers() as answers:
            told = self._recipient.notify(body=text, title=title, notify_type=kind)
        if not told and answers.status is not None:
            raise answered(answers.status)
        if not told:
            raise OutputError("The recipient could not be told")


class WebhookSink(Sink):
    """Posts each change of an alarm as JSON.

    Parameters
    ----------
    settings : WebhookSettings
        Where to.
    """

    name = "Webhook"

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._url = resolve(settings.url, "outputs.webhook.url")
        if urlsplit(self._url).scheme not in ("http", "https"):
            raise SettingsError("The webhook's address must begin with http:// or https://.")
        self.recipient = f"webhook {_digest(settings.url)}"
        self._headers = {"Content-Type": "application/json", "User-Agent": "ecgmon"}
        if settings.token is not None:
            token = resolve(settings.token, "outputs.webhook.token")
            self._headers["Authorization"] = f"Bearer {token}"

    def messages(self, event: Event) -> Iterable[Message]:
        """See `Sink.messages`."""
        if isinstance(event, Alarm) and is_wanted(event, self._settings.priority):
            yield Message("", to_json(event), RANKS[event.priority])

    def send(self, message: Message) -> None:
        """See `Sink.send`."""
        import urllib.error  # noqa: PLC0415 - who posts nothing loads no HTTP
        import urllib.request  # noqa: PLC0415

        body = json.dumps({**message.body, "at": message.made}).encode()
        headers = {**self._headers, "Idempotency-Key": message.id, "X-Message-Id": message.id}
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_S):  # noqa: S310 - checked above
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise answered(error.code) from error


def answered(status: int) -> OutputError:
    """Return what an HTTP status (RFC 9110) means for a message: refused for ever, or for now."""
    if 400 <= status < 500 and status not in PASSING:
        return RefusedError(f"refused for ever (HTTP {status})")
    return OutputError(f"The recipient answers with HTTP {status}")


class _Answers(logging.Handler):
    """Listens for the HTTP status that apprise logs where a call of this thread fails."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status: int | None = None
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"error=(\d{3})\b", record.getMessage())
        if found and record.thread == self._thread:
            self.status = int(found[1])

    def __enter__(self) -> Self:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _digest(address: str) -> str:
    """Return what tells an address from others, and does not show it."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _recipient(url: str, key: str, number: int) -> Any:
    try:
        apprise = importlib.import_module("apprise")
    except ImportError as error:
        raise missing_extra("The output [outputs.notify]", "apprise", "notify") from error
    recipient = apprise.Apprise()
    with warnings.catch_warnings():  # apprise loads modules that are about to be removed
        warnings.simplefilter("ignore", DeprecationWarning)
        understood = recipient.add(resolve(url, f"outputs.notify.{key}"))
    if not understood:
        raise SettingsError(
            f"outputs.notify.{key}: address {number + 1} is not one that apprise understands."
        )
    # asked by itself a service answers in this thread, where `_Answers` listens
    return recipient[0] if len(recipient) == 1 else recipient


def notify_output(
    settings: NotifySettings, outbox: Path | None = None, first_pause_s: float = FIRST_PAUSE_S
) -> Recipients:
    """Return the output that tells each address by a queue of its own."""
    sinks = [NotifySink(settings, "urls", number) for number in range(len(settings.urls))]
    sinks += [NotifySink(settings, "second", number) for number in range(len(settings.second))]
    return Recipients(
        [QueuedOutput(sink, first_pause_s, settings.too_old_s, outbox=outbox) for sink in sinks]
    )


NOTIFY = OutputKind(
    "Alarms to people, by apprise", NotifySettings, lambda settings, run: notify_output(settings, run.outbox)
)
WEBHOOK = OutputKind(
    "Alarms to a web address",
    WebhookSettings,
    lambda settings, run: QueuedOutput(
        WebhookSink(settings), too_old_s=settings.too_old_s, outbox=run.outbox
    ),
)
