"""The benchmark of lost samples loses what it says, builds the trials it says, and counts what was told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.loss.losses import BY_NAME, LOSSES, UNDISTURBED, blocks
from benchmarks.loss.standing import heart_rate_known_s, length_s, technical_spans
from benchmarks.loss.told import Told, Verdict, failures, table, told_without_loss
from benchmarks.loss.trials import FS_HZ, SLOW_BPM, TAIL_S, Sinus, flat, joined, slowed
from ecgmon.monitor.core.events import Alarm, HeartRate
from ecgmon.sim.library import BUNDLED
from ecgmon.sim.synthetic import Episode, SyntheticSettings, synthesise

ROOT = Path(__file__).parents[2]
HOUR = round(3600 * FS_HZ)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_each_loss_takes_the_share_that_it_states_and_the_same_each_time(loss):
    lost = loss.of(HOUR, FS_HZ, "a")
    assert lost.mean() == pytest.approx(loss.share, rel=0.15)
    np.testing.assert_array_equal(lost, loss.of(HOUR, FS_HZ, "a"))
    assert (lost != loss.of(HOUR, FS_HZ, "b")).any()


@pytest.mark.parametrize("loss", [UNDISTURBED, *LOSSES], ids=lambda loss: loss.name)
def test_the_blocks_hold_every_sample_that_is_left_and_no_other(loss):
    samples_mv = np.arange(5000.0)
    lost = loss.of(samples_mv.size, FS_HZ, "a")
    made = list(blocks(samples_mv, lost, FS_HZ))
    np.testing.assert_array_equal(np.concatenate([block.samples_mv[0] for block in made]), samples_mv[~lost])
    assert all(block.samples_mv[0, 0] == block.start for block in made)


@pytest.fixture(scope="module")
def before():
    made = synthesise([Episode(seconds=100, bpm=60)], SyntheticSettings(noise_mv=0.01))
    return Sinus("made", made.samples_mv, made.r_samples, int(made.r_samples[74] + 0.45 * FS_HZ))


def test_a_standstill_holds_the_noise_of_the_lead_and_no_wave(before):
    standstill = flat(before)
    assert standstill.size == round(TAIL_S * FS_HZ)
    assert 0.005 < standstill.std() < 0.02
    assert np.abs(standstill).max() < 0.1


def test_a_bradycardia_has_whole_beats_two_seconds_apart(before):
    slow = slowed(before)
    peaks = np.flatnonzero(slow > 0.7)
    r_waves = peaks[np.diff(peaks, prepend=-HOUR) > FS_HZ / 2]
    np.testing.assert_allclose(np.diff(r_waves) / FS_HZ, 60 / SLOW_BPM, atol=0.02)
    assert r_waves.size == pytest.approx(TAIL_S * SLOW_BPM / 60, abs=1)


def test_what_is_joined_has_no_step():
    steps = np.diff(joined(np.full(400, 3.0), np.full(400, -5.0)))
    assert np.abs(steps).max() < 0.01


def alarm(kind, state, at_s, technical=True):
    at = round(at_s * FS_HZ)
    return Alarm(
        sample=at,
        time_s=at_s,
        known_at=at,
        kind=kind,
        state=state,
        technical=technical,
        priority="low",
        message="",
    )


def test_time_with_a_technical_alarm_counts_once_however_many_stand():
    spans = technical_spans(
        [
            alarm("signal_lost", "active", 1),
            alarm("poor_signal", "active", 2),
            alarm("signal_lost", "inactive", 3),
            alarm("asystole", "active", 4, technical=False),
            alarm("poor_signal", "inactive", 5),
            alarm("lead_off", "active", 8),
        ],
        FS_HZ,
        10.0,
    )
    assert spans == [(1.0, 5.0), (8.0, 10.0)]
    assert length_s(spans) == 6.0


def test_a_heart_rate_is_known_from_when_it_is_told_to_when_it_is_taken_back():
    told = [(2, 60.0), (6, 70.0), (12, None), (15, 71.0)]
    events = [HeartRate(sample=0, time_s=0.0, known_at=round(at_s * FS_HZ), bpm=bpm) for at_s, bpm in told]
    assert heart_rate_known_s(events, FS_HZ, 10.0, 20.0) == pytest.approx(2 + 5)


@pytest.mark.parametrize(
    ("loss", "delays_s", "technical", "held"),
    [
        ("packets, 10 %", {"asystole": 8.9}, False, True),
        ("packets, 10 %", {"asystole": 9.1}, True, False),
        ("packets, 10 %", {"extreme_bradycardia": 5.0}, False, False),
        ("packets, 10 %", {"ventricular_fibrillation": 8.0}, False, True),
        ("packets, 20 %", {}, True, True),
        ("packets, 20 %", {}, False, False),
    ],
)
def test_an_alarm_holds_if_told_in_time_or_under_heavy_loss_a_technical_one(loss, delays_s, technical, held):
    calm = Told("made", {"asystole": 4.0}, before=False, technical=False)
    verdict = Verdict("asystole", 0, calm, Told("made", delays_s, before=False, technical=technical))
    assert verdict.holds(BY_NAME[loss]) is held
    assert len(failures({loss: {"asystole": [verdict]}})) == (not held)


def test_only_trials_count_that_are_told_soon_without_loss_also_when_begun_later():
    def run(jobs, _):
        late = {(1, 0.0), (2, 5.0)}
        delays_s = [11.0 if (job.number, job.skip_s) in late else 4.0 for job in jobs]
        return [
            Told("made", {"asystole": delay_s}, before=job.number == 4, technical=False)
            for job, delay_s in zip(jobs, delays_s, strict=True)
        ]

    told, tried = told_without_loss("asystole", 4, "", run)
    assert (list(told), tried) == ([0, 3, 5, 6], 7)
    assert table({"asystole": ({}, 40)}, {})[-1] == "| none | 0 of 40 tried |"


def test_it_runs_and_prints_both_tables():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.loss", "--data-dir", BUNDLED, "--processes", "1"),
            *("--minutes", "0.5", "--records", "100", "--trials", "1", "--kinds", "asystole"),
            *("--losses", "1 sample in 1000"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    assert rows == 2 * ["loss", "---", "none", "1 sample in 1000"]
    assert "| 1 of 1 tried, 4." in done.stdout
