"""Every kind of alarm keeps the promises that others' must keep, and declares what the settings hold."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from alarm_script import FS, Script
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ecgmon.monitor.alarms import AlarmEngine, AlarmSettings
from ecgmon.monitor.alarms.catalogue import ALARMS, build_conditions, own_kinds, rules_on
from ecgmon.monitor.alarms.condition import Change, Condition, Memory
from ecgmon.monitor.alarms.contract import check_alarm
from ecgmon.monitor.alarms.kind import AlarmKind
from ecgmon.monitor.alarms.rules import AlarmRule, CountRule
from ecgmon.monitor.core.events import Event, HeartRate

REPORTED = {"storage_full", "output_failed", "source_failed"}
"""Kinds that no event shows: the program reports them."""


def eventful() -> list[Event]:
    """Return what happens in a bad ten minutes: something for every kind."""
    script = Script()
    script.good(0, 600)
    script.beats(1, 60, 10).beats(20, 30, 8).beats(40, 170, 60).beats(65, 75, 5)
    script.beats(70, 160, 12, "V").beats(76, 75, 10)
    for at in range(90, 150, 4):
        script.beat(at, "N").beat(at + 0.9, "N").beat(at + 1.2, "V").beat(at + 2.6, "N")
    for at in (160, 170, 180):
        script.beat(at, "N").beat(at + 0.8, "V").beat(at + 1.4, "V").beat(at + 2.2, "N").beat(at + 3, "N")
    script.beats(190, 75, 4).beats(193.2, 120, 3, "V").beats(196, 75, 8)
    script.rhythm(200, "AFIB", 215).rhythm(240, "N", 250).rhythm(260, "VFL", 263).rhythm(280, "N", 283)
    script.beats(284, 75, 12)
    script.rate(300, 150).rate(320, 80).rate(340, 40).rate(360, 70)
    script.quality(370, 375, 0.9, "lead_off").quality(380, 395, 0.1, "noise").good(396, 400)
    script.quality(400, 403, 0.0, "missing").gap(410, 5).good(416, 420)
    script.source(430, "silent").source(435, "streaming").good(436, 440)
    script.source(450, "streaming", battery_percent=9.0).source(460, "streaming", battery_percent=80.0)
    script.source(465, "unreadable").source(468, "streaming")
    script.source(470, "streaming", dropped_blocks=3.0).source(480, "streaming", dropped_blocks=3.0)
    script.quality(490, 495, 1.0, "small").small(490, 0.09).good(495, 500)
    for at in range(500, 510):
        script.gap(at, 0.4)
    return script.good(510, 530).ordered()


EVENTS = eventful()


@pytest.mark.parametrize("name", ALARMS.own_names())
def test_a_kind_of_our_own_keeps_its_promises(name):
    changes = check_alarm(own_kinds()[name], EVENTS, FS)
    begun = [change for change in changes if change.present]
    assert (begun == []) == (name in REPORTED)


@pytest.mark.parametrize("name", sorted(REPORTED))
def test_what_no_event_shows_is_raised_by_report(name):
    engine = AlarmEngine(AlarmSettings(), "ecg", FS)
    engine.report(name, True, "it does not work")
    engine.process([], round(20 * FS))
    assert [alarm.kind for alarm in engine.open_alarms()] == [name]


def test_the_settings_hold_every_kind_in_the_order_of_the_catalogue():
    kinds = [name for name in AlarmSettings.model_fields if not name.endswith("_s")]
    assert kinds == ALARMS.own_names()
    for name, kind in own_kinds().items():
        assert getattr(AlarmSettings(), name) == kind.rule
    urgent = [name for name, kind in own_kinds().items() if kind.rule.priority == "high"]
    assert urgent == kinds[:5]


def test_labels_are_plain_words_and_each_its_own():
    labels = [kind.label for kind in own_kinds().values()]
    assert len(set(labels)) == len(labels)
    assert all(label[0].isupper() and "_" not in label for label in labels)


def test_a_kind_that_is_off_has_no_condition():
    some = AlarmSettings().changed({"asystole": {"enabled": False}, "pause": {"enabled": False}})
    assert set(ALARMS.own_names()) - set(build_conditions(some, FS)) == {"asystole", "pause"}
    assert list(rules_on(some)) == list(build_conditions(some, FS))


def test_each_stream_has_conditions_of_its_own():
    one, other = build_conditions(AlarmSettings(), FS), build_conditions(AlarmSettings(), FS)
    assert all(one[name] is not other[name] for name in one)


def test_a_change_of_settings_tells_what_changed():
    now = AlarmSettings()
    then = now.changed({"asystole": {"limit_s": 5}, "silence_s": 60, "pause": {"enabled": False}})
    assert now.differences(then) == [
        "silence_s: 120.0 to 60.0",
        "asystole.limit_s: 4.0 to 5.0",
        "pause.enabled: True to False",
    ]
    assert now.differences(now) == []


def test_a_kind_that_is_not_known_is_refused():
    with pytest.raises(ValidationError):
        AlarmSettings.model_validate({"tachykardia": {}})
    with pytest.raises(ValidationError):
        AlarmSettings().changed({"tachykardia": {"limit_bpm": 3}})


@given(
    st.lists(st.sampled_from(EVENTS), max_size=60).map(lambda some: sorted(some, key=lambda e: e.known_at))
)
@settings(max_examples=40, deadline=None)
def test_no_order_of_events_breaks_a_condition(events):
    for name, kind in own_kinds().items():
        changes = check_alarm(kind, events, FS)
        assert all(isinstance(change, Change) for change in changes), name


@dataclass(slots=True)
class HiddenMemory(Memory):
    """What the state shows."""

    count: int = 0


class Fine(Condition[HiddenMemory]):
    """Present while the rate is above the limit."""

    listens = frozenset({HeartRate})

    def __init__(self, rule: CountRule) -> None:
        super().__init__(HiddenMemory())
        self._limit = rule.limit_per_min

    def observe(self, event: Event) -> Change | None:
        assert isinstance(event, HeartRate)
        high = (event.bpm or 0) > self._limit
        if high == self.memory.present:
            return None
        return self.begin(event.sample, "High") if high else self.end(event.sample, "Over")


class Twice(Fine):
    """Says the same again and again."""

    def observe(self, event: Event) -> Change | None:
        return self.begin(event.sample, "High")


class Hidden(Fine):
    """Keeps what it knows where no state holds it."""

    seen = False

    def observe(self, event: Event) -> Change | None:
        change = super().observe(event) if self.seen else None
        self.seen = True
        return change


class Mute(Fine):
    """Says nothing."""

    def begin(self, sample: int, message: str) -> Change:
        return super().begin(sample, "")


class Stuck(Fine):
    """Has a deadline that never passes."""

    def due(self) -> int | None:
        return 0


class Deaf(Fine):
    """Does not say properly what it listens to."""

    listens = (HeartRate,)


def kind_of(condition: type[Fine]) -> AlarmKind:
    return AlarmKind("Rate", CountRule(limit_per_min=100), lambda rule, _: condition(rule))


RATES = Script().rate(10, 150).rate(20, 80).rate(30, 160).rate(40, 80).ordered()


def test_a_condition_that_is_fine_passes():
    assert [change.present for change in check_alarm(kind_of(Fine), RATES, FS)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Twice, "begin and end take turns"),
        (Hidden, "saved as JSON and restored"),
        (Mute, "a message of one plain line"),
        (Stuck, "no longer due"),
        (Deaf, "in `listens`"),
    ],
)
def test_each_promise_that_is_broken_is_named(condition, words):
    with pytest.raises(AssertionError, match=f"Broken promise: .*{words}"):
        check_alarm(kind_of(condition), RATES, FS)


def test_a_kind_of_alarm_is_checked_where_it_is_declared():
    with pytest.raises(TypeError, match="AlarmRule"):
        AlarmKind("x", {"priority": "low"}, lambda *_: None)
    with pytest.raises(TypeError, match="function"):
        AlarmKind("x", AlarmRule(), "condition")
