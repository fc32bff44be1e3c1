"""Reads files of learned parts only when they prove themselves whole: graphs and plain numbers alike."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.core.model_contract import PREFIX, REPLACE_HINT, Contract

_DIGEST = re.compile(rb'ecgmon\.sha256(?:\x12\x40|": ")([0-9a-f]{64})')
"""The checksum as protobuf writes it (key, then field 2 of 64 bytes), or as JSON does."""

BLANK_DIGEST = "0" * 64
"""Stands for the checksum while it is being computed."""

WEIGHTS = "weights"
"""Key of the numbers in a JSON file of them."""


def sealed_digest(data: bytes) -> tuple[str, str] | None:
    """Return the checksum a model file states and the one it has.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    tuple of str, or None
        Stated and actual SHA-256; None if the file states none. The actual one is that of the
        file with the stated value replaced by zeros, so it covers graph, weights and metadata.
    """
    found = _DIGEST.search(data)
    if found is None:
        return None
    start, stop = found.span(1)
    digest = hashlib.sha256(data[:start] + BLANK_DIGEST.encode() + data[stop:]).hexdigest()
    return found.group(1).decode(), digest


def read_sealed(path: Path) -> bytes:
    """Return the bytes of a model file once it has proven whole.

    Raises
    ------
    ModelError
        The file cannot be read, is foreign or cut short, or was changed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: the model cannot be read ({error.strerror}).", "Name a file that exists."
        ) from None
    digests = sealed_digest(data)
    if digests is None:
        raise ModelError(
            f"{path}: this is no ecgmon model, or it is cut short: it states no checksum.",
            "Fetch it again, or pick one that `ecgmon models` lists.",
        )
    if digests[0] != digests[1]:
        raise ModelError(
            f"{path}: the model was changed or damaged: its checksum is {digests[1][:12]}…, "
            f"but it states {digests[0][:12]}….",
            "Fetch it again from where you trust it.",
        )
    return data


def check_kind(metadata: Mapping[str, str], kinds: Collection[str], source: str) -> None:
    """Refuse a file of another kind than can be served.

    Parameters
    ----------
    metadata : mapping of str to str
        Of the file.
    kinds : collection of str
        Kinds that the caller serves; any kind if there are none.
    source : str
        Name of the file, for messages.

    Raises
    ------
    ModelError
        It is of another kind, or does not say of which.
    """
    kind = metadata.get(PREFIX + "kind")
    if kind is None:
        raise ModelError(f"{source}: the metadata lacks {PREFIX}kind.", REPLACE_HINT)
    if kinds and kind not in kinds:
        raise ModelError(
            f"{source}: its contract is {kind}, but {' or '.join(sorted(kinds))} is served.", REPLACE_HINT
        )


def open_weights(path: Path, *kinds: str, names: Collection[str] = ()) -> tuple[dict[str, Any], Contract]:
    """Open a file of plain numbers: a sealed part too small for a graph.

    Parameters
    ----------
    path : Path
        A JSON file with the metadata of a `Contract`, and the numbers under ``weights``.
    *kinds : str
        Kinds of contract that can be served; any if none is named.
    names : collection of str
        Numbers that must be there.

    Returns
    -------
    tuple
        The numbers by name, and the contract.

    Raises
    ------
    ModelError
        The file cannot be read, is foreign, damaged or of another kind.
    """
    data = read_sealed(path)
    try:
        content = json.loads(data)
        weights = dict(content.pop(WEIGHTS))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: these are no weights of ecgmon ({error}).", REPLACE_HINT) from None
    check_kind(content, kinds, str(path))
    missing = [name for name in names if name not in weights]
    if missing:
        raise ModelError(f"{path}: it lacks the weights {', '.join(missing)}.", REPLACE_HINT)
    return weights, Contract.from_metadata(content, str(path))
