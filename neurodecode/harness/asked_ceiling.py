"""Which noise ceiling an experiment asks for."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from neurodecode.core.config import Call, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.metrics.ceiling import Ceiling
from neurodecode.metrics.ceilings import anova_nc, explainable_variance, ncsnr_nsd, split_half
from neurodecode.metrics.of_ceiling import THRESHOLD

AUTOMATIC, NONE = "automatic", "none"
FUNCTIONS: dict[str, Callable[..., Ceiling]] = {
    "anova_nc": anova_nc,
    "explainable_variance": explainable_variance,
    "ncsnr_nsd": ncsnr_nsd,
    "split_half": split_half,
}


@dataclass(frozen=True)
class CeilingSpec:
    """Which function gives the noise ceiling, and which targets a fraction of it counts.

    Parameters
    ----------
    call : Call
        One of `FUNCTIONS` with its arguments; ``automatic``: an analysis of variance of trials, the
        explainable variance of what runs on in time; ``none``.
    threshold : float
        Targets of a larger reliability count.
    """

    call: Call = field(default_factory=lambda: Call(AUTOMATIC))
    threshold: float = THRESHOLD

    def __post_init__(self):
        known = (*FUNCTIONS, AUTOMATIC, NONE)
        if self.call.name not in known:
            raise ConfigError(
                f"no noise ceiling is called {self.call.name!r}.{nearest(self.call.name, known)}"
            )
        takes = [] if self.call.name not in FUNCTIONS else _arguments(FUNCTIONS[self.call.name])
        for name in self.call.arguments:
            if name not in takes:
                raise ConfigError(f"{self.call.name}: unknown key {name!r}.{nearest(name, takes)}")
        if not 0 <= self.threshold < 1:
            raise ConfigError(f"threshold: {self.threshold}. Give a reliability from 0 to 1.")

    def plain(self) -> dict[str, Any]:
        """Give the key of an experiment file that asks for it, defaults included."""
        function = FUNCTIONS.get(self.call.name)
        defaults = {} if function is None else _arguments(function)
        return {self.call.name: defaults | dict(self.call.arguments), "threshold": self.threshold}


def _arguments(function: Callable[..., Ceiling]) -> dict[str, Any]:
    """Arguments of a function beside the repeats, with their defaults."""
    return {
        name: one.default
        for name, one in inspect.signature(function).parameters.items()
        if one.default is not inspect.Parameter.empty
    }
