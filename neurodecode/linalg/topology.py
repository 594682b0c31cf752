"""Representational dissimilarities between geometry and topology.

RDMs are vectors of the pairs above the diagonal, row by row, as `numpy.triu_indices(n, 1)` has
them. Bounds are quantiles of each RDM's own dissimilarities, so that what one subject's distances
are does not decide what is far for another.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm_ceilings import ceilings_of_products
from neurodecode.linalg.rdm_compare import Method, coordinates
from neurodecode.linalg.rdm_pairs import n_conditions_of, squares, vectors


def geo_topological(rdms: np.ndarray, low: float, high: float) -> np.ndarray:
    """Make near pairs equal, far pairs equal, and keep what is between.

    Dissimilarities below the lower quantile become 0, those above the upper one 1, and between
    them they grow linearly. ``low=0, high=1`` keeps all of the geometry; ``low == high`` keeps who
    is a neighbour of whom and nothing else.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs) or (n_pairs,)
        NaN where a pair was not measured; it stays NaN.
    low, high : float
        Quantiles, 0 to 1, of each RDM.

    Returns
    -------
    rdms : ndarray, shape of `rdms`
        New, 0 to 1. They hold many ties: compare them by ``corr``, ``rho-a`` or ``tau-a``.

    Raises
    ------
    ConfigError
        If the quantiles are not in order within 0 to 1.
    DataError
        If an RDM holds no finite dissimilarity, or an infinite one.

    References
    ----------
    Lin & Kriegeskorte 2024, doi 10.1073/pnas.2317881121.
    """
    return _between(_checked(rdms), np.asarray([low]), np.asarray([high]))[0]


def geo_topological_family(rdms: np.ndarray, step: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Transform RDMs by all pairs of quantiles on a grid.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs) or (n_pairs,)
    step : float
        Of the grid from 0 to 1; .1 gives 66 members.

    Returns
    -------
    bounds : ndarray, shape (n_members, 2)
        Quantiles ``low <= high``.
    members : ndarray, shape (n_members, *shape of `rdms`)

    Raises
    ------
    ConfigError
        If 1 is no multiple of the step.
    DataError
        As `geo_topological`.
    """
    bounds = _grid(step)
    return bounds, _between(_checked(rdms), bounds[:, 0], bounds[:, 1])


@dataclass(frozen=True, eq=False)
class ChosenQuantiles:
    """Quantiles that were chosen for each subject by the others.

    Parameters
    ----------
    bounds : ndarray, shape (n_subjects, 2)
    agreement : ndarray, shape (n_subjects,)
        Of the others by these quantiles: how well the mean of the rest tells each of them.
    geometry : ndarray, shape (n_subjects,)
        The same of RDMs as they are, whose quantiles are 0 and 1.
    """

    bounds: np.ndarray
    agreement: np.ndarray
    geometry: np.ndarray


def choose_quantiles(
    rdms: np.ndarray, method: Method = "corr", *, step: float = 0.1
) -> ChosenQuantiles:
    """Choose the quantiles of each subject by how well the others agree: no model is looked at.

    Parameters
    ----------
    rdms : ndarray, shape (n_places, n_subjects, n_pairs)
        Of regions or times; NaN alone where a subject has none there. Agreement is averaged over
        places.
    method : str
        A comparison that centres; that of Kendall's is judged by ``rho-a``.
    step : float
        Of the grid from 0 to 1. Members with one near pair, or one far pair, are left out: subjects
        would agree by a single pair. Of equal ones the widest is chosen.

    Returns
    -------
    chosen : ChosenQuantiles

    Raises
    ------
    ConfigError
        If the comparison does not centre, or 1 is no multiple of the step.
    DataError
        If there are fewer than three subjects, or single pairs are missing.

    Notes
    -----
    Which model is right was told no better by chosen quantiles than by RDMs where both were
    simulated: .998, .956 and .642 of layers against .998, .956 and .648 at three levels of noise
    (`neurodecode.simulate._rdm_world`, ten subjects, ``corr``). They are no more than a way not to
    choose by the subject that is scored.

    References
    ----------
    Lin & Kriegeskorte 2024, doi 10.1073/pnas.2317881121.
    """
    rdms = np.asarray(rdms, dtype=np.float64)
    n_subjects = rdms.shape[1]
    if method in ("cosine", "cosine_cov"):
        raise ConfigError(
            f"quantiles are chosen by agreement, which {method} says of any two RDMs. Compare by "
            "one that centres: corr, corr_cov, spearman, rho-a or tau-a."
        )
    if n_subjects < 3:
        raise DataError(
            f"quantiles are chosen by how others agree, and there are {n_subjects} subjects. Three "
            "are the fewest; say two quantiles."
        )
    by: Method = "rho-a" if method in ("tau-a", "tau-b") else method
    there = np.logical_or.reduce(np.isfinite(rdms), axis=-1)
    if np.isnan(rdms[there]).any():
        raise DataError(
            "quantiles are chosen of subjects who have the same conditions, and dissimilarities "
            "are missing. Say two quantiles, or leave out the other conditions."
        )
    members = quantile_grid(step)
    agreement = np.zeros((len(members), n_subjects))
    for place, mine in zip(rdms, there, strict=True):
        for total, (low, high) in zip(agreement, members, strict=True):
            told = coordinates(geo_topological(place[mine], low, high), by)
            K = np.full((n_subjects, n_subjects), np.nan)
            K[np.ix_(mine, mine)] = told @ told.T
            for subject in range(n_subjects):
                rest = np.flatnonzero(mine & (np.arange(n_subjects) != subject))
                if len(rest) > 1:
                    alike = K[np.ix_(rest, rest)]
                    total[subject] += ceilings_of_products(alike, 1 - np.eye(len(rest)))[0].mean()
    agreement /= len(rdms)
    best = np.where(np.isnan(agreement), -np.inf, agreement).argmax(axis=0)
    return ChosenQuantiles(members[best], agreement[best, np.arange(n_subjects)], agreement[0])


def quantile_grid(step: float = 0.1) -> np.ndarray:
    """Give pairs of quantiles that may be chosen, the widest first, shape (n_members, 2).

    Those with one near pair, or one far pair, are left out: an RDM of one pair tells nothing.

    Raises
    ------
    ConfigError
        If 1 is no multiple of the step.
    """
    bounds = _grid(step)
    one_pair = (bounds[:, 0] == bounds[:, 1]) & np.isin(bounds[:, 0], (0, 1))
    bounds = bounds[~one_pair]
    return bounds[np.argsort(bounds[:, 0] - bounds[:, 1], kind="stable")]


def geodesic(rdms: np.ndarray, high: float = 1.0) -> np.ndarray:
    """Measure dissimilarity along the shortest way from neighbour to neighbour.

    Conditions are joined where their dissimilarity is not above the quantile; a way is as long as
    the dissimilarities along it. Equal conditions are neighbours of length 0. Where no way leads
    from one condition to another, the longest way that there is stands for it.

    Parameters
    ----------
    rdms : ndarray, shape (n_rdms, n_pairs) or (n_pairs,)
    high : float
        Quantile, above 0 and at most 1, of each RDM.

    Returns
    -------
    rdms : ndarray, shape of `rdms`
        New, in the unit of the dissimilarities, none above the one it comes of where the two are
        joined.

    Raises
    ------
    ConfigError
        If the quantile is not within 0 to 1.
    DataError
        If a dissimilarity is below 0 or not finite: it is no length.

    References
    ----------
    Lin & Kriegeskorte 2024, doi 10.1073/pnas.2317881121; Tenenbaum, de Silva & Langford 2000,
    doi 10.1126/science.290.5500.2319; Floyd 1962, doi 10.1145/367766.368168.
    """
    given = _checked(rdms)
    if not (0 < high <= 1):
        raise ConfigError(f"geodesic: quantile {high}; above 0 and at most 1 is wanted.")
    if not np.isfinite(given).all() or (given < 0).any():
        raise DataError(
            "geodesic: a dissimilarity is below 0 or missing, and has no length. Use distances "
            "that are not cross-validated, or leave out the condition."
        )
    flat = given.reshape(-1, given.shape[-1])
    ways = np.stack([_ways(one, np.quantile(one, high)) for one in flat])
    return ways.reshape(given.shape)


def _grid(step: float) -> np.ndarray:
    """Give all pairs of quantiles on a grid, shape (n_members, 2)."""
    n = round(1 / step) if step > 0 else 0
    if n < 1 or abs(n * step - 1) > 1e-9:
        raise ConfigError(f"step {step} does not divide 1; .1 or .25 does.")
    grid = np.arange(n + 1) / n
    lower, upper = np.triu_indices(n + 1)
    return np.stack([grid[lower], grid[upper]], axis=1)


def _ways(rdm: np.ndarray, longest: float) -> np.ndarray:
    """Lengths of shortest ways over edges up to a length."""
    lengths = squares(np.where(rdm <= longest, rdm, np.inf).astype(np.float64))
    for through in range(len(lengths)):
        np.minimum(lengths, lengths[:, through, None] + lengths[None, through], out=lengths)
    found = vectors(lengths)
    reached = np.isfinite(found)
    return np.where(reached, found, found[reached].max())


def _between(rdms: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Transform RDMs by each of several pairs of quantiles."""
    if not ((low >= 0) & (low <= high) & (high <= 1)).all():
        raise ConfigError(
            f"quantiles {low[0]:g} and {high[0]:g}: 0 <= low <= high <= 1 is wanted; they are "
            "shares of each RDM's pairs, not dissimilarities."
        )
    ends = np.nanquantile(rdms, np.stack([low, high]), axis=-1)[..., None]
    below, above = ends
    width = above - below
    binary = width <= 0
    with np.errstate(invalid="ignore"):
        scaled = (rdms - below) / np.where(binary, 1, width)
    found = np.where(binary, np.where(rdms <= above, 0.0, 1.0), np.clip(scaled, 0, 1))
    return np.where(np.isnan(rdms), np.nan, found)


def _checked(rdms: np.ndarray) -> np.ndarray:
    given = np.asarray(rdms)
    given = given if given.dtype in (np.float32, np.float64) else given.astype(np.float64)
    if given.ndim not in (1, 2) or given.size == 0:
        raise DataError(
            f"RDMs of shape {given.shape}; (n_rdms, n_pairs) or (n_pairs,) is wanted, the pairs "
            "above the diagonal row by row."
        )
    n_conditions_of(given.shape[-1])
    if np.isinf(given).any() or np.isnan(given).all(axis=-1).any():
        raise DataError("An RDM holds an infinite dissimilarity, or none at all.")
    return given
