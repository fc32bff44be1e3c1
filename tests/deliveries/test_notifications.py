"""Notifications and webhook, against a real web server that refuses and hangs."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError
from wire_helpers import wait_for

from ecgmon.monitor.core.errors import MissingExtraError, SettingsError
from ecgmon.monitor.outputs.notify import NotifySettings, WebhookSettings, WebhookSink, notify_output
from ecgmon.monitor.outputs.queued import QueuedOutput
from ecgmon.monitor.outputs.recipients import Recipients


def notifier(*ports: int, **settings: object) -> Recipients:
    urls = tuple(f"json://127.0.0.1:{port}" for port in ports)
    return notify_output(NotifySettings(urls=urls, **settings), first_pause_s=0.05)  # type: ignore[arg-type]


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
    told = sorted((post["message"], "X-Second" in headers) for headers, post in web.posts)
    assert told == [("Nobody acknowledged", True), ("asystole is active", False)]


def test_a_service_that_refuses_is_tried_again(web, make_alarm):
    web.status = 503
    with webhook(web.port) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: output.problem is not None)
        web.status = 200
        assert wait_for(lambda: len(web.posts) == 1)
        assert wait_for(lambda: output.problem is None)


@pytest.mark.parametrize("status", [400, 500])
def test_a_recipient_that_refuses_hinders_no_other_and_nobody_is_told_twice(web, bad_web, make_alarm, status):
    bad_web.status = status
    with notifier(bad_web.port, web.port) as output:
        output.write([make_alarm(device=f"bed {i}") for i in range(3)])
        assert wait_for(lambda: len(web.posts) == 3 and bad_web.asked >= 3 and output.problem)
        problem = output.problem or ""
    assert sorted(post["title"] for _, post in web.posts) == [f"bed {i}: asystole" for i in range(3)]
    assert "Notification (urls, address 1)" in problem
    assert f"HTTP {status}" in problem
    assert "address 2" not in problem


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (410, True), (408, False), (429, False), (503, False)]
)
def test_what_a_web_address_refuses_for_ever_is_not_repeated(bad_web, make_alarm, status, final):
    bad_web.status = status
    with webhook(bad_web.port) as output:
        output.write([make_alarm(message="refused")])
        assert wait_for(lambda: output.problem is not None)
        bad_web.status = 200
        output.write([make_alarm(message="next")])
        assert wait_for(lambda: [post["message"] for _, post in bad_web.posts][-1:] == ["next"])
    ids = {headers["X-Message-Id"] for headers, _ in bad_web.posts}
    assert len(ids) == len(bad_web.posts) == (1 if final else 2)
    assert output.set_aside == ({f"refused for ever (HTTP {status})": 1} if final else {})


def test_asystole_behind_many_low_alarms_is_told_next(web, make_alarm):
    web.slow_s = 0.05
    with webhook(web.port) as output:
        output.write([make_alarm("pvc", priority="low") for _ in range(60)])
        assert wait_for(lambda: len(web.posts) > 1)
        told = len(web.posts)
        output.write([make_alarm("asystole")])
        assert wait_for(lambda: len(web.posts) == 61)
    assert [post["kind"] for _, post in web.posts].index("asystole") <= told + 3


def test_what_comes_late_says_of_when_it_is(web, make_alarm, monkeypatch):
    monkeypatch.setattr("ecgmon.monitor.outputs.notify.LATE_S", 0.0)
    with notifier(web.port) as output:
        output.write([make_alarm()])
        assert wait_for(lambda: len(web.posts) == 1)
    assert "(late: of " in web.posts[0][1]["message"]


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
        notify_output(NotifySettings(urls=("nonsense://secret-token",)))
    assert "secret-token" not in str(caught.value)
    assert "address 1" in str(caught.value)


def test_addresses_are_never_shown():
    settings = NotifySettings(urls=("ntfy://secret-topic",), second=("tgram://secret-bot",))
    assert "secret" not in repr(settings)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r"apprise, which is not installed.*\[notify\]'"):
        notify_output(NotifySettings(urls=("ntfy://topic",)))
