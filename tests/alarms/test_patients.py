"""Alarms with limits of their own for one patient, whose name stays in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgmon.monitor.core.errors import SettingsError
from ecgmon.monitor.outputs.store import StoreOutput
from ecgmon.monitor.run.settings import MonitorSettings, load_settings
from ecgmon.monitor.store.settings import StoreSettings

TEXT = """
[alarms.heart_rate_high]
limit_bpm = 130

[patients.bed-3]
name = "Jane Roe"
[patients.bed-3.alarms.heart_rate_high]
limit_bpm = 160
[patients.bed-3.alarms.asystole]
limit_s = 5
"""


def load(folder: Path, text: str = TEXT) -> MonitorSettings:
    path = folder / "ecgmon.toml"
    path.write_text(text)
    return load_settings(path)


def test_a_patient_has_limits_of_their_own_and_shares_the_rest(tmp_path):
    settings = load(tmp_path)
    own, others = settings.alarms_of("bed-3"), settings.alarms_of("bed-4")
    assert (own.heart_rate_high.limit_bpm, others.heart_rate_high.limit_bpm) == (160, 130)
    assert (own.asystole.limit_s, others.asystole.limit_s) == (5, 4)
    assert own.asystole.latching
    assert own.heart_rate_low == others.heart_rate_low


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("[patients.x.alarms.asistole]", "asistole"),
        ("[patients.x.alarms.asystole]\nlimit_s = 900", "asystole.limit_s"),
        ("[patients.x]\nnmae = 'y'", "nmae"),
    ],
)
def test_a_wrong_patient_setting_is_refused_by_name(tmp_path, line, named):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, line)
    assert named in str(caught.value)
    assert "ecgmon.toml" in str(caught.value)


def test_the_name_is_in_the_store_and_shown_nowhere_else(tmp_path):
    settings = load(tmp_path)
    assert "Jane Roe" not in repr(settings)
    store = StoreOutput(StoreSettings(address=str(tmp_path / "e.db")), names=settings.names())
    with store as output:
        assert output.store.patients() == {"bed-3": "Jane Roe"}
