"""A new person by a few trials: a subject layer fitted, against networks and ridge from nothing.

    python tests/studies/new_subject.py --out results/new_subject

writes the table of README.md and the figure beside it; seeds that were computed before are not
computed again.

Which rows are whose is what `plan` says of an experiment with ``target_access: {calibration: k}``.
The network of the others does not depend on k: it is fitted once a seed, and a copy of it adapts
to each number of trials, as the harness would do in an experiment for each.
"""

import argparse
import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from neurodecode.core.fold import Fold
from neurodecode.core.gallery import Gallery
from neurodecode.core.trials import Trials
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess
from neurodecode.harness.study import Study
from neurodecode.harness.validation import Validation, cut_validation, held_out_by
from neurodecode.metrics.retrieval import top_1, top_5, two_way
from neurodecode.models.align.benchetrit import Benchetrit
from neurodecode.models.align.ridge import Ridge
from neurodecode.steps.band_power import BandPower

HERE = Path(__file__).resolve().parent
SEEDS = (0, 1, 2)
COUNTS = (50, 100, 200, 400)  # trials of the new person; where waves tell, 400 are all
METRICS = {"top_1": top_1, "top_5": top_5, "two_way": two_way}
UNSEEN, LAYER, SCRATCH, RIDGE = "nothing seen", "subject layer", "network, from nothing", "ridge"
POWER, SHUFFLED, ORACLE = "ridge on power", "ridge, shuffled", "oracle"
COLORS = {
    UNSEEN: "0.3", LAYER: "C0", SCRATCH: "C1", RIDGE: "C2", POWER: "C3", SHUFFLED: "0.7",
    ORACLE: "k",
}  # fmt: skip
PEOPLE: dict[str, Any] = {  # the last person is new
    "subjects": ["01", "02", "03", "04", "05", "06"],
    "modality": "meg",
    "layout": "own",
    "noise": 0.8,
    "n_channels": 16,
    "n_concepts": 100,
    "n_pictures": 4,
    "n_tested": 50,
    "n_tested_repeats": 2,
    "n_times": 60,
    "sfreq": 80.0,
}
WORLDS: dict[str, dict[str, Any]] = {
    "waves": {**PEOPLE, "effect": 1.0, "evoked": 1.0, "n_repeats": 1},
    # Rhythms take a network more trials to learn.
    "rhythms": {**PEOPLE, "effect": 1.0, "evoked": 0.0, "induced": 3.0, "n_repeats": 2},
}
_NETWORK: dict[str, Any] = {"preset": "tiny", "baseline": 0.2, "random_state": 0}
OF_OTHERS = {"max_epochs": 110, "patience": 8}
# As many passes as it asks for, and steps too where trials are few.
FROM_NOTHING = {"max_epochs": 110, "patience": 25, "batch_size": 32}

Scores = dict[str, dict[str, dict[str, float]]]


def curve(
    seed: int,
    folder: Path,
    counts: tuple[int, ...] = COUNTS,
    world: Mapping[str, Any] = WORLDS["waves"],
) -> Scores:
    """Score what is known of a new person after each number of trials.

    Parameters
    ----------
    seed : int
        Of the world, its people and their sensors.
    folder : Path
        Gets the card and the experiment.
    counts : tuple of int
        Numbers of calibration trials.
    world : mapping
        Arguments of the generator.

    Returns
    -------
    scores : dict
        Model to number of trials (as text; ``0`` of what needs none) to metric to score.
    """
    study = _open(seed, folder, world)
    y, found = np.asarray(study.y), {name: {} for name in COLORS}
    fold = _fold(study, counts[0])
    others = _fitted(study, fold.index("train"), OF_OTHERS)
    test = study.inputs.take(fold.index("test"))
    asked = _Asked(study, fold)
    assert study.oracle is not None
    ideal = Trials(study.trials.rows, {"oracle": study.oracle}).take(fold.index("test"))
    found[ORACLE]["0"] = asked.scores(ideal.X, others.y_mean_)
    converged = {"converged": float(others.converged_)}
    found[UNSEEN]["0"] = asked.scores(others.predict(test), others.y_mean_) | converged
    for count in counts:
        seen = _fold(study, count).index("adapt")
        k, few = str(count), study.inputs.take(seen)
        adapted = copy.deepcopy(others).adapt(few, y[seen], rows=_told(study, seen))
        found[LAYER][k] = asked.scores(adapted.predict(test), others.y_mean_) | converged
        alone = _fitted(study, seen, FROM_NOTHING)
        found[SCRATCH][k] = asked.scores(alone.predict(test), alone.y_mean_)
        found[SCRATCH][k]["converged"] = float(alone.converged_)
        for name, pred in _linear(study, seen, test, seed).items():
            found[name][k] = asked.scores(pred, y[seen].mean(axis=0))
    return found


def _linear(study: Study, seen: np.ndarray, test: Trials, seed: int) -> dict[str, np.ndarray]:
    """Give what ridge says that was fitted on few rows: of samples, of power, and of nothing."""
    few, y = study.inputs.take(seen), np.asarray(study.y)
    mixed = np.random.default_rng(seed).permutation(seen)
    # In 100 fT: products of 1e-13 would be rounded away.
    X, X_test = 1e13 * few.X, 1e13 * test.X
    power = BandPower(PEOPLE["sfreq"], bands=((4, 8), (8, 13), (13, 20), (20, 30))).fit(X)
    return {
        RIDGE: Ridge().fit(X, y[seen]).predict(X_test),
        POWER: Ridge().fit(power.transform(X), y[seen]).predict(power.transform(X_test)),
        SHUFFLED: Ridge().fit(X, y[mixed]).predict(X_test),
    }


class _Asked:
    """The tested pictures of a fold, each answered by the mean over its repeats."""

    def __init__(self, study: Study, fold: Fold):
        test = fold.index("test")
        _, first, self._picture = np.unique(
            study.trials.rows["stimulus"][test], return_index=True, return_inverse=True
        )
        self._true = np.asarray(study.y)[test][first]

    def scores(self, pred: np.ndarray, centre: np.ndarray) -> dict[str, float]:
        """Score answers to the test rows, shape (n_rows, n_targets)."""
        mean = np.stack([pred[self._picture == i].mean(axis=0) for i in range(len(self._true))])
        gallery = Gallery(likeness="centered_cosine", centre=centre)
        return {
            name: float(metric(self._true, mean, gallery=gallery))
            for name, metric in METRICS.items()
        }


def _open(seed: int, folder: Path, world: Mapping[str, Any]) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    card, experiment = folder / f"world_{seed}.yaml", folder / f"new_subject_{seed}.yaml"
    generator = {"eeg_meg.picture_epochs": {**world, "seed": seed}}
    held_out = {"held_out": "concept", "within": "others"}
    task = {"target": {"vector": "latent"}, "protocol": {"shared_stimuli": held_out}}
    made = {"name": card.stem, "modality": "meg", "simulate": {"generator": generator}}
    card.write_text(yaml.safe_dump({**made, "tasks": {"latent": task}}))
    asked = {
        "data": {"card": str(card), "task": "latent", "simulate": "full"},
        "models": [{"align.benchetrit": _NETWORK}],
        "controls": ["baseline.mean_target"],
        "metrics": list(METRICS),
    }
    experiment.write_text(yaml.safe_dump(asked))
    return open_study(read_experiment(experiment), None, compute=True)


def _fold(study: Study, count: int) -> Fold:
    """Give the fold of the new person, who tells this many trials before being tested."""
    question = replace(study.question, access=TargetAccess(calibration=count))
    fold = make_plan(replace(study, question=question)).folds[-1].fold
    shown = study.trials.rows["concept"]
    assert set(shown[fold.index("adapt")]).isdisjoint(shown[fold.index("test")])
    assert len(fold.index("adapt")) == count
    return fold


def _fitted(study: Study, index: np.ndarray, training: Mapping[str, Any]) -> Any:
    """Fit a network on rows, of which a fifth of the concepts say when to stop."""
    rows, y = study.trials.rows.take(index), np.asarray(study.y)[index]
    groups = Validation(held_out_by(rows, "vector"))
    train, val = (index[one] for one in cut_validation(rows, y, groups, "vector", 0))
    held_out = study.inputs.take(val), np.asarray(study.y)[val], _told(study, val)
    model = Benchetrit(**_NETWORK, training=training)
    return model.fit(
        study.inputs.take(train), np.asarray(study.y)[train], rows=_told(study, train), val=held_out
    )


def _told(study: Study, index: np.ndarray) -> Any:
    return study.trials.rows.table.iloc[index][["stimulus"]].reset_index(drop=True)


def curves(folder: Path) -> dict[str, list[Scores]]:
    """Give the scores of each world's seeds, computed where they are not there."""
    every: dict[str, list[Scores]] = {}
    for world, made in WORLDS.items():
        for seed in SEEDS:
            kept = folder / world / f"scores_{seed}.json"
            if not kept.is_file():
                scores = curve(seed, folder / world, world=made)
                kept.write_text(json.dumps(scores, indent=1))
            every.setdefault(world, []).append(json.loads(kept.read_text()))
    return every


HEAD = (
    "world",
    "model",
    "trials of the new person",
    "top-1 of each seed, %",
    "top-5, %",
    "two-way",
)


def table(every: Mapping[str, list[Scores]]) -> list[tuple[str, ...]]:
    """Give a line for each world, model and number of trials: each metric of each seed."""
    lines = []
    for world, seeds in every.items():
        for name, count in [(name, k) for name, ks in seeds[0].items() for k in ks]:
            mine = [one[name][count] for one in seeds]
            top_1, top_5 = (_percent(one[key] for one in mine) for key in ("top_1", "top_5"))
            two_way = ", ".join(f"{one['two_way']:.3f}" for one in mine)
            flag = "" if all(one.get("converged", 1.0) for one in mine) else " (not converged)"
            lines.append((world, name + flag, count if int(count) else "–", top_1, top_5, two_way))
    return lines


def figure(every: Mapping[str, list[Scores]], path: Path) -> None:
    """Draw the two-way score over the number of trials: the mean over seeds, and each seed."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8, 3.2), layout="constrained")
    axes = drawn.subplots(1, len(every), sharey=True)
    for axis, (world, seeds) in zip(axes, every.items(), strict=True):
        for name, color in COLORS.items():
            counts = sorted(map(int, seeds[0][name]))
            each = np.array([[one[name][str(n)]["two_way"] for n in counts] for one in seeds])
            if counts == [0]:
                axis.axhline(each.mean(), color=color, linestyle="--", label=name)
                continue
            axis.plot(counts, each.T, color=color, alpha=0.35, linewidth=0.7)
            axis.plot(counts, each.mean(axis=0), "o-", color=color, markersize=3, label=name)
        axis.axhline(0.5, color="0.6", linewidth=0.8)
        axis.set(title=world, xscale="log", xticks=COUNTS, xlabel="trials of the new person")
        axis.set_xticklabels([str(n) for n in COUNTS])
        axis.minorticks_off()
    axes[0].set_ylabel("two-way of 50 new pictures")
    axes[-1].legend(fontsize="x-small", frameon=False)
    drawn.savefig(path)


def _percent(values: Iterable[float]) -> str:
    return ", ".join(f"{100 * one:.0f}" for one in values)


def main() -> None:
    """Write the table between its markers, and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    every = curves(parser.parse_args().out)
    lines = [HEAD, ("---",) * len(HEAD), *table(every)]
    made = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    page = HERE / "README.md"
    begin, end = "<!-- table: new_subject -->\n", "<!-- end -->"
    before, after = page.read_text(encoding="utf-8").split(begin)
    page.write_text(f"{before}{begin}{made}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")
    figure(every, HERE / "new_subject.svg")


if __name__ == "__main__":
    main()
