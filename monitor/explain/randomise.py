"""Takes from a model what it has learnt, to see whether its explanations notice (needs ``onnx``)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from monitor.errors import MissingExtraError

Depth = Literal["head", "all"]
DEPTHS: tuple[Depth, ...] = ("head", "all")

LEAST_VALUES = 8
"""Constants smaller than this are shapes and limits, not weights."""


def shuffled(model: bytes, seed: int, depth: Depth) -> bytes:
    """Return a model whose weights are shuffled, each tensor within itself.

    Parameters
    ----------
    model : bytes
        An ONNX file with an output ``probabilities``.
    seed : int
        Seed of the order.
    depth : {"head", "all"}
        Shuffle the last weights before the probabilities only, or all that lead to them.

    Raises
    ------
    MissingExtraError
        The onnx package is not installed.

    References
    ----------
    Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292.
    """
    try:
        import onnx  # noqa: PLC0415 - its absence is an answer, not an accident
    except ImportError as error:
        raise MissingExtraError(
            "Shuffling a model's weights needs onnx.", "Install it: pip install 'ecgmon[explain]'"
        ) from error
    proto = onnx.load_from_string(model)
    weights = _weights(proto.graph)
    random = np.random.default_rng(seed)
    for tensor in weights[-1:] if depth == "head" else weights:
        values = onnx.numpy_helper.to_array(tensor)
        mixed = random.permutation(values.ravel()).reshape(values.shape)
        tensor.CopyFrom(onnx.numpy_helper.from_array(mixed, tensor.name))
    return bytes(proto.SerializeToString())


def _weights(graph: Any) -> list[Any]:
    """Return the weights that the probabilities depend on, in the order of their use."""
    needed = {"probabilities"}
    used: list[str] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            used = [*node.input, *used]
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    ordered = list(dict.fromkeys(name for name in used if name in tensors))
    return [
        tensors[name]
        for name in ordered
        if len(tensors[name].dims) > 1
        and tensors[name].data_type == 1
        and np.prod(tensors[name].dims) >= LEAST_VALUES
    ]
