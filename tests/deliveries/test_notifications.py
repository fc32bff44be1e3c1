"""Notifications and webhook, against a real web server that refuses and hangs."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError
from wire_helpers import wait_for

from ecgmon.monitor.core.errors import MissingExtraError, SettingsError
from ecgmon.monitor.outputs.notify import NotifySettings, NotifySink, WebhookSettings, WebhookSink
from ecgmon.monitor.outputs.queued import QueuedOutput


def notifier(port: int, **settings: object) -> QueuedOutput:
    url = f"json://127.0.0.1:{port}"
    return QueuedOutput(NotifySink(NotifySettings(urls=(url,), **settings)), first_pause_s=0.05)  # type: ignore[arg-type]


def webhook(port: int, **settings: object) -> QueuedOutput:
    url = f"http://127.0.0.1:{port}/hook"
    return QueuedOutput(WebhookSink(WebhookSettings(url=url, **settings)), first_pause_s=0.05)  # type: ignore[arg-type]


def test_people_are_told_of_an_alarm(web, make_alarm):
    with notifier(web.port) as output:
        output.write([make_alarm(message="No beat for 4 s", device="bed 3")])
        assert wait_for(lambda: len(web.posts) == 1)
    post = web.posts[0][1]
    assert (post["title"], post["message"]) == ("bed 3: asystole", "No beat for 4 s")
    assert post["type"] == "failure"


def test_only_what_was_asked_for_is_told(web, make_alarm):
    with notifier(web.port, priority="medium", technical=False) as output:
        output.write(
            [
                make_alarm("pvc", priority="low"),
                make_alarm("lead_off", priority="medium", technical=True),
                make_alarm("asystole", state="inactive"),
                make_alarm("asystole", state="silenced"),
                make_alarm("pause", priority="medium"),
            ]
        )
        assert wait_for(lambda: len(web.posts) == 1)
        time.sleep(0.1)
    assert [post["title"] for _, post in web.posts] == ["ecg: pause"]


def test_what_nobody_acknowledged_goes_to_the_second_recipient(web, make_alarm):
    second = f"json://127.0.0.1:{web.port}/second?+X-Second=yes"
    with notifier(web.port, second=(second,)) as output:
        output.write([make_alarm(), make_alarm(escalation=1, message="Nobody acknowledged")])
        assert wait_for(lambda: len(web.posts) == 2)
    assert ["X-Second" in headers for headers, _ in web.posts] == [False, True]


def test_a_service_that_refuses_is_tried_again(web, make_alarm):
    web.status = 503
    with webhook(web.port) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: output.problem is not None)
        web.status = 200
        assert wait_for(lambda: len(web.posts) == 1)
        assert wait_for(lambda: output.problem is None)


def test_a_service_that_hangs_delays_no_other(web, make_alarm):
    web.hang.set()
    with webhook(web.port) as slow:
        begin = time.perf_counter()
        slow.write([make_alarm() for _ in range(100)])
        assert time.perf_counter() - begin < 0.2
        web.hang.clear()
        web.release.set()
        assert wait_for(lambda: len(web.posts) == 100)


def test_the_webhook_gets_the_alarm_and_the_token(web, make_alarm, monkeypatch):
    monkeypatch.setenv("HOOK_TOKEN", "abc")
    with webhook(web.port, token="env:HOOK_TOKEN") as output:
        output.write([make_alarm()])
        assert wait_for(lambda: len(web.posts) == 1)
    headers, body = web.posts[0]
    assert headers["Authorization"] == "Bearer abc"
    assert (body["kind"], body["state"]) == ("asystole", "active")


@pytest.mark.parametrize("url", ["ftp://host/x", "host/x", ""])
def test_a_webhook_must_be_a_web_address(url):
    with pytest.raises(ValidationError):
        WebhookSettings(url=url)


def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it():
    with pytest.raises(SettingsError) as caught:
        NotifySink(NotifySettings(urls=("nonsense://secret-token",)))
    assert "secret-token" not in str(caught.value)
    assert "address 1" in str(caught.value)


def test_addresses_are_never_shown():
    settings = NotifySettings(urls=("ntfy://secret-topic",), second=("tgram://secret-bot",))
    assert "secret" not in repr(settings)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r"apprise, which is not installed.*\[notify\]'"):
        NotifySink(NotifySettings(urls=("ntfy://topic",)))
