"""Which readout tells which voxels, where it is known what they see.

    python tests/studies/readouts.py --out results/readouts [--seeds 0 1]

writes the table of README.md; what was computed before is not computed again. The world is that of
the card `simulated_retinotopic`, with seeds of its own. A query for each voxel takes six minutes of
a core a seed, and is trained in the first alone.
"""

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from neurodecode.core.names import find
from neurodecode.core.space import Space
from neurodecode.simulate.fmri.retinotopic import EARLY, Retinotopic

HERE = Path(__file__).resolve().parent
SEEDS = (0, 1, 2)
RIDGE, GAUSSIAN, FACTORIZED = "ridge on all places", "Gaussian", "factorised, softmax"
SEMANTIC, REGIONS, VOXELS = "semantic", "a query a region", "a query a voxel"
POOLED = "ridge on the mean of places"


@dataclass(frozen=True, eq=False)
class Seen:
    """One person and what was shown.

    Parameters
    ----------
    X, X_test : ndarray, shape (n_pictures, n_tokens, n_channels)
    y : ndarray, shape (n_train, n_voxels)
        Single trials.
    responses : ndarray, shape (n_test, n_voxels)
        What voxels respond to new pictures, without noise: scores are correlations with it.
    planted : ndarray of int, shape (n_test, n_categories)
        Token of each category's object; -1 for none.
    space : Space
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    responses: np.ndarray
    planted: np.ndarray
    space: Space


def world(seed: int, **changed: Any) -> Seen:
    """Make the recording of the card, of this seed."""
    made = Retinotopic(seed=seed, **changed)
    signal = made.signal("01", "1", "1")
    assert signal.data is not None
    shown = signal.events["at:tokens"].to_numpy()
    test = (signal.events["split"] == "test").to_numpy()
    tokens = signal.tables["tokens"]
    return Seen(
        tokens[shown[~test]], signal.data[~test], tokens[shown[test]],
        signal.tracks["oracle:fmri"][test], made.planted[shown[test]], signal.space,
    )  # fmt: skip


def models() -> dict[str, Any]:
    """Give each model, unfitted."""
    alphas = tuple(10.0**power for power in range(1, 6))
    ridge = find("linear.ridge", "models")(alphas=alphas, alpha_per_target=True)
    scale = find("scale", "steps")
    networks = {
        GAUSSIAN: ("encode.gaussian", {}),
        FACTORIZED: ("encode.factorized", {}),
        SEMANTIC: ("encode.semantic_transformer", {}),
        REGIONS: ("encode.transformer_encoder", {"preset": "tiny"}),
        VOXELS: ("encode.transformer_encoder", {"preset": "tiny", "queries": "targets"}),
    }
    return {
        RIDGE: make_pipeline(scale(), ridge),
        POOLED: make_pipeline(scale(), ridge),
        **{name: find(one, "models")(**arguments) for name, (one, arguments) in networks.items()},
    }


def scores(seen: Seen, name: str, seed: int, **arguments: Any) -> dict[str, float]:
    """Fit one model and score it: mean over voxels of early areas and of categories.

    Networks are handed four fifths of the pictures to learn from and the others to be stopped by.

    Returns
    -------
    found : dict
        ``early``, ``category``: correlations with responses; ``n_parameters``; of queries of
        regions ``attention``, their weight on the object where there is one.
    """
    model = models()[name]
    if name in (RIDGE, POOLED):
        flat = [
            X.mean(axis=1) if name == POOLED else X.reshape(len(X), -1)
            for X in (seen.X, seen.X_test)
        ]
        return means(seen, model.fit(flat[0], seen.y).predict(flat[1]))
    order = np.random.default_rng(seed).permutation(len(seen.X))
    val, train = np.split(order, [len(order) // 5])
    more = {"space": seen.space} if model.needs.target_space else {}
    model.set_params(random_state=seed, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it has converged is told by the table
        model.fit(seen.X[train], seen.y[train], val=(seen.X[val], seen.y[val]), **more)
    learnt = [one.size for key, one in model.weights_.items() if key not in ("mean", "scale")]
    found = means(seen, model.predict(seen.X_test)) | {
        "n_parameters": sum(learnt), "converged": bool(model.converged_),
    }  # fmt: skip
    if name == REGIONS:
        attended = model.attention(seen.X_test).reshape(len(seen.X_test), len(model.regions_), -1)
        trial, category = np.nonzero(seen.planted >= 0)
        found["attention"] = float(
            attended[trial, category + 1, seen.planted[trial, category]].mean()
        )
    return found


def means(seen: Seen, said: np.ndarray) -> dict[str, float]:
    """Correlate predictions with responses; the mean over voxels of each kind."""
    a, b = (one - one.mean(axis=0) for one in (said, seen.responses))
    r = (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    early = np.array(seen.space.types) == EARLY
    return {"early": float(r[early].mean()), "category": float(r[~early].mean())}


def of_seed(
    seed: int, folder: Path, names: Sequence[str] = tuple(models()),
    make: Callable[..., dict[str, float]] = scores,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Give the scores of models in the world of a seed; what was made before is there."""
    path = folder / f"seed_{seed}.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    seen = None
    for name in names:
        if name not in found:
            seen = world(seed) if seen is None else seen
            found[name] = make(seen, name, seed)
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(found, indent=1))
    return {name: found[name] for name in names}


HEAD = ("readout", "parameters", "early", "category", "on the object", "flags")


def table(folder: Path, seeds: Sequence[int]) -> list[tuple[str, ...]]:
    """Give a line for each model, with the values of all seeds that it was trained in."""
    names = tuple(models())
    others = tuple(name for name in names if name != VOXELS)
    each = [of_seed(seed, folder, names if i == 0 else others) for i, seed in enumerate(seeds)]

    def said(name: str, column: str) -> str:
        values = [one[name].get(column) for one in each if name in one]
        return "–" if values[0] is None else ", ".join(f"{value:.3f}" for value in values)

    rows = []
    for name in each[0]:
        n = each[0][name].get("n_parameters")
        converged = all(one[name].get("converged", True) for one in each if name in one)
        columns = (said(name, column) for column in ("early", "category", "attention"))
        flags = "" if converged else "not_converged"
        rows.append((name, "–" if n is None else f"{int(n):,}", *columns, flags))
    return rows


def main() -> None:
    """Write the table between its markers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of worlds")
    asked = parser.parse_args()
    rows = [HEAD, ["---"] * len(HEAD), *table(asked.out, asked.seeds)]
    made = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    page = HERE / "README.md"
    begin, end = "<!-- table: readouts -->\n", "<!-- end -->"
    before, after = page.read_text(encoding="utf-8").split(begin)
    page.write_text(f"{before}{begin}{made}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
