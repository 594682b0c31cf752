"""Structural similarity of many pictures at once.

Local means are products with a band of the window's weights. Of a strip of pixels all bands are the
same matrix, so the work is that of a few matrix products however many pictures there are.
"""

from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError

_K1, _K2 = 0.01, 0.03  # Wang et al. 2004, doi 10.1109/TIP.2003.819861, section III.B
_STRIP = 32  # pixels that a product gives; the measured optimum from 32 to 425 pixels a side
_MOST_AT_ONCE = 2**18  # pixels of a block: what is computed of it stays in the processor's cache


def gaussian(sigma: float = 1.5, truncate: float = 3.5) -> np.ndarray:
    """Weights of a Gaussian window, which sum to 1."""
    radius = int(truncate * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return weights / weights.sum()


@dataclass(frozen=True, eq=False)
class Similarity:
    """One of the ways in which structural similarity is computed.

    Parameters
    ----------
    name : str
        How messages call it.
    weights : ndarray, shape (n,)
        Of the window along each of its axes; n is odd.
    columns : bool
        Whether the window is one column high and one pixel wide, so that columns are compared each
        by itself.
    sample : bool
        Whether variances and the covariance are divided by the window's pixels less one.
    """

    name: str
    weights: np.ndarray
    columns: bool = False
    sample: bool = False

    def of_pairs(self, true: np.ndarray, pred: np.ndarray, data_range: float) -> np.ndarray:
        """Similarity of each picture and its reconstruction.

        Parameters
        ----------
        true, pred : ndarray of float64, shape (n, height, width)
        data_range : float

        Returns
        -------
        similarity : ndarray, shape (n,)
        """
        self.check(true, pred)
        found = np.empty(len(true))
        n_at_once = self._n_at_once(true)
        for start in range(0, len(true), n_at_once):
            some = slice(start, start + n_at_once)
            found[some] = self._similarity(
                true[some], pred[some], self._local(true[some]), self._local(pred[some]), data_range
            )
        return found

    def of_all(self, true: np.ndarray, pred: np.ndarray, data_range: float) -> np.ndarray:
        """Similarity of each picture and each reconstruction, shape (n_true, n_pred)."""
        self.check(true, pred)
        found = np.empty((len(true), len(pred)))
        of_pred = self._local(pred)
        n_at_once = self._n_at_once(true)
        for i, picture in enumerate(true):
            of_true = self._local(picture[None])
            for start in range(0, len(pred), n_at_once):
                some = slice(start, start + n_at_once)
                theirs = of_pred[0][some], of_pred[1][some]
                found[i, some] = self._similarity(
                    picture[None], pred[some], of_true, theirs, data_range
                )
        return found

    def check(self, true: np.ndarray, pred: np.ndarray) -> None:
        """Hold pictures to one size, and to the window.

        Raises
        ------
        DataError
            If sizes differ, or a picture is smaller than the window.
        """
        if true.shape[1:] != pred.shape[1:]:
            height, width = pred.shape[1:3]
            raise DataError(
                f"reconstructions of {height} × {width} pixels for pictures of "
                f"{true.shape[1]} × {true.shape[2]}. Bring them to one size"
            )
        n = len(self.weights)
        small = true.shape[1] < n or (true.shape[2] < n and not self.columns)
        if small:
            window = f"{n} × {1 if self.columns else n}"
            raise DataError(
                f"pictures of {true.shape[1]} × {true.shape[2]} pixels are smaller than its window "
                f"of {window}. Use larger pictures, or pixcorr"
            )

    def _n_at_once(self, pictures: np.ndarray) -> int:
        return max(1, _MOST_AT_ONCE // (pictures.shape[1] * pictures.shape[2]))

    def _similarity(
        self,
        true: np.ndarray,
        pred: np.ndarray,
        of_true: tuple[np.ndarray, np.ndarray],
        of_pred: tuple[np.ndarray, np.ndarray],
        data_range: float,
    ) -> np.ndarray:
        """Mean over the windows that lie wholly in a picture; equation 13 of Wang et al."""
        c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
        n = len(self.weights) if self.columns else len(self.weights) ** 2
        share = n / (n - 1) if self.sample else 1.0
        mean_product = of_true[0] * of_pred[0]
        covariance = share * (self._averaged(true * pred) - mean_product)
        variances = share * (of_true[1] + of_pred[1])
        luminance = (2 * mean_product + c1) / (of_true[0] ** 2 + of_pred[0] ** 2 + c1)
        structure = (2 * covariance + c2) / (variances + c2)
        return (luminance * structure).mean(axis=(1, 2))

    def _local(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance within each window."""
        mean = self._averaged(pictures)
        return mean, self._averaged(pictures**2) - mean**2

    def _averaged(self, pictures: np.ndarray) -> np.ndarray:
        """Mean within each window that lies wholly in a picture."""
        down = _along_rows(pictures, self.weights)
        if self.columns:
            return down
        return _along_rows(down.swapaxes(1, 2), self.weights).swapaxes(1, 2)


def _along_rows(pictures: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums down the rows, shape (n, height - n_weights + 1, width)."""
    beyond = len(weights) - 1
    band = np.zeros((_STRIP, _STRIP + beyond))
    for row in range(_STRIP):
        band[row, row : row + len(weights)] = weights
    height = pictures.shape[1] - beyond
    summed = np.empty((len(pictures), height, pictures.shape[2]))
    for start in range(0, height, _STRIP):
        n = min(_STRIP, height - start)
        strip = pictures[:, start : start + n + beyond]
        np.matmul(band[:n, : n + beyond], strip, out=summed[:, start : start + n])
    return summed
