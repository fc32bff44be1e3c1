"""The one form of a model's card: what it is, what it learnt from, how well it does, where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

from ecgmon.monitor.core.events import PIPELINE_HZ
from ecgmon.monitor.core.model_contract import Contract
from ecgmon.monitor.dsp import FRONT_END_VERSION
from ecgmon.monitor.dsp.segment import SegmentSettings
from ecgmon.monitor.inference.contract import ModelContract

LICENCE = "MIT; trained on data under ODC-By 1.0 (PhysioNet)"
"""Of the weights that ship."""

SECTIONS = ("## Scores", "## Limits", "## Make it again")
FACTS = ("File", "In", "Out", "Size", "Data", "Protocol", "Licence")
"""What every card states, one line each."""


class Plan(Protocol):
    """How a model was trained: what every plan says."""

    @property
    def seed(self) -> int:
        """Random start."""
        ...

    @property
    def steps(self) -> int:
        """Length."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What every file of a model says, and what its card says beyond that, as Markdown.

    Parameters
    ----------
    kind, name, version, training, protocol, licence : str
        As in `Contract`.
    about : str
        What the model does, in a paragraph.
    inputs, outputs : str
        What goes in and comes out, with shapes and units.
    limits : str
        Where it fails.
    commands : sequence of str
        What makes it again, behind ``ecgmon train``; all usual words by default.
    """

    kind: str
    name: str
    version: str
    training: str
    protocol: str
    about: str
    inputs: str
    outputs: str
    limits: str
    commands: Sequence[str] = ()
    licence: str = LICENCE

    def contract(
        self, plan: Plan, records: Sequence[str], scores: Mapping[str, float], terms: Mapping[str, str]
    ) -> Contract:
        """Return what a trained file says of itself.

        Parameters
        ----------
        plan : Plan
            How it was trained.
        records : sequence of str
            On what.
        scores : mapping of str to float
            On patients never seen.
        terms : mapping of str to str
            What the program must serve it with.
        """
        own = {"seed": str(plan.seed), "steps": str(plan.steps), "records": " ".join(records)}
        return Contract(
            kind=self.kind,
            name=self.name,
            version=self.version,
            training=self.training,
            protocol=self.protocol,
            scores=scores,
            licence=self.licence,
            extra={**terms, **own},
        )

    def page(self, contract: Contract, size: str, scores: str) -> str:
        """Return the card.

        Parameters
        ----------
        contract : Contract
            What the file says about itself.
        size : str
            How many weights it has, and how they are stored.
        scores : str
            Markdown that goes under the heading of the scores.
        """
        facts = (
            f"`{contract.name}`, version {contract.version}, contract `{contract.kind}`; its checksum is in "
            "`index.toml`",
            self.inputs,
            self.outputs,
            size,
            contract.training,
            contract.protocol,
            contract.licence,
        )
        rows = [f"- **{name}:** {fact}" for name, fact in zip(FACTS, facts, strict=True)]
        scored, limits, again = SECTIONS
        parts = (
            f"# {contract.name}",
            self.about,
            "\n".join(rows),
            f"{scored}\n\n{scores.strip()}",
            f"{limits}\n\n{self.limits} It is not a medical device.",
            f"{again}\n\n```\n" + "\n".join(f"ecgmon train {words}" for words in self._commands()) + "\n```",
        )
        return "\n\n".join(parts) + "\n"

    def _commands(self) -> Sequence[str]:
        return self.commands or [
            self.name, *(f"{self.name} {word}" for word in ("crossval", "evaluate", "export"))
        ]  # fmt: skip


def beat_contract(general: Contract, groups: Mapping[str, str], normalisation: str) -> ModelContract:
    """Return the contract of a classifier of beats that takes what the live segmenter cuts.

    Parameters
    ----------
    general : Contract
        What every file says.
    groups : mapping of str to str
        AAMI class of each symbol, in the order of the outputs.
    normalisation : str
        Name of what is done to windows before they are classified.
    """
    window = SegmentSettings()
    said = {item.name: getattr(general, item.name) for item in fields(general)}
    return ModelContract(
        **said,
        symbols=tuple(groups),
        aami=tuple(groups.values()),
        input_hz=PIPELINE_HZ,
        window_before=window.before_samples,
        window_after=window.after_samples,
        normalisation=normalisation,
        front_end_version=FRONT_END_VERSION,
    )


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_row(cells) for cells in rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def percent(part: float, whole: float, digits: int = 2) -> str:
    """Return a share in percent, or a dash where there is nothing to share."""
    return f"{100.0 * part / whole:.{digits}f} %" if whole else "-"
