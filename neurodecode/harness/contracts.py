"""Contract tests of a model, step, protocol or metric: what the harness relies on."""

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from neurodecode.core.config import Call, call
from neurodecode.core.names import build, catalogue, check_call, find
from neurodecode.core.needs import SAME
from neurodecode.core.nodes import Problems, parse
from neurodecode.core.stages import ignores_y, is_stateless
from neurodecode.core.target import Target, n_axes
from neurodecode.harness.handed import picked
from neurodecode.harness.jobs import seeded
from neurodecode.harness.planted import planted_rows, planted_trials
from neurodecode.harness.question import NamedModel
from neurodecode.protocols import verify


@dataclass(frozen=True)
class Finding:
    """One promise, and whether it is kept.

    Parameters
    ----------
    promise : str
    problem : str
        Empty where it is kept.
    """

    promise: str
    problem: str = ""


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
    half = np.arange(len(rows)) % 2 == 0
    train, test = np.flatnonzero(half), np.flatnonzero(~half)

    def fresh() -> Any:
        return seeded(model, 0)  # as a fold does with what draws by chance

    def fitted() -> Any:
        return fresh().fit(picked(X, train), y[train])

    def answer(one: Any, X: Any) -> Any:
        return one.score_samples(X) if kind == "none" else one.predict(X)

    def keeps_arguments() -> None:
        before = repr(fresh().get_params(deep=False))
        assert repr(fitted().get_params(deep=False)) == before, "fit changes its own arguments"

    def returns_itself() -> None:
        one = fresh()
        assert one.fit(picked(X, train), y[train]) is one, "fit returns something else"

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

    def scores_each_class() -> None:
        one = fitted()
        for method in ("predict_proba", "decision_function"):
            if kind == "label" and hasattr(one, method):
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
        assert np.allclose(together, alone), "a trial alone is answered otherwise than among others"

    def can_be_kept() -> None:
        one = fitted()
        pickle.dumps(one)
        again = copy.deepcopy(one)  # by the same rules as a pickle
        same = np.array_equal(answer(one, picked(X, test)), answer(again, picked(X, test)))
        assert same, "a copy predicts otherwise"

    def sees_no_truth() -> None:
        columns = set(named.columns)
        assert not columns & {"label", "value", "y"}, f"it asks for {sorted(columns)}"
        if named.input_needs.trials:
            answer(fitted(), picked(X, test))  # the table it is handed holds no other column

    return list(
        _findings(
            ("clone and fit keep its arguments", keeps_arguments),
            ("fit returns the model", returns_itself),
            ("fitting twice is fitting once", fits_again),
            ("each trial gets one answer", answers_each),
            ("each class has a score", scores_each_class),
            ("test trials do not lean on each other", leans_on_no_other),
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

    def transformed(one: Any, index: np.ndarray) -> np.ndarray:
        return np.asarray(one.transform(picked(X, index)))

    def fresh() -> Any:
        return clone(step)

    def fitted(y_train: np.ndarray) -> Any:
        return fresh().fit(picked(X, train), y_train)

    def keeps_rows() -> None:
        found = transformed(fitted(y[train]), test)
        assert len(found) == len(test), f"{len(found)} rows of {len(test)} trials"
        assert np.isfinite(found).all(), "it gives values that are no numbers"

    def gives_its_axes() -> None:
        gives = getattr(step, "gives", None)
        if gives is None or named.input_needs.signals != 1:
            return
        n_axes = 2 if gives == SAME else len(gives)  # planted trials are of channels by time
        found = transformed(fitted(y[train]), test)
        assert found.ndim == 1 + n_axes, f"it says {gives}, and gives shape {found.shape}"

    def leans_on_no_other() -> None:
        one = fitted(y[train])
        alone = np.concatenate([transformed(one, test[i : i + 1]) for i in range(len(test))])
        assert np.allclose(transformed(one, test), alone), "a trial alone is transformed otherwise"

    def stateless() -> None:
        if is_stateless(step):
            one, other = fitted(y[train]), fresh().fit(picked(X, test[:1]), y[test[:1]])
            same = np.allclose(transformed(one, test), transformed(other, test))
            assert same, "it says stateless, and what it was fitted on changes what it gives"

    def blind() -> None:
        if ignores_y(step):
            one, other = fitted(y[train]), fitted(y[train][::-1])
            same = np.allclose(transformed(one, test), transformed(other, test))
            assert same, "it says supervised = False, and labels change what it gives"

    def can_be_sent() -> None:
        one = fitted(y[train])
        pickle.dumps(one)
        again = copy.deepcopy(one)  # by the same rules as a pickle
        assert np.array_equal(transformed(one, test), transformed(again, test))

    return list(
        _findings(
            ("each trial gives one row of numbers", keeps_rows),
            ("it gives the axes that it says", gives_its_axes),
            ("test trials do not lean on each other", leans_on_no_other),
            ("what is called stateless learns nothing", stateless),
            ("what is called unsupervised sees no label", blind),
            ("it can be sent to another process", can_be_sent),
        )
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
            verify(fold, rows, protocol.apart)

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
        _findings(
            ("what it keeps apart is apart", apart),
            ("a seed gives the same folds again", same_again),
            ("folds have names of their own", named),
            ("a row is tested once", tested_once),
        )
    )


def check_metric(metric: Any) -> list[Finding]:
    """Hold a metric to its range, direction and chance level, on answers of 400 rows."""
    rng = np.random.default_rng(0)
    kind = metric.kinds[0]
    n_rows = 400
    sign = 1 if metric.direction == "up" else -1
    if kind == "label":
        true = rng.permutation(np.repeat([0, 1], n_rows // 2))
        best = np.eye(2)[true]
        drawn = [rng.dirichlet([1, 1], n_rows) for _ in range(50)]
    else:
        shape = (n_rows, *(5,) * (n_axes(kind) - 1))
        true = rng.standard_normal(shape)
        best, drawn = true, [rng.standard_normal(shape) for _ in range(50)]
    if kind == "none":  # there is no truth: best is what is likeliest in every row
        best = np.max(drawn, axis=0)

    def score(said: np.ndarray, index: Any = slice(None)) -> float:
        pred = np.argmax(said, axis=1) if kind == "label" else said
        value = metric.evaluate(
            true[index], pred[index],
            scores=said[index] if kind == "label" else None,
            score_kind="probability", kind=kind,
        )  # fmt: skip
        assert isinstance(value, float), f"not computed: {value}"
        return value

    def in_range() -> None:
        low, high = metric.range
        for said in (best, *drawn):
            assert low - 1e-9 <= score(said) <= high + 1e-9, f"{score(said)} is outside its range"

    def best_is_best() -> None:
        others = max(sign * score(said) for said in drawn)
        assert sign * score(best) > others, "the truth itself is not the best answer"

    def no_order() -> None:
        order = rng.permutation(n_rows)
        assert np.isclose(score(drawn[0]), score(drawn[0], order)), "the order of rows matters"

    return list(
        _findings(
            ("scores lie within its range", in_range),
            ("the truth is the best answer", best_is_best),
            ("the order of rows does not matter", no_order),
        )
    )


_CONTRACTS: dict[str, Callable[[Any], list[Finding]]] = {
    "models": check_model,
    "steps": check_step,
    "protocols": check_protocol,
    "metrics": check_metric,
}


def _findings(*promises: tuple[str, Callable[[], None]]) -> Iterator[Finding]:
    for promise, test in promises:
        try:
            # What a model warns of, such as passes that were too few, breaks no promise.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                test()
        except Exception as error:  # whatever is checked may fail in any way
            text = " ".join(str(error).split())
            named = text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}"
            yield Finding(promise, named or type(error).__name__)
        else:
            yield Finding(promise)
