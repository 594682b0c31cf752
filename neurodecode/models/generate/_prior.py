"""A diffusion prior as a link: what ridge tells becomes a draw from what could have been."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.training import resolve_device, training_place
from neurodecode.models.generate._training import Learnt, module_of, start, train_steps
from neurodecode.nn.prior import MlpPrior, TransformerPrior, denoised, even_times, hidden
from neurodecode.steps._input import check_count
from neurodecode.train.loop import precision
from neurodecode.train.source import Batch
from neurodecode.train.training import Training

_ROWS = 256  # that are drawn at a time


class Prior(Learnt):
    """Draw targets, such as tokens of a picture, given what a regression tells of them.

    What ridge tells is a mean: too short, and too much alike from picture to picture. A draw has
    the length and the covariance of real targets. It is not nearer to the truth: what is not told
    is made up. Conditions to train on come from rows left out of the regression, for those of rows
    that it was trained on know their target.

    Parameters
    ----------
    network : {"mlp", "transformer"}
        A perceptron that says what hides a target (ε), or a transformer over tokens that says what
        is hidden (x₀).
    sizes : mapping, optional
        Arguments of the network: `neurodecode.nn.prior.MlpPrior` or ``TransformerPrior``.
    drop : float
        Share of training rows that are told nothing, so that guidance has what to lead away from.
    n_updates, batch_size : int
    lr : float
        Of AdamW, at the top of one cycle.
    random_state : int or None
        Of training; of a link within a model, None is the model's.

    Attributes
    ----------
    target_mean_, target_std_, condition_mean_, condition_std_ : ndarray
        Of the training rows, by which each entry is standardised.
    weights_ : dict of str to ndarray
    """

    def __init__(
        self,
        network: Literal["mlp", "transformer"] = "mlp",
        sizes: dict[str, Any] | None = None,
        drop: float = 0.2,
        n_updates: int = 3000,
        batch_size: int = 128,
        lr: float = 1e-3,
        random_state: int | None = None,
    ):
        self.network: Literal["mlp", "transformer"] = network
        self.sizes = sizes
        self.drop = drop
        self.n_updates = n_updates
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state

    def check(self) -> None:
        """Refuse arguments that cannot be meant, before anything is trained."""
        if self.network not in ("mlp", "transformer"):
            raise ConfigError(f"prior: network is {self.network!r}. Give mlp or transformer.")
        check_count(self.n_updates, "n_updates", self)
        if not 0 <= self.drop < 1:
            raise ConfigError(f"prior: drop is {self.drop!r}. Give a share from 0 to below 1.")

    def fit(self, conditions: np.ndarray, targets: np.ndarray) -> "Prior":
        """Learn from what was told of training rows, each left out, and their true targets.

        Parameters
        ----------
        conditions : ndarray, shape (n, n_features) or (n, n_tokens, n_features)
        targets : ndarray, shape (n, n_features) or (n, n_tokens, n_features)

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If rows differ in number, or are not finite.
        """
        self.check()
        conditions, targets = (np.asarray(one, dtype=np.float32) for one in (conditions, targets))
        if len(conditions) != len(targets) or len(targets) < 2:
            raise DataError(
                f"prior: {len(conditions)} conditions for {len(targets)} targets. Give one each, "
                "of two rows or more."
            )
        self.condition_mean_, self.condition_std_ = _moments(conditions, "conditions")
        self.target_mean_, self.target_std_ = _moments(targets, "targets")
        seed, module = start(self, self._build)
        columns = {
            "condition": (conditions - self.condition_mean_) / self.condition_std_,
            "target": (targets - self.target_mean_) / self.target_std_,
        }
        recipe = Training(batch_size=self.batch_size, lr=self.lr, weight_decay=0.01,
                          schedule="one_cycle", max_grad_norm=1.0)  # fmt: skip
        self.history_ = train_steps(
            module, self._loss, columns, n_updates=self.n_updates, recipe=recipe, link=self,
            seed=seed,
        )  # fmt: skip
        self.weights_ = {k: v.numpy().copy() for k, v in module.state_dict().items()}
        return self

    def sample(
        self,
        conditions: np.ndarray,
        seeds: Sequence[int],
        guidance: float = 1.0,
        steps: int = 50,
    ) -> np.ndarray:
        """Draw one target for each condition.

        Parameters
        ----------
        conditions : ndarray, shape (n, …)
            As they were trained on.
        seeds : sequence of int
            One a row.
        guidance : float
            How far the condition is followed: with more than 1 draws vary less than targets do.
        steps : int

        Returns
        -------
        targets : ndarray of float32, shape (n, …)
        """
        conditions = np.asarray(conditions, dtype=np.float32)
        if conditions.shape[1:] != self.condition_mean_.shape or len(conditions) != len(seeds):
            raise DataError(
                f"prior: {len(seeds)} seeds and conditions of shape {conditions.shape}, and it was "
                f"trained on rows of {self.condition_mean_.shape}. Give one of each a row."
            )
        module: Any = module_of(self, self._build)
        device = resolve_device(training_place().device)
        module.to(device)
        known = torch.from_numpy((conditions - self.condition_mean_) / self.condition_std_)
        drawn = np.empty((len(seeds), *self.target_mean_.shape), dtype=np.float32)
        with torch.inference_mode(), precision(device):
            for first in range(0, len(seeds), _ROWS):
                at = slice(first, first + _ROWS)
                told = known[at].to(device)
                say = _guided(module, told, guidance)
                noise = torch.stack([
                    torch.randn(self.target_mean_.shape,
                                generator=torch.Generator("cpu").manual_seed(int(seed)))
                    for seed in seeds[at]
                ])  # fmt: skip
                found = denoised(say, module.predicts, noise.to(device), steps)
                drawn[at] = found.float().cpu().numpy()
        return drawn * self.target_std_ + self.target_mean_

    def _build(self) -> nn.Module:
        sizes, target, condition = (
            dict(self.sizes or {}), self.target_mean_.shape, self.condition_mean_.shape
        )  # fmt: skip
        try:
            if self.network == "mlp":
                return MlpPrior(math.prod(target), math.prod(condition), **sizes)
            return TransformerPrior(target, condition, **sizes)
        except TypeError as error:
            raise ConfigError(
                f"prior: sizes {sizes} do not suit {self.network}: {error}."
            ) from error

    def _loss(self, module: nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
        """Mean squared error of what the network says; some rows are told nothing."""
        target, condition = batch["target"], batch["condition"]
        n = len(target)
        time = even_times(n, target.device)
        told = torch.rand(n, device=target.device) >= self.drop
        noise = torch.randn_like(target)
        said = module(hidden(target, noise, time), time, condition, told)
        wanted = target if module.predicts == "target" else noise
        return nn.functional.mse_loss(said.float(), wanted), float(n)


def _guided(module: Any, told: torch.Tensor, guidance: float) -> Any:
    """Give what is said of noisy targets, led as far as asked."""
    yes = torch.ones(len(told), dtype=torch.bool, device=told.device)

    def say(noisy: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        led = module(noisy, time, told, yes).float()
        if guidance == 1:
            return led
        unled = module(noisy, time, told, ~yes).float()
        return unled + guidance * (led - unled)

    return say


def _moments(values: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each entry, 1 where an entry is constant."""
    if not np.isfinite(values).all():
        raise DataError(f"prior: {what} hold NaN or infinity. Leave out such rows.")
    mean, sd = (f(values, axis=0, dtype=np.float64) for f in (np.mean, np.std))
    mean, sd = np.asarray(mean), np.where(sd > 0, sd, 1.0)
    return mean.astype(np.float32), np.asarray(sd, dtype=np.float32)
