"""Leads keep their places, whatever order and number a device sends them in."""

from __future__ import annotations

import numpy as np
import pytest

from ecgmon.monitor.core.events import SampleBlock, SettingsChange
from ecgmon.monitor.run.leads import by_row, in_order, shown_with
from ecgmon.monitor.run.stream import Stream


def block(*leads: str, start: int = 0, n: int = 4) -> SampleBlock:
    """Return a block in which each lead holds the length of its name."""
    rows = np.repeat([[float(len(lead))] for lead in leads], n, axis=1)
    return SampleBlock(rows, start, 360.0, "bed", leads)


@pytest.mark.parametrize(
    ("sent", "leads"),
    [
        (("II", "V"), ("II", "V")),
        (("V", "II"), ("II", "V")),
        (("aVR", "V", "II"), ("II", "V", "aVR")),
        (("V",), ("V",)),
        (("II", "II"), ("II", "II")),
    ],
)
def test_the_known_leads_come_first_in_their_order(sent, leads):
    ordered = in_order(block(*sent), ("II", "V"))
    assert ordered.leads == leads
    assert ordered.samples_mv[:, 0].tolist() == [len(lead) for lead in leads]


@pytest.mark.parametrize(
    ("leads", "shown"),
    [
        (("II", "V"), ("II", "V", "I")),
        (("II", "V", "aVL"), ("II", "V", "aVL")),
        (("II", "V", "I", "aVL", "aVR"), ("II", "V", "I", "aVL")),
        (("V", "aVL"), ("V", "aVL", "I")),
    ],
)
def test_a_lead_keeps_its_row_and_a_new_one_takes_a_free_row(leads, shown):
    assert shown_with(("II", "V", "I"), leads, 4) == shown


def test_a_lead_that_is_gone_is_missing_in_its_row():
    rows = by_row(block("II", "aVL"), ("II", "V", "aVL")).samples_mv[:, 0]
    np.testing.assert_array_equal(rows, [2.0, np.nan, 3.0])


def test_a_stream_shows_new_leads_and_forgets_what_their_rows_held():
    stream = Stream("bed", 360.0, ("II", "V"), all_leads=True)
    stream.process(block("II", "V", n=720))
    (change,) = stream.change_leads(("II", "aVL", "aVR"), 720)
    stream.process(block("II", "aVL", "aVR", start=720, n=720))
    assert isinstance(change, SettingsChange)
    assert change.detail == "leads II, aVL, aVR in place of leads II, V"
    assert stream.shown_leads == ("II", "aVL", "aVR")
    raw = {lead: stream.ring.copy(f"raw{lead or ''}", 100, 1300) for lead in range(3)}
    assert np.isfinite(raw[0]).all()
    for lead in (1, 2):
        assert np.isnan(raw[lead][:620]).all()
        np.testing.assert_allclose(raw[lead][700:], 3.0)


def test_a_stream_whose_analysed_lead_is_gone_says_which_one_it_goes_on_with():
    stream = Stream("bed", 360.0, ("II", "V"))
    (change,) = stream.change_leads(("V",), 0)
    assert change.detail.endswith("lead V is analysed, as lead II is gone")
    assert stream.shown_leads == ("V",)
