"""`Training`: how a module is trained."""

import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

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
    decay : {"all", "matrices"}
        What is decayed: all that the module learns; or weights of two axes and more, and no bias or
        scale of a normalisation. What a loss learns, such as a temperature, never is.
    betas : tuple of float
        How slowly AdamW forgets gradients, and their squares.
    patience : int
        Passes without a better loss after which training stops. The loss is that of the validation
        trials, where there are any; else that of training.
    schedule : {"constant", "cosine", "one_cycle"}
        Of the learning rate after the warm-up: as it is, or down to zero at `max_epochs`; or up and
        down on halves of a cosine, see `neurodecode.train.schedule.factor`.
    warmup_epochs : int
        Passes over which the learning rate rises.
    max_grad_norm : float or None
        Gradients whose norm, over all weights, is larger are brought to it.
    compile : bool
        Whether the module is compiled (`torch.compile`) on a GPU, which takes a minute and pays in
        long trainings. On the CPU nothing is.

    References
    ----------
    Loshchilov & Hutter 2019, arXiv 1711.05101 (AdamW); Prechelt 1998, doi
    10.1007/3-540-49430-8_3 (early stopping); Pascanu et al. 2013, arXiv 1211.5063 (clipping).
    """

    max_epochs: int = 500
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.0
    decay: Literal["all", "matrices"] = "all"
    betas: tuple[float, float] = (0.9, 0.999)
    patience: int = 50
    schedule: Schedule = "constant"
    warmup_epochs: int = 0
    max_grad_norm: float | None = None
    compile: bool = False

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
        for name, known in (("schedule", get_args(Schedule)), ("decay", ("all", "matrices"))):
            value = getattr(self, name)
            if value not in known:
                raise ConfigError(f"{name} is {value!r}; give {' or '.join(known)}.")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"betas is {self.betas!r}; give two numbers from 0 to below 1.")

    @staticmethod
    def names() -> tuple[str, ...]:
        """Names of all arguments."""
        return tuple(one.name for one in fields(Training))
