"""What an aligner is told of its loss: read strictly, before torch is imported."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from neurodecode.core.config import bind
from neurodecode.core.errors import ConfigError
from neurodecode.core.nodes import Problems, from_plain

Kind = Literal["clip", "soft_clip", "bimixco", "siglip"]
Sides = Literal["xy", "x", "y", "none"]

# Options that a kind of loss has, beside its kind and its weight.
_OWN = {
    "clip": ("normalise", "symmetric", "temperature", "queue"),
    "soft_clip": ("temperature",),
    "bimixco": ("temperature", "share", "beta", "compat"),
    "siglip": (),
}


@dataclass(frozen=True)
class LossOptions:
    """How predictions are compared with targets; see `neurodecode.nn.losses`.

    Parameters
    ----------
    kind : {"clip", "soft_clip", "bimixco", "siglip"}
    clip_weight : float
        λ: the loss is λ times the contrastive one plus 1 - λ times the mean squared error of an
        output of its own, in units of the targets' standard deviation. 1 tells targets from each
        other alone, 0 predicts them alone.
    normalise : {"xy", "x", "y", "none"}
        Which sides have length one: predictions (x), targets (y). Of clip.
    symmetric : bool
        Whether predictions are told from each other by the targets, too. Of clip.
    temperature : "learned", "none", float or None
        What similarities are divided by. None: learned of clip (from .07), .125 of soft_clip, .006
        of bimixco.
    queue : int
        Targets of earlier batches that are candidates too. Of clip.
    share, beta : float
        Of bimixco: trials that are mixed, and how evenly.
    compat : bool
        Of bimixco: as published.
    """

    kind: Kind = "clip"
    clip_weight: float = 1.0
    normalise: Sides = "xy"
    symmetric: bool = True
    temperature: Literal["learned", "none"] | float | None = None
    queue: int = 0
    share: float = 0.5
    beta: float = 0.15
    compat: bool = False

    def __post_init__(self):
        if self.kind not in get_args(Kind):
            raise ConfigError(f"kind is {self.kind!r}; give {', '.join(get_args(Kind))}.")
        if not 0 <= self.clip_weight <= 1:
            raise ConfigError(f"clip_weight is {self.clip_weight}; give a number from 0 to 1.")
        if self.normalise not in get_args(Sides):
            raise ConfigError(f"normalise is {self.normalise!r}; give xy, x, y or none.")
        allowed = ("kind", "clip_weight", *_OWN[self.kind])
        for one in fields(self):
            if one.name not in allowed and getattr(self, one.name) != one.default:
                raise ConfigError(f"{one.name} is no option of {self.kind}. Leave it out.")
        tau = self.temperature
        if isinstance(tau, str):
            if tau not in ("learned", "none") or self.kind != "clip":
                words = "learned, none or a number" if self.kind == "clip" else "a number"
                raise ConfigError(f"temperature is {tau!r}; {self.kind} takes {words}.")
        elif tau is not None and not 0 < tau < math.inf:
            raise ConfigError(f"temperature is {tau}; give a number above zero.")
        if self.queue < 0:
            raise ConfigError(f"queue is {self.queue}; give 0 or more targets.")
        if not (0 <= self.share <= 1 and self.beta > 0):
            raise ConfigError(
                f"share is {self.share} and beta {self.beta}; give a share from 0 to 1, and beta "
                "above zero."
            )


def read_loss(given: Mapping[str, Any] | None) -> LossOptions:
    """Read the options of a loss, all that is wrong at once.

    Raises
    ------
    ConfigError
        If one is unknown, of another kind of loss, or has a value that cannot be meant.
    """
    problems = Problems("loss")
    found = bind(LossOptions, from_plain(dict(given or {})), "", problems)
    problems.stop()
    assert found is not None  # problems stop
    return found
