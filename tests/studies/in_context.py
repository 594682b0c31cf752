"""How well a new person's voxels are told from few pictures, where the best that can be is known.

    python tests/studies/in_context.py --out results/in_context [--seeds 0 1]

writes the table of README.md; what was computed before is not computed again. The world is that of
the card `simulated_in_context`, with seeds of its own: four people to learn from, one to be told.
"""

import argparse
import json
import warnings
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.names import find
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.simulate.fmri.embeddings import Embeddings

HERE = Path(__file__).resolve().parent
SEEDS = (0, 1, 2)
SIZES = (4, 8, 16, 32, 64, 128)  # of the context; half of the last was the most in training
IN_CONTEXT, RIDGE = "in context", "ridge, the context alone"
PRIOR, BAYES = "ridge with the prior of voxels", "Bayes optimum"
ROWS = (RIDGE, PRIOR, IN_CONTEXT, BAYES)
_NEW = "05"
_N_FRESH = 1000  # pictures that nobody was shown


def trials_of(X: np.ndarray, subject: str) -> Trials:
    """Give one person's pictures as trials."""
    n = len(X)
    rows = Rows.build(
        pd.DataFrame(
            {
                "subject": subject, "session": "1", "run": "1", "recording": subject,
                "position": np.arange(n), "onset": np.nan, "duration": 0.0, "start": np.nan,
                "stop": np.nan,
            }
        )
    )  # fmt: skip
    space = Space("features", tuple(map(str, range(X.shape[1]))))
    part = Part(X, space, ("feature",), None, 0.0, subject)
    return Trials.of_entries(rows, "embedding", part, np.arange(n))


def scores(
    seed: int, sizes: Sequence[int] = SIZES, max_epochs: int = 50, **changed: Any
) -> dict[str, dict[str, float]]:
    """Correlate what is told of new pictures with responses without noise, mean over voxels.

    Returns
    -------
    found : dict
        Model to size of the context, as text, to the correlation.
    """
    people = ("01", "02", "03", "04", _NEW)
    world = Embeddings(subjects=people, seed=seed, **changed)
    signals = {one: world.signal(one, "1", "1") for one in people}
    shown = {one: signal.tables["embedding"].astype(float) for one, signal in signals.items()}
    X = stack([trials_of(shown[one], one) for one in people[:-1]])
    y = np.concatenate([np.asarray(signals[one].data) for one in people[:-1]])
    ridge, braincorl = (find(f"encode.{one}", "models") for one in ("prior_ridge", "braincorl"))
    training = {"max_epochs": max_epochs, "patience": max_epochs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the rate has not settled
        fitted = {
            RIDGE: ridge(prior="none").fit(X, y),
            PRIOR: ridge().fit(X, y),
            IN_CONTEXT: braincorl(preset="tiny", training=training, random_state=seed).fit(X, y),
        }
    fitted[BAYES] = deepcopy(fitted[PRIOR])  # told what weights and noise are like
    known = np.zeros_like(fitted[BAYES].covariance_)
    known[:-1, :-1] = world.loadings.T @ world.loadings
    fitted[BAYES].mean_, fitted[BAYES].covariance_ = np.zeros(len(known)), known
    fitted[BAYES].noise_ = 1.0
    rng = np.random.default_rng([seed, 1])
    fresh = rng.standard_normal((_N_FRESH, world.n_features))
    fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
    truth = fresh @ world.weights(_NEW).T
    found: dict[str, dict[str, float]] = {name: {} for name in ROWS}
    for name in ROWS:
        for k in sizes:
            model = deepcopy(fitted[name])
            model.adapt(trials_of(shown[_NEW][:k], _NEW), np.asarray(signals[_NEW].data)[:k])
            said = model.predict(trials_of(fresh, _NEW))
            found[name][str(k)] = float(np.nanmean(_correlation(said, truth)))
    return found


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return (a * b).sum(axis=0) / np.where(size > 0, size, 1)  # who says nothing is right of nothing


def of_seed(seed: int, folder: Path) -> dict[str, dict[str, float]]:
    """Give the scores of a seed; what was made before is there."""
    path = folder / f"seed_{seed}.json"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(scores(seed), indent=1))
    return json.loads(path.read_text())


def main() -> None:
    """Write the table between its markers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of worlds")
    asked = parser.parse_args()
    each = [of_seed(seed, asked.out) for seed in asked.seeds]

    def said(name: str, k: int) -> str:
        return ", ".join(f"{one[name][str(k)]:.3f}" for one in each)

    head = ("context", *map(str, SIZES))
    body = [(name, *(said(name, k) for k in SIZES)) for name in ROWS]
    made = "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))
    page = HERE / "README.md"
    begin, end = "<!-- table: in_context -->\n", "<!-- end -->"
    before, after = page.read_text(encoding="utf-8").split(begin)
    page.write_text(f"{before}{begin}{made}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
