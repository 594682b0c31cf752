"""A training on disk after each pass, from which it goes on as if it had not been stopped."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from neurodecode.core.files import whole_file
from neurodecode.train.history import Pass

Weights = dict[str, torch.Tensor]


@dataclass(eq=False)
class State:
    """All that the next pass depends on, beside the data and the arguments.

    Parameters
    ----------
    weights : dict of str to Tensor
        The module's, buffers among them.
    optimizer : dict
        Its state, as torch gives it.
    best : dict of str to Tensor
        Weights of the best pass, on the CPU.
    history : list of Pass
    loss : dict of str to Tensor
        What the loss learnt itself; empty where it learns nothing.

    Notes
    -----
    The order of batches and all chance are drawn anew from the seed and the number of the pass,
    so no generator's state is kept.
    """

    weights: Weights
    optimizer: dict[str, Any]
    best: Weights
    history: list[Pass]
    loss: Weights = field(default_factory=dict)


def write_checkpoint(state: State, path: Path) -> None:
    """Write a state, whole or not at all."""
    content = {
        "weights": state.weights,
        "optimizer": state.optimizer,
        "best": state.best,
        "history": [asdict(one) for one in state.history],
        "loss": state.loss,
    }
    with whole_file(path) as temporary:
        torch.save(content, temporary)


def read_checkpoint(path: Path | None) -> State | None:
    """Read a state; None where there is none.

    A file that cannot be read is taken for none: what it holds can be computed again.
    """
    if path is None or not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        history = [Pass(**one) for one in content["history"]]
        return State(
            content["weights"], content["optimizer"], content["best"], history, content["loss"]
        )
    except Exception:  # a damaged file raises anything at all
        path.unlink(missing_ok=True)
        return None
