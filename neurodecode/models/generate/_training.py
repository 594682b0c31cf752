"""How the links that learn are trained: through the one loop, for a number of steps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from neurodecode.models.networks._network import train_in_place
from neurodecode.train.chance import seeded
from neurodecode.train.history import Pass
from neurodecode.train.loop import Loss
from neurodecode.train.source import Source
from neurodecode.train.training import Training

# Of few pictures a pass holds each several times: else it would be a step or two, and what is done
# after each pass (copying weights, a checkpoint) would take longer than learning.
_STEPS_A_PASS = 25


def train_steps(
    module: torch.nn.Module,
    loss: Loss,
    columns: Mapping[str, np.ndarray],
    *,
    n_updates: int,
    recipe: Training,
    link: Any,
    seed: int,
) -> tuple[Pass, ...]:
    """Train a module for a number of steps; it has the weights of its best pass after that.

    Parameters
    ----------
    module : torch Module
    loss : callable
        As `neurodecode.train.loop.train` takes it.
    columns : mapping of str to ndarray, shape (n_pictures, …)
    n_updates : int
        Steps of the optimiser, a few more where they do not fill a pass.
    recipe : Training
        Passes, patience and warm-up aside, which follow from the number of steps.
    link : scikit-learn estimator
        Whose arguments name the checkpoint.
    seed : int

    Returns
    -------
    history : tuple of Pass
    """
    n = len(next(iter(columns.values())))
    size = min(recipe.batch_size, n)
    often = max(1, min(n_updates, _STEPS_A_PASS) * size // n)
    source = Source({name: np.tile(one, (often, *[1] * (one.ndim - 1)))
                     for name, one in columns.items()})  # fmt: skip
    passes = max(1, math.ceil(n_updates / math.ceil(often * n / size)))
    warmup = round(0.3 * passes) if recipe.schedule == "one_cycle" else 0
    recipe = replace(recipe, max_epochs=passes, patience=passes, batch_size=size,
                     warmup_epochs=min(warmup, passes - 1))  # fmt: skip
    trained = train_in_place(
        link, module, loss, source, recipe, seed=seed, part=type(link).__name__
    )
    module.to("cpu")
    return trained.history


def start(link: Any, build: Callable[[], torch.nn.Module]) -> tuple[int, torch.nn.Module]:
    """Draw the seed of a training and its first module; what was made before is forgotten."""
    link.__dict__.pop("_made", None)
    seed = int(check_random_state(link.random_state).randint(2**31))
    with seeded(seed, 0):
        return seed, build()


def module_of(link: Any, build: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    """Give a fitted link's module, ready to answer; made once of its ``weights_``."""
    if "_made" not in link.__dict__:
        with seeded(0, 0):  # what it draws is overwritten
            module = build()
        module.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in link.weights_.items()})
        link._made = module.eval().requires_grad_(False)
    return link._made


class Learnt(BaseEstimator):
    """A link with a torch module: it is copied, pickled and stored as its weights."""

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_made"}
