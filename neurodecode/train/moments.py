"""Mean and scale of each channel over trials that are read one batch at a time."""

import numpy as np

from neurodecode.train.source import Source, check_finite


def channel_moments(source: Source, name: str = "X") -> tuple[np.ndarray, np.ndarray]:
    """Give mean and standard deviation over trials and time.

    Parameters
    ----------
    source : Source
    name : str
        The column.

    Returns
    -------
    mean, scale : ndarray
        Of a trial's shape with its last axis, time, of length one; of trials that are rows of
        numbers, shape (n_features,). A scale of zero is given as one.

    Raises
    ------
    DataError
        If a trial holds what is no finite number.

    References
    ----------
    Chan, Golub & LeVeque 1983, doi 10.1080/00031305.1983.10483115, eq. 2.1: batches are merged by
    their means, since a sum of squares of signals far from zero loses all digits.
    """
    n = 0.0
    mean = squares = np.zeros(())
    for index in source.in_order():
        X = source.read(index)[name].numpy().astype(np.float64)
        axes = (0, X.ndim - 1) if X.ndim > 2 else (0,)
        check_finite(X, index, len(source), "training")
        m = float(np.prod([X.shape[axis] for axis in axes]))
        own = X.mean(axis=axes, keepdims=True)[0]
        own_squares = np.square(X - own).sum(axis=axes, keepdims=True)[0]
        between = np.square(own - mean) * (n * m / (n + m))
        mean = mean + (own - mean) * (m / (n + m))
        squares = squares + own_squares + between
        n += m
    scale = np.sqrt(squares / n)
    return mean, np.where(scale > 0, scale, 1.0)
