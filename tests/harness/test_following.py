"""Steps that follow the tested: by domain, by what is seen before, and trial by trial in time."""

from dataclasses import replace

import numpy as np
import pytest
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from pyriemann.geometry.geodesic import geodesic
from pyriemann.geometry.mean import gmean
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tests_harness import planted, run, study_of

from neurodecode.core.rows import in_time
from neurodecode.core.trials import Trials
from neurodecode.harness.keep import open_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess, Tune
from neurodecode.harness.refusals import why_refused
from neurodecode.harness.store import Store
from neurodecode.models.riemann.adaptive_mdm import AdaptiveMdm
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.mdwm import Mdwm
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.rescale import Rescale
from neurodecode.steps.rotate import Rotate
from neurodecode.steps.tangent_alignment import TangentAlignment
from neurodecode.steps.tangent_space import TangentSpace


def moved(seed=0):
    """Arrays of `planted`, each subject's channels mixed in a way of their own."""
    arrays, labels, rows = planted(seed=seed)
    rng = np.random.default_rng(7)
    return {who: rng.normal(size=(8, 8)) @ X for who, X in arrays.items()}, labels, rows


def asked(access, recursive=False, made=None):
    model = NamedModel("m", make_pipeline(Covariance(), Recentre(recursive=recursive), MDM()))
    return study_of(
        *(made or moved()), models=(model,), n_draws=0, protocol=CrossSubject(), access=access
    )


def ran(study, folder):
    """Scores of each fold, and the table's row."""
    _, finished, table = run(study, folder)
    assert finished.errors == {}
    store = Store(folder)
    jobs = store.index()["jobs"]
    return [store.predictions(job["key"], ("a", "b")).scores for job in jobs], table[0]


def scores(study, folder):
    return ran(study, folder)[0]


def invsqrt(C):
    values, vectors = np.linalg.eigh(C)
    return (vectors / np.sqrt(values)) @ vectors.T


def by_hand(study, tested):
    """Train on covariances whitened subject by subject; `tested(C, mean, fold)` gives the rest."""
    C, who = Covariances("oas").transform(study.trials.X), study.trials.rows["subject"]
    means = {one: np.asarray(gmean(C[who == one])) for one in set(who)}
    found = []
    for fold in (planned.fold for planned in make_plan(study).folds):
        train = fold.index("train")
        whitened = np.stack([invsqrt(means[who[i]]) @ C[i] @ invsqrt(means[who[i]]) for i in train])
        there = np.asarray(gmean(np.stack([means[one] for one in sorted(set(who[train]))])))
        y = study.y[train]
        if fold.adapt_labelled:  # they join the training once they are whitened
            seen = fold.index("adapt")
            more = whitened_by(C[seen], np.asarray(gmean(C[seen])))
            whitened, y = np.concatenate([whitened, more]), np.append(y, study.y[seen])
        model = MDM().fit(whitened, y)
        found.append(model.predict_proba(tested(C, there, fold)))
    return found


def whitened_by(C, mean):
    return invsqrt(mean) @ C @ invsqrt(mean)


@pytest.mark.parametrize(
    ("access", "seen"),
    [
        (TargetAccess(), None),
        (TargetAccess(one_by_one=True), None),
        (TargetAccess(unlabelled=0.25), "adapt"),
        (TargetAccess(unlabelled=0.25, one_by_one=True), "adapt"),
        (TargetAccess(calibration=3), "adapt"),
        (TargetAccess(transductive=True), "test"),
    ],
)
def test_tested_rows_are_whitened_by_what_the_access_shows(access, seen, tmp_path):
    study = asked(access)

    def tested(C, there, fold):
        mean = there if seen is None else np.asarray(gmean(C[fold.index(seen)]))
        return whitened_by(C[fold.index("test")], mean)

    for ours, theirs in zip(scores(study, tmp_path / "r"), by_hand(study, tested), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seen", [None, 0.25])
def test_a_recursive_mean_goes_on_trial_by_trial(seen, tmp_path):
    study = asked(TargetAccess(unlabelled=seen, updates="unlabelled"), True)

    def tested(C, there, fold):
        rows, mean, given = study.trials.rows, None, {}
        for k, i in enumerate([*fold.index("adapt"), *in_time(rows, fold.index("test"))], start=1):
            mean = C[i] if mean is None else np.asarray(geodesic(mean, C[i], 1 / k))
            given[i] = whitened_by(C[i], mean)
        return np.stack([given[i] for i in fold.index("test")])

    found, row = ran(study, tmp_path / "r")
    for ours, theirs in zip(found, by_hand(study, tested), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
    assert "updates unlabelled" in row.flags


def test_a_later_trial_changes_no_earlier_answer(tmp_path):
    arrays, labels, rows = moved()
    changed = {**arrays, "2": arrays["2"].copy()}
    changed["2"][15] *= np.linspace(0.2, 5, 8)[:, None]
    access = TargetAccess(updates="unlabelled")
    found = [
        scores(asked(access, True, (one, labels, rows)), tmp_path / str(i))[1]
        for i, one in enumerate((arrays, changed))
    ]
    np.testing.assert_array_equal(found[0][:15], found[1][:15])
    assert not np.allclose(found[0][15:], found[1][15:])


@pytest.mark.parametrize(
    ("access", "leans"),
    [
        (TargetAccess(), False),
        (TargetAccess(unlabelled=0.25), False),
        (TargetAccess(calibration=3), False),
        (TargetAccess(transductive=True), True),
    ],
)
def test_what_is_fitted_knows_no_test_trial_unless_the_table_says_so(access, leans, tmp_path):
    arrays, labels, rows = moved()
    changed = {**arrays, "2": arrays["2"].copy()}
    changed["2"][23] *= np.linspace(0.2, 5, 8)[:, None]  # the last trial: never an adapt row
    answers = []
    for i, one in enumerate((arrays, changed)):
        study = asked(access, made=(one, labels, rows))
        found, row = ran(study, tmp_path / str(i))
        answers.append(found[1])
        assert ("transductive" in row.flags) is leans
    same = np.array_equal(answers[0][:-1], answers[1][:-1])
    assert same is not leans


def test_following_is_refused_where_nothing_may_be_learnt():
    study = asked(TargetAccess(unlabelled=0.25), True)
    said = why_refused(study.question.models[0], study)
    assert said is not None and "(recursive: true)" in said and "{updates: unlabelled}" in said
    may = asked(TargetAccess(updates="unlabelled"))
    assert why_refused(study.question.models[0], may) is None


@pytest.mark.parametrize(
    "steps",
    [
        [Recentre(), Rescale(), Rotate(), Mdm(estimator="given")],
        [Recentre(), TangentSpace(), TangentAlignment(), LogisticRegression()],
        [Recentre(), Mdwm(estimator="given")],
    ],
    ids=["rotate", "tangent_alignment", "mdwm"],
)
def test_what_needs_labels_of_the_tested_is_refused_without(steps, tmp_path):
    model = NamedModel("m", make_pipeline(Covariance(), *steps))
    arrays = moved()
    for access in (TargetAccess(), TargetAccess(unlabelled=0.25), TargetAccess(transductive=True)):
        study = study_of(*arrays, models=(model,), protocol=CrossSubject(), access=access)
        said = why_refused(model, study)
        assert said is not None and f"target_access is {access.name}. Say target_access" in said
    told = TargetAccess(calibration=3)
    study = study_of(*arrays, models=(model,), n_draws=1, protocol=CrossSubject(), access=told)
    _, finished, table = run(study, tmp_path / "r")
    assert finished.errors == {} and "calibration 3" in table[0].flags
    tune = Tune({"m": {"recentre__metric": ("riemann", "euclid")}}, n_splits=2)
    tuned = replace(study, question=replace(study.question, tune=tune))
    assert "inner folds have none of theirs" in str(why_refused(model, tuned))


def test_what_decides_the_domain_may_not_be_the_truth():
    study = asked(TargetAccess())
    target = replace(study.question.target, column="session", classes=("1", "2"))
    told = replace(study, question=replace(study.question, target=target))
    assert "'session', which is the truth" in str(why_refused(told.question.models[0], told))


def test_the_domain_is_in_the_key():
    study = asked(TargetAccess())
    rows = study.trials.rows
    other = Trials(rows.with_column("session", rows["run"]), study.trials.signals)
    keys = [
        {job.key for job in make_plan(one).jobs} for one in (study, replace(study, trials=other))
    ]
    assert not keys[0] & keys[1]


def test_a_kept_model_looks_up_whose_trials_new_ones_are(tmp_path):
    study = asked(TargetAccess())
    study = replace(study, question=replace(study.question, keep="final"))
    run(study, tmp_path / "r")
    store = Store(tmp_path / "r")
    kept = open_model(store, store.index()["finals"]["m"])
    C, who = Covariances("oas").transform(study.trials.X), study.trials.rows["subject"]
    mine = np.flatnonzero(who == "2")
    # Its rows say that it is someone who was trained on; without rows nobody knows.
    given = kept.apply(study.trials.X[mine], study.trials.take(mine))
    np.testing.assert_allclose(given, whitened_by(C[mine], np.asarray(gmean(C[mine]))), rtol=1e-6)
    means = [np.asarray(gmean(C[who == one])) for one in ("1", "2", "3")]
    unknown = whitened_by(C[mine], np.asarray(gmean(np.stack(means))))
    np.testing.assert_allclose(kept.apply(study.trials.X[mine]), unknown, rtol=1e-6)


def test_what_is_learnt_of_one_person_serves_no_other(tmp_path):
    arrays, labels, rows = planted(subjects=("1", "2", "3", "4"))

    def asked_of(arrays):
        return study_of(
            arrays, labels, rows, models=(NamedModel("m", AdaptiveMdm(rate=0.3)),), n_draws=0,
            protocol=CrossSubject(n_splits=2), access=TargetAccess(updates="unlabelled"),
        )  # fmt: skip

    study = asked_of(arrays)
    tested = make_plan(study).folds[0].fold.index("test")
    who = study.trials.rows["subject"][tested]
    one, other = dict.fromkeys(who)
    turned = {**arrays, other: arrays[other][::-1] * 2}
    before, after = (
        scores(asked_of(of), tmp_path / name)[0] for name, of in (("a", arrays), ("b", turned))
    )
    np.testing.assert_array_equal(after[who == one], before[who == one])
    assert not np.allclose(after[who == other], before[who == other])
