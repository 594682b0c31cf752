"""Contract tests of a model, step, protocol or metric: what the harness relies on."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from neurodecode.core.config import Call, call
from neurodecode.core.names import build, catalogue, check_call, find
from neurodecode.core.needs import SAME
from neurodecode.core.nodes import Problems, parse
from neurodecode.core.pictures import check_pictures
from neurodecode.core.rows import Rows
from neurodecode.core.stages import ignores_y, is_stateless
from neurodecode.core.target import Target
from neurodecode.harness.beside import Beside
from neurodecode.harness.handed import picked
from neurodecode.harness.jobs import seeded
from neurodecode.harness.metric_contract import check_metric
from neurodecode.harness.model_ceilings import ceilings_of, has_ceilings
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.planted import planted_rows, planted_trials, signals_of, told_of
from neurodecode.harness.promises import Finding, NotAsked, findings
from neurodecode.protocols import claims_of, verify
from neurodecode.simulate import ORACLE_SIGNAL

# Columns that say when a row was, and nothing of what was shown.
_WHEN = {"recording", "onset", "start", "stop"}
_LATER = "once what comes after it, or another recording, is known"


def check_named(name: str) -> tuple[str, list[Finding]]:
    """Run the contract tests of what a name stands for.

    Parameters
    ----------
    name : str
        Of a model, step, protocol or metric, with arguments where it needs some, as in an
        experiment file: ``deconfound: {columns: [age]}``. Or ``package.module:Class``, which is
        taken for a model, or for a step where it has no `predict`.

    Returns
    -------
    group : str
        What it was taken for.
    findings : list of Finding

    Raises
    ------
    ConfigError
        If there is no such name.
    """
    asked = _call(name)
    for group, check in _CONTRACTS.items():
        if asked.name in catalogue(group):
            return group, check(_made(asked, group))
    made = _made(asked, "models")
    group = "models" if hasattr(made, "predict") else "steps"
    return group, _CONTRACTS[group](made)


def _call(name: str) -> Call:
    """Read a name, with arguments or without; a class from outside has a colon of its own."""
    if "{" not in name:
        return Call(name)
    root, problems = parse(name, "check")
    found = call(root, "", problems)
    problems.stop()
    return found


def _made(asked: Call, group: str) -> Any:
    if group == "metrics":
        return find(asked.name, group)
    problems = Problems("check")
    check_call(asked, group, "", problems, allow_code=True)
    problems.stop()
    return build(asked, group, allow_code=True)


def check_model(model: Any) -> list[Finding]:
    """Hold a model to scikit-learn's contract and to what folds ask of it."""
    named = NamedModel("checked", model)
    kind = "label" if "label" in named.target_needs.targets else named.target_needs.targets[0]
    rows, X, y = planted_trials(named, kind)
    told = told_of(named, rows)
    half = np.arange(len(rows)) % 2 == 0
    train, test = np.flatnonzero(half), np.flatnonzero(~half)

    def fresh() -> Any:
        return seeded(model, 0)  # as a fold does with what draws by chance

    def beside(index: np.ndarray) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if told is not None:
            more["rows"] = told.iloc[index].reset_index(drop=True)
        if named.training_signals:
            more["signals"] = signals_of(named, index)
        return more

    def fit(one: Any) -> Any:
        return one.fit(picked(X, train), y[train], **beside(train))

    def fitted() -> Any:
        return fit(fresh())

    def answer(one: Any, X: Any) -> Any:
        return one.score_samples(X) if kind == "none" else one.predict(X)

    def keeps_arguments() -> None:
        before = repr(fresh().get_params(deep=False))
        assert repr(fitted().get_params(deep=False)) == before, "fit changes its own arguments"

    def returns_itself() -> None:
        one = fresh()
        assert fit(one) is one, "fit returns something else"

    def fits_again() -> None:
        first, second = (np.asarray(answer(fitted(), picked(X, test))) for _ in range(2))
        assert np.array_equal(first, second), "a second fit on the same trials predicts otherwise"

    def answers_each() -> None:
        said = np.asarray(answer(fitted(), picked(X, test)))
        assert len(said) == len(test), f"{len(said)} predictions for {len(test)} trials"
        if kind == "label":
            assert np.isin(said, np.unique(y)).all(), "it predicts classes that it was not told"
        else:
            assert np.isfinite(said).all(), "it predicts what is no number"
        if kind == "picture":
            said = check_pictures(said, "its pictures")
            assert said.shape[1:] == y.shape[1:], f"pictures of {said.shape[1:]}"

    def says_ceilings() -> None:
        one = fitted()
        if kind != "picture" or not has_ceilings(one):
            raise NotAsked("it says none")
        names, signals = named.training_signals, signals_of(named, test)
        shown = Beside(pd.DataFrame(index=range(len(test))), signals) if names else None
        before = answer(one, picked(X, test))
        ceilings_of(one, y[test], shown)
        assert np.array_equal(before, answer(one, picked(X, test))), "its ceilings change it"

    def tells_own_voxels() -> None:
        if not named.ragged_targets:
            raise NotAsked("it learns targets of one length")
        if named.input_needs.signals == (ORACLE_SIGNAL,):
            raise NotAsked("it answers what it reads")
        subject = rows["subject"]
        own = [np.resize(one, 2 + int(name)) for one, name in zip(y, subject, strict=True)]
        new = np.flatnonzero(subject == subject[-1])
        known, context = np.flatnonzero(subject != subject[-1]), new[: len(new) // 2]
        one = fresh().fit(picked(X, known), [own[i] for i in known], **beside(known))
        if hasattr(one, "adapt"):
            labelled = np.stack([own[i] for i in context])
            one = one.adapt(picked(X, context), labelled, **beside(context))
        said = np.shape(answer(one, picked(X, new)))
        assert said == (len(new), len(own[-1])), f"{len(own[-1])} voxels are told as {said}"

    def scores_each_class() -> None:
        if kind != "label":
            raise NotAsked("it learns no classes")
        one = fitted()
        methods = [name for name in ("predict_proba", "decision_function") if hasattr(one, name)]
        if not methods:
            raise NotAsked("it gives no scores")
        for method in methods:
            found = np.asarray(getattr(one, method)(picked(X, test)))
            n = found.shape[-1] if found.ndim > 1 else 2
            assert n in (len(one.classes_), found.shape[-1]), f"{method}: {found.shape}"
            if method == "predict_proba":
                assert np.allclose(found.sum(axis=-1), 1), "probabilities do not sum to one"

    def leans_on_no_other() -> None:
        one = fitted()
        together = np.asarray(answer(one, picked(X, test)))
        alone = np.concatenate(
            [np.asarray(answer(one, picked(X, test[i : i + 1]))) for i in range(len(test))]
        )
        # Networks compute in single precision, where products of other sizes round otherwise.
        rounding = 1e-5 * np.max(np.abs(together)) if "torch" in named.packages else 1e-8
        same = np.allclose(together, alone, atol=rounding)
        assert same, "a trial alone is answered otherwise than among others"

    def looks_back_alone() -> None:
        one = fitted()
        together = np.asarray(answer(one, picked(X, test)))
        for i in range(len(test)):
            said = np.asarray(answer(one, picked(X, _until(rows, test, i))))[-1]
            assert np.allclose(together[i], said), f"a trial is answered otherwise {_LATER}"

    def can_be_kept() -> None:
        one = fitted()
        pickle.dumps(one)
        again = copy.deepcopy(one)  # by the same rules as a pickle
        same = np.array_equal(answer(one, picked(X, test)), answer(again, picked(X, test)))
        assert same, "a copy predicts otherwise"

    def sees_no_truth() -> None:
        columns = set(named.columns)
        assert not columns & {"label", "value", "y"}, f"it asks for {sorted(columns)}"
        both = sorted((columns & set(named.training_columns)) - _WHEN)
        assert not both, f"it asks for {both} of training rows, and of those that are tested"
        if named.input_needs.trials:
            answer(fitted(), picked(X, test))  # the table it is handed holds no other column

    return list(
        findings(
            ("clone and fit keep its arguments", keeps_arguments),
            ("fit returns the model", returns_itself),
            ("fitting twice is fitting once", fits_again),
            ("each trial gets one answer", answers_each),
            ("each class has a score", scores_each_class),
            ("people may have voxels of their own", tells_own_voxels),
            ("no answer leans on later trials", looks_back_alone)
            if named.sequential
            else ("test trials do not lean on each other", leans_on_no_other),
            ("its ceilings are pictures, and change nothing", says_ceilings),
            ("it can be sent to another process", can_be_kept),
            ("it asks for no truth, and works without", sees_no_truth),
        )
    )


def check_step(step: Any) -> list[Finding]:
    """Hold a step to scikit-learn's contract, and to what it says of itself."""
    named = NamedModel("checked", step)
    rows, X, y = planted_trials(named, "label")
    half = np.arange(len(rows)) % 2 == 0
    train, test = np.flatnonzero(half), np.flatnonzero(~half)

    def transformed(one: Any, index: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(row) for row in one.transform(picked(X, index))]

    def fresh() -> Any:
        return clone(step)

    def fitted(y_train: np.ndarray) -> Any:
        return fresh().fit(picked(X, train), y_train)

    def keeps_rows() -> None:
        found = transformed(fitted(y[train]), test)
        assert len(found) == len(test), f"{len(found)} rows of {len(test)} trials"
        assert all(np.isfinite(row).all() for row in found), "it gives values that are no numbers"

    def gives_its_axes() -> None:
        gives = getattr(step, "gives", None)
        if gives is None:
            raise NotAsked("it does not say what it gives")
        if named.input_needs.signals != 1:
            raise NotAsked("it joins signals")
        n_axes = 2 if gives == SAME else len(gives)  # planted trials are of channels by time
        shapes = {row.shape for row in transformed(fitted(y[train]), test)}
        assert {len(one) for one in shapes} == {n_axes}, f"it says {gives}, and gives {shapes}"

    def leans_on_no_other() -> None:
        one = fitted(y[train])
        alone = [transformed(one, test[i : i + 1])[0] for i in range(len(test))]
        assert _same(transformed(one, test), alone), "a trial alone is transformed otherwise"

    def looks_back_alone() -> None:
        one = fitted(y[train])
        alone = [transformed(one, _until(rows, test, i))[-1] for i in range(len(test))]
        assert _same(transformed(one, test), alone), f"a trial is transformed otherwise {_LATER}"

    def takes_dependent_channels() -> None:
        needs = named.input_needs
        if needs.axes != ("channel", "time") or needs.signals != 1 or needs.trials:
            raise NotAsked("it takes no trials of channels by time")
        if needs.full_rank:
            raise NotAsked("it says full_rank, so that plan refuses such trials")
        summed = [np.concatenate([one[:-1], -one[:-1].sum(axis=0, keepdims=True)]) for one in X]
        dependent = summed if isinstance(X, list) else np.stack(summed)
        one = fresh().fit(picked(dependent, train), y[train])
        found = [np.asarray(row) for row in one.transform(picked(dependent, test))]
        assert all(np.isfinite(row).all() for row in found), "it gives values that are no numbers"

    def stateless() -> None:
        if not is_stateless(step):
            raise NotAsked("it does not say stateless")
        one, other = fitted(y[train]), fresh().fit(picked(X, test[:1]), y[test[:1]])
        same = _same(transformed(one, test), transformed(other, test))
        assert same, "it says stateless, and what it was fitted on changes what it gives"

    def blind() -> None:
        if not ignores_y(step):
            raise NotAsked("it does not say supervised = False")
        one, other = fitted(y[train]), fitted(y[train][::-1])
        same = _same(transformed(one, test), transformed(other, test))
        assert same, "it says supervised = False, and labels change what it gives"

    def can_be_sent() -> None:
        one = fitted(y[train])
        pickle.dumps(one)
        again = copy.deepcopy(one)  # by the same rules as a pickle
        same = zip(transformed(one, test), transformed(again, test), strict=True)
        assert all(np.array_equal(*pair) for pair in same), "a copy gives something else"

    return list(
        findings(
            ("each trial gives one row of numbers", keeps_rows),
            ("it gives the axes that it says", gives_its_axes),
            ("no trial leans on later ones", looks_back_alone)
            if named.sequential
            else ("test trials do not lean on each other", leans_on_no_other),
            ("channels may depend on each other, or it says full_rank", takes_dependent_channels),
            ("what is called stateless learns nothing", stateless),
            ("what is called unsupervised sees no label", blind),
            ("it can be sent to another process", can_be_sent),
        )
    )


def _same(found: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Say whether rows are the same to rounding; they may differ in length."""
    return len(found) == len(other) and all(
        a.shape == b.shape and np.allclose(a, b) for a, b in zip(found, other, strict=True)
    )


def check_protocol(protocol: Any) -> list[Finding]:
    """Hold a protocol to its own claim, on four subjects of two sessions of two runs."""
    rows = planted_rows()
    target = Target("label", column="label", classes=("a", "b"))

    def folds(seed: int = 0) -> list[Any]:
        return list(protocol.split(rows, target, seed))

    def apart() -> None:
        found = folds()
        assert found, "it gives no fold"
        for fold in found:
            for claim in claims_of(protocol):
                verify(fold, rows, claim)

    def same_again() -> None:
        one, other = ([(f.name, f.role.tolist()) for f in folds(3)] for _ in range(2))
        assert one == other, "the same seed gives other folds"

    def named() -> None:
        names = [fold.name for fold in folds()]
        assert len(set(names)) == len(names), "two folds have one name"

    def tested_once() -> None:
        counts = np.sum([fold.role == 3 for fold in folds()], axis=0)
        assert counts.max() <= 1, "a row is tested in several folds of one seed"

    return list(
        findings(
            ("what it keeps apart is apart", apart),
            ("a seed gives the same folds again", same_again),
            ("folds have names of their own", named),
            ("a row is tested once", tested_once),
        )
    )


_CONTRACTS: dict[str, Callable[[Any], list[Finding]]] = {
    "models": check_model,
    "steps": check_step,
    "protocols": check_protocol,
    "metrics": check_metric,
}


def _until(rows: Rows, test: np.ndarray, i: int) -> np.ndarray:
    """Test rows of the recording of the i-th that ended before it did, and that one, last."""
    recording, stop = rows["recording"][test], rows["stop"][test]
    before = np.flatnonzero((recording == recording[i]) & (stop < stop[i]))
    return test[np.append(before, i)]
