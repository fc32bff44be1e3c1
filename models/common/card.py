"""The one form of a model's card: what it is, what it learnt from, how well it does, where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecgmon.monitor.core.model_contract import Contract

SECTIONS = ("## Scores", "## Limits", "## Make it again")
FACTS = ("File", "In", "Out", "Size", "Data", "Protocol", "Licence")
"""What every card states, one line each."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says beyond the contract, as Markdown.

    Parameters
    ----------
    about : str
        What the model does, in a paragraph.
    inputs, outputs : str
        What goes in and comes out, with shapes and units.
    limits : str
        Where it fails.
    commands : sequence of str
        What makes it again, as typed.
    """

    about: str
    inputs: str
    outputs: str
    limits: str
    commands: Sequence[str]

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
            f"{again}\n\n```\n" + "\n".join(self.commands) + "\n```",
        )
        return "\n\n".join(parts) + "\n"


def scores_of(page: str) -> str:
    """Return the part of a card between the headings of the scores and of the limits."""
    scored, limits, _ = SECTIONS
    return page.partition(f"{scored}\n")[2].partition(f"{limits}\n")[0].strip()


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_row(cells) for cells in rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def percent(part: float, whole: float, digits: int = 2) -> str:
    """Return a share in percent, or a dash where there is nothing to share."""
    return f"{100.0 * part / whole:.{digits}f} %" if whole else "-"
