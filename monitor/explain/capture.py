"""Catches a beat on its way through the live chain, with all that the model knew just before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgmon.monitor.core.errors import RecordError
from ecgmon.monitor.core.events import Beat, SampleBlock
from ecgmon.monitor.core.state import Snapshot
from ecgmon.monitor.dsp.segment import BeatWindow
from ecgmon.monitor.inference.classification import BeatClassifier, Classification, Label
from ecgmon.monitor.inference.contract import ModelContract
from ecgmon.monitor.inference.opening import open_classifier
from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings

BLOCK_SAMPLES = 360


@dataclass(frozen=True, slots=True, eq=False)
class Caught:
    """A beat, and the state of its classifier just before it.

    Parameters
    ----------
    window : BeatWindow
        Its window, as the segmenter cut it.
    state : dict
        Snapshot of the classifier: empty for a model without memory.
    label : Label
        What the beat was called when it came.
    """

    window: BeatWindow
    state: Snapshot
    label: Label


class Watcher:
    """A classifier that passes on what another says and keeps the beats wanted.

    Parameters
    ----------
    classifier : BeatClassifier
        Names the beats.
    wanted : callable, optional
        Tells from its window whether a beat is kept; all are by default.
    """

    def __init__(
        self, classifier: BeatClassifier, wanted: Callable[[BeatWindow], bool] | None = None
    ) -> None:
        self._classifier = classifier
        self._wanted = wanted
        self._caught: list[Caught] = []

    @property
    def contract(self) -> ModelContract:
        """What the model says about itself."""
        return self._classifier.contract

    def take(self) -> list[Caught]:
        """Return the beats kept since the last call."""
        caught, self._caught = self._caught, []
        return caught

    def name(self, windows: Sequence[BeatWindow]) -> list[Classification]:
        """Name the next beats."""
        return [self._name(window) for window in windows]

    def _name(self, window: BeatWindow) -> Classification:
        if window.samples_mv is None or (self._wanted is not None and not self._wanted(window)):
            return self._classifier.name([window])[0]
        state = self._classifier.snapshot()
        classification = self._classifier.name([window])[0]
        self._caught.append(Caught(window, state, classification.label))
        return classification

    def break_off(self) -> None:
        """Pass on that samples were lost."""
        self._classifier.break_off()

    def forget(self) -> None:
        """Pass on that another stream begins."""
        self._classifier.forget()

    def snapshot(self) -> Snapshot:
        """Return a copy of the classifier's state."""
        return self._classifier.snapshot()

    def restore(self, state: Snapshot) -> None:
        """Go back to a state that `snapshot` returned."""
        self._classifier.restore(state)


def catch_beat(
    samples_mv: NDArray[np.float64],
    fs_hz: float,
    settings: PipelineSettings,
    *,
    number: int | None = None,
    time_s: float | None = None,
) -> tuple[Beat, Caught, int]:
    """Run the live chain up to one beat.

    Parameters
    ----------
    samples_mv : array of shape (n,)
        One lead in millivolts.
    fs_hz : float
        Its sampling rate in Hz.
    settings : PipelineSettings
        Settings of the chain.
    number : int, optional
        Which beat found, counted from 1.
    time_s : float, optional
        In place of the number: the beat nearest to this time in seconds.

    Returns
    -------
    beat : Beat
        The event that the monitor made of it.
    caught : Caught
        Its window, and the classifier's state before it.
    number : int
        Its number, counted from 1.

    Raises
    ------
    RecordError
        There is no such beat, or its window is not whole.
    """
    watcher = Watcher(open_classifier(settings.classifier))
    pipeline = Pipeline(settings, fs_hz=fs_hz, classifier=watcher)
    count = 0
    best: tuple[Beat, Caught | None, int] | None = None
    for start in range(0, samples_mv.size, BLOCK_SAMPLES):
        block = SampleBlock(samples_mv[None, start : start + BLOCK_SAMPLES], start, fs_hz)
        events = pipeline.process(block)
        windows = {item.window.start: item for item in watcher.take()}
        for beat in (event for event in events if isinstance(event, Beat)):
            count += 1
            here = (beat, windows.get(beat.attribution_start), count)
            if time_s is None:
                if count == number:
                    return _whole(here)
            elif best is None or abs(beat.time_s - time_s) <= abs(best[0].time_s - time_s):
                best = here
            else:
                return _whole(best)
    if best is not None:
        return _whole(best)
    raise RecordError(
        f"There is no beat {number}: {count} were found whose windows are whole.", "Beats are counted from 1."
    )


def _whole(found: tuple[Beat, Caught | None, int]) -> tuple[Beat, Caught, int]:
    beat, caught, number = found
    if caught is None:
        raise RecordError(
            f"Beat {number} at {beat.time_s:.2f} s cannot be explained: the signal around it is incomplete.",
            "Choose a later one.",
        )
    return beat, caught, number
