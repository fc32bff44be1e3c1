"""Each storage format gives back what was packed into it, to the last odd sample, as wfdb does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files import Signal, pack, ramp, write
from hypothesis import given
from hypothesis import strategies as st

from ecgmon.monitor.wfdb.formats import DIFFERENCES, FORMATS, MISSING
from ecgmon.monitor.wfdb.reader import read_wfdb

BITS = {16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10}


@pytest.mark.parametrize("number", sorted(BITS))
@given(data=st.data())
def test_samples_come_back_as_they_were_packed(number: int, data: st.DataObject) -> None:
    edge = 2 ** (BITS[number] - 1)
    values = data.draw(st.lists(st.integers(-edge, edge - 1), max_size=20))
    packed = np.frombuffer(pack(number, np.array(values, dtype=np.int64)), np.uint8)
    form = FORMATS[number]
    assert form.decode(packed[: form.n_bytes(len(values))], len(values)).tolist() == values


@pytest.mark.parametrize("number", sorted(FORMATS))
@given(n=st.integers(0, 10_000))
def test_a_file_of_just_the_bytes_needed_holds_just_the_samples(number: int, n: int) -> None:
    form = FORMATS[number]
    # the third sample of a block of format 310 lies in the bytes of the other two
    assert form.n_samples(form.n_bytes(n)) == (n + 1 if number == 310 and n % 3 == 2 else n)
    assert n == 0 or form.n_samples(form.n_bytes(n) - 1) < n


@pytest.mark.parametrize("number", sorted(BITS))
def test_the_lowest_value_of_a_format_means_missing(number: int, tmp_path: Path) -> None:
    lowest = -(2 ** (BITS[number] - 1))
    assert MISSING[number] == lowest
    values = np.array([1, lowest, 3])
    record = read_wfdb(write(tmp_path, "rec", [Signal(values, gain="1/mV")], number=number))
    np.testing.assert_array_equal(record.samples_mv()[0], [1, np.nan, 3])


def test_sums_of_differences_begin_at_the_first_value_of_the_header(tmp_path: Path) -> None:
    values = np.array([500, 510, 480, 607, 480])
    record = read_wfdb(write(tmp_path, "rec", [Signal(values, gain="1/mV")], number=DIFFERENCES))
    np.testing.assert_array_equal(record.samples_mv()[0], values)


@pytest.mark.parametrize("number", [8, 16, 24, 32, 61, 80, 160, 212, 310, 311])
@pytest.mark.parametrize("n", [1, 2, 3, 100, 101])
def test_the_wfdb_package_reads_the_same(number: int, n: int, tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    signals = [Signal(ramp(n, 3, span=100), name="I"), Signal(ramp(n, 5, 9, span=90), name="II")]
    stem = write(tmp_path, "rec", signals, number=number)
    if number == DIFFERENCES:  # the packer above takes differences of neighbours in the file
        stem = write(tmp_path, "rec", signals[:1], number=number)
    expected = wfdb.rdrecord(str(stem), physical=False).d_signal.T
    (stretch,) = read_wfdb(stem).stretches
    np.testing.assert_array_equal(stretch.digital, expected)
