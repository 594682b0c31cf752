"""The one training loop: passes over batches, validation, early stopping, the best weights.

What is learnt is in a loss: a function of a module and a batch that gives the mean loss and what
it is a mean over. So classifiers, regressors and pairs of inputs are trained by the same lines. A
loss that is a module itself, such as one with a temperature, is trained along; one that says
``among_others`` tells the trials of a batch from each other, so that its batches are of one size.
"""

import contextlib
import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neurodecode.core.errors import DataError
from neurodecode.core.progress import passes
from neurodecode.train.chance import seeded
from neurodecode.train.checkpoint import State, read_checkpoint, write_checkpoint
from neurodecode.train.feeding import WORTH_A_THREAD, Feed, on
from neurodecode.train.history import FILE, Pass, write_history
from neurodecode.train.schedule import factor
from neurodecode.train.source import Batch, Source
from neurodecode.train.training import Training

_FIFTH, _SETTLED = 5, 0.01
# Mean over a batch, and the weight of that mean: its trials, or the sum of their weights.
Loss = Callable[[torch.nn.Module, Batch], tuple[torch.Tensor, float]]


@dataclass(frozen=True, eq=False)
class Trained:
    """How a training ended; the module has the weights of the best pass.

    Parameters
    ----------
    history : tuple of Pass
    best_epoch : int
        The pass with the lowest validation loss, the earliest of equal ones; without validation
        trials, with the lowest training loss.
    converged : bool
        Whether the loss had stopped falling: False where `max_epochs` came first, unless a rate
        that falls to zero had then settled it (the last fifth of passes brought less than a
        hundredth of all that was gained).
    """

    history: tuple[Pass, ...]
    best_epoch: int
    converged: bool


def train(
    module: torch.nn.Module,
    loss: Loss,
    source: Source,
    training: Training,
    *,
    val: Source | None = None,
    metric: Loss | None = None,
    seed: int = 0,
    device: str = "cpu",
    folder: Path | None = None,
    identity: str = "",
    label: str = "",
) -> Trained:
    """Train a module until its loss no longer falls, and give it the best weights.

    Parameters
    ----------
    module : torch Module
        Trained in place. Where it has a method ``constrain``, that is called after each step, to
        bring weights back to where they may be.
    loss : callable
        ``loss(module, batch) -> (mean loss, weight)``. What it learns, where it is a torch Module,
        ends as it was in the last pass.
    source : Source
        Training trials.
    training : Training
    val : Source, optional
        Validation trials, none of which is trained on.
    metric : callable, optional
        As `loss`; shown, and in the history, of the validation trials.
    seed : int
        Decides the order of the trials and all chance within a pass.
    device : {"cpu", "cuda"}
        On cuda, products of matrices are of bfloat16.
    folder : Path, optional
        Takes a checkpoint after each pass, and ``history.csv``. A training that was stopped goes on
        from there, and on the CPU ends bit for bit as one that was not.
    identity : str
        Names the checkpoint: a digest of all that the training depends on.
    label : str
        How progress names it; empty shows none.

    Returns
    -------
    trained : Trained

    Raises
    ------
    DataError
        If a loss is no finite number.
    """
    module.to(device)
    losses = [one.to(device) for one in (loss,) if isinstance(one, torch.nn.Module)]
    optimizer = _optimizer(module, losses, training)
    called = _compiled(module, training, device)
    path = None if folder is None else folder / f"checkpoint-{identity}.pt"
    history: list[Pass] = []
    best = _weights(module)
    state = read_checkpoint(path)
    if state is not None:
        module.load_state_dict(state.weights)
        optimizer.load_state_dict(state.optimizer)
        for one in losses:
            one.load_state_dict(state.loss)
        best, history = state.best, state.history

    with passes(label, training.max_epochs, len(history)) as tell:
        while not _is_over(history, training):
            epoch = len(history) + 1
            with seeded(seed, epoch) as rng:
                order = source.order(rng)
                ahead = bool(history) and history[-1].waiting > WORTH_A_THREAD
                feed = Feed(source, device, ahead=ahead)
                started = time.perf_counter()
                train_loss = _step_through(
                    called, loss, feed, order, training, optimizer, epoch, [module, *losses]
                )
                seconds = time.perf_counter() - started
                val_loss = _mean(called, loss, val, training, device)
                val_metric = _mean(called, metric, val, training, device)
            lr = optimizer.param_groups[0]["lr"]
            speed = len(order) / seconds, feed.waited / seconds
            history.append(Pass(epoch, lr, train_loss, val_loss, val_metric, *speed))
            _check_finite(history[-1], training)
            if _best_epoch(history) == epoch:
                best = _weights(module)
            if folder is not None and path is not None:
                own = {k: v for one in losses for k, v in _weights(one).items()}
                state = State(_weights(module), optimizer.state_dict(), best, history, own)
                # Another process that was first to end the same training takes its folder away.
                with contextlib.suppress(FileNotFoundError):
                    write_checkpoint(state, path)
                    write_history(history, folder / FILE)
            tell(_said(history[-1]))

    if folder is not None:
        write_history(history, folder / FILE)  # of a training that was over before, too
    module.load_state_dict(best)
    module.eval()
    best_epoch = _best_epoch(history)
    waited = len(history) - best_epoch >= training.patience
    return Trained(tuple(history), best_epoch, waited or _has_settled(history, training))


def batches_of(order: np.ndarray, size: int, *, whole: bool = False) -> Iterator[np.ndarray]:
    """Cut an order into batches; a last one of a single trial joins the one before it.

    A single trial has no variance, and batch normalisation would fail on it.

    Parameters
    ----------
    order : ndarray of int
    size : int
    whole : bool
        Whether a last batch that is smaller is left out, where there is another.
    """
    edges = list(range(0, len(order), size))
    if whole and len(edges) > 1 and len(order) % size:
        order = order[: edges.pop()]
    if len(edges) > 1 and len(order) - edges[-1] == 1:
        edges.pop()
    for first, after in zip(edges, [*edges[1:], len(order)], strict=True):
        yield order[first:after]


def precision(device: str) -> contextlib.AbstractContextManager[Any]:
    """Autocast to bfloat16 on a GPU; single precision elsewhere."""
    if device == "cpu":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


def _optimizer(
    module: torch.nn.Module, losses: Sequence[torch.nn.Module], training: Training
) -> torch.optim.Optimizer:
    """Give AdamW over all that is learnt, decayed as the training says; what a loss learns is not.

    The logarithm of a temperature that shrinks draws the temperature to one.
    """
    decayed = list(module.parameters())
    others = [one for loss in losses for one in loss.parameters()]
    if training.decay == "matrices":
        others = [one for one in decayed if one.ndim <= 1] + others
        decayed = [one for one in decayed if one.ndim > 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=training.lr,
        betas=training.betas,
        weight_decay=training.weight_decay,
    )


def _compiled(module: torch.nn.Module, training: Training, device: str) -> Any:
    """Give what is called for a module, whose weights stay where they are."""
    return torch.compile(module) if training.compile and device != "cpu" else module


def _step_through(
    module: torch.nn.Module,
    loss: Loss,
    feed: Feed,
    order: np.ndarray,
    training: Training,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    learning: Sequence[torch.nn.Module],
) -> float:
    """Make one pass, a step a batch; give the mean loss over the trials."""
    among_others = getattr(loss, "among_others", False)
    batches = list(batches_of(order, training.batch_size, whole=among_others))
    learnt = [one for part in learning for one in part.parameters()]
    total: Any = 0.0  # where it is computed: to ask for it would stop a GPU at each step
    weight = 0.0
    for part in learning:
        part.train()
    for i, batch in enumerate(feed.batches(batches)):
        share = factor(
            training.schedule,
            (epoch - 1) * len(batches) + i,
            training.max_epochs * len(batches),
            training.warmup_epochs * len(batches),
        )
        for group in optimizer.param_groups:
            group["lr"] = training.lr * share
        optimizer.zero_grad()
        with precision(feed.device):
            value, n = loss(module, batch)
        value.backward()
        if training.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(learnt, training.max_grad_norm)
        optimizer.step()
        for part in learning:
            constrain = getattr(part, "constrain", None)
            if constrain is not None:
                constrain()
        total, weight = total + value.detach().double() * n, weight + n
    return float(total) / weight


def _mean(
    module: torch.nn.Module, loss: Loss | None, val: Source | None, training: Training, device: str
) -> float | None:
    """Mean of a loss over the validation trials, without learning from them."""
    if val is None or loss is None:
        return None
    total = weight = 0.0
    module.eval()
    if isinstance(loss, torch.nn.Module):
        loss.eval()
    with torch.no_grad(), precision(device):
        for index in _validated(len(val), loss, training):
            value, n = loss(module, on(val.read(index), device))
            total, weight = total + value.item() * n, weight + n
    return total / weight


def _validated(n_trials: int, loss: Loss, training: Training) -> Iterator[np.ndarray]:
    """Give the batches that are validated on.

    A trial is harder to tell from more others, and from those that came before and after it: where
    that counts they are mixed, the same way in every pass, and parted evenly.
    """
    if not getattr(loss, "among_others", False):
        yield from batches_of(np.arange(n_trials), training.batch_size)
        return
    order = np.random.default_rng(0).permutation(n_trials)
    yield from np.array_split(order, math.ceil(n_trials / training.batch_size))


def _is_over(history: list[Pass], training: Training) -> bool:
    if len(history) >= training.max_epochs:
        return True
    return bool(history) and len(history) - _best_epoch(history) >= training.patience


def _has_settled(history: list[Pass], training: Training) -> bool:
    """Whether a training whose rate fell to zero had next to nothing more to gain from it."""
    if training.schedule == "constant" or len(history) < max(training.max_epochs, _FIFTH):
        return False
    judged = [one.judged for one in history]
    best = min(judged)
    late = min(judged[: -(len(judged) // _FIFTH)]) - best
    return late <= _SETTLED * (judged[0] - best)


def _best_epoch(history: list[Pass]) -> int:
    return min(history, key=lambda one: (one.judged, one.epoch)).epoch


def _weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copy the weights to the CPU: the optimiser changes them in place."""
    return {k: copy.deepcopy(v.detach()).cpu() for k, v in module.state_dict().items()}


def _check_finite(one: Pass, training: Training) -> None:
    for name, value in (("training", one.train_loss), ("validation", one.val_loss)):
        if value is not None and not math.isfinite(value):
            raise DataError(
                f"training: the {name} loss is {value} in pass {one.epoch} of "
                f"{training.max_epochs}, so nothing more can be learnt. Use a lower lr (it is "
                f"{training.lr:g}) or max_grad_norm, and look for NaN in the trials."
            )


def _said(one: Pass) -> str:
    said = f"loss {one.train_loss:.3f}"
    if one.val_loss is not None:
        said += f", validation {one.val_loss:.3f}"
    return said if one.val_metric is None else f"{said}, score {one.val_metric:.3f}"
