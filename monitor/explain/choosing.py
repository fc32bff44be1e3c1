"""Chooses the beats whose explanations are measured: each class alike, from as many patients as can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ecgmon.monitor.evaluation.annotations import Annotations
from ecgmon.monitor.explain.proof import class_of

SETTLED_S = 30.0
"""Beats before this are left out: a model with a memory knows nothing yet."""

LATEST_S = 600.0
"""Beats behind this are left out, so that a record need not be run to its end."""

Chosen = dict[str, list[tuple[float, str]]]


def choose_beats(
    references: Mapping[str, tuple[Annotations, float]], classes: set[str], per_class: int, seed: int
) -> Chosen:
    """Draw reference beats, in turn from each record that has the class.

    Parameters
    ----------
    references : mapping of str to (Annotations, float)
        By record: its reference, and its sampling rate in Hz.
    classes : set of str
        Classes that the model knows, as `class_of` names them.
    per_class : int
        Beats wanted of each.
    seed : int
        Seed of the choice.

    Returns
    -------
    dict of str to list of (float, str)
        By record: where each beat is, in seconds, and its class.
    """
    random = np.random.default_rng(seed)
    pools: dict[str, dict[str, list[float]]] = {}
    for record, (reference, fs_hz) in references.items():
        times = reference.samples / fs_hz
        for time_s, symbol in zip(times.tolist(), reference.symbols.tolist(), strict=True):
            kind = class_of(symbol)
            if kind in classes and SETTLED_S <= time_s < min(LATEST_S, times[-1] - 2.0):
                pools.setdefault(kind, {}).setdefault(record, []).append(time_s)
    chosen: Chosen = {}
    for kind in sorted(pools):
        drawn = {record: random.permutation(times).tolist() for record, times in pools[kind].items()}
        for record, time_s in _in_turn(drawn)[:per_class]:
            chosen.setdefault(record, []).append((time_s, kind))
    return chosen


def _in_turn(drawn: Mapping[str, list[float]]) -> list[tuple[str, float]]:
    longest = max(map(len, drawn.values()))
    return [
        (record, times[turn])
        for turn in range(longest)
        for record, times in drawn.items()
        if turn < len(times)
    ]
