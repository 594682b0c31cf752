"""Loss curves of networks: how their trainings went, a line a fold."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neurodecode.report.figures import CONTROL, MODEL
from neurodecode.report.results import Results
from neurodecode.report.words import counted


def histories(results: Results) -> dict[str, list[pd.DataFrame]]:
    """Give the losses of each network, a table a fold and seed; its shuffled null is left out."""
    found: dict[str, list[pd.DataFrame]] = {}
    for job in results.index["jobs"]:
        if job["draw"] is None and job["permutation"] is None:
            history = results.store.history(job["key"])
            if history is not None:
                found.setdefault(job["model"], []).append(history)
    return found


def loss_figures(results: Results) -> Iterator[tuple[str, Figure, str]]:
    """Draw training and validation loss over passes.

    Yields
    ------
    model : str
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    for model, several in histories(results).items():
        figure = Figure(figsize=(6, 3), layout="constrained")
        ax = figure.subplots()
        for i, history in enumerate(several):
            for column, color, name in (
                ("train_loss", CONTROL, "training"),
                ("val_loss", MODEL, "validation"),
            ):
                if np.isfinite(history[column].to_numpy()).any():
                    ax.plot(
                        history["epoch"], history[column], color=color, lw=0.9, alpha=0.7,
                        label=name if i == 0 else None,
                    )  # fmt: skip
        ax.set_xlabel("pass over the training trials", fontsize=10)
        ax.set_ylabel("loss", fontsize=10)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=9, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        fewest, most = (of(len(history) for history in several) for of in (min, max))
        n_epochs = f"{most}" if fewest == most else f"{fewest} to {most}"
        told = (
            f"Loss over passes, {counted(len(several), 'fit')} of {n_epochs} passes. The weights "
            "are those of the pass with the lowest validation loss."
        )
        told += _speed(several)
        yield model, figure, told


def _speed(several: list[pd.DataFrame]) -> str:
    """Say how fast trainings were and how long they waited for trials, where that is known."""
    passes = pd.concat(several)
    if "trials_per_second" not in passes:
        return ""
    rate, waiting = passes["trials_per_second"].median(), passes["waiting"].mean()
    return f" {rate:.3g} trials a second; {waiting:.0%} of the time waiting for them."
