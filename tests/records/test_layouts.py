"""Records of any layout are read: frames, skew, offsets, several files, segments of their own gain, gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files import Signal, ramp, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.wfdb.annotations import Annotation, annotation_bytes
from ecgmon.monitor.wfdb.reader import read_wfdb

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_a_signal_of_four_samples_a_frame_is_read_at_its_own_rate(tmp_path: Path) -> None:
    ecg, breath = ramp(400, 3), ramp(100)
    stem = write(
        tmp_path, "rec", [Signal(ecg, spf=4, name="II"), Signal(breath, gain="10/NU", name="Resp")], fs="62.5"
    )
    record = read_wfdb(stem)
    assert (record.fs_hz, record.leads, record.n_samples) == (250, ("II",), 400)
    np.testing.assert_allclose(record.samples_mv()[0], ecg / 200)
    assert record.left_out == ("Resp",)


def test_leads_of_another_rate_are_left_out_and_those_of_the_ecg_stay(tmp_path: Path) -> None:
    signals = [
        Signal(ramp(800), spf=8, name="EEG Fpz"),
        Signal(ramp(400), spf=4, name="ECG I"),
        Signal(ramp(400), spf=4, name="V5"),
        Signal(ramp(100), name="EOG"),
    ]
    record = read_wfdb(write(tmp_path, "sleep", signals, fs="50"))
    assert (record.fs_hz, record.leads) == (200, ("ECG I", "V5"))
    assert record.left_out == ("EEG Fpz", "EOG")


def test_without_a_name_of_the_ecg_the_fastest_signals_in_volts_are_the_leads(tmp_path: Path) -> None:
    signals = [
        Signal(ramp(100), name="slow"),
        Signal(ramp(200), spf=2, name="fast"),
        Signal(ramp(200), spf=2, name=""),
    ]
    record = read_wfdb(write(tmp_path, "rec", signals))
    assert (record.fs_hz, record.leads) == (500, ("fast", "lead 2"))


def test_a_skew_moves_a_signal_after_its_checksum_was_compared(tmp_path: Path) -> None:
    late, other = ramp(100, 7), ramp(100, 3)
    stem = write(tmp_path, "rec", [Signal(other, name="II"), Signal(late, skew=3, name="V5")])
    samples = read_wfdb(stem).samples_mv()
    np.testing.assert_allclose(samples[0], other / 200)
    np.testing.assert_allclose(samples[1, :97], late[3:] / 200)
    assert np.isnan(samples[1, 97:]).all()


def test_a_negative_skew_leaves_the_beginning_missing(tmp_path: Path) -> None:
    early = ramp(100, 7)
    samples = read_wfdb(write(tmp_path, "rec", [Signal(early, skew=-2)])).samples_mv()[0]
    assert np.isnan(samples[:2]).all()
    np.testing.assert_allclose(samples[2:], early[:-2] / 200)


@pytest.mark.parametrize("skew", [100, 101, 10**6])
def test_a_skew_longer_than_the_record_leaves_nothing_of_the_signal(skew: int, tmp_path: Path) -> None:
    signals = [Signal(ramp(100), name="II"), Signal(ramp(100), skew=skew, name="V5")]
    samples = read_wfdb(write(tmp_path, "rec", signals)).samples_mv()
    assert np.isfinite(samples[0]).all()
    assert np.isnan(samples[1]).all()


def test_skew_counts_frames_of_several_samples(tmp_path: Path) -> None:
    ecg = ramp(80, 3)
    signals = [Signal(ecg, spf=4, skew=2, name="II"), Signal(ramp(20), gain="1/NU", name="Resp")]
    samples = read_wfdb(write(tmp_path, "rec", signals, fs="50")).samples_mv()[0]
    np.testing.assert_allclose(samples[:72], ecg[8:] / 200)
    assert np.isnan(samples[72:]).all()


def test_a_wrong_checksum_is_refused_also_of_a_signal_that_is_not_played(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(50)), Signal(ramp(50), gain="1/mmHg", name="BP", checksum=1)])
    with pytest.raises(RecordError, match="signal 1 does not match the checksum"):
        read_wfdb(stem)


def test_samples_begin_behind_the_offset(tmp_path: Path) -> None:
    ecg = ramp(50, 3)
    stem = write(tmp_path, "A1", [Signal(ecg)], offset=24)
    np.testing.assert_allclose(read_wfdb(stem).samples_mv()[0], ecg / 200)


def test_a_header_without_a_length_takes_it_from_the_file(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(51)), Signal(ramp(51), name="V1")], number=212, length=False)
    assert read_wfdb(stem).n_samples == 51


def test_a_file_longer_than_announced_is_read_as_far_as_announced(tmp_path: Path) -> None:
    ecg = ramp(50)
    stem = write(tmp_path, "rec", [Signal(ecg)])
    with (tmp_path / "rec.dat").open("ab") as file:
        file.write(bytes(462))  # filled up to a block of 512 bytes
    np.testing.assert_allclose(read_wfdb(stem).samples_mv()[0], ecg / 200)


def test_each_lead_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "a", [Signal(ramp(30, 3), name="I")])
    write(tmp_path, "b", [Signal(ramp(30, 5), name="II")], number=212)
    first, second = ((tmp_path / f"{name}.hea").read_text().splitlines()[1] for name in "ab")
    (tmp_path / "rec.hea").write_text(f"rec 2 250 30\n{first}\n{second}\n")
    record = read_wfdb(tmp_path / "rec")
    assert record.leads == ("I", "II")
    np.testing.assert_allclose(record.samples_mv(), np.array([ramp(30, 3), ramp(30, 5)]) / 200)


def test_files_of_different_lengths_are_refused_where_no_length_is_announced(tmp_path: Path) -> None:
    write(tmp_path, "a", [Signal(ramp(30))])
    write(tmp_path, "b", [Signal(ramp(31))])
    lines = [(tmp_path / f"{name}.hea").read_text().splitlines()[1] for name in "ab"]
    (tmp_path / "rec.hea").write_text("\n".join(["rec 2 250", *lines]) + "\n")
    with pytest.raises(RecordError, match="different lengths: 30, 31"):
        read_wfdb(tmp_path / "rec")


def test_a_negative_gain_turns_the_lead_over(tmp_path: Path) -> None:
    samples = read_wfdb(write(tmp_path, "rec", [Signal(ramp(20), gain="-100(5)/mV")])).samples_mv()[0]
    np.testing.assert_allclose(samples, -(ramp(20) - 5) / 100)


def segments(folder: Path, master: str, *lines: str) -> Path:
    name = master.partition("/")[0]
    (folder / f"{name}.hea").write_text("\n".join([master, *lines]) + "\n")
    return folder / name


def test_each_segment_of_a_fixed_layout_keeps_its_own_gain(tmp_path: Path) -> None:
    write(tmp_path, "s1", [Signal(ramp(40, 3), gain="100/mV"), Signal(ramp(40, 5), name="V1")])
    write(
        tmp_path, "s2", [Signal(ramp(60, 7), gain="400(10)/mV"), Signal(ramp(60, 9), name="V1")], number=212
    )
    record = read_wfdb(segments(tmp_path, "rec/3 2 250 130", "s1 40", "~ 30", "s2 60"))
    assert (record.leads, record.n_samples) == (("II", "V1"), 130)
    whole = record.samples_mv()
    np.testing.assert_allclose(whole[0, :40], ramp(40, 3) / 100)
    assert np.isnan(whole[:, 40:70]).all()
    np.testing.assert_allclose(whole[0, 70:], (ramp(60, 7) - 10) / 400)
    np.testing.assert_allclose(whole[1, 70:], ramp(60, 9) / 200)


def test_segments_of_a_variable_layout_are_matched_by_the_names_of_their_signals(tmp_path: Path) -> None:
    (tmp_path / "layout.hea").write_text(
        "layout 3 250 0\n~ 0 200/mV 12 0 0 0 0 II\n~ 0 200/mV 12 0 0 0 0 V\n~ 0 10/mmHg 12 0 0 0 0 ABP\n"
    )
    write(tmp_path, "s1", [Signal(ramp(40, 3), name="V", gain="50/mV")])
    write(tmp_path, "s2", [Signal(ramp(60, 7), name="II"), Signal(ramp(60), gain="10/mmHg", name="ABP")])
    write(tmp_path, "s3", [Signal(ramp(10), gain="10/mmHg", name="ABP")])
    record = read_wfdb(segments(tmp_path, "rec/4 3 250 110", "layout 0", "s1 40", "s3 10", "s2 60"))
    assert record.leads == ("II", "V")
    whole = record.samples_mv()
    assert np.isnan(whole[0, :50]).all()
    np.testing.assert_allclose(whole[1, :40], ramp(40, 3) / 50)
    assert np.isnan(whole[1, 40:]).all()
    np.testing.assert_allclose(whole[0, 50:], ramp(60, 7) / 200)


def test_a_variable_layout_at_the_rate_of_its_frames(tmp_path: Path) -> None:
    (tmp_path / "layout.hea").write_text(
        "layout 2 60 0\n~ 0x4 200/mV 12 0 0 0 0 II\n~ 0 1/NU 12 0 0 0 0 Resp\n"
    )
    write(tmp_path, "s1", [Signal(ramp(10), gain="1/NU", name="Resp"), Signal(ramp(40, 3), spf=4)], fs="60")
    record = read_wfdb(segments(tmp_path, "rec/3 2 60 15", "layout 0", "~ 5", "s1 10"))
    assert (record.fs_hz, record.n_samples) == (240, 60)
    assert np.isnan(record.samples_mv(0, 20)).all()
    np.testing.assert_allclose(record.samples_mv(20, 60)[0], ramp(40, 3) / 200)


@pytest.mark.parametrize(
    ("master", "lines", "reason"),
    [
        ("rec/2 1 250 80", ["s1 40", "gone 40"], "gone.hea is missing"),
        ("rec/1 1 250 41", ["s1 41"], "segment s1 has 40 samples, not the 41 announced"),
        ("rec/1 1 250 50", ["s1 40"], "announces 50 samples and its segments have 40"),
        ("rec/1 1 360 40", ["s1 40"], "segment s1 is of 250 Hz and the record of 360 Hz"),
        ("rec/1 1 250 40", ["rec 40"], "segment rec is made of segments itself"),
        ("rec/2 1 250 80", ["~ 40", "~ 40"], "all its segments are gaps"),
        ("rec/1 1 250 40", ["../s1 40"], "outside its folder"),
        ("rec/2 1 250", ["s1 40", "~ 3000000000"], "longer"),
        ("rec/2 1 250", ["s1 40", f"~ {10**15}"], "longer"),
    ],
)
def test_segments_that_do_not_fit_are_refused(
    master: str, lines: list[str], reason: str, tmp_path: Path
) -> None:
    write(tmp_path, "s1", [Signal(ramp(40))])
    with pytest.raises(RecordError, match=reason):
        read_wfdb(segments(tmp_path, master, *lines))


def test_annotations_count_at_the_rate_of_the_leads(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(400), spf=4), Signal(ramp(100), gain="1/NU", name="Resp")])
    (tmp_path / "rec.atr").write_bytes(annotation_bytes([Annotation(10, "N"), Annotation(99, "V")]))
    reference = read_wfdb(stem).reference
    assert reference is not None
    assert reference.samples.tolist() == [40, 396]


def test_annotations_may_name_the_rate_that_they_count_at(tmp_path: Path) -> None:
    stem = write(tmp_path, "rec", [Signal(ramp(400))])
    notes = [Annotation(0, '"', "## time resolution: 1000"), Annotation(400, "N"), Annotation(802, "V")]
    (tmp_path / "rec.atr").write_bytes(annotation_bytes(notes))
    reference = read_wfdb(stem).reference
    assert reference is not None
    assert reference.samples.tolist() == [100, 200]  # 802 ms are 200.5 samples; the even one is taken
    assert reference.symbols.tolist() == ["N", "V"]


@QUICK
@given(data=st.data())
def test_any_layout_comes_back_as_it_was_written(data: st.DataObject, tmp_path: Path) -> None:
    number = data.draw(st.sampled_from([16, 212]))
    n_frames = data.draw(st.integers(1, 60))
    edge = 2**11 - 1
    signals = []
    for place in range(data.draw(st.integers(1, 4))):
        spf = data.draw(st.integers(1, 3))
        values = data.draw(
            st.lists(st.integers(-edge, edge), min_size=n_frames * spf, max_size=n_frames * spf)
        )
        gain = data.draw(st.sampled_from(["200", "1000(7)/uV", "0.5/V", "12.5(-3)/mV"]))
        skew = data.draw(st.integers(0, 5))
        signals.append(Signal(np.array(values), gain=gain, spf=spf, skew=skew, name=f"V{place + 1}"))
    offset = data.draw(st.sampled_from([0, 1, 24]))
    stem = write(tmp_path, "rec", signals, number=number, offset=offset, length=data.draw(st.booleans()))
    record = read_wfdb(stem)
    fastest = max(signal.spf for signal in signals)
    leads = [signal for signal in signals if signal.spf == fastest]
    assert record.leads == tuple(signal.name for signal in leads)
    assert record.fs_hz == 250 * fastest
    (stretch,) = record.stretches
    for row, signal in zip(stretch.digital, leads, strict=True):
        shift = signal.skew * signal.spf
        expected = np.append(
            signal.samples[shift:], np.full(min(shift, len(signal.samples)), stretch.missing[0])
        )
        np.testing.assert_array_equal(row, expected)


@QUICK
@given(
    parts=st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 500)), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 60), min_size=2, max_size=2),
)
def test_any_slice_of_segments_is_that_of_the_whole(
    parts: list[tuple[int, bool, int]], cuts: list[int], tmp_path: Path
) -> None:
    write(tmp_path, "first", [Signal(ramp(3))])
    lines, expected = ["first 3"], [ramp(3) / 200]
    for place, (n, gap, gain) in enumerate(parts):
        if n and not gap:
            write(tmp_path, f"s{place}", [Signal(ramp(n, 3), gain=f"{gain}/mV")])
        lines.append(f"~ {n}" if gap or not n else f"s{place} {n}")
        expected.append(np.full(n, np.nan) if gap or not n else ramp(n, 3) / gain)
    record = read_wfdb(segments(tmp_path, f"rec/{len(lines)} 1 250", *lines))
    whole = np.concatenate(expected)
    assert record.n_samples == len(whole)
    low, high = sorted(cuts)
    np.testing.assert_allclose(record.samples_mv(low, high)[0], whole[low:high])
    np.testing.assert_allclose(record.samples_mv()[0], whole)
