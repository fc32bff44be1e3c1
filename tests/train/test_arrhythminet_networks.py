"""The networks are those of the paper, and the exported graph is the network."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from ecgmon.models.arrhythminet.export import as_stored, to_graph
from ecgmon.models.arrhythminet.network import build, grad_cam, parameter_count
from ecgmon.models.common.sealing import seal_graph
from ecgmon.monitor.core.graph_file import session_options
from ecgmon.monitor.inference import find_model

pytestmark = pytest.mark.train

LIMIT_KB = {"v1": 302.18, "v2": 157.76}
LAST_MAP = {"v1": (120, 10), "v2": (190, 10)}
BLOCKS = {"v1": 5, "v2": 7}
VERSIONS = tuple(LIMIT_KB)


def lived_in(version):
    """A network whose batch normalisation has seen data, so that folding it matters."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    network = build(version).eval()
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.weight.uniform_(0.8, 1.6)
                part.bias.normal_(0, 0.3)
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.1, 0.5)
        logits = network(torch.randn(64, 360)).logits
        network.head.weight.div_(logits.std(dim=0)[:, None])
        network.head.bias.copy_(-network(torch.randn(64, 360)).logits.mean(dim=0) + network.head.bias)
    return network


def session_of(network, temperature=1.0):
    contract = find_model("arrhythminet-v1").contract()
    return ort.InferenceSession(seal_graph(to_graph(network, temperature), contract), session_options())


@pytest.mark.parametrize("version", VERSIONS)
def test_size_is_within_the_papers_and_the_last_map_has_ten_points(version):
    network = build(version)
    assert 4 * parameter_count(network) <= LIMIT_KB[version] * 1000
    assert len(network.blocks) == BLOCKS[version]
    logits, features = network(torch.randn(2, 360))
    assert logits.shape == (2, 5)
    assert features.shape == (2, *LAST_MAP[version])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_shipped_file_with_all_it_says_of_itself_has_two_fifths_of_the_papers_size(version):
    assert find_model(f"arrhythminet-{version}").path.stat().st_size <= 0.4 * LIMIT_KB[version] * 1000


@pytest.mark.parametrize("version", VERSIONS)
def test_onnx_gives_the_same_probabilities_as_torch(version):
    network = lived_in(version)
    windows = torch.randn(40, 360)
    probabilities = session_of(network).run(["probabilities"], {"window": windows.numpy()})[0]
    with torch.no_grad():
        expected = torch.softmax(as_stored(network)(windows).logits, dim=1).numpy()
        exact = torch.softmax(network(windows).logits, dim=1).numpy()
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(expected, exact, rtol=0, atol=0.05)


@pytest.mark.parametrize("version", VERSIONS)
def test_onnx_attribution_is_grad_cam_by_automatic_differentiation(version):
    network = lived_in(version)
    windows = torch.randn(40, 360)
    attribution = session_of(network).run(["attribution"], {"window": windows.numpy()})[0]
    expected = grad_cam(as_stored(network), windows).numpy()
    assert (expected.max(axis=1) > 0.99).any()
    np.testing.assert_allclose(attribution, expected, rtol=0, atol=1e-5)


def test_grad_cam_without_any_evidence_is_zero_and_not_nan():
    network = lived_in("v1")
    with torch.no_grad():
        network.head.weight.fill_(-1.0)
        network.head.bias.zero_()
    attribution = session_of(network).run(["attribution"], {"window": torch.randn(4, 360).numpy()})[0]
    assert not attribution.any()


def test_temperature_softens_probabilities_and_leaves_the_reason_alone():
    network = lived_in("v1")
    feed = {"window": torch.randn(20, 360).numpy()}
    sharp, reason = session_of(network).run(["probabilities", "attribution"], feed)
    soft, same = session_of(network, temperature=4.0).run(["probabilities", "attribution"], feed)
    assert (soft.max(axis=1) < sharp.max(axis=1)).all()
    np.testing.assert_array_equal(soft.argmax(axis=1), sharp.argmax(axis=1))
    np.testing.assert_allclose(reason, same, rtol=0, atol=1e-5)


def test_export_leaves_the_network_in_training_mode():
    network = build("v2").train()
    to_graph(network)
    assert network.training


def test_a_point_of_the_last_map_of_v1_sees_a_part_of_the_window_only():
    network = lived_in("v1")
    window = torch.randn(1, 360, requires_grad=True)
    (slope,) = torch.autograd.grad(network.features(window)[0, :, 5].sum(), window)
    seen = torch.nonzero(slope[0]).ravel()
    assert seen.min() > 30
    assert seen.max() - seen.min() <= 290
