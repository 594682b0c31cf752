"""Patterns of linear models and attention of networks, averaged over folds and subjects."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from neurodecode.core.space import Space
from neurodecode.report.results import Results

ATTENTION = "attention"  # a map of where a model listens, which is no pattern
_CLASS = re.compile(r"\bclass (\d+)\b")  # models know classes by their codes


@dataclass(frozen=True, eq=False)
class MeanPatterns:
    """Patterns of one model: the mean over each subject's folds, then over subjects.

    Parameters
    ----------
    model : str
    maps : mapping of str to ndarray, shape (n_features,)
        What a map leads to (a class, a component) and its values.
    space : Space
    are_components : bool
        Whether the maps are components, whose order, sign and scale mean nothing by themselves.
    n_fits, n_subjects : int
        Fitted models and tested subjects behind the mean.
    n_left_out : int
        Fitted models whose features are not those of `space`: of people who have their own.
    """

    model: str
    maps: Mapping[str, np.ndarray]
    space: Space
    are_components: bool
    n_fits: int
    n_subjects: int
    n_left_out: int

    @property
    def is_attention(self) -> bool:
        """Whether it says where a model listens, and not where a signal is."""
        return set(self.maps) == {ATTENTION}


def mean_patterns(results: Results) -> list[MeanPatterns]:
    """Average the stored patterns of every model that has some.

    Models whose patterns belong to none of the recorded spaces are left out.

    Parameters
    ----------
    results : Results

    Returns
    -------
    patterns : list of MeanPatterns
    """
    index, store = results.index, results.store
    spaces = [space_of(plain) for several in index["spaces"].values() for plain in several]
    classes = tuple(index["target"]["classes"])
    subject_of = results.trials().set_index("uid")["subject"].astype(str)
    elsewhere = {(one["seed"], one["name"]) for one in index["folds"] if one.get("elsewhere")}
    found: dict[str, list[tuple[str, dict[str, np.ndarray]]]] = {}
    n_elsewhere: Counter[str] = Counter()
    for job in index["jobs"]:
        if job["draw"] is not None or not store.has(job["key"]):
            continue
        maps = store.patterns(job["key"])
        if maps and (job["seed"], job["fold"]) in elsewhere:
            n_elsewhere[job["model"]] += 1
        elif maps:
            uid = store.predictions(job["key"], classes).uid
            tested = " ".join(sorted(set(subject_of.loc[uid])))
            found.setdefault(job["model"], []).append((tested, maps))
    means = []
    for model, fits in found.items():
        shape = next(iter(fits[0][1].values())).shape
        space = next((one for one in spaces if (len(one),) == shape), None)
        if space is not None:
            mean = _mean(model, fits, space, classes)
            means.append(replace(mean, n_left_out=mean.n_left_out + n_elsewhere[model]))
    return means


def space_of(plain: Mapping[str, Any]) -> Space:
    """Space from the plain data that a results folder keeps."""

    def array(name: str, dtype: type) -> np.ndarray | None:
        return np.array(plain[name], dtype=dtype) if name in plain else None

    return Space(
        plain["kind"],
        names=tuple(plain["names"]),
        types=tuple(plain["types"]),
        unit=plain["unit"],
        positions=array("positions", float),  # None becomes NaN
        affine=array("affine", float),
        shape=tuple(plain.get("shape", ())),
        ijk=array("ijk", int),
    )


def _mean(
    model: str,
    fits: list[tuple[str, dict[str, np.ndarray]]],
    space: Space,
    classes: tuple[str, ...],
) -> MeanPatterns:
    usable = [
        (subject, maps)
        for subject, maps in fits
        if all(one.shape == (len(space),) for one in maps.values())
    ]
    subjects = dict.fromkeys(subject for subject, _ in usable)
    names = set(usable[0][1])
    are_components = names != {ATTENTION} and not any(map(_CLASS.search, names))
    if are_components:
        usable = [(subject, _same_size(maps)) for subject, maps in usable]
        first = usable[0][1]
        usable = [(subject, matched(maps, first)) for subject, maps in usable]
    means = {}
    for name in dict.fromkeys(name for _, maps in usable for name in maps):
        of_subjects = [
            np.mean([maps[name] for one, maps in usable if one == subject and name in maps], axis=0)
            for subject in subjects
            if any(one == subject and name in maps for one, maps in usable)
        ]
        means[_readable(name, classes)] = np.mean(of_subjects, axis=0)
    if are_components:
        means = {name: one / (one[np.abs(one).argmax()] or 1.0) for name, one in means.items()}
    return MeanPatterns(
        model, means, space, are_components, len(usable), len(subjects), len(fits) - len(usable)
    )


def _same_size(maps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Components at unit norm: no fit counts more in a mean because its signal is larger."""
    return {name: one / (np.linalg.norm(one) or 1.0) for name, one in maps.items()}


def matched(maps: Mapping[str, np.ndarray], to: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give components the order, names and signs that make them most like those of another fit.

    Parameters
    ----------
    maps, to : mapping of str to ndarray, shape (n_features,)

    Returns
    -------
    matched : dict of str to ndarray, shape (n_features,)
        Under the names of `to`.
    """
    n = len(maps)
    with np.errstate(invalid="ignore", divide="ignore"):  # a flat map is like no other
        alike = np.nan_to_num(np.corrcoef([*maps.values(), *to.values()])[:n, n:])
    mine, theirs = linear_sum_assignment(-np.abs(alike))
    values, names = list(maps.values()), list(to)
    by_name = {
        names[j]: values[i] * (-1 if alike[i, j] < 0 else 1)
        for i, j in zip(mine, theirs, strict=True)
    }
    return {name: by_name[name] for name in names if name in by_name}


def _readable(name: str, classes: tuple[str, ...]) -> str:
    """Class names where a model, which knows codes alone, says ``class 2``."""

    def named(code: re.Match[str]) -> str:
        if len(classes) == 2 and name == "class 1":  # the one map of a model of two classes
            return f"{classes[1]} against {classes[0]}"
        return classes[int(code[1])] if int(code[1]) < len(classes) else code[0]

    return _CLASS.sub(named, name)
