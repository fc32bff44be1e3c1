"""Tells people: by apprise (e-mail, Telegram, ntfy, desktop and a hundred more) and by webhook."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ecgmon.monitor.core.config import Settings
from ecgmon.monitor.core.errors import OutputError, SettingsError
from ecgmon.monitor.core.events import Alarm, Event, Priority, to_json
from ecgmon.monitor.core.extras import missing_extra
from ecgmon.monitor.core.secrets import Secret, is_elsewhere, resolve
from ecgmon.monitor.outputs.kind import OutputKind
from ecgmon.monitor.outputs.queued import Message, QueuedOutput, Sink

PRIORITIES: Sequence[Priority] = ("high", "medium", "low")
WEBHOOK_TIMEOUT_S = 10.0


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
    """

    urls: tuple[Secret, ...] = Field(min_length=1, repr=False)
    second: tuple[Secret, ...] = Field(default=(), repr=False)
    priority: Priority = "high"
    technical: bool = True
    ended: bool = False


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
    """

    url: Secret = Field(min_length=1, repr=False)
    token: Secret | None = Field(default=None, repr=False)
    priority: Priority = "low"

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
    """Tells the begin of alarms, and what nobody acknowledged to the second recipients.

    Parameters
    ----------
    settings : NotifySettings
        Who is told what.

    Raises
    ------
    MissingExtraError
        apprise is not installed.
    SettingsError
        An address is not understood.
    """

    name = "Notification"

    def __init__(self, settings: NotifySettings) -> None:
        self.settings = settings
        self._first = _recipients(settings.urls, "outputs.notify.urls")
        self._second = self._first
        if settings.second:
            self._second = _recipients(settings.second, "outputs.notify.second")

    def messages(self, event: Event) -> Iterable[Message]:
        """See `Sink.messages`."""
        if not isinstance(event, Alarm) or not is_wanted(event, self.settings.priority):
            return
        if event.technical and not self.settings.technical:
            return
        over = event.state in ("inactive", "latched")
        if event.state == "active" or event.escalation or (over and self.settings.ended):
            yield Message("", event, lasting=True)

    def send(self, message: Message) -> None:
        """See `Sink.send`."""
        alarm: Alarm = message.body
        recipients = self._second if alarm.escalation else self._first
        kind = "failure" if alarm.priority == "high" else "warning"
        title = f"{alarm.device}: {alarm.kind.replace('_', ' ')}"
        if not recipients.notify(body=alarm.message, title=title, notify_type=kind):
            raise OutputError("Not every recipient could be told")


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
        self._headers = {"Content-Type": "application/json", "User-Agent": "ecgmon"}
        if settings.token is not None:
            token = resolve(settings.token, "outputs.webhook.token")
            self._headers["Authorization"] = f"Bearer {token}"

    def messages(self, event: Event) -> Iterable[Message]:
        """See `Sink.messages`."""
        if isinstance(event, Alarm) and is_wanted(event, self._settings.priority):
            yield Message("", to_json(event), lasting=True)

    def send(self, message: Message) -> None:
        """See `Sink.send`."""
        body = json.dumps({**message.body, "at": message.made}).encode()
        import urllib.request  # noqa: PLC0415 - who posts nothing loads no HTTP

        request = urllib.request.Request(self._url, body, self._headers, method="POST")  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_S):  # noqa: S310 - checked above
            pass


def _recipients(urls: Sequence[str], key: str) -> Any:
    try:
        apprise = importlib.import_module("apprise")
    except ImportError as error:
        raise missing_extra("The output [outputs.notify]", "apprise", "notify") from error
    recipients = apprise.Apprise()
    for number, url in enumerate(urls):
        with warnings.catch_warnings():  # apprise loads modules that are about to be removed
            warnings.simplefilter("ignore", DeprecationWarning)
            understood = recipients.add(resolve(url, key))
        if not understood:
            raise SettingsError(f"{key}: address {number + 1} is not one that apprise understands.")
    return recipients


NOTIFY = OutputKind(
    "Alarms to people, by apprise",
    NotifySettings,
    lambda settings, _: QueuedOutput(NotifySink(settings)),
)
WEBHOOK = OutputKind(
    "Alarms to a web address",
    WebhookSettings,
    lambda settings, _: QueuedOutput(WebhookSink(settings)),
)
