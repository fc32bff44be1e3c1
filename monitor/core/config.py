"""The base of every settings class: frozen, closed to unknown keys, with units in the names."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Frozen settings; unknown keys and values outside their limits are refused.

    Each room declares its own subclass beside the code that uses it. Numbers carry
    their unit in the name (``_s``, ``_hz``, ``_mv``, ``_samples``) and their limits in
    ``pydantic.Field``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
