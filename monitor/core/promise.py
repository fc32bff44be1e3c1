"""What the contract checks of parts say when a promise is broken."""

from __future__ import annotations


def promise(kept: bool, words: str) -> None:
    """Do nothing if a promise is kept.

    Parameters
    ----------
    kept : bool
        Whether it is.
    words : str
        The promise.

    Raises
    ------
    AssertionError
        It is not.
    """
    if not kept:
        raise AssertionError(f"Broken promise: {words}.")
