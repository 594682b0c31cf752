"""Classical multidimensional scaling: conditions as points whose distances are dissimilarities.

References
----------
Torgerson 1952, doi 10.1007/BF02288916.
"""

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.rdm_pairs import squares


def classical_mds(rdm: np.ndarray, n_dims: int = 2) -> tuple[np.ndarray, float]:
    """Place conditions so that squared distances between them are near dissimilarities.

    Parameters
    ----------
    rdm : ndarray, shape (n_pairs,)
        Taken as squared distances, as correlation, cosine, squared Euclidean and crossnobis
        distances are.
    n_dims : int

    Returns
    -------
    places : ndarray, shape (n_conditions, n_dims)
        Centred; the first axis has the largest spread. Zero in dimensions that distances lack. The
        sign of an axis is such that its largest place is positive.
    share : float
        Of the absolute eigenvalues of the second moments, those that are shown: 1 where distances
        are those of points in so many dimensions.

    Raises
    ------
    DataError
        If a dissimilarity is NaN.
    """
    rdm = np.asarray(as_floats(rdm), dtype=np.float64)
    if np.isnan(rdm).any():
        raise DataError(
            f"{np.isnan(rdm).sum()} dissimilarities are NaN, and points have distances to all. "
            "Leave out the conditions that they are of."
        )
    D = squares(rdm)
    mean = D.mean(axis=0)
    G = -(D - mean - mean[:, None] + mean.mean()) / 2
    values, vectors = np.linalg.eigh(G)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = np.zeros(n_dims)
    kept[: len(values)] = np.maximum(values[:n_dims], 0)
    axes = np.zeros((len(G), n_dims))
    axes[:, : len(values)] = vectors[:, :n_dims]
    axes *= np.where(np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0) < 0, -1, 1)
    total = np.abs(values).sum()
    return axes * np.sqrt(kept), float(kept.sum() / total) if total > 0 else 0.0
