"""`Training`: how a module is trained."""

import math
from dataclasses import dataclass, fields

from neurodecode.core.errors import ConfigError
from neurodecode.train.schedule import Schedule


@dataclass(frozen=True)
class Training:
    """How a module is trained.

    Parameters
    ----------
    max_epochs : int
        Passes over the training trials, at most.
    batch_size : int
        Trials a step.
    lr : float
        Learning rate of AdamW, at its highest.
    weight_decay : float
        Decoupled from the learning rate's gradient; 0 makes AdamW Adam.
    patience : int
        Passes without a better loss after which training stops. The loss is that of the validation
        trials, where there are any; else that of training.
    schedule : {"constant", "cosine"}
        Of the learning rate after the warm-up: as it is, or down to zero at `max_epochs`.
    warmup_epochs : int
        Passes over which the learning rate rises.
    max_grad_norm : float or None
        Gradients whose norm, over all weights, is larger are brought to it.

    References
    ----------
    Loshchilov & Hutter 2019, arXiv 1711.05101 (AdamW); Prechelt 1998, doi
    10.1007/3-540-49430-8_3 (early stopping); Pascanu et al. 2013, arXiv 1211.5063 (clipping).
    """

    max_epochs: int = 500
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.0
    patience: int = 50
    schedule: Schedule = "constant"
    warmup_epochs: int = 0
    max_grad_norm: float | None = None

    def __post_init__(self):
        for name, least in (("max_epochs", 1), ("batch_size", 1), ("patience", 1),
                            ("warmup_epochs", 0)):  # fmt: skip
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(f"{name} is {value!r}; give a whole number, {least} or more.")
        for name, least in (("lr", "above zero"), ("weight_decay", "zero or more"),
                            ("max_grad_norm", "above zero")):  # fmt: skip
            value = getattr(self, name)
            if value is None and name == "max_grad_norm":
                continue
            number = value if type(value) is int or type(value) is float else math.nan
            if not 0 <= number < math.inf or (number == 0 and least == "above zero"):
                raise ConfigError(f"{name} is {value!r}; give a number, {least}.")
        if self.schedule not in ("constant", "cosine"):
            raise ConfigError(f"schedule is {self.schedule!r}; give constant or cosine.")

    @staticmethod
    def names() -> tuple[str, ...]:
        """Names of all arguments."""
        return tuple(one.name for one in fields(Training))
