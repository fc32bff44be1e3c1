"""What a model file says about itself, read from its metadata and checked before it is served."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.model_contract import REPLACE_HINT, Contract
from ecgmon.monitor.dsp.segment import LONGEST_SIDE

BEAT_WINDOW = "ecgmon.beat-window/1"
"""Contract: ``window`` (n, 360) in; ``probabilities`` (n, C) and ``attribution`` (n, 360) out."""

BEAT_SEQUENCE = "ecgmon.beat-sequence/1"
"""Contract: described beats of one stream in their order, with explicit memory; see `adaptive`."""

BEAT_KINDS = (BEAT_WINDOW, BEAT_SEQUENCE)
"""Kinds of model that classify beats: those that ``--model`` can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract(Contract):
    """The contract of a classifier of beats.

    Parameters
    ----------
    symbols : tuple of str
        WFDB beat symbol of each output.
    aami : tuple of str
        AAMI class of each output.
    input_hz : float
        Sampling rate of the windows, in Hz.
    window_before, window_after : int
        Samples of the window before the R wave, and from it on.
    normalisation : str
        Name of the normalisation of the windows.
    front_end_version : str
        Version of the operators that made the training windows.
    """

    symbols: tuple[str, ...]
    aami: tuple[str, ...]
    input_hz: float
    window_before: int
    window_after: int
    normalisation: str
    front_end_version: str

    @property
    def window_samples(self) -> int:
        """Length of the window in samples."""
        return self.window_before + self.window_after

    def check(self, source: str) -> None:
        """Refuse classes that do not match their AAMI groups."""
        if len(self.symbols) != len(self.aami) or not set(self.aami) <= set(AAMI_CLASSES):
            raise ModelError(f"{source}: its classes do not match their AAMI groups.", REPLACE_HINT)


def check_servable(
    contract: ModelContract,
    source: str,
    *,
    kinds: Collection[str],
    window: tuple[int, int] | None = None,
    normalisation: str,
    front_end_version: str,
) -> None:
    """Refuse a model that expects windows other than the live operators can make.

    Parameters
    ----------
    contract : ModelContract
        What the file says.
    source : str
        Name of the file, for messages.
    kinds : collection of str
        Kinds of contract the caller can serve.
    window : tuple of int, optional
        Samples before the R wave and from it on that the caller needs. Without it any window of
        at most `LONGEST_SIDE` samples to either side will do: the segmenter cuts what is asked.
    normalisation, front_end_version : str
        Of the live operators.

    Raises
    ------
    ModelError
        Says which term differs, what is served and what to do.
    """
    if contract.kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise ModelError(
            f"{source}: its contract is {contract.kind}, but only {wanted} is served here.", REPLACE_HINT
        )
    terms: tuple[tuple[str, object, object], ...] = (
        ("a sampling rate in Hz of", contract.input_hz, PIPELINE_HZ),
        ("the normalisation", contract.normalisation, normalisation),
        ("the front end version", contract.front_end_version, front_end_version),
    )
    sides = (contract.window_before, contract.window_after)
    if window is not None:
        terms += (("samples before and from the R wave of", sides, window),)
    elif not all(1 <= side <= LONGEST_SIDE for side in sides):
        raise ModelError(
            f"{source}: its window of {sides} samples about the R wave cannot be cut.", REPLACE_HINT
        )
    for what, asked, served in terms:
        if asked != served:
            raise ModelError(f"{source}: it needs {what} {asked}, but {served} is served.", REPLACE_HINT)
