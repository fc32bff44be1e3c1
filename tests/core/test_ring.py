import threading

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecgmon.monitor.core.ring import OverrunError, RingBuffer


@given(
    chunks=st.lists(st.integers(0, 40), min_size=1, max_size=30),
    capacity=st.integers(1, 64),
    first=st.integers(0, 10_000),
)
def test_every_kept_window_holds_what_was_written(chunks, capacity, first):
    ring = RingBuffer(capacity, {"raw": np.nan})
    index = first
    for n in chunks:
        ring.write("raw", index, np.arange(index, index + n, dtype=np.float32))
        index += n
    assume(index > first)
    assert ring.end == index
    start = max(ring.start, first)
    np.testing.assert_array_equal(ring.view("raw", start, ring.end), np.arange(start, ring.end))


def test_a_window_across_the_wrap_is_one_contiguous_view_of_the_buffer():
    ring = RingBuffer(10, {"raw": np.nan})
    ring.write("raw", 0, np.arange(17))
    view = ring.view("raw", 7, 17)
    assert view.flags.c_contiguous
    assert view.base is not None
    assert not view.flags.writeable
    np.testing.assert_array_equal(view, np.arange(7, 17))


def test_a_lagging_row_shows_empty_samples_until_it_is_written():
    ring = RingBuffer(8, {"raw": np.nan, "clean": np.nan, "attribution": 0.0})
    ring.write("raw", 0, np.ones(6))
    ring.write("clean", 0, np.full(4, 2.0))
    assert ring.row_end("clean") == 4
    np.testing.assert_array_equal(ring.view("clean", 2, 6), [2, 2, np.nan, np.nan])
    np.testing.assert_array_equal(ring.view("attribution", 0, 6), np.zeros(6))
    ring.write("raw", 6, np.ones(6))
    np.testing.assert_array_equal(ring.view("clean", 8, 12), np.full(4, np.nan))


def test_samples_skipped_over_read_as_empty():
    ring = RingBuffer(10, {"raw": np.nan})
    ring.write("raw", 0, np.ones(4))
    ring.write("raw", 7, np.ones(2))
    np.testing.assert_array_equal(ring.view("raw", 0, 9), [1, 1, 1, 1, np.nan, np.nan, np.nan, 1, 1])


def test_overlapping_maps_keep_the_larger_value():
    ring = RingBuffer(10, {"raw": np.nan, "attribution": 0.0})
    ring.write("raw", 0, np.ones(10))
    ring.raise_to("attribution", 2, np.array([0.5, 0.5, 0.5]))
    ring.raise_to("attribution", 4, np.array([0.2, 0.9]))
    np.testing.assert_allclose(ring.view("attribution", 0, 7), [0, 0, 0.5, 0.5, 0.5, 0.9, 0])


def test_a_reader_that_fell_behind_is_told_so():
    ring = RingBuffer(10, {"raw": np.nan})
    ring.write("raw", 0, np.arange(10))
    with pytest.raises(OverrunError, match="oldest kept is 5"), ring.window("raw", 2, 8):
        ring.write("raw", 10, np.arange(5))
    with pytest.raises(OverrunError):
        ring.view("raw", 4, 8)


def test_reading_the_future_is_refused():
    ring = RingBuffer(10, {"raw": np.nan})
    ring.write("raw", 0, np.arange(4))
    with pytest.raises(ValueError, match="up to 4"):
        ring.view("raw", 0, 5)


def test_restart_forgets_everything():
    ring = RingBuffer(10, {"raw": np.nan})
    ring.write("raw", 0, np.arange(10))
    ring.restart(3)
    assert (ring.start, ring.end, ring.row_end("raw")) == (3, 3, 3)
    ring.write("raw", 3, np.ones(2))
    np.testing.assert_array_equal(ring.view("raw", 3, 5), [1, 1])


def test_readers_beside_a_writer_never_get_torn_data():
    ring = RingBuffer(4096, {"raw": np.nan})
    stop = threading.Event()
    torn: list[str] = []
    reads = [0]

    def read() -> None:
        while not stop.is_set():
            end = ring.end
            start = max(0, end - 4000)
            try:
                window = ring.copy("raw", start, end)
            except OverrunError:
                continue
            reads[0] += 1
            if not np.array_equal(window, np.arange(start, end, dtype=np.float32)):
                torn.append(f"{start}-{end}")

    reader = threading.Thread(target=read)
    reader.start()
    for index in range(0, 2_000_000, 500):
        ring.write("raw", index, np.arange(index, index + 500, dtype=np.float32))
    stop.set()
    reader.join()
    assert reads[0] > 0
    assert not torn
