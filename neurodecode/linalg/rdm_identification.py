"""Which region, or layer, a geometry is of, told from that of other subjects."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg.permutation import permutation_p
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare


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
    method : str

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
    whole = [identify_regions(one, method).taken_for for one in members]
    for subject in range(n_subjects):
        rest = np.delete(members, subject, axis=1)
        chosen[subject] = np.argmax([identify_regions(one, method).accuracy for one in rest])
        taken[subject] = whole[chosen[subject]][subject]
    return Identified(taken, _confusion(taken)), chosen


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
