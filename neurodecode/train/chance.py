"""Chance within a pass: drawn from the seed and the pass alone, so that a stopped one is redone."""

import contextlib
import random
from collections.abc import Generator

import numpy as np
import torch


@contextlib.contextmanager
def seeded(seed: int, epoch: int) -> Generator[np.random.Generator]:
    """Seed torch, numpy and Python for one pass, and put them back after it.

    Parameters
    ----------
    seed : int
        Of the training.
    epoch : int
        The pass, from 1; 0 for what is drawn before the first.

    Yields
    ------
    rng : numpy Generator
        For the order of the trials.
    """
    drawn = [int(word) for word in np.random.SeedSequence([seed, epoch]).generate_state(2)]
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(drawn[0])
        np.random.seed(drawn[0])  # noqa: NPY002 (a module of a stranger may draw from it)
        random.seed(drawn[0])
        try:
            yield np.random.default_rng(drawn)
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)
