"""What a model file says about itself, read from its metadata and checked before it is served."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ecgmon.monitor.core.ecg_codes import AAMI_CLASSES
from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.dsp.segment import LONGEST_SIDE

PREFIX = "ecgmon."
"""Every metadata key of ours begins so."""

BEAT_WINDOW = "ecgmon.beat-window/1"
"""Contract: ``window`` (n, 360) in; ``probabilities`` (n, C) and ``attribution`` (n, 360) out."""

BEAT_SEQUENCE = "ecgmon.beat-sequence/1"
"""Contract: described beats of one stream in their order, with explicit memory; see `adaptive`."""

_RETRAIN = "Use a model made for this version of ecgmon (see `ecgmon models`), or export it anew."


@dataclass(frozen=True, slots=True)
class ModelContract:
    """The contract of one model file.

    Parameters
    ----------
    kind : str
        Kind of contract and its version, such as ``ecgmon.beat-window/1``.
    name, version : str
        Name and version of the model.
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
    training, protocol : str
        Training data, and how it was split and scored.
    scores : mapping of str to float
        Features measured under ``protocol``.
    licence : str
        SPDX expression of the weights, with the attribution of their data.
    sha256 : str
        Digest of the file, taken with this value as zeros.
    extra : mapping of str to str
        Keys beyond these, without the prefix, for other kinds of contract.
    """

    kind: str
    name: str
    version: str
    symbols: tuple[str, ...]
    aami: tuple[str, ...]
    input_hz: float
    window_before: int
    window_after: int
    normalisation: str
    front_end_version: str
    training: str
    protocol: str
    scores: Mapping[str, float]
    licence: str
    sha256: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def window_samples(self) -> int:
        """Length of the window in samples."""
        return self.window_before + self.window_after

    def to_metadata(self) -> dict[str, str]:
        """Return the contract as ONNX metadata, all keys with the prefix."""
        plain = {
            name: value for name in self.__dataclass_fields__ if isinstance(value := getattr(self, name), str)
        }
        plain |= {
            "symbols": json.dumps(self.symbols),
            "aami": json.dumps(self.aami),
            "input_hz": repr(self.input_hz),
            "window_before": str(self.window_before),
            "window_after": str(self.window_after),
            "scores": json.dumps(dict(self.scores)),
            **self.extra,
        }
        return {PREFIX + key: value for key, value in plain.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str) -> ModelContract:
        """Read a contract.

        Parameters
        ----------
        metadata : mapping of str to str
            All metadata of the file.
        source : str
            Name of the file, for messages.

        Raises
        ------
        ModelError
            A key is missing or cannot be read.
        """
        ours = {key.removeprefix(PREFIX): text for key, text in metadata.items() if key.startswith(PREFIX)}
        rest = dict(ours)
        try:
            contract = cls(
                kind=rest.pop("kind"),
                name=rest.pop("name"),
                version=rest.pop("version"),
                symbols=tuple(json.loads(rest.pop("symbols"))),
                aami=tuple(json.loads(rest.pop("aami"))),
                input_hz=float(rest.pop("input_hz")),
                window_before=int(rest.pop("window_before")),
                window_after=int(rest.pop("window_after")),
                normalisation=rest.pop("normalisation"),
                front_end_version=rest.pop("front_end_version"),
                training=rest.pop("training"),
                protocol=rest.pop("protocol"),
                scores={str(key): float(value) for key, value in json.loads(rest.pop("scores")).items()},
                licence=rest.pop("licence"),
                sha256=rest.pop("sha256"),
                extra=rest,
            )
        except KeyError as missing:
            raise ModelError(f"{source}: the metadata lacks {PREFIX}{missing.args[0]}.", _RETRAIN) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{source}: the metadata cannot be read ({error}).", _RETRAIN) from None
        if len(contract.symbols) != len(contract.aami) or not set(contract.aami) <= set(AAMI_CLASSES):
            raise ModelError(f"{source}: its classes do not match their AAMI groups.", _RETRAIN)
        return contract


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
            f"{source}: its contract is {contract.kind}, but only {wanted} is served here.", _RETRAIN
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
        raise ModelError(f"{source}: its window of {sides} samples about the R wave cannot be cut.", _RETRAIN)
    for what, asked, served in terms:
        if asked != served:
            raise ModelError(f"{source}: it needs {what} {asked}, but {served} is served.", _RETRAIN)
