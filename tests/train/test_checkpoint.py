"""A training that is stopped goes on as if nothing had happened, and takes up nothing but its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgmon.models.common.checkpoint import ResumableRun, read_checkpoint, write_checkpoint
from ecgmon.models.common.interrupt import held_interrupt
from ecgmon.models.common.progress import Figures, quiet
from ecgmon.monitor.core.errors import ModelError

STEPS = 9
RECORDS = ("mitdb/101", "mitdb/106")


@dataclass(frozen=True)
class Plan:
    steps: int = STEPS
    seed: int = 4
    shape: tuple[int, ...] = (3, 5)


class Toy(ResumableRun):
    """A line fitted to noise: it draws from numpy and from torch, so both must be kept."""

    def __init__(self, plan: Plan | None = None, records: tuple[str, ...] = RECORDS) -> None:
        plan = plan or Plan()
        torch.manual_seed(plan.seed)
        self.net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=0.05)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, 0.05, total_steps=plan.steps)
        self.rng = np.random.default_rng(plan.seed)
        parts = {"net": self.net, "optimiser": self.optimiser, "schedule": self.schedule}
        super().__init__(plan, records, parts, {"draws": self.rng})

    def advance(self) -> Figures:
        rows = torch.from_numpy(self.rng.standard_normal((6, 3)).astype(np.float32)) + torch.randn(6, 3)
        loss = (self.net(rows) - rows.sum(dim=1, keepdim=True)).square().mean()
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.schedule.step()
        return {"loss": float(loss.detach())}

    def weights(self) -> np.ndarray:
        return np.concatenate([value.double().numpy().ravel() for value in self.net.state_dict().values()])


def finish(path: Path, show: Callable[[int, Figures], None] = quiet, **how: bool | int) -> Toy:
    run = Toy()
    run.run(STEPS, run.advance, path, show, **how)
    return run


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return finish(tmp_path_factory.mktemp("whole") / "run.pt", keep=True)


@pytest.mark.parametrize("stop_at", range(1, STEPS))
@pytest.mark.parametrize("every", [1, 4])
def test_a_training_stopped_by_ctrl_c_at_any_step_equals_one_never_stopped(
    tmp_path: Path, uninterrupted: Toy, stop_at: int, every: int
) -> None:
    def press(done: int, _: Figures) -> None:
        if done == stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        finish(tmp_path / "run.pt", press, every=every, keep=True)
    again = finish(tmp_path / "run.pt", every=every, keep=True)
    np.testing.assert_array_equal(again.weights(), uninterrupted.weights())
    assert again.history == uninterrupted.history
    assert again.done == STEPS


def test_ctrl_c_during_a_step_finishes_the_step_before_it_saves(tmp_path: Path) -> None:
    run = Toy()
    plain = run.advance

    def pressed_inside() -> Figures:
        if run.done == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return plain()

    with pytest.raises(KeyboardInterrupt):
        run.run(STEPS, pressed_inside, tmp_path / "run.pt", quiet, every=100)
    assert read_checkpoint(tmp_path / "run.pt")["done"] == 3


def test_a_second_ctrl_c_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with held_interrupt() as pressed:
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_without_holding_a_long_step_is_given_up_and_the_last_whole_one_kept(tmp_path: Path) -> None:
    run = Toy()
    plain = run.advance

    def pressed_inside() -> Figures:
        if run.done == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return plain()

    with pytest.raises(KeyboardInterrupt):
        run.run(STEPS, pressed_inside, tmp_path / "run.pt", quiet, hold=False)
    assert read_checkpoint(tmp_path / "run.pt")["done"] == 3


def test_ctrl_c_is_left_alone_outside_the_main_thread(tmp_path: Path) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            finish(tmp_path / "run.pt")
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == []
    assert read_checkpoint(tmp_path / "run.pt")["done"] == STEPS


def test_a_finished_training_does_nothing_more(tmp_path: Path, uninterrupted: Toy) -> None:
    finish(tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    seen: list[int] = []
    again = finish(tmp_path / "run.pt", lambda done, _: seen.append(done))
    assert seen == []
    assert (tmp_path / "run.pt").read_bytes() == before
    np.testing.assert_array_equal(again.weights(), uninterrupted.weights())


def test_the_seed_decides_everything(tmp_path: Path, uninterrupted: Toy) -> None:
    same = finish(tmp_path / "same.pt")
    other = Toy(Plan(seed=5))
    other.run(STEPS, other.advance, tmp_path / "other.pt", quiet)
    np.testing.assert_array_equal(same.weights(), uninterrupted.weights())
    assert not np.array_equal(other.weights(), uninterrupted.weights())


@pytest.mark.parametrize(
    "other", [Toy(Plan(seed=5)), Toy(Plan(steps=8)), Toy(Plan(shape=(3, 6))), Toy(records=("mitdb/101",))]
)
def test_a_checkpoint_of_another_plan_or_other_records_is_refused(tmp_path: Path, other: Toy) -> None:
    finish(tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(ModelError, match="other settings"):
        other.run(STEPS, other.advance, tmp_path / "run.pt", quiet)
    assert (tmp_path / "run.pt").read_bytes() == before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    finish(tmp_path / "run.pt")
    whole = (tmp_path / "run.pt").read_bytes()
    (tmp_path / "run.pt").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match="damaged") as caught:
        read_checkpoint(tmp_path / "run.pt")
    assert "Delete it" in caught.value.hint


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "run.pt", {"something": 1})
    with pytest.raises(ModelError, match="no checkpoint of this version"):
        read_checkpoint(tmp_path / "run.pt")
    with pytest.raises(ModelError, match="Train first"):
        read_checkpoint(tmp_path / "none.pt")


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "run.pt", {"plan": {}, "records": [], "done": 1, "parts": {}})
    with pytest.raises(AttributeError):
        write_checkpoint(tmp_path / "run.pt", {"done": lambda: None})
    assert read_checkpoint(tmp_path / "run.pt")["done"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
