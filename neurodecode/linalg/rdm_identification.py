"""Which region, or layer, a geometry is of, told from that of other subjects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.permutation import permutation_p
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare, coordinates
from neurodecode.linalg.rdm_inference import two_factor
from neurodecode.linalg.rdm_pairs import n_conditions_of, squares, vectors


@dataclass(frozen=True, eq=False)
class Identified:
    """What regions of subjects who are left out were taken for.

    Parameters
    ----------
    taken_for : ndarray of int, shape (n_subjects, n_regions)
        -1 where a descriptor is the same for all pairs, and tells nothing.
    confusion : ndarray of int, shape (n_regions, n_regions)
        Rows are true regions.
    """

    taken_for: np.ndarray
    confusion: np.ndarray

    @property
    def accuracies(self) -> np.ndarray:
        """Share of each subject's regions that were told right, shape (n_subjects,)."""
        return np.mean(self.taken_for == np.arange(self.taken_for.shape[1]), axis=1)

    @property
    def accuracy(self) -> float:
        """Mean over subjects; one over the number of regions by chance."""
        return float(self.accuracies.mean())

    @property
    def sensitivity(self) -> np.ndarray:
        """Share of subjects in whom each region was told right, shape (n_regions,)."""
        return np.mean(self.taken_for == np.arange(self.taken_for.shape[1]), axis=0)

    @property
    def specificity(self) -> np.ndarray:
        """Share of the other regions that were not taken for each, shape (n_regions,)."""
        n_subjects, n_regions = self.taken_for.shape
        wrong = self.confusion.sum(axis=0) - np.diag(self.confusion)
        return 1 - wrong / (n_subjects * (n_regions - 1))


def identify_regions(rdms: np.ndarray, method: Method = "corr") -> Identified:
    """Take each region of a subject for that of the others whose mean RDM it is most like.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_regions, n_pairs)
        Or what was made of them, such as by `neurodecode.linalg.topology.geo_topological`.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`; ``corr`` or ``rho-a`` where there are ties.

    Returns
    -------
    identified : Identified

    Raises
    ------
    DataError
        If there are fewer than two subjects or regions.

    References
    ----------
    Lin & Kriegeskorte 2024, doi 10.1073/pnas.2317881121.
    """
    rdms = np.asarray(rdms)
    if rdms.ndim != 3 or min(rdms.shape[:2]) < 2:
        raise DataError(
            f"RDMs of shape {rdms.shape}; (n_subjects, n_regions, n_pairs), two of the first or "
            "more, is wanted: regions are told by those of other subjects."
        )
    n_subjects, n_regions = rdms.shape[:2]
    taken = np.empty((n_subjects, n_regions), dtype=int)
    for subject in range(n_subjects):
        others = np.delete(rdms, subject, axis=0)
        with np.errstate(invalid="ignore"):  # of descriptors that are constant
            known = np.stack([pool(others[:, region], method) for region in range(n_regions)])
        told = ~np.isnan(known).any(axis=1)
        likeness = np.full((n_regions, n_regions), -np.inf)
        if told.any():
            found = compare(rdms[subject], known[told], method, warn=False)
            likeness[:, told] = np.nan_to_num(found, nan=-np.inf)
        taken[subject] = np.where(np.isinf(likeness).all(axis=1), -1, likeness.argmax(axis=1))
    return Identified(taken, _confusion(taken))


def chosen_descriptor(
    members: np.ndarray, method: Method = "corr"
) -> tuple[Identified, np.ndarray]:
    """Identify regions by the member of a family that does so best among the other subjects.

    Parameters
    ----------
    members : ndarray, shape (n_members, n_subjects, n_regions, n_pairs)
        Such as of `neurodecode.linalg.topology.geo_topological_family`. At least three subjects.
        Of equal ones the first is taken.
    method : str
        Members are judged by pools of coordinates: of ranks, they are not ranked again, and
        Kendall's are judged by ranks.

    Returns
    -------
    identified : Identified
        No subject has a say in the choice of the member that it is tested with.
    chosen : ndarray of int, shape (n_subjects,)
    """
    members = np.asarray(members)
    n_subjects, n_regions = members.shape[1:3]
    chosen = np.empty(n_subjects, dtype=int)
    taken = np.empty((n_subjects, n_regions), dtype=int)
    by: Method = "rho-a" if method in ("tau-a", "tau-b") else method
    shape, first = (n_subjects, n_regions), np.zeros(n_subjects, int)
    accuracies = np.empty((len(members), n_subjects))
    for accuracy, one in zip(accuracies, members, strict=True):
        with np.errstate(invalid="ignore"):  # of members that are constant
            K = _products(one.reshape(-1, one.shape[-1]), [np.asarray], by, shape)
        accuracy[:] = [_accuracy(K, first, 1 - own) for own in np.eye(n_subjects)]
    chosen[:] = accuracies.argmax(axis=0)
    for member in np.unique(chosen):
        mine = chosen == member
        taken[mine] = identify_regions(members[member], method).taken_for[mine]
    return Identified(taken, _confusion(taken)), chosen


def accuracy_variance(
    rdms: np.ndarray,
    describe: Sequence[Callable[[np.ndarray], np.ndarray]],
    method: Method = "corr",
    *,
    of_subject: np.ndarray | None = None,
    n_draws: int = 200,
    seed: int = 0,
) -> tuple[float, int]:
    """Give the variance that the accuracy has over subjects and stimuli.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_regions, n_pairs)
    describe : sequence of callable
        Make of RDMs, shape (n_rdms, n_pairs), what is compared; NaN stay.
    method : str
        Without Kendall's. Pools are mean coordinates: of ranks, they are not ranked again.
    of_subject : ndarray of int, shape (n_subjects,), optional
        By which of `describe` each subject is tested; by the first without.
    n_draws : int
    seed : int

    Returns
    -------
    variance : float
        Of both factors, corrected for drawing twice
        (`neurodecode.linalg.rdm_inference.two_factor`).
    dof : int
        The fewer of subjects and conditions, less one.

    Notes
    -----
    Pairs of a condition with its own copy are left out. Copies of a subject do not tell it, so that
    drawn subjects have fewer others: standard errors were 1.24 to 1.4 times those of other subjects
    and stimuli where both were simulated (six subjects, four regions, thirty stimuli).
    """
    n_subjects, n_regions, n_pairs = rdms.shape
    n_conditions = n_conditions_of(n_pairs)
    flat, rng = rdms.reshape(-1, n_pairs), np.random.default_rng(seed)
    whole, shape = np.ones(n_subjects), (n_subjects, n_regions)
    by = np.zeros(n_subjects, int) if of_subject is None else of_subject
    once = _products(flat, describe, method, shape)
    drawn = np.empty((3, n_draws))
    for draw in range(n_draws):
        counts = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects)).astype(float)
        places = np.sort(rng.integers(n_conditions, size=n_conditions))
        found = squares(flat)[:, places][:, :, places]
        found[:, places[:, None] == places] = np.nan
        K = _products(vectors(found), describe, method, shape)
        pairs = ((K, counts), (once, counts), (K, whole))
        drawn[:, draw] = [_accuracy(one, by, often) for one, often in pairs]
    both, subjects, conditions = np.nanvar(drawn, axis=1, ddof=1)
    variance = two_factor(both, subjects, conditions, n_subjects, n_conditions)
    return float(variance), min(n_subjects, n_conditions) - 1


def _products(
    flat: np.ndarray,
    describe: Sequence[Callable[[np.ndarray], np.ndarray]],
    method: Method,
    shape: tuple[int, int],
) -> np.ndarray:
    """Products of all RDMs with all, (n_describe, n_subjects, n_regions, n_subjects, n_regions)."""
    found = [np.nan_to_num(coordinates(make(flat), method)) for make in describe]
    return np.stack([(U @ U.T).reshape(*shape, *shape) for U in found])


def _accuracy(K: np.ndarray, by: np.ndarray, counts: np.ndarray) -> float:
    """Identify regions by pools of others, each there as often as it is counted."""
    n_subjects, n_regions = K.shape[1:3]
    right = np.zeros(n_subjects)
    for subject in np.flatnonzero(counts):
        weights = np.where(np.arange(n_subjects) == subject, 0, counts)
        if not weights.any():
            return np.nan
        mine = K[by[subject]]
        length = np.einsum("t,u,tquq->q", weights, weights, mine)
        alike = np.einsum("t,rtq->rq", weights, mine[subject])
        with np.errstate(invalid="ignore", divide="ignore"):
            likeness = np.where(length > 0, alike / np.sqrt(length), -np.inf)
        right[subject] = np.mean(likeness.argmax(axis=1) == np.arange(n_regions))
    return float(right @ counts / counts.sum())


def identification_test(
    found: Mapping[str, Identified], n_permutations: int = 1000, seed: int = 0
) -> dict[str, float]:
    """Give p of several descriptors' accuracies, corrected by the largest of each permutation.

    Parameters
    ----------
    found : mapping of str to Identified
        Of the same subjects and regions.
    n_permutations : int
        Of region labels, subject by subject, the same for all descriptors.
    seed : int

    Returns
    -------
    p : dict of str to float
    """
    taken = np.stack([one.taken_for for one in found.values()])
    n_subjects, n_regions = taken.shape[1:]
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(n_regions), (n_subjects, 1))
    largest = np.array(
        [
            (taken == rng.permuted(labels, axis=1)).mean(axis=(1, 2)).max()
            for _ in range(n_permutations)
        ]
    )
    return {name: permutation_p(one.accuracy, largest) for name, one in found.items()}


def _confusion(taken: np.ndarray) -> np.ndarray:
    n_subjects, n_regions = taken.shape
    truth, said = np.tile(np.arange(n_regions), n_subjects), taken.ravel()
    counts = np.zeros((n_regions, n_regions), dtype=int)
    np.add.at(counts, (truth[said >= 0], said[said >= 0]), 1)
    return counts
