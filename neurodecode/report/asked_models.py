"""Models as a notebook names them: names, mappings, estimators, torch classes, lists of steps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from neurodecode.core.config import Call, call
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import build, check_call, is_module_class, module_model
from neurodecode.core.nodes import Node, Problems, from_plain
from neurodecode.harness.named_model import NamedModel, display_names


def named_models(models: Any, role: Any) -> list[NamedModel]:
    """Give models under the names that tables show; alike ones are numbered.

    Parameters
    ----------
    models : str, scikit-learn estimator, torch module class, mapping, or sequence of any of these
        Or of lists of steps, each a list of the same that ends in a model.
    role : {"model", "control"}

    Raises
    ------
    ConfigError
        If something cannot be meant as a model.
    """
    where = f"{role}s"
    single = isinstance(models, str | BaseEstimator | type | Mapping)
    if not single and not isinstance(models, Iterable):
        raise ConfigError(f"{where}: expected a list of names and estimators, got {models!r}.")
    calls: list[tuple[Call, ...]] = []
    estimators = []
    for one in [models] if single else list(models):
        steps = one if isinstance(one, list) else [one]
        if not steps:
            raise ConfigError(f"{where}: the list of steps is empty. End it with a model.")
        named = [_named(step, "steps", where) for step in steps[:-1]]
        named.append(_named(steps[-1], "models", where))
        calls.append(tuple(found for several, _ in named for found in several))
        estimators.append(_joined(named))
    names = display_names(calls)
    numbered = [
        name if names.count(name) == 1 else f"{name} #{names[:i].count(name) + 1}"
        for i, name in enumerate(names)
    ]
    return [NamedModel.of(name, e, role) for name, e in zip(numbered, estimators, strict=True)]


def _named(one: Any, group: str, where: str) -> tuple[tuple[Call, ...], Any]:
    """Give how a model or step is called, which of a pipeline are its steps, and its estimator."""
    if isinstance(one, BaseEstimator):
        steps = [step for _, step in one.steps] if isinstance(one, Pipeline) else [one]
        return tuple(Call(type(step).__name__) for step in steps), one
    if is_module_class(one):
        return (Call(one.__name__),), module_model(one)()
    if isinstance(one, type):
        raise ConfigError(f"{where}: {one.__name__} is a class. Make one: {one.__name__}().")
    if not isinstance(one, str | Mapping):
        raise ConfigError(
            f"{where}: expected a name, a name with its arguments, an estimator of scikit-learn, "
            f"or a list of steps that ends in a model, got {one!r}."
        )
    problems = Problems("evaluate")
    found = call(Node(one) if isinstance(one, str) else from_plain(one), where, problems)
    check_call(found, group, where, problems, allow_code=True)
    problems.stop()
    return (found,), build(found, group, allow_code=True)


def _joined(named: Sequence[tuple[tuple[Call, ...], Any]]) -> Any:
    """Give the model alone, or the pipeline of steps that ends in it."""
    if len(named) == 1:
        return named[0][1]
    return Pipeline([(f"step {i}", step) for i, (_, step) in enumerate(named)])
