"""People of four sites with a planted group difference, and what the site adds to it."""

import numpy as np
import pandas as pd

from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.question import Question
from neurodecode.harness.study import Study

SHARE = {"a": 0.8, "b": 0.65, "c": 0.35, "d": 0.2}  # of patients
N_FEATURES = 20


def people(table: pd.DataFrame, X: np.ndarray) -> Trials:
    """One row of features a person; `table` has what is known of them."""
    names = np.array([f"{i:03}" for i in range(len(table))], dtype=object)
    times = {"onset": 0.0, "duration": 1.0, "start": 0.0, "stop": 1.0}
    who = {"recording": names, "subject": names, "session": "1", "run": "1", "position": 0}
    rows = Rows.build(table.assign(**who, **times))
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    part = Part(X, space, ("feature",), None, 0.0, "features")
    return Trials.of_entries(rows, "fmri", part, np.arange(len(X)))


def of_sites(seed: int, *, effect: float = 1.0, site: float = 0.0, n: int = 160) -> Trials:
    """Features with a group difference of `effect` and sites that lie `site` apart, both in s.d.

    Patients are more frequent in some sites than in others, so that knowing the site helps.
    """
    rng, directions = np.random.default_rng(seed), np.linalg.qr(
        np.random.default_rng(99).standard_normal((N_FEATURES, 5))
    )[0].T  # fmt: skip
    sites = np.repeat(list(SHARE), n // 4)
    patient = np.concatenate(
        [rng.permutation(n // 4) < round(share * n / 4) for share in SHARE.values()]
    )
    X = rng.standard_normal((n, N_FEATURES)) + effect * np.outer(patient, directions[0])
    for i, name in enumerate(SHARE):
        X[sites == name] += site * directions[1 + i]
    label = np.where(patient, "patient", "control").astype(object)
    return people(pd.DataFrame({"label": label, "site": sites.astype(object)}), X)


def asked(trials: Trials, models, protocol, **question) -> Study:
    """Ask for the group, all people of a fold scored together."""
    given = {
        "target": Target("label", column="label", classes=("control", "patient")),
        "metrics": ("roc_auc",), "within": ("fold",), "n_draws": 0,
    }  # fmt: skip
    question = Question(protocol=protocol, models=tuple(models), **{**given, **question})
    return Study(trials, question, np.full(len(trials), None, dtype=object))


def of_ages(seed: int, n: int = 200) -> Trials:
    """300 features that hold age, its square and sex, and two groups of people.

    ``label`` is whether someone is neither young nor old, which the features tell by the square of
    age alone; ``other`` is which side they lie on along a direction that age and sex know nothing
    of.
    """
    rng = np.random.default_rng(seed)
    age, female = rng.standard_normal(n), rng.random(n) < 0.5
    other = rng.standard_normal(n)
    u, v, w, z = np.linalg.qr(rng.standard_normal((300, 4)))[0].T * np.sqrt(300)
    X = rng.standard_normal((n, 6)) @ rng.standard_normal((6, 300))
    X += np.outer(age, u) + np.outer(age**2 - 1, v) + np.outer(female, w) + np.outer(other, z)
    X += 0.5 * rng.standard_normal(X.shape)
    middle = age**2 + 0.5 * rng.standard_normal(n) < 0.5
    known = {
        "label": np.where(middle, "patient", "control"),
        "other": np.where(other + 0.5 * rng.standard_normal(n) > 0, "patient", "control"),
        "sex": np.where(female, "f", "m"),
    }
    table = pd.DataFrame({name: column.astype(object) for name, column in known.items()})
    return people(table.assign(age=age), X)
