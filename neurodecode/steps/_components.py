"""Principal components, as a step and a model take them."""

import numpy as np
from sklearn.decomposition import PCA

from neurodecode.core.errors import ConfigError, DataError


def principal_components(
    X: np.ndarray, n_components: int | float, *, whiten: bool, name: str
) -> PCA:
    """Fit components by a full singular value decomposition: they do not hang on a seed.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
    n_components : int or float
        How many, or the share of variance (between 0 and 1) that they keep at least.
    whiten : bool
        Whether components are divided by their standard deviation.
    name : str
        Who asks, for messages.

    Raises
    ------
    ConfigError
        If a share of variance is asked for that is not between 0 and 1.
    DataError
        If more components are asked for than there are trials or features.
    """
    most = min(X.shape)
    if isinstance(n_components, int) and not 1 <= n_components <= most:
        raise DataError(
            f"{name}: n_components is {n_components}, for {X.shape[0]} training trials of "
            f"{X.shape[1]} features. Give 1 to {most}."
        )
    if isinstance(n_components, float) and not 0 < n_components < 1:
        raise ConfigError(
            f"{name}: n_components is {n_components}. Give a whole number, or a share of the "
            "variance between 0 and 1."
        )
    return PCA(n_components, whiten=whiten, svd_solver="full").fit(X)
