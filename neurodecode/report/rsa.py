"""`rsa`: patterns or RDMs of subjects, and models, in; results out."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.progress import progress
from neurodecode.core.rdms import Rdms
from neurodecode.core.trials import Trials
from neurodecode.data.cache import unwritable
from neurodecode.harness.rsa.models import as_models
from neurodecode.harness.rsa.options import (
    Comparison,
    Correction,
    Distance,
    Factor,
    Noise,
    RsaOptions,
)
from neurodecode.harness.rsa.run import execute_rsa
from neurodecode.harness.rsa.study import (
    RsaStudy,
    all_conditions,
    condition_vectors,
    conditions_table,
    sources_of_trials,
)
from neurodecode.harness.rsa.table import score_rsa
from neurodecode.harness.run import silent
from neurodecode.harness.store import Store
from neurodecode.report.results import Results
from neurodecode.report.rsa_arrays import sources_of_arrays
from neurodecode.simulate import ORACLE_SIGNAL

RsaData = Trials | Rdms | np.ndarray | Mapping[str, Any]


def rsa(
    data: RsaData,
    models: Mapping[str, Any],
    *,
    conditions: Any = None,
    runs: Any = None,
    regions: str | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    distance: Distance | None = None,
    noise: Noise = "none",
    transform: Literal["none", "sqrt"] = "none",
    comparison: Comparison | Sequence[Comparison] = "rho-a",
    nuisance: Sequence[str] = (),
    resample: Factor | Sequence[Factor] = ("subjects", "conditions"),
    n_bootstraps: int = 1000,
    n_permutations: int = 1000,
    correction: Correction = "max",
    split_half: int = 0,
    geo_topological: Sequence[float] | Literal["chosen"] = (),
    geodesic: float = 0.0,
    seed: int = 0,
    title: str = "",
    out: str | Path | None = None,
    verbose: bool = True,
) -> Results:
    """Compare the dissimilarities that brains have with those that models say.

    Parameters
    ----------
    data : Trials, Rdms, mapping of subject to array, or array
        Patterns of each subject, shape (n_trials, n_channels), or with a last axis of time; a
        mapping of region to such where a subject has several. With ``distance="precomputed"``
        RDMs: (n_conditions, n_conditions) or the pairs above the diagonal, with a first axis of
        time where they have one. An array without a name is one subject's.
    models : mapping of str to model
        An RDM; ``{"features": array, "distance": "correlation"}`` with a row a condition, or of
        `Trials` the name of a signal;
        ``{"column": labels}``, where pairs of one label are at 0 and others at 1, and numbers at
        their difference; ``{"weighted": {name: model, …}}`` or ``{"interpolated": …}``, whose
        weights are fitted to subjects and conditions that are not scored; ``{"selected": …}``, of
        which the best there is taken, such as of a network's layers.
    conditions : str, sequence, mapping or DataFrame, optional
        Of `Trials` the column of conditions (``stimulus``, else ``label``). Of arrays a label a
        trial, or a mapping of subject to such; of RDMs a name a row, or a table with the column
        ``condition``. Without, each trial is a condition, in the same order in all subjects.
        Subjects may have different conditions, four or more each: models are of the union, and each
        subject is compared on what it has. Tables (DataFrames) of RDMs name their own.
    runs : str, sequence or mapping, optional
        Of trials, as `conditions`: for `crossnobis`, noise and `split_half`.
    regions : str, optional
        Of `Trials`: a column, or ``"types"``, the regions of its channels or voxels.
    times : sequence of float, optional
        Seconds, of arrays with an axis of time.
    distance : str, optional
        ``correlation`` without, of `Rdms` ``precomputed``. ``euclidean``, ``mahalanobis`` and
        ``crossnobis`` are squared and over the number of channels.
    noise : {"none", "diag", "shrink_diag", "shrink_eye"}
        Covariance of the noise that `mahalanobis` and `crossnobis` divide by.
    transform : {"none", "sqrt"}
        The root makes the variance of counts alike.
    comparison : str or sequence of str
        ``rho-a`` and ``tau-a`` are fair to models with ties, such as categories; ``spearman``
        rewards them. ``corr``; ``corr_cov`` and ``cosine_cov`` whiten what pairs of one condition
        share. Plain ``cosine`` of distances that are all positive ranks nothing.
    nuisance : sequence of str
        Models that are taken out of data and other models first (partial RSA; ``corr`` or
        ``spearman``).
    resample : {"subjects", "conditions"} or both
        Over what the interval generalises.
    n_bootstraps, n_permutations : int
    correction : {"max", "bh", "none"}
        Of p over models, regions and times.
    split_half : int
        Random halves of the runs over which the reliability of RDMs is averaged.
    geo_topological : two floats or "chosen", optional
        Quantiles of each RDM, of data and models, below and above which dissimilarities are made
        equal (`neurodecode.linalg.topology.geo_topological`). ``"chosen"`` takes for each subject
        those by which the others agree best, whatever models say (`Results.scores()` has them;
        intervals do not choose anew).
    geodesic : float
        Quantile of each RDM up to which conditions are neighbours; compared are ways along them
        (`neurodecode.linalg.topology.geodesic`). 0: dissimilarities as they are.
    seed : int
    title : str
    out : path, optional
        Results folder. Without one, results are kept in the cache folder under the digest of what
        was asked, so that a second call finds them.
    verbose : bool
        Whether progress is shown on stderr.

    Returns
    -------
    results : Results
        A row a model, region and time; `Results.rdms` has what was compared.

    Raises
    ------
    ConfigError
        If a name, an option or their combination cannot be meant.
    DataError
        If the data are not what they are said to be, or subjects share too few conditions.

    References
    ----------
    Kriegeskorte, Mur & Bandettini 2008, doi 10.3389/neuro.06.004.2008; Nili et al. 2014, doi
    10.1371/journal.pcbi.1003553; Schütt et al. 2023, doi 10.7554/eLife.82566; Lin & Kriegeskorte
    2024, doi 10.1073/pnas.2317881121.
    """
    if isinstance(data, Rdms) and distance not in (None, "precomputed"):
        raise ConfigError(f"distance: {distance}: data are RDMs already. Leave it out.")
    ready = isinstance(data, Rdms) or distance == "precomputed"
    named, shown = isinstance(data, Trials), None
    options = RsaOptions(
        conditions=conditions if named and isinstance(conditions, str) else "",
        runs="" if runs is None else runs if isinstance(runs, str) else "run",
        regions=regions or "",
        distance="precomputed" if ready else distance or "correlation",
        noise=noise,
        transform=transform,
        comparison=_several(comparison),
        nuisance=tuple(nuisance),
        resample=_several(resample),
        n_bootstraps=n_bootstraps,
        n_permutations=n_permutations,
        correction=correction,
        split_half=split_half,
        geo_topological=(
            geo_topological if isinstance(geo_topological, str) else _several(geo_topological)
        ),
        geodesic=geodesic,
    )
    if isinstance(data, Trials):
        sources = sources_of_trials(data, options)
        table = conditions_table(data, options, all_conditions(sources))
        shown = partial(condition_vectors, data, options, table["condition"].tolist())
    else:
        if regions is not None:
            raise ConfigError(
                "regions: it is of Trials. Give arrays by region: {subject: {region: array}}."
            )
        sources, table = sources_of_arrays(data, conditions, runs, times, options)
    names = table["condition"].tolist()
    study = RsaStudy(
        title=title or f"{len(models)} models of {len(names)} conditions",
        sources=sources,
        models=as_models(models, names, table, shown),
        options=options,
        conditions=table,
        seed=seed,
        made_from={"data": "arrays in memory", "key": ""},
        simulated=isinstance(data, Trials) and ORACLE_SIGNAL in data.signals,
    )
    study.made_from["key"] = study.key()  # pyright: ignore[reportIndexIssue] (a dict, made above)
    folder = Path(out) if out is not None else cache_folder() / "evaluations" / study.key()
    resolved = {
        "title": study.title,
        "data": {"in_memory": study.key()},
        "rsa": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()},
        "models": {one.name: one.kind for one in study.models},
        "seeds": [seed],
    }
    try:
        store = Store(folder).open()
        errors = execute_rsa(
            study, store, folder.name, resolved, progress=progress if verbose else silent
        )
        if errors and len(errors) == len({job["key"] for job in store.index()["jobs"]}):
            raise DataError(next(iter(errors.values())))
        for error in errors.values():
            warnings.warn(f"left out: {error}", stacklevel=2)
        score_rsa(store, progress if verbose else silent)
    except OSError as error:
        if out is None:
            raise unwritable(cache_folder(), error) from error
        raise
    return Results(folder)


def _several(given: Any) -> tuple[Any, ...]:
    """Give one value as a tuple of it, and several as a tuple of them."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
