"""What is found between series that have nothing in common, by the rows that are left out.

    python tests/studies/left_out_rows.py

writes the table of README.md. Features and targets follow themselves from row to row and are
independent of one another: whatever is found is an artefact of how rows were left out.
"""

from pathlib import Path

import numpy as np

from neurodecode.linalg.ridge import RidgeSolver
from neurodecode.linalg.ridge_choice import generalized_errors
from neurodecode.linalg.ridge_cv import cross_validated
from neurodecode.linalg.splits import Split, block_splits, guard_gap, run_splits

HERE = Path(__file__).resolve().parent
PHIS = (0.0, 0.5, 0.8, 0.95)
N_RUNS, N_TIMES, N_FEATURES, N_TARGETS = 6, 200, 120, 100
SEEDS = (0, 1, 2, 3)
ALPHAS = np.logspace(0, 6, 11)
RUN = np.repeat(np.arange(N_RUNS), N_TIMES)


def series(phi: float, n_columns: int, rng: np.random.Generator) -> np.ndarray:
    """Runs of unit variance, each correlated by phi from row to row; (n_rows, n_columns)."""
    values = rng.normal(size=(N_RUNS, N_TIMES, n_columns))
    for i in range(1, N_TIMES):
        values[:, i] = phi * values[:, i - 1] + np.sqrt(1 - phi**2) * values[:, i]
    return values.reshape(-1, n_columns)


def shuffled(seed: int) -> list[Split]:
    """Five folds of rows dealt at random."""
    order = np.random.default_rng(seed).permutation(len(RUN))
    return [Split(np.setdiff1d(order, test), np.sort(test)) for test in np.array_split(order, 5)]


def blocked(size: int, gap: int) -> list[Split]:
    """Five folds, each of every fifth block of so many rows, a gap dropped about each."""
    folds = []
    parts = block_splits(len(RUN), len(RUN) // size, gap, runs=RUN)
    for i in range(5):
        test = np.concatenate([one.test for one in parts[i::5]])
        kept = set.intersection(*(set(one.train) for one in parts[i::5]))
        folds.append(Split(np.array(sorted(kept), dtype=np.intp), test))
    return folds


SCHEMES = {
    "shuffled": shuffled,
    "blocks of 10": lambda _: blocked(10, 0),
    "blocks of 10, gap 8": lambda _: blocked(10, 8),
    "blocks of 40": lambda _: blocked(40, 0),
    "blocks of 40, gap 8": lambda _: blocked(40, 8),
    "runs": lambda _: run_splits(RUN),
}


def found(phi: float, scheme: str, seeds: tuple[int, ...] = SEEDS) -> tuple[float, float]:
    """Give mean correlation and R² of left-out rows, each target by the penalty of its best R²."""
    told = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        X, Y = series(phi, N_FEATURES, rng), series(phi, N_TARGETS, rng)
        if scheme == "GCV":
            errors = generalized_errors(RidgeSolver.of(X), Y, ALPHAS).min(axis=0)
            told.append((np.nan, np.mean(1 - errors / Y.var(axis=0))))
            continue
        splits = SCHEMES[scheme](seed)
        choice = cross_validated(X, Y, ALPHAS, splits)
        r = cross_validated(X, Y, ALPHAS, splits, score="r").scores
        best = np.searchsorted(ALPHAS, choice.alpha)
        told.append((np.mean(r[best, np.arange(N_TARGETS)]), np.mean(choice.cv_score)))
    r, r2 = np.mean(told, axis=0)
    return float(r), float(r2)


def table() -> str:
    """Rows of README.md."""
    columns = [*SCHEMES, "GCV"]
    lines = [
        "| φ | gap asked for | " + " | ".join(columns) + " |",
        "| --- | --- |" + " --- |" * len(columns),
    ]
    for phi in PHIS:
        cells = []
        for scheme in columns:
            r, r2 = found(phi, scheme)
            cells.append(f"{r2:+.3f}" if scheme == "GCV" else f"{r:+.3f} / {r2:+.3f}")
        asked = guard_gap(series(phi, N_FEATURES, np.random.default_rng(SEEDS[0])), RUN)
        lines.append(f"| {phi:g} | {asked} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    begin, end = "<!-- table: left_out_rows -->\n", "<!-- end -->"
    before, rest = text.split(begin)
    readme.write_text(before + begin + table() + end + rest.split(end, 1)[1], encoding="utf-8")
