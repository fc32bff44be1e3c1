"""Graphs on bound arrays: the same figures as plain runs, at any length, with states that stay."""

import numpy as np
import onnxruntime as ort
import pytest

from ecgmon.monitor.core.bound_graph import MOST_LENGTHS, BoundGraphs
from ecgmon.monitor.core.zoo import shipped_file


@pytest.fixture(scope="module")
def session():
    return ort.InferenceSession(shipped_file("rpeak").read_bytes(), providers=["CPUExecutionProvider"])


def inputs_of(session, length, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {
        item.name: [size if isinstance(size, int) else length for size in item.shape]
        for item in session.get_inputs()
    }
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("length", [1, 5, 45, 200])
def test_a_bound_graph_gives_what_a_plain_run_gives(session, length):
    graph, feed = BoundGraphs(session).at(length), inputs_of(session, length)
    for name, value in feed.items():
        graph.inputs[name][...] = value
    graph.run()
    for item, wanted in zip(session.get_outputs(), session.run(None, feed), strict=True):
        assert np.array_equal(graph.outputs[item.name], wanted)


def test_each_length_keeps_its_arrays_and_only_so_many_lengths_are_kept(session):
    graphs = BoundGraphs(session)
    first = graphs.at(3)
    assert graphs.at(3) is first
    for length in range(10, 10 + MOST_LENGTHS):
        graphs.at(length)
    assert graphs.at(3) is not first


def test_states_are_shared_by_all_lengths_and_may_be_written_where_they_are_read(session):
    state_in, state_out = session.get_inputs()[1], session.get_outputs()[1]
    state = np.zeros(state_in.shape, dtype=np.float32)
    graphs = BoundGraphs(session, {state_in.name: state, state_out.name: state})
    past = 0.0 * state
    for length in (4, 7, 4):
        feed = {**inputs_of(session, length, seed=length), state_in.name: past}
        for name, value in feed.items():
            if name != state_in.name:
                graphs.at(length).inputs[name][...] = value
        graphs.at(length).run()
        past = session.run([state_out.name], feed)[0]
        assert np.array_equal(state, past)
