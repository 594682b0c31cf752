"""`searchlight`: where in the brain is it told, and where is a geometry like that of a model."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.harness.truth import permuted_order
from neurodecode.linalg.permutation import max_statistic_p
from neurodecode.linalg.rdm_compare import METHODS, Method, compare
from neurodecode.linalg.rdm_noise import measurement_residuals
from neurodecode.linalg.rdm_pairs import n_conditions_of, squares, vectors
from neurodecode.linalg.rdm_patterns import patterns
from neurodecode.linalg.searchlight import Searchlight
from neurodecode.linalg.searchlight_decoding import decoding_scores
from neurodecode.linalg.searchlight_rdm import DISTANCES, Distance, rdm_blocks
from neurodecode.linalg.splits import run_splits
from neurodecode.metrics.classification import chance_of_accuracy, chance_of_balanced_accuracy
from neurodecode.report.searchlight_data import LookedAt, looked_at
from neurodecode.report.searchlight_maps import SearchlightMaps

_METHODS = {"gnb": (), "ridge": ("alpha",), "lda": ("shrinkage",), "rsa": ()}
_WITH_NOISE = ("mahalanobis", "crossnobis")
_CHOICES: dict[str, tuple[str, ...]] = {
    "metric": ("balanced_accuracy", "accuracy"),
    "distance": DISTANCES,
    "noise": ("none", "diag", "shrink_diag", "shrink_eye"),
    "comparison": METHODS,
}
_SLOW = ("tau-a", "tau-b")
_DRAWN = 2**28  # bytes of scores of draws that exist at a time


def searchlight(
    data: Any,
    labels: str | Sequence[Any] | np.ndarray | None = None,
    runs: Sequence[Any] | np.ndarray | None = None,
    *,
    mask: Any = None,
    blocks: Sequence[Any] | np.ndarray | None = None,
    method: str | Mapping[str, Mapping[str, float]] = "gnb",
    models: Mapping[str, Any] | None = None,
    radius: float = 8.0,
    metric: Literal["balanced_accuracy", "accuracy"] | None = None,
    distance: Distance | None = None,
    noise: Literal["none", "diag", "shrink_diag", "shrink_eye"] | None = None,
    comparison: Method | None = None,
    n_splits: int | None = None,
    n_permutations: int = 100,
    seed: int = 0,
) -> SearchlightMaps:
    """Decode, or compare with models, in the neighbourhood of every voxel or vertex.

    Parameters
    ----------
    data : Trials, nibabel image, path, or nilearn SurfaceImage
        One volume a trial, of one person: `neurodecode.load` gives `Trials`. Signals differ from
        run to run in level and scale: z-score voxels within runs before.
    labels : str or sequence, optional
        The class (or condition) of each trial; of `Trials` a column, ``label`` without.
    runs : sequence
        The run each trial came from; `Trials` know theirs. Whole runs are left out; of models it is
        needed for ``crossnobis`` and noise.
    mask : nibabel image, path, or SurfaceImage, optional
        Of 0 and 1, in the space of the data; images need one.
    blocks : sequence, optional
        Trials of one block, such as volumes that follow each other, are no independent ones: labels
        are permuted by block. `Trials` know theirs. Of decoding alone.
    method : str or mapping
        ``gnb`` (Gaussian naive Bayes), ``ridge`` or ``lda``, as scikit-learn has them:
        ``{"ridge": {"alpha": 10}}``, ``{"lda": {"shrinkage": 0.5}}``. With `models` it is ``rsa``.
    models : mapping of str to array, optional
        Dissimilarities that models say, (n_conditions, n_conditions) or the pairs above the
        diagonal, with conditions in the order of their sorted labels; a DataFrame names them.
    radius : float
        Millimetres. Voxels at this distance belong; of surfaces it is along the surface.
    metric : {"balanced_accuracy", "accuracy"}, optional
        Of decoding, averaged over folds; ``balanced_accuracy`` without.
    distance : str, optional
        Of models: ``correlation`` (without), ``cosine``, ``euclidean``, ``mahalanobis``, or
        ``crossnobis``, which is crossvalidated over runs.
    noise : {"none", "diag", "shrink_diag", "shrink_eye"}, optional
        What ``mahalanobis`` and ``crossnobis`` are divided by: variances or covariances of trials
        about the mean of their condition and run; ``none`` without.
    comparison : str, optional
        Of models, as of `neurodecode.linalg.rdm_compare.compare`; without ``rho-a``, which is fair
        to models with ties.
    n_splits : int, optional
        Folds of decoding, of about as many runs each; without, each run is one.
    n_permutations : int
        Permutations of labels within runs, or of conditions of models; 0 for no p.
    seed : int

    Returns
    -------
    maps : SearchlightMaps

    Raises
    ------
    ConfigError
        If an argument cannot be meant, is missing, or is of another method.
    DataError
        If the mask is in another space, values are not finite, there are fewer runs than folds, or
        neighbourhoods are too large for memory.

    Notes
    -----
    p are one-sided. Each permutation is the same at all centres, and the largest score of all
    centres (and models) is what `p_max` holds a score against.

    References
    ----------
    Kriegeskorte, Goebel & Bandettini 2006, doi 10.1073/pnas.0600244103; Nichols & Holmes 2002, doi
    10.1002/hbm.1058. Searchlights of few voxels find what is in a neighbourhood, not where in it:
    Etzel, Zacks & Braver 2013, doi 10.1016/j.neuroimage.2013.03.041.
    """
    name, arguments = _method(method, models)
    if name == "rsa":
        _unused(name, metric=metric, n_splits=n_splits, blocks=blocks)
    else:
        _unused(name, distance=distance, noise=noise, comparison=comparison)
    metric, comparison = metric or "balanced_accuracy", comparison or "rho-a"
    distance, noise = distance or "correlation", noise or "none"
    _check(radius, n_permutations, metric=metric, distance=distance, noise=noise,
           comparison=comparison)  # fmt: skip
    if name == "rsa" and comparison == "cosine" and distance != "crossnobis":
        warnings.warn(
            "comparison: plain cosine of distances that are all positive is near 1 whatever they "
            "say, and ranks nothing. Use corr or rho-a, or distance='crossnobis'.",
            stacklevel=2,
        )
    by_run = name != "rsa" or noise != "none" or distance == "crossnobis"
    found = looked_at(data, labels, runs, blocks, mask, by_run=by_run)
    for note in found.notes:
        warnings.warn(note, stacklevel=2)
    light = found.where.searchlight(radius)
    said = {"method": name, **arguments, "radius": radius, "seed": seed}
    if name == "rsa":
        said |= {"distance": distance, "noise": noise, "comparison": comparison}
        told = _told(models or {}, np.unique(found.labels))
        scores, p, p_max = _geometry(
            found, light, told, distance, noise, comparison, n_permutations, seed
        )
        names, chance = tuple(told), 0.0
    else:
        folds = np.zeros(len(found.X), int)
        for number, split in enumerate(run_splits(found.runs, n_splits)):
            folds[split.test] = number
        said |= {"metric": metric, "n_folds": int(folds.max()) + 1}
        scores, p, p_max = _decoded(
            found, light, folds, name, metric, arguments, n_permutations, seed
        )
        names = (metric,)
        codes = np.unique(found.labels, return_inverse=True)[1]
        of_chance = chance_of_accuracy if metric == "accuracy" else chance_of_balanced_accuracy
        chance = of_chance(codes, np.bincount(codes) / len(codes))
    said |= {"n_permutations": n_permutations, "n_trials": len(found.X)}
    said |= {"classes": np.unique(found.labels).tolist(), "notes": list(found.notes)}

    def named(values: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, values, strict=True))

    return SearchlightMaps(named(scores), chance, named(p), named(p_max), light, found.where, said)


def _decoded(
    found: LookedAt,
    light: Searchlight,
    folds: np.ndarray,
    classifier: str,
    metric: str,
    arguments: Mapping[str, float],
    n_permutations: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give scores, p and corrected p, shape (1, n_centres), of labels permuted within runs."""
    codes = np.unique(found.labels, return_inverse=True)[1]
    runs = np.unique(found.runs, return_inverse=True)[1]
    orders = [
        permuted_order(codes, found.units, runs, [seed, draw]) for draw in range(n_permutations)
    ]
    draws = np.stack([codes, *(codes[order] for order in orders)])
    if n_permutations and (draws == codes).all():
        raise DataError(
            "searchlight: within every run all trials (or blocks) have one label, so none can be "
            "permuted and there is no p. Give n_permutations=0, or runs in which labels differ."
        )
    per = max(1, _DRAWN // (8 * len(light)))
    scores, as_high = np.empty(len(light)), np.zeros(len(light))
    largest = []
    for first in range(0, len(draws), per):
        made = decoding_scores(
            found.X,
            draws[first : first + per],
            folds,
            light,
            classifier,
            balanced=metric == "balanced_accuracy",
            **arguments,
        )
        if first == 0:
            scores, made = made[0], made[1:]
        # Scores are shares of few trials: equal ones differ by rounding.
        as_high += (made >= scores - 1e-9).sum(axis=0)
        largest.append(made.max(axis=1))
    return _with_p(scores[None], as_high[None], np.concatenate(largest))


def _geometry(
    found: LookedAt,
    light: Searchlight,
    models: Mapping[str, np.ndarray],
    distance: Distance,
    noise: str,
    comparison: Method,
    n_permutations: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give similarities, p and corrected p, shape (n_models, n_centres), of permuted conditions."""
    if comparison in _SLOW and n_permutations:
        raise ConfigError(
            f"comparison: {comparison} of every centre and permutation takes days. Take rho-a, or "
            "n_permutations=0."
        )
    crossed = distance == "crossnobis"
    means = patterns(found.X, found.labels, found.runs if crossed else None).means
    asked: dict[str, Any] = {}
    if noise != "none":
        residuals, dof = measurement_residuals(found.X, found.labels, found.runs)
        if dof < 1:
            raise DataError(
                "noise: each condition is once in each run, so there is no noise about its mean. "
                'Give noise="none", or trials that are not averaged.'
            )
        residuals_of = {"residuals": residuals, "shrinkage": noise, "dof": dof}
        asked = residuals_of
        if noise == "diag":
            asked = {"variance": (residuals**2).sum(axis=0) / dof}
    rng = np.random.default_rng(seed)
    square = squares(np.stack(list(models.values())))
    n = square.shape[-1]
    orders = [np.arange(n), *(rng.permutation(n) for _ in range(n_permutations))]
    told = np.concatenate([vectors(square[:, order][:, :, order]) for order in orders])
    scores = np.empty((len(models), len(light)))
    as_high = np.zeros(scores.shape)
    largest = np.full(n_permutations, -np.inf)
    for block, (centres, rdms) in enumerate(rdm_blocks(means, light, distance, **asked)):
        similarity = compare(rdms, told, comparison, warn=block == 0)  # of ties in a model, once
        similarity = similarity.T.reshape(len(orders), len(models), -1)
        scores[:, centres] = similarity[0]
        as_high[:, centres] = (similarity[1:] >= similarity[0] - 1e-9).sum(axis=0)
        if n_permutations:
            np.fmax(largest, np.nanmax(similarity[1:], axis=(1, 2)), out=largest)
    return _with_p(scores, as_high, largest)


def _with_p(
    scores: np.ndarray, as_high: np.ndarray, largest: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(largest)
    if n == 0:
        none = np.full(scores.shape, np.nan)
        return scores, none, none
    p = np.where(np.isnan(scores), np.nan, (1 + as_high) / (1 + n))
    return scores, p, np.stack([max_statistic_p(one, largest) for one in scores])


def _method(asked: Any, models: Mapping[str, Any] | None) -> tuple[str, dict[str, float]]:
    """Give the method's name and its arguments."""
    name, arguments = asked, {}
    if models is not None and not isinstance(models, Mapping):
        raise ConfigError(
            f"models: {type(models).__name__} is no mapping. Give one of name to dissimilarities, "
            "as in {'shape': rdm}."
        )
    if isinstance(asked, Mapping):
        if len(asked) != 1:
            raise ConfigError(f"method: {dict(asked)} names {len(asked)} methods. Name one.")
        ((name, arguments),) = asked.items()
    if models is not None and asked == "gnb":
        name = "rsa"
    if name not in _METHODS:
        raise ConfigError(f"method: there is no {name!r}.{nearest(str(name), _METHODS)}")
    for one in arguments:
        if one not in _METHODS[name]:
            raise ConfigError(
                f"method: {name} has no argument {one!r}. It has: "
                f"{', '.join(_METHODS[name]) or 'none'}."
            )
    if (name == "rsa") != bool(models):
        raise ConfigError(
            "models: rsa compares with models, and decoding has none. Give a mapping of names to "
            "dissimilarities with rsa, and none with gnb, ridge and lda."
        )
    return name, dict(arguments)


def _check(radius: Any, n_permutations: Any, **named: str) -> None:
    """Refuse values that no method can mean."""
    if isinstance(radius, bool) or not isinstance(radius, Real):
        raise ConfigError(f"radius: {radius!r}. Give millimetres, as a number.")
    if not isinstance(n_permutations, Integral) or n_permutations < 0:
        raise ConfigError(f"n_permutations: {n_permutations!r}. Give a whole number, 0 or more.")
    for name, value in named.items():
        if value not in _CHOICES[name]:
            raise ConfigError(
                f"{name}: there is no {value!r}.{nearest(str(value), _CHOICES[name])}"
            )
    if named["noise"] != "none" and named["distance"] not in _WITH_NOISE:
        raise ConfigError(
            f"noise: {named['noise']} is of mahalanobis and crossnobis; {named['distance']} has "
            "none. Leave it out, or change the distance."
        )


def _unused(method: str, **options: Any) -> None:
    """Refuse options that a method does not look at."""
    given = [one for one, value in options.items() if value is not None]
    if given:
        of = (
            "decoding, and models are compared" if method == "rsa" else "models, and there are none"
        )
        several = len(given) > 1
        raise ConfigError(
            f"{', '.join(given)}: {'they are' if several else 'it is'} of {of}: method {method!r} "
            f"does not use {'them' if several else 'it'}. Leave {'them' if several else 'it'} out."
        )


def _told(models: Mapping[str, Any], conditions: np.ndarray) -> dict[str, np.ndarray]:
    """Give each model's dissimilarities as a vector, in the order of the conditions."""
    if len(conditions) < 3:
        raise DataError(
            f"labels: {len(conditions)} conditions have {len(conditions) // 2} pairs, and nothing "
            "to correlate. Three are needed, and more are better; decode what is two."
        )
    told = {}
    for name, model in models.items():
        if isinstance(model, Mapping):
            raise ConfigError(
                f"models: {name} is a mapping. Give dissimilarities, as "
                "neurodecode.linalg.rdm.correlation makes of features."
            )
        if hasattr(model, "loc"):  # a table that names its conditions
            labels = [str(one) for one in model.index]
            if sorted(labels) != conditions.tolist() or [str(c) for c in model.columns] != labels:
                raise DataError(
                    f"models: {name} is of {', '.join(labels[:8])} and the trials of "
                    f"{', '.join(conditions[:8])}. Give rows and columns of the same conditions."
                )
            order = np.argsort(labels)
            model = np.asarray(model)[np.ix_(order, order)]
        values = np.asarray(model, dtype=np.float64)
        if values.ndim == 2:
            if values.shape[0] != values.shape[1] or not np.allclose(values, values.T):
                raise DataError(
                    f"models: {name} has shape {values.shape} and is not symmetric. Give "
                    "dissimilarities, the same both ways."
                )
            values = vectors(values)
        if n_conditions_of(len(values)) != len(conditions):
            raise DataError(
                f"models: {name} is of {n_conditions_of(len(values))} conditions and the trials of "
                f"{len(conditions)}: {', '.join(conditions[:8])}. Give one of the same."
            )
        if not np.isfinite(values).all() or np.ptp(values) == 0:
            raise DataError(
                f"models: {name}: all pairs are as dissimilar, or one is NaN or infinite: it says "
                "nothing to compare with. Leave it out."
            )
        told[name] = values
    return told
