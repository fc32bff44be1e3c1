"""Takes from a model what it has learnt, to see whether its explanations notice (needs ``onnx``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.extras import missing_extra

Float32 = NDArray[np.float32]
Depth = Literal["head", "all"]
DEPTHS: tuple[Depth, ...] = ("head", "all")

LEAST_REPEATED = 0.25
"""A tensor that repeats less than this share of its values from the weights does so by accident."""

_STORED = (1, 3, 10)
"""Numbers that ONNX gives to float32, int8 and float16: what weights are stored as."""

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
        raise missing_extra("Shuffling a model's weights", "onnx", "explain") from error
    proto = onnx.load_from_string(model)
    weights = _weights(proto.graph)
    random = np.random.default_rng(seed)
    moved: list[tuple[Float32, Float32]] = []
    for tensor in weights[-1:] if depth == "head" else weights:
        old = onnx.numpy_helper.to_array(tensor)
        new = random.permutation(old.ravel()).reshape(old.shape)
        moved.append((old, new))
        tensor.CopyFrom(onnx.numpy_helper.from_array(new, tensor.name))
    names = {tensor.name for tensor in weights}
    for tensor in proto.graph.initializer:
        if tensor.name not in names and _holds_weights(tensor):
            copied = _copy_moved(onnx.numpy_helper.to_array(tensor), moved)
            tensor.CopyFrom(onnx.numpy_helper.from_array(copied, tensor.name))
    return bytes(proto.SerializeToString())


def _copy_moved(values: Float32, moved: Sequence[tuple[Float32, Float32]]) -> Float32:
    """Return a tensor with whatever it repeats of the weights moved as they were.

    A graph that computes its own gradient holds its weights twice: scaled, or as a part of
    another tensor. A copy that stayed would keep what the model is meant to forget.
    """
    for old, new in moved:
        if old.shape == values.shape:
            top = np.unravel_index(np.abs(old).argmax(), old.shape)
            scale = values[top] / old[top]
            if scale and np.allclose(values, scale * old, rtol=1e-4, atol=1e-7):
                return np.asarray(scale * new, dtype=values.dtype)
    before, after = (np.concatenate([pair[side].ravel() for pair in moved]) for side in (0, 1))
    order = np.argsort(before)
    place = order[np.minimum(np.searchsorted(before[order], values), order.size - 1)]
    same = (before[place] == values) & (values != 0)
    return np.where(same, after[place], values) if same.mean() > LEAST_REPEATED else values


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
    return [tensors[name] for name in ordered if _holds_weights(tensors[name])]


def _holds_weights(tensor: Any) -> bool:
    stored = tensor.data_type in _STORED
    return bool(stored and len(tensor.dims) > 1 and np.prod(tensor.dims) >= LEAST_VALUES)
