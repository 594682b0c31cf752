"""Where a training writes and computes: told beside `fit`, whose arguments are scikit-learn's.

The harness says where; a model that is trained asks. Outside of it a training writes nothing, and
computes on the GPU where there is one.
"""

import contextlib
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import require

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class TrainingPlace:
    """Where a training writes, and on what it computes.

    Parameters
    ----------
    folder : Path or None
        Takes the checkpoint and the history; made when it is first written to. None: nowhere.
    device : {"auto", "cpu", "cuda"}
    label : str
        How progress names the training; empty shows none.
    """

    folder: Path | None = None
    device: Device = "auto"
    label: str = ""


def resolve_device(asked: Device) -> Literal["cpu", "cuda"]:
    """Say on what to compute: ``auto`` is the GPU where there is one.

    Raises
    ------
    ConfigError
        If a GPU is asked for and there is none.
    """
    torch = require("torch", purpose="a network", extra="torch")
    there = torch.cuda.is_available()
    if asked == "cuda" and not there:
        raise ConfigError("device: cuda, and torch finds no GPU here. Use device: auto or cpu.")
    return "cuda" if there and asked != "cpu" else "cpu"


_NOWHERE = TrainingPlace()
_here: ContextVar[TrainingPlace] = ContextVar("training_place", default=_NOWHERE)


def training_place() -> TrainingPlace:
    """Give the place of the trainings of this context."""
    return _here.get()


@contextlib.contextmanager
def trained_in(place: TrainingPlace) -> Generator[None]:
    """Let every training within the block write and compute where `place` says."""
    before = _here.set(place)
    try:
        yield
    finally:
        _here.reset(before)
