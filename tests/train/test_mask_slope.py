"""The slope that the deletion mask follows is that of automatic differentiation."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from ecgmon.models.arrhythminet.export import as_stored, to_graph
from ecgmon.models.arrhythminet.network import CLASSES, build
from ecgmon.monitor.dsp.segment import BeatWindow, normalise
from ecgmon.monitor.explain.capture import Caught
from ecgmon.monitor.explain.mask import fills, hats, slope_of_surety
from ecgmon.monitor.explain.probe import Probe
from ecgmon.monitor.inference.classification import Classification, Label

pytestmark = pytest.mark.train


class GraphClassifier:
    """Names windows by a graph just exported."""

    contract = type("Contract", (), {"symbols": CLASSES})()

    def __init__(self, network):
        opset = [onnx.helper.make_opsetid("", 17)]
        model = onnx.helper.make_model(to_graph(network), opset_imports=opset, ir_version=8)
        self.session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def name(self, windows):
        feed = {"window": normalise(np.stack([window.samples_mv for window in windows]))}
        rows = self.session.run(["probabilities"], feed)[0].tolist()
        return [Classification(Label("N", "N", dict(zip(CLASSES, row, strict=True)), None)) for row in rows]

    def snapshot(self):
        return {}

    def restore(self, state):
        """Nothing is remembered."""


def test_the_slope_of_the_mask_is_that_of_automatic_differentiation():
    torch.manual_seed(2)
    network = build("v2").eval()
    torch.nn.init.normal_(network.head.weight, std=2.0)
    network = as_stored(network)
    random = np.random.default_rng(2)
    window = np.cumsum(random.normal(size=360)) / 20
    probe = Probe(
        GraphClassifier(network), Caught(BeatWindow(216, 0, window, 359), {}, Label("N", "N", {}, None))
    )
    spread, blank = hats(360), fills(window)[2]
    knots = random.uniform(0.2, 0.8, len(spread))

    free = torch.tensor(knots, requires_grad=True)
    beat, level = torch.tensor(window), torch.tensor(blank)
    masked = beat + (free @ torch.tensor(spread)) * (level - beat)
    centred = masked - masked.mean()
    shape = (centred / centred.square().mean().sqrt()).float()
    chance = torch.softmax(network(shape[None]).logits, dim=1)[0]
    (-torch.log(1 - chance[probe.wanted])).backward()

    measured = slope_of_surety(probe, knots, spread, blank)
    exact = free.grad.numpy()
    assert np.abs(exact).max() > 1e-3
    assert np.corrcoef(measured, exact)[0, 1] > 0.99
    # A nudge may step over the kink of a ReLU, where the slope jumps.
    np.testing.assert_allclose(measured, exact, atol=0.2 * np.abs(exact).max())
