"""Brains with a planted geometry, and questions about them."""

import numpy as np
from scipy.stats import spearmanr

import neurodecode as nd

N_CONDITIONS, N_SUBJECTS, N_CHANNELS, N_RUNS = 10, 5, 24, 4
LATENT = np.random.default_rng(7).normal(size=(N_CONDITIONS, 3))
OTHER = np.random.default_rng(8).normal(size=(N_CONDITIONS, 3))
NAMES = [f"c{i}" for i in range(N_CONDITIONS)]
MODELS = {
    "latent": {"features": LATENT, "distance": "euclidean"},
    "other": {"features": OTHER, "distance": "euclidean"},
}


def brain(seed, noise=1.0, times=None):
    """Give trials of one subject, runs after each other, and the runs."""
    rng = np.random.default_rng(seed)
    mixed = np.tile(LATENT @ rng.normal(size=(3, N_CHANNELS)), (N_RUNS, 1))
    if times is not None:
        mixed = mixed[..., None] * np.exp(-0.5 * ((times - 0.2) / 0.05) ** 2)
    return mixed + noise * rng.normal(size=mixed.shape)


def brains(**options):
    return {f"S{s}": brain(s, **options) for s in range(N_SUBJECTS)}


def asked(data, models=None, **options):
    given = {"conditions": NAMES * N_RUNS, "n_permutations": 200, "n_bootstraps": 0} | options
    return nd.rsa(data, models or MODELS, verbose=False, **given)


def row(results, model, metric=None, **where):
    table = results.table(metric)
    for key, value in {"model": model, **where}.items():
        table = table[table[key] == value]
    (one,) = table.to_dict("records")
    return one


def partial_spearman(x, y, z):
    xy, xz, yz = (float(spearmanr(*pair).statistic) for pair in ((x, y), (x, z), (y, z)))  # pyright: ignore
    return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
