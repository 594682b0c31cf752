"""The folder is the registry: every file is what its path says, every estimator scikit-learn's."""

import ast
import dataclasses
import importlib
import inspect
import warnings
from collections import Counter
from importlib.util import find_spec

import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import SkipTestWarning
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.core.names import PACKAGE, catalogue, find
from neurodecode.features._contract import Feature

ONE_CLASS_A_FILE = ("models", "steps", "protocols", "features")


def files(folder):
    """Files that are names: neither they nor a folder above them begin with an underscore."""
    root = PACKAGE / folder
    for path in sorted(root.rglob("*.py")):
        if not any(part.startswith("_") for part in path.relative_to(root).parts):
            yield path


def name_of(path, folder):
    return ".".join(path.relative_to(PACKAGE / folder).with_suffix("").parts)


def public_classes(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [n.name for n in body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


def is_sentence(line):
    return line[:1].isupper() and line.endswith(".")


FILES = [(folder, path) for folder in ONE_CLASS_A_FILE for path in files(folder)]
FOUND = [(group, name) for group in (*ONE_CLASS_A_FILE, "signal") for name in catalogue(group)]
ESTIMATORS = [find(n, group)() for group, n in FOUND if group in ("models", "steps")]


@pytest.mark.parametrize(
    ("folder", "path"), FILES, ids=[f"{folder}/{name_of(path, folder)}" for folder, path in FILES]
)
def test_a_file_holds_the_one_class_that_its_path_names(folder, path):
    name = name_of(path, folder)
    assert public_classes(path) == [camel(path.stem)]
    found = find(name, folder)
    assert found.__name__ == camel(path.stem)
    assert found.__module__ == f"neurodecode.{folder}.{name}"


def test_nothing_is_listed_that_is_no_file():
    for folder in ONE_CLASS_A_FILE:
        assert list(catalogue(folder)) == [name_of(path, folder) for path in files(folder)]


@pytest.mark.parametrize(("group", "name"), FOUND, ids=[f"{g}/{n}" for g, n in FOUND])
def test_every_class_says_what_it_is(group, name):
    entry = catalogue(group)[name]
    assert is_sentence(entry.summary), entry.summary
    module = importlib.import_module(entry.module)
    assert is_sentence((module.__doc__ or "").partition("\n")[0])
    if group != "protocols":  # folds are named in keys by their rows, not by who made them
        version = vars(entry.load()).get("version")
        assert type(version) is int, f"{entry.attribute} needs a version of its own"
        assert version >= 1


@pytest.mark.parametrize("name", catalogue("signal"))
def test_a_preparation_keeps_its_contract(name):
    found = find(name, "signal")
    assert camel(name) == found.__name__
    assert dataclasses.is_dataclass(found)
    assert found.__dataclass_params__.frozen
    for method, arguments in (("__call__", 2), ("preview", 2), ("reach", 2), ("ahead", 2)):
        assert len(inspect.signature(getattr(found, method)).parameters) == arguments


@pytest.mark.parametrize("name", catalogue("features"))
def test_a_feature_keeps_its_contract(name):
    found = find(name, "features")
    assert issubclass(found, Feature)
    assert dataclasses.is_dataclass(found)
    assert found.__dataclass_params__.frozen
    assert vars(found).get("libraries"), "a feature names whose release its numbers depend on"
    assert found.of in ("picture", "text", "sound")
    assert list(inspect.signature(found.open).parameters) == ["self", "device"]


@pytest.mark.parametrize("path", list(files("data/readers")), ids=lambda path: path.stem)
def test_a_reader_keeps_its_contract(path):
    assert public_classes(path) == ["Options"]
    reader = importlib.import_module(f"neurodecode.data.readers.{path.stem}")
    assert is_sentence((reader.__doc__ or "").partition("\n")[0])
    assert dataclasses.is_dataclass(reader.Options)
    assert reader.Options.__dataclass_params__.frozen
    assert is_sentence((reader.Options.__doc__ or "").partition("\n")[0])
    assert type(reader.version) is int
    assert all(find_spec(library) for library in reader.libraries)
    assert list(inspect.signature(reader.find).parameters) == ["card", "variant", "root"]
    assert list(inspect.signature(reader.more_files).parameters) == ["path"]


@pytest.mark.parametrize("name", [n for g, n in FOUND if g == "protocols"])
def test_a_protocol_keeps_its_contract(name):
    found = find(name, "protocols")
    assert dataclasses.is_dataclass(found)
    assert found.__dataclass_params__.frozen
    assert list(inspect.signature(found.split).parameters) == ["self", "rows", "target", "seed"]
    assert isinstance(found().apart, tuple)


def test_metric_names_are_unique():
    functions = [
        node.name
        for path in files("metrics")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Call) and d.func.id == "metric" for d in node.decorator_list)
    ]
    assert functions
    assert not [name for name, n in Counter(functions).items() if n > 1]
    assert sorted(catalogue("metrics")) == sorted(functions)


def of_pictures(estimator):
    """Whether a target must be pictures, which no check of scikit-learn makes."""
    return getattr(estimator, "needs", None) is not None and "picture" in estimator.needs.targets


# scikit-learn's checks make arrays of trials × features and numbers as targets; estimators of
# anything else are left out, by their tags and needs. The checks that need no data hold for them
# all the same, and tests/models holds them to the rest of the contract, on input of their own.
WITHOUT_DATA = [
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
]
OF_ARRAYS = [
    one
    for one in ESTIMATORS
    if one.__sklearn_tags__().input_tags.two_d_array and not of_pictures(one)
]


def test_only_other_input_excuses_an_estimator():
    for one in ESTIMATORS:
        assert isinstance(one, BaseEstimator)
        if one not in OF_ARRAYS:
            other = one.needs.trials or len(one.needs.axes or ()) > 1 or of_pictures(one)
            assert other or hasattr(one, "check_space")  # maps of features
    assert {type(one).__name__ for one in OF_ARRAYS} == {
        "Layers", "Lda", "Logistic", "Oracle", "Pca", "Ppca", "Probe", "Ridge", "Scale", "Svm",
        "TokenRidge",
    }  # fmt: skip


@pytest.mark.parametrize("check", WITHOUT_DATA, ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
def test_scikit_learns_checks_without_data(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SkipTestWarning)
        check(type(estimator).__name__, estimator)


@parametrize_with_checks(OF_ARRAYS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
