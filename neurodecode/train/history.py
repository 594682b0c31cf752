"""What a training said of each pass, on disk as it goes."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from neurodecode.core.files import write_text

FILE = "history.csv"


@dataclass(frozen=True)
class Pass:
    """One pass over the training trials.

    Parameters
    ----------
    epoch : int
        From 1.
    lr : float
        Learning rate of the last step.
    train_loss : float
        Mean over the training trials, as the steps saw them.
    val_loss : float or None
        Mean over the validation trials after the pass; None without any.
    val_metric : float or None
    trials_per_second : float
        Training trials. What was timed is never the same twice, so passes are equal whatever it is,
        and nothing that is stored under a key holds it.
    waiting : float
        Share of the time of the training steps in which they waited for data.
    """

    epoch: int
    lr: float
    train_loss: float
    val_loss: float | None = None
    val_metric: float | None = None
    trials_per_second: float = field(default=math.nan, compare=False)
    waiting: float = field(default=math.nan, compare=False)

    @property
    def judged(self) -> float:
        """The loss that says which pass is best: validation, else training."""
        return self.train_loss if self.val_loss is None else self.val_loss


def write_history(history: Sequence[Pass], path: Path) -> None:
    """Write a line a pass, whole or not at all; numbers as exact as they are."""
    text = io.StringIO()
    rows = csv.DictWriter(text, [f.name for f in fields(Pass)], lineterminator="\n")
    rows.writeheader()
    for one in history:
        rows.writerow({k: "" if v is None else repr(v) for k, v in asdict(one).items()})
    write_text(path, text.getvalue())
