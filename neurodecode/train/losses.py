"""Losses and scores of a batch: means, and the weight that each mean stands for."""

import torch

from neurodecode.core.errors import ConfigError
from neurodecode.train.loop import Loss
from neurodecode.train.source import Batch


def cross_entropy(class_weight: torch.Tensor | None = None) -> Loss:
    """Give the loss of classifiers: ``module(X)`` are scores, ``y`` codes from 0.

    Parameters
    ----------
    class_weight : Tensor, shape (n_classes,), optional
        What a trial of each class counts.
    """

    def loss(module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
        scores, y = module(batch["X"]), batch["y"]
        if class_weight is None:
            return torch.nn.functional.cross_entropy(scores, y), float(len(y))
        weight = class_weight.to(y.device)
        value = torch.nn.functional.cross_entropy(scores, y, weight=weight)
        return value, float(weight[y].sum())

    return loss


def accuracy(module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """Share of trials whose highest score is that of their class."""
    right = module(batch["X"]).argmax(dim=1) == batch["y"]
    return right.float().mean(), float(len(right))


def squared_error(module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """Mean over trials and targets of the squared difference to ``y``, of any shape.

    Raises
    ------
    ConfigError
        If what the module gives has another shape: it would be spread over the trials in silence.
    """
    said, y = module(batch["X"]), batch["y"]
    if said.shape != y.shape:
        raise ConfigError(
            f"the module gives {tuple(said.shape)} for targets of {tuple(y.shape)}: one entry a "
            "trial and target is needed."
        )
    return torch.nn.functional.mse_loss(said, y), float(len(y))
